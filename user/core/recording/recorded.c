// SPDX-License-Identifier: GPL-2.0-only
/* The payloads of a recording's entries. */
#include "core/recording/recorded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/join/decode.h"
#include "core/process/given_names.h"
#include "core/process/identity.h"

/* Stands for a string that is not known. */
#define NO_STRING UINT32_MAX

/* The longest of a process's strings: its arguments (MAX_ARG_STRLEN). */
#define STRING_MAX (128 * 1024)

struct identity_head {
	struct pc_process_key key;
	uint64_t cgroup_id;
	uint32_t uid;
	uint32_t netns;
	char comm[PC_COMM_LEN];
	uint32_t lengths[3]; /* exe, cmdline, cgroup, which follow without a NUL */
	uint8_t cmdline_cut;
	uint8_t descendant;
	uint8_t pad[2];
};
_Static_assert(sizeof(struct identity_head) == 64, "identity_head");

struct settings_body {
	uint64_t listen_overflows;
	uint32_t somaxconn;
	int32_t tcp_tw_reuse;
	int32_t autobind_reuse;
	uint16_t low;
	uint16_t high;
	uint16_t unprivileged_start;
	uint16_t pad[3];
	uint64_t reserved[PC_PORT_WORDS];
};
_Static_assert(sizeof(struct settings_body) == 32 + 8 * PC_PORT_WORDS, "settings_body");

struct look_head {
	uint64_t time_ns;
	uint64_t took_ns;
	struct settings_body settings;
};

struct look_socket {
	struct pc_socket_record socket;
	uint32_t waiting;
	uint32_t backlog;
	uint8_t kernel_chose;
	uint8_t pad[7];
};
_Static_assert(sizeof(struct look_socket) == 96, "look_socket");

void pc_payload_add(struct pc_payload *p, const void *data, size_t size)
{
	if (p->failed || size > PC_RECORDED_BYTES_MAX - p->size ||
	    pc_array_reserve(&p->data, &p->room, p->size + size, 1)) {
		p->failed = true;
		return;
	}
	if (size)
		memcpy(p->data + p->size, data, size);
	p->size += size;
}

void pc_payload_add_record(struct pc_payload *p, const void *data, size_t size)
{
	static const uint8_t zeros[8];

	pc_payload_add(p, data, size);
	pc_payload_add(p, zeros, -size & 7);
}

void pc_payload_add_identity(struct pc_payload *p, const struct pc_identity *who)
{
	const char *strings[3] = { who->exe, who->cmdline, who->cgroup };
	struct identity_head head = {
		.key = who->key,
		.cgroup_id = who->cgroup_id,
		.uid = who->uid,
		.netns = who->netns,
		.cmdline_cut = who->cmdline_cut,
		.descendant = who->descendant,
	};

	memcpy(head.comm, who->comm, sizeof(head.comm));
	for (int i = 0; i < 3; i++)
		head.lengths[i] = strings[i] ? (uint32_t)strlen(strings[i]) : NO_STRING;
	pc_payload_add(p, &head, sizeof(head));
	for (int i = 0; i < 3; i++)
		if (strings[i])
			pc_payload_add(p, strings[i], head.lengths[i]);
}

/* Takes the string of `len` bytes from the front. 0, -ENOMEM or -EBADMSG. */
static int take_string(const uint8_t **data, size_t *size, uint32_t len, char **out)
{
	if (len == NO_STRING)
		return 0;
	if (len > *size || len > STRING_MAX || memchr(*data, '\0', len))
		return -EBADMSG;
	*out = strndup((const char *)*data, len);
	*data += len;
	*size -= len;
	return *out ? 0 : -ENOMEM;
}

int pc_recorded_identity(const void *data, size_t size, struct pc_identity *out)
{
	struct identity_head head;
	struct pc_identity who = { 0 };
	char **strings[3] = { &who.exe, &who.cmdline, &who.cgroup };
	const uint8_t *at = data;
	int err = 0;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	size -= sizeof(head);
	who.key = head.key;
	who.cgroup_id = head.cgroup_id;
	who.uid = head.uid;
	who.netns = head.netns;
	who.cmdline_cut = head.cmdline_cut;
	who.descendant = head.descendant;
	memcpy(who.comm, head.comm, sizeof(who.comm) - 1);
	for (int i = 0; !err && i < 3; i++)
		err = take_string(&at, &size, head.lengths[i], strings[i]);
	if (!err)
		err = pc_identity_name_cgroup(&who);
	if (err)
		pc_identity_free(&who);
	else
		*out = who;
	return err;
}

static void encode_settings(const struct pc_netns_settings *s, struct settings_body *out)
{
	memset(out, 0, sizeof(*out));
	out->listen_overflows = s->listen_overflows;
	out->somaxconn = s->somaxconn;
	out->tcp_tw_reuse = s->tcp_tw_reuse;
	out->autobind_reuse = s->autobind_reuse;
	out->low = s->low;
	out->high = s->high;
	out->unprivileged_start = s->unprivileged_start;
	memcpy(out->reserved, s->reserved, sizeof(out->reserved));
}

static void decode_settings(const struct settings_body *b, struct pc_netns_settings *out)
{
	out->known = true;
	out->listen_overflows = b->listen_overflows;
	out->somaxconn = b->somaxconn;
	out->tcp_tw_reuse = b->tcp_tw_reuse;
	out->autobind_reuse = b->autobind_reuse;
	out->low = b->low;
	out->high = b->high;
	out->unprivileged_start = b->unprivileged_start;
	memcpy(out->reserved, b->reserved, sizeof(out->reserved));
}

void pc_payload_add_settings(struct pc_payload *p, const struct pc_netns_settings *settings)
{
	struct settings_body body;

	encode_settings(settings, &body);
	pc_payload_add(p, &body, sizeof(body));
}

int pc_recorded_settings(const void *data, size_t size, struct pc_netns_settings *out)
{
	struct settings_body body;

	if (size < sizeof(body))
		return -EBADMSG;
	memcpy(&body, data, sizeof(body));
	decode_settings(&body, out);
	return 0;
}

void pc_payload_add_look(struct pc_payload *p, const struct pc_netns_look *look)
{
	struct look_head head = { .time_ns = look->time_ns, .took_ns = look->took_ns };

	encode_settings(&look->settings, &head.settings);
	pc_payload_add(p, &head, sizeof(head));
	for (size_t i = 0; i < look->sockets.count; i++) {
		const struct pc_listed_socket *s = &look->sockets.list[i];
		struct look_socket one = {
			.waiting = s->waiting,
			.backlog = s->backlog,
			.kernel_chose = s->kernel_chose,
		};

		pc_socket_encode(&s->socket, &one.socket);
		pc_payload_add(p, &one, sizeof(one));
	}
}

static void decode_listed(const uint8_t *at, struct pc_listed_socket *out)
{
	struct look_socket one;

	memcpy(&one, at, sizeof(one));
	*out = (struct pc_listed_socket){
		.waiting = one.waiting,
		.backlog = one.backlog,
		.kernel_chose = one.kernel_chose,
	};
	pc_socket_decode(&one.socket, &out->socket);
}

int pc_recorded_look(const void *data, size_t size, struct pc_netns_look *out)
{
	const uint8_t *at = data;
	struct look_head head;
	size_t count;

	if (size < sizeof(head) || (size - sizeof(head)) % sizeof(struct look_socket))
		return -EBADMSG;
	memcpy(&head, at, sizeof(head));
	count = (size - sizeof(head)) / sizeof(struct look_socket);
	if (pc_array_reserve(&out->sockets.list, &out->sockets.room, count,
			     sizeof(*out->sockets.list)))
		return -ENOMEM;
	out->time_ns = head.time_ns;
	out->took_ns = head.took_ns;
	decode_settings(&head.settings, &out->settings);
	out->sockets.count = count;
	at += sizeof(head);
	for (size_t i = 0; i < count; i++, at += sizeof(struct look_socket))
		decode_listed(at, &out->sockets.list[i]);
	return 0;
}

void pc_payload_add_given(struct pc_payload *p, const struct pc_given_names *names)
{
	const char *strings[3] = { names->container, names->pod, names->pod_namespace };

	for (int i = 0; i < 3; i++) {
		uint32_t len = strings[i] ? (uint32_t)strlen(strings[i]) : NO_STRING;

		pc_payload_add(p, &len, sizeof(len));
		if (strings[i])
			pc_payload_add(p, strings[i], len);
	}
	pc_payload_add(p, &names->runtime, sizeof(names->runtime));
}

static int take_counted_string(const uint8_t **data, size_t *size, char **out)
{
	uint32_t len;

	if (*size < sizeof(len))
		return -EBADMSG;
	memcpy(&len, *data, sizeof(len));
	*data += sizeof(len);
	*size -= sizeof(len);
	return take_string(data, size, len, out);
}

int pc_recorded_given(const void *data, size_t size, struct pc_given_names *out)
{
	struct pc_given_names names = { 0 };
	char **const strings[3] = { &names.container, &names.pod, &names.pod_namespace };
	const uint8_t *at = data;
	int err = 0;

	for (int i = 0; !err && i < 3; i++)
		err = take_counted_string(&at, &size, strings[i]);
	/* Older recordings have no runtime. */
	if (!err && size <= sizeof(names.runtime))
		memcpy(&names.runtime, at, size);
	if ((size && size != sizeof(names.runtime)) || names.runtime > PC_RUNTIME_OTHER)
		err = err ? err : -EBADMSG;
	if (err)
		pc_given_free(&names);
	else
		*out = names;
	return err;
}

/* The users who lost claims stand behind so many counters, which leaves room for later ones. */
#define LOST_MAX 32

_Static_assert(PC_STAT_COUNT <= LOST_MAX, "room for each counter");

struct recorded_lost {
	uint64_t lost[LOST_MAX];
	struct pc_losers over_share;
};

void pc_payload_add_losses(struct pc_payload *p, const struct pc_losses *losses)
{
	struct recorded_lost all = { .over_share = losses->over_share };

	pc_payload_add(p, &losses->states_missed, sizeof(losses->states_missed));
	pc_payload_add(p, &losses->records_bad, sizeof(losses->records_bad));
	memcpy(all.lost, losses->lost, sizeof(losses->lost));
	if (pc_losers_any(&losses->over_share))
		pc_payload_add(p, &all, sizeof(all));
	else
		pc_payload_add(p, losses->lost, sizeof(losses->lost));
}

/* Takes the users who lost claims, if the recording has any. */
static int recorded_losers(const uint8_t *at, size_t size, struct pc_losers *out)
{
	struct recorded_lost all;

	if (size < sizeof(all))
		return 0;
	memcpy(&all, at, sizeof(all));
	if (all.over_share.count > PC_LOSERS_MAX)
		return -EBADMSG;
	*out = all.over_share;
	return 0;
}

/* A recording of another version can have counted less, or more. */
int pc_recorded_losses(const void *data, size_t size, struct pc_losses *out)
{
	struct pc_losses losses = { 0 };
	const uint8_t *at = data;

	if (size < 2 * sizeof(uint64_t) || size % sizeof(uint64_t))
		return -EBADMSG;
	memcpy(&losses.states_missed, at, sizeof(uint64_t));
	memcpy(&losses.records_bad, at + sizeof(uint64_t), sizeof(uint64_t));
	at += 2 * sizeof(uint64_t);
	size -= 2 * sizeof(uint64_t);
	memcpy(losses.lost, at, size < sizeof(losses.lost) ? size : sizeof(losses.lost));
	if (recorded_losers(at, size, &losses.over_share))
		return -EBADMSG;
	*out = losses;
	return 0;
}

void pc_payload_add_site(struct pc_payload *p, const struct pc_site *site, uint64_t took_ns)
{
	pc_payload_add(p, &took_ns, sizeof(took_ns));
	pc_payload_add(p, site, sizeof(*site));
}

int pc_recorded_site(const void *data, size_t size, struct pc_site *out, uint64_t *took_ns)
{
	struct pc_site site;

	if (size != sizeof(*took_ns) + sizeof(site))
		return -EBADMSG;
	memcpy(&site, (const char *)data + sizeof(*took_ns), sizeof(site));
	if (site.kind >= PC_PATH_COUNT || site.bound >= PC_BOUND_COUNT ||
	    site.removal >= PC_REMOVE_COUNT || !memchr(site.path, '\0', sizeof(site.path)))
		return -EBADMSG;
	memcpy(took_ns, data, sizeof(*took_ns));
	*out = site;
	return 0;
}

static bool tunnels_ok(const struct pc_tunnels *t)
{
	if (t->count > PC_TUNNELS_MAX)
		return false;
	for (uint32_t i = 0; i < t->count; i++)
		if (!pc_tunnel_kind_name(t->list[i].kind) ||
		    !memchr(t->list[i].name, '\0', sizeof(t->list[i].name)))
			return false;
	return true;
}

int pc_recorded_tunnels(const void *data, size_t size, struct pc_tunnels *out, uint64_t *took_ns)
{
	struct pc_tunnels tunnels;

	if (size != sizeof(*took_ns) + sizeof(tunnels))
		return -EBADMSG;
	memcpy(&tunnels, (const char *)data + sizeof(*took_ns), sizeof(tunnels));
	if (!tunnels_ok(&tunnels))
		return -EBADMSG;
	memcpy(took_ns, data, sizeof(*took_ns));
	*out = tunnels;
	return 0;
}
