// SPDX-License-Identifier: GPL-2.0-only
/* The parts of a JSON line that say which call was refused, and whose. */
#include "core/base/names.h"
#include "out/json_parts.h"
#include "out/json_unix.h"
#include "out/text_parts.h"

json_t *pc_json_requester(const struct pc_clock *clock, const struct pc_request *r,
			  const struct pc_party *party)
{
	json_t *p = pc_json_party(clock, party);

	if (!json_is_object(p)) {
		json_decref(p);
		p = json_object();
		json_object_set_new(p, "pid", json_integer(party->key.tgid));
		json_object_set_new(p, "comm", pc_json_comm(party->comm));
		pc_json_add_identity(p, NULL);
	}
	json_object_set_new(p, "tid", json_integer(party->tid));
	json_object_set_new(p, "uid", json_integer(r->uid));
	json_object_set_new(p, "netns", json_integer(r->netns));
	json_object_set_new(p, "options",
			    r->foreign.family ? json_null() : pc_json_options(&r->socket));
	return p;
}

void pc_json_add_call(json_t *line, const struct pc_request *r)
{
	const char *errno_name = pc_errno_name(r->error);

	char proto[PC_FAMILY_TEXT];

	json_object_set_new(line, "proto", json_string(pc_request_proto(r, proto)));
	json_object_set_new(line, "family",
			    json_string(r->foreign.family == PC_FAMILY_UNIX ?
						proto :
						pc_address_family_name(r->wanted_family)));
	json_object_set_new(line, "op", json_string(pc_op_name(r->op)));
	json_object_set_new(line, "errno", errno_name ? json_string(errno_name) : json_null());
	json_object_set_new(line, "errno_number", json_integer(r->error));
	json_object_set_new(line, "late", json_boolean(r->late));
	json_object_set_new(line, "requested", pc_json_wanted(r));
}
