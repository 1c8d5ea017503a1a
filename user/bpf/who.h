/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets on one port right now, from the kernel's own tables, without a monitor. */
#ifndef PORTCLASH_BPF_WHO_H
#define PORTCLASH_BPF_WHO_H

#include "bpf/monitor.h"

struct pc_who;

/* Loads the programs; nothing is attached. On failure a negative errno, with in `sentence`
 * (PC_SENTENCE bytes) what is wrong and what to do. */
int pc_who_open(struct pc_who **out, bool verbose, char *sentence);
void pc_who_close(struct pc_who *w);

/* What was found, valid until the next call. */
struct pc_who_sockets {
	const struct pc_socket *sockets;
	uint32_t count; /* described */
	uint32_t total; /* on the port */
	bool whole;	/* false: the table was too large to be looked at whole */
};

/* Every socket on `port` (PC_PROTO_TCP or PC_PROTO_UDP), in all network namespaces: bound,
 * listening, connected, closed by its owner, TIME_WAIT. -ENOENT: the table was not found. */
int pc_who_ask(struct pc_who *w, uint8_t proto, uint16_t port, struct pc_who_sockets *out);

/* As pc_monitor_owners(). */
int pc_who_owners(struct pc_who *w, const struct pc_wanted *wanted,
		  void (*found)(void *context, const struct pc_owner *owner), void *context);

#endif
