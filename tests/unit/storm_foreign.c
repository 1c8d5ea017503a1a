// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets of a storm: few names and files, so that refusals meet sockets and files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storm_private.h"

#define FILES 3
#define MNTNS 4026531841U

/* An address as bind() is given it. */
static uint8_t pick_name(struct storm *s, uint8_t *address)
{
	static const char names[][8] = { "/a", "b", "\0a", "\0a\0", "" };
	static const uint8_t lengths[] = { 3, 1, 2, 3, 0 };
	uint32_t i = storm_pick(s, 5);

	address[0] = PC_FAMILY_UNIX;
	memcpy(address + 2, names[i], lengths[i]);
	return 2 + lengths[i];
}

void storm_put_foreign(struct storm *s)
{
	const struct fake_process *p = storm_process(s);
	struct pc_foreign_record r = {
		.header = { PC_RECORD_FOREIGN, sizeof(r) },
		.time_ns = s->f->now_ns,
		.process = p->key,
		.tid = p->key.tgid,
		.netns = storm_netns(s),
		.mntns = MNTNS + storm_pick(s, 2),
		.error = EADDRINUSE,
		.op = PC_OP_BIND,
		.family = storm_one_in(s, 8) ? 40 : PC_FAMILY_UNIX,
		.type = (uint8_t)(1 + storm_pick(s, 2)),
		.root_len = (uint16_t)(storm_one_in(s, 3) ? 2 : 0),
		.cwd_len = 2,
		.paths_known = !storm_one_in(s, 6),
		.marks = p->descendant ? PC_MARK_DESCENDANT : 0,
		.text = "r\0c",
	};

	r.address_len = pick_name(s, r.address);
	strncpy(r.comm, p->comm, sizeof(r.comm) - 1);
	storm_put_record(s, &r);
}

void storm_change_site(struct storm *s)
{
	struct pc_site *p = &s->f->site;

	*p = (struct pc_site){
		.inode = storm_pick(s, FILES),
		.changed_ns = 1796016540012345678,
		.device = storm_pick(s, 2),
		.uid = storm_pick(s, 2),
		.remover = storm_pick(s, 2),
		.error = storm_one_in(s, 3) ? EACCES : 0,
		.kind = storm_one_in(s, 2) ? PC_PATH_SOCKET : (uint8_t)storm_pick(s, PC_PATH_COUNT),
		.bound = (uint8_t)storm_pick(s, PC_BOUND_COUNT),
		.removal = (uint8_t)storm_pick(s, PC_REMOVE_COUNT),
	};
	if (!storm_one_in(s, 4))
		snprintf(p->path, sizeof(p->path), "/a\n%u", storm_pick(s, 3));
	s->f->tunnels = (struct pc_tunnels){
		.list = { { "vxlan7", storm_port(s), PC_TUNNEL_VXLAN, storm_one_in(s, 2),
			    PC_TUNNEL_V4, 1 } },
		.count = storm_pick(s, 2),
	};
	s->f->site_took_ns = storm_one_in(s, 3) ? 20 * MS : 0;
}

struct pc_socket_record storm_unix_socket(struct storm *s)
{
	struct pc_unix_bound bound = {
		.file = storm_one_in(s, 2) ? storm_pick(s, FILES) : 0,
		.device = storm_pick(s, 2),
		.mntns = MNTNS + storm_pick(s, 2),
	};
	__u64 words[PC_UNIX_WORDS] = { 0 };
	uint8_t address[16] = { 0 };
	uint8_t len = pick_name(s, address) - 2;
	struct pc_socket_record r = {
		.cookie = storm_pick(s, COOKIES),
		.inode = 7000 + storm_pick(s, COOKIES),
		.netns = storm_netns(s),
		.family = PC_FAMILY_UNIX,
		.proto = PC_PROTO_UNIX,
		.state = storm_one_in(s, 4) ? PC_STATE_ESTABLISHED : PC_STATE_LISTEN,
		.substate = (uint8_t)(1 + storm_pick(s, 2)),
		.uid = storm_pick(s, 2),
	};

	memcpy(words, address + 2, len);
	bound.name = pc_wanted_unix_name(words, address[2] ? 0 : len);
	memcpy(r.local, &bound, sizeof(r.local));
	memcpy(r.remote, (const char *)&bound + sizeof(r.local), sizeof(r.remote));
	return r;
}
