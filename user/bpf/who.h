/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions find the sockets on one port right now, from the kernel's own tables, without a
 * monitor. */
#ifndef PORTCLASH_BPF_WHO_H
#define PORTCLASH_BPF_WHO_H

#include "bpf/monitor.h"

struct pc_who;

struct pc_kernel;

/* Loads the programs and attaches none. `btf` is a file of the kernel's type information; NULL: the kernel's own. On
 * failure returns a negative errno, and `sentence` (PC_SENTENCE bytes) says what is wrong and what to do. */
int pc_who_open(const char *btf, bool verbose, struct pc_who **out, char *sentence);

/* Does the same as pc_who_open(), with what is known of the kernel already. */
int pc_who_open_on(const struct pc_kernel *k, struct pc_who **out, char *sentence);
void pc_who_close(struct pc_who *w);

/* The sockets that were found, valid until the next call. */
struct pc_who_sockets {
	const struct pc_socket_record *sockets;
	uint32_t count; /* described */
	uint32_t total; /* on the port */
	bool whole;	/* false: the table was too large for a whole walk */
};

/* Finds every socket on `port` (PC_PROTO_TCP or PC_PROTO_UDP), in all network namespaces: bound,
 * listening, connected, closed by its owner, or in TIME_WAIT. -ENOENT: the table was not found. */
int pc_who_ask(struct pc_who *w, uint8_t proto, uint16_t port, struct pc_who_sockets *out);

/* Does what pc_monitor_owners() does. */
int pc_who_owners(struct pc_who *w, const struct pc_wanted *wanted, pc_owner_fn found,
		  void *context);

#endif
