// SPDX-License-Identifier: GPL-2.0-only
/* The records of the kernel side with pseudonyms in place of names and addresses. Ports, process ids, user ids, inode
 * numbers and times stay. */
#include <stdlib.h>
#include <string.h>

#include "core/base/foreign.h"
#include "core/join/process_record.h"
#include "core/recording/anonymize_private.h"

#define SUN_PATH 2 /* offset in struct sockaddr_un */

static void anonymize_comm(struct pc_pseudonyms *p, char comm[PC_COMM_LEN])
{
	char text[PC_PSEUDONYM_TEXT];
	size_t len = strnlen(comm, PC_COMM_LEN);

	pc_pseudonym_program(p, comm, len, text, sizeof(text));
	memset(comm, 0, PC_COMM_LEN);
	memcpy(comm, text, strnlen(text, PC_COMM_LEN - 1));
}

/* A TIME_WAIT without a cookie is known by a hash of its ends. */
static uint64_t time_wait_key(const struct pc_socket_record *s)
{
	uint32_t remote[4];

	if (s->cookie || s->state != PC_STATE_TIME_WAIT)
		return 0;
	memcpy(remote, s->remote, sizeof(remote));
	return pc_time_wait_key(s->netns, s->lport, s->rport, s->family == PC_FAMILY_V6, remote);
}

static void anonymize_binding(struct pc_pseudonyms *p, struct pc_socket_record *s)
{
	struct pc_unix_bound bound;

	memcpy(&bound, s->local, sizeof(s->local));
	memcpy((uint8_t *)&bound + sizeof(s->local), s->remote, sizeof(s->remote));
	if (bound.name)
		bound.name = pc_pseudonym_key(p, bound.name, 3ULL << 62 | 1);
	memcpy(s->local, &bound, sizeof(s->local));
	memcpy(s->remote, (uint8_t *)&bound + sizeof(s->local), sizeof(s->remote));
}

void pc_anonymize_socket(struct pc_pseudonyms *p, struct pc_socket_record *s)
{
	uint64_t before = time_wait_key(s);
	uint8_t v4[PC_ADDR_LEN] = { 0 };

	if (s->family == PC_FAMILY_UNIX) {
		anonymize_binding(p, s);
		return;
	}
	pc_pseudonym_address(p, s->family, s->local);
	pc_pseudonym_address(p, s->family, s->remote);
	memcpy(v4, &s->v4_address, sizeof(s->v4_address));
	pc_pseudonym_address(p, PC_FAMILY_V4, v4);
	memcpy(&s->v4_address, v4, sizeof(s->v4_address));
	if (before)
		pc_pseudonym_key_is(p, before, time_wait_key(s));
}

/* Writes the components of a path leaf first, each with its NUL. Returns the length. */
static size_t put_parts(const char *path, char *out, size_t size)
{
	size_t used = 0, end = strlen(path);

	while (end) {
		size_t start = end;

		while (start && path[start - 1] != '/')
			start--;
		if (end > start && used + (end - start) + 1 <= size) {
			memcpy(out + used, path + start, end - start);
			out[used + (end - start)] = '\0';
			used += end - start + 1;
		}
		end = start ? start - 1 : 0;
	}
	return used;
}

typedef size_t (*path_fn)(struct pc_pseudonyms *p, const char *path, size_t len, char *out,
			  size_t size);

static size_t program_path(struct pc_pseudonyms *p, const char *path, size_t len, char *out,
			   size_t size)
{
	return pc_pseudonym_path(p, path, len, true, out, size);
}

static size_t folder_path(struct pc_pseudonyms *p, const char *path, size_t len, char *out,
			  size_t size)
{
	return pc_pseudonym_path(p, path, len, false, out, size);
}

/* The same of a path in components. */
static size_t anonymize_parts(struct pc_pseudonyms *p, path_fn fn, const char *parts, size_t len,
			      char *out, size_t size)
{
	char *path = NULL, text[PC_PROCESS_TEXT];
	size_t used = 0;

	if (len && !pc_path_from_parts(parts, len, &path)) {
		fn(p, path, strlen(path), text, sizeof(text));
		used = put_parts(text, out, size);
	}
	free(path);
	return used;
}

/* An empty component stands between the paths in cgroup v2 and in v1. */
static size_t anonymize_cgroup_parts(struct pc_pseudonyms *p, const char *parts, size_t len,
				     char *out, size_t size)
{
	size_t v2 = 0, used;

	while (v2 < len && (parts[v2] || (v2 && parts[v2 - 1])))
		v2++;
	used = anonymize_parts(p, pc_pseudonym_cgroup, parts, v2, out, size);
	if (v2 == len || used == size)
		return used;
	out[used++] = '\0';
	return used + anonymize_parts(p, pc_pseudonym_cgroup, parts + v2 + 1, len - v2 - 1,
				      out + used, size - used);
}

static size_t anonymize_args(struct pc_pseudonyms *p, const char *args, size_t len, char *out,
			     size_t size)
{
	char joined[PC_PROCESS_ARGS + 1];

	len = len < PC_PROCESS_ARGS ? len : PC_PROCESS_ARGS;
	while (len && !args[len - 1])
		len--;
	if (!len)
		return 0;
	memcpy(joined, args, len);
	for (size_t i = 0; i < len; i++)
		joined[i] = joined[i] ? joined[i] : ' ';
	return pc_pseudonym_arguments(p, joined, len, out, size) + 1;
}

static void anonymize_process(struct pc_pseudonyms *p, const struct pc_process_record *r,
			      struct pc_payload *out)
{
	struct pc_process_record to;
	const char *exe = r->text + r->args_len, *cgroup = exe + r->exe_len;
	size_t used;

	memset(&to, 0, sizeof(to));
	memcpy(&to, r, offsetof(struct pc_process_record, text));
	anonymize_comm(p, to.comm);
	used = anonymize_args(p, r->text, r->args_len, to.text, PC_PROCESS_ARGS);
	to.args_len = (uint16_t)used;
	to.exe_len = (uint16_t)anonymize_parts(p, program_path, exe, r->exe_len, to.text + used,
					       PC_PROCESS_TEXT / 3);
	used += to.exe_len;
	to.cgroup_len = (uint16_t)anonymize_cgroup_parts(p, cgroup, r->cgroup_len, to.text + used,
							 PC_PROCESS_TEXT - used);
	used += to.cgroup_len;
	to.header.size = (uint32_t)(offsetof(struct pc_process_record, text) + used);
	pc_payload_add_record(out, &to, to.header.size);
}

static void anonymize_refusal(struct pc_pseudonyms *p, const struct pc_refusal_record *r,
			      struct pc_payload *out)
{
	struct pc_request before = { .wanted_family = r->wanted_family,
				     .socket.ifindex = r->socket.ifindex };
	struct pc_refusal_record to;
	struct pc_request after;

	memset(&to, 0, sizeof(to));
	memcpy(&to, r, PC_REFUSAL_SIZE(r->holders_count));
	to.header.size = PC_REFUSAL_SIZE(r->holders_count);
	anonymize_comm(p, to.comm);
	memcpy(before.wanted, r->wanted, sizeof(before.wanted));
	pc_pseudonym_address(p, to.wanted_family, to.wanted);
	after = before;
	memcpy(after.wanted, to.wanted, sizeof(after.wanted));
	pc_pseudonym_key_is(p, pc_recorded_place_of_address(r->netns, &before),
			    pc_recorded_place_of_address(r->netns, &after));
	pc_anonymize_socket(p, &to.socket);
	for (unsigned i = 0; i < to.holders_count; i++)
		pc_anonymize_socket(p, &to.holders[i]);
	pc_payload_add_record(out, &to, to.header.size);
}

/* Reads the name as the join does. */
static void unix_name(const struct pc_foreign_record *r, struct pc_foreign *f)
{
	const char *name = (const char *)r->address + SUN_PATH;
	size_t len = r->address_len > SUN_PATH ? r->address_len - SUN_PATH : 0;

	*f = (struct pc_foreign){ .family = PC_FAMILY_UNIX };
	len = len < PC_UNIX_NAME ? len : PC_UNIX_NAME;
	f->abstract = len && !name[0];
	len = f->abstract ? len - 1 : strnlen(name, len);
	f->name_len = (uint8_t)len;
	memcpy(f->name, name + f->abstract, len);
}

static void anonymize_unix_name(struct pc_pseudonyms *p, const struct pc_foreign_record *r,
				struct pc_foreign_record *to)
{
	char text[PC_UNIX_NAME];
	struct pc_foreign before, after;

	unix_name(r, &before);
	if (before.abstract)
		pc_pseudonym(p, PC_PSEUDONYM_SOCKET, before.name, before.name_len, text);
	else
		folder_path(p, before.name, before.name_len, text, sizeof(text));
	memcpy(to->address, r->address, SUN_PATH);
	if (before.name_len)
		memcpy(to->address + SUN_PATH + before.abstract, text, strlen(text));
	else
		*text = '\0';
	/* A path has its NUL. */
	to->address_len = (uint8_t)(SUN_PATH + strlen(text) + (r->address_len > SUN_PATH));
	unix_name(to, &after);
	if (pc_foreign_key(&before))
		pc_pseudonym_key_is(p, pc_foreign_key(&before), pc_foreign_key(&after));
}

/* The join needs no address of other families: each is left out. */
static void anonymize_foreign(struct pc_pseudonyms *p, const struct pc_foreign_record *r,
			      struct pc_payload *out)
{
	struct pc_foreign_record to = *r;

	to.header.size = sizeof(to);
	anonymize_comm(p, to.comm);
	memset(to.address, 0, sizeof(to.address));
	if (r->family == PC_FAMILY_UNIX)
		anonymize_unix_name(p, r, &to);
	memset(to.text, 0, sizeof(to.text));
	to.root_len = (uint16_t)anonymize_parts(p, folder_path, r->text, r->root_len, to.text,
						sizeof(to.text) / 2);
	to.cwd_len = (uint16_t)anonymize_parts(p, folder_path, r->text + r->root_len, r->cwd_len,
					       to.text + to.root_len, sizeof(to.text) / 2);
	pc_payload_add_record(out, &to, sizeof(to));
}

static void anonymize_merged(struct pc_pseudonyms *p, const struct pc_merged_record *r,
			     struct pc_payload *out)
{
	struct pc_merged_record to = *r;

	to.header.size = sizeof(to);
	anonymize_comm(p, to.comm);
	pc_pseudonym_address(p, to.wanted_family, to.wanted);
	pc_payload_add_record(out, &to, sizeof(to));
}

static void anonymize_claim(struct pc_pseudonyms *p, const struct pc_claim_record *r,
			    struct pc_payload *out)
{
	struct pc_claim_record to = *r;

	to.header.size = sizeof(to);
	anonymize_comm(p, to.comm);
	pc_payload_add_record(out, &to, sizeof(to));
}

static void anonymize_endpoints(struct pc_pseudonyms *p, const struct pc_endpoints_record *r,
				struct pc_payload *out)
{
	struct pc_endpoints_record to = *r;

	to.header.size = sizeof(to);
	pc_pseudonym_address(p, to.family, to.local);
	pc_pseudonym_address(p, to.family, to.remote);
	pc_payload_add_record(out, &to, sizeof(to));
}

static void anonymize_owner(struct pc_pseudonyms *p, const struct pc_owner_record *r,
			    struct pc_payload *out)
{
	struct pc_owner_record to = *r;

	to.header.size = sizeof(to);
	anonymize_comm(p, to.comm);
	pc_anonymize_socket(p, &to.socket);
	pc_payload_add_record(out, &to, sizeof(to));
}

void pc_anonymize_record(struct pc_pseudonyms *p, const void *data, struct pc_payload *out)
{
	const struct pc_header *h = data;

	switch (h->type) {
	case PC_RECORD_PROCESS:
		anonymize_process(p, data, out);
		break;
	case PC_RECORD_CLAIM:
		anonymize_claim(p, data, out);
		break;
	case PC_RECORD_ENDPOINTS:
		anonymize_endpoints(p, data, out);
		break;
	case PC_RECORD_REFUSAL:
		anonymize_refusal(p, data, out);
		break;
	case PC_RECORD_FOREIGN:
		anonymize_foreign(p, data, out);
		break;
	case PC_RECORD_MERGED:
		anonymize_merged(p, data, out);
		break;
	case PC_RECORD_OWNER:
		anonymize_owner(p, data, out);
		break;
	case PC_RECORD_END: /* has numbers only */
		pc_payload_add_record(out, data, sizeof(struct pc_end_record));
		break;
	}
}
