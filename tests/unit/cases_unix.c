// SPDX-License-Identifier: GPL-2.0-only
/* Refusals of Unix sockets, made by hand. */
#include "cases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CASE_PATH "/run/app/app.sock"

static void foreign_refusal(struct pc_verdict *v, uint16_t family, const char *name)
{
	case_refusal(v);
	v->settings = (struct pc_port_settings){ 0 };
	v->request.proto = family == PC_FAMILY_UNIX ? PC_PROTO_UNIX : PC_PROTO_OTHER;
	v->request.wanted_family = family;
	v->request.wanted_port = 0;
	v->request.socket = (struct pc_socket){ 0 };
	v->request.foreign = (struct pc_foreign){
		.family = family,
		.type = 1,
		.name_len = (uint8_t)strlen(name),
		.mntns = 4026531841U,
	};
	memcpy(v->request.foreign.name, name, strlen(name));
}

void case_unix(struct pc_verdict *v, enum pc_path_kind kind, enum pc_path_bound bound)
{
	foreign_refusal(v, PC_FAMILY_UNIX, CASE_PATH);
	v->site = (struct pc_site){
		.inode = 4711,
		.device = 8 << 20 | 1,
		.kind = (uint8_t)kind,
		.bound = (uint8_t)bound,
		.removal = PC_REMOVE_AS_ROOT,
	};
	snprintf(v->site.path, sizeof(v->site.path), CASE_PATH);
}

struct pc_holder *case_unix_holder(struct pc_verdict *v)
{
	struct pc_holder *h = &v->holders[v->holders_count++];

	v->holders_total++;
	*h = (struct pc_holder){ .blocking = true, .owners_count = 1 };
	h->socket = (struct pc_socket){
		.inode = 9000 + v->holders_count,
		.family = PC_FAMILY_UNIX,
		.proto = PC_PROTO_UNIX,
		.state = PC_STATE_LISTEN,
		.substate = 1,
		.netns = v->request.netns,
	};
	h->claimer = h->owners[0] = case_party(case_thief());
	return h;
}

void case_unix_server(struct pc_verdict *v)
{
	case_unix(v, PC_PATH_SOCKET, PC_BOUND_YES);
	case_unix_holder(v);
}

void case_unix_left_behind(struct pc_verdict *v)
{
	case_unix(v, PC_PATH_SOCKET, PC_BOUND_NO);
}

void case_unix_folder(struct pc_verdict *v)
{
	case_unix(v, PC_PATH_FOLDER, PC_BOUND_UNSEEN);
}

void case_unix_abstract(struct pc_verdict *v)
{
	foreign_refusal(v, PC_FAMILY_UNIX, "name");
	v->request.foreign.abstract = true;
	case_unix_holder(v);
}

void case_vsock(struct pc_verdict *v)
{
	foreign_refusal(v, 40, "");
}
