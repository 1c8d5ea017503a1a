// SPDX-License-Identifier: GPL-2.0-only
/* Refusals of sockets that are neither TCP nor UDP: from the record to a verdict whose path was looked at,
 * and what is said of the holders' processes. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/join/join_private.h"
#include "core/join/process_record.h"
#include "core/verdict/decide.h"
#include "core/verdict/foreign.h"

#define SUN_PATH 2 /* offset in struct sockaddr_un */

static const char note_open[] =
	"it has the socket open; portclash does not watch who makes Unix sockets";
static const char note_nobody[] = "no process was found that has the socket open";

/* A path ends at its first NUL, or with the address (unix_mkname_bsd()). */
static void decode_unix(const struct pc_foreign_record *r, struct pc_foreign *out)
{
	const char *name = (const char *)r->address + SUN_PATH;
	size_t len = r->address_len > SUN_PATH ? r->address_len - SUN_PATH : 0;

	if (len > PC_UNIX_NAME)
		len = PC_UNIX_NAME;
	out->abstract = len && !name[0];
	if (out->abstract) {
		name++;
		len--;
	} else {
		len = strnlen(name, len);
	}
	out->name_len = (uint8_t)len;
	memcpy(out->name, name, len);
}

static void decode_foreign(const struct pc_foreign_record *r, struct pc_verdict *v)
{
	struct pc_request *request = &v->request;

	memset(v, 0, offsetof(struct pc_verdict, holders));
	v->time_ns = r->time_ns;
	v->primary = -1;
	v->requester = (struct pc_party){ .key = r->process, .tid = r->tid, .fd = -1 };
	memcpy(v->requester.comm, r->comm, sizeof(v->requester.comm));
	*request = (struct pc_request){
		.op = r->op,
		.error = r->error,
		.proto = r->family == PC_FAMILY_UNIX ? PC_PROTO_UNIX : PC_PROTO_OTHER,
		.wanted_family = r->family,
		.uid = r->uid,
		.netns = r->netns,
		.foreign = { .family = r->family,
			     .protocol = r->protocol,
			     .type = r->type,
			     .mntns = r->mntns },
	};
	if (r->family == PC_FAMILY_UNIX)
		decode_unix(r, &request->foreign);
}

/* Asks at once: the process, through which the path is found, is often about to exit. */
static void look_at_path(struct pc_join *j, const struct pc_foreign_record *r, struct pc_verdict *v)
{
	struct pc_path_question q = {
		.process = r->process,
		.uid = r->uid,
		.mntns = r->mntns,
		.path = v->request.foreign.name,
		.type = v->request.foreign.type,
	};
	char *root = NULL, *cwd = NULL;

	if (r->paths_known && !pc_path_from_parts(r->text, r->root_len, &root) &&
	    !pc_path_from_parts(r->text + r->root_len, r->cwd_len, &cwd)) {
		q.root = root;
		q.cwd = cwd;
		pc_look_end(j, PC_LOOK_PATH, j->host.site(j->host.context, &q, &v->site));
	}
	free(root);
	free(cwd);
}

void pc_foreign_begin(struct pc_join *j, const struct pc_foreign_record *r, struct pc_verdict *v)
{
	const struct pc_foreign *f = &v->request.foreign;

	decode_foreign(r, v);
	pc_look_for(j, r->uid, &r->process);
	if (f->family == PC_FAMILY_UNIX && f->name_len && !f->abstract &&
	    pc_look_begin(j, PC_LOOK_PATH))
		look_at_path(j, r, v);
}

static void note_process(struct pc_holder *h)
{
	if (h->owners_count)
		h->claimer = h->owners[0];
	h->process_note = h->owners_count ? note_open : note_nobody;
}

void pc_foreign_complete(struct pc_join *j, struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++)
		note_process(&v->holders[i]);
	pc_relations_find(j, v);
	pc_decide(v);
}
