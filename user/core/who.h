/* SPDX-License-Identifier: GPL-2.0-only */
/* What `who` shows of one port in one network namespace: its sockets, the most telling ones as
 * holders, and what a server would get that bound the port now. Pure. */
#ifndef PORTCLASH_CORE_WHO_H
#define PORTCLASH_CORE_WHO_H

#include "core/audit.h"
#include "core/model.h"

enum pc_who_option {
	PC_WHO_PLAIN = 0,
	PC_WHO_REUSEADDR,
	PC_WHO_REUSEPORT,
	PC_WHO_OPTIONS,
};

/* 0.0.0.0 and [::] with IPV6_V6ONLY off, with each option. */
#define PC_WHO_ANSWERS (2 * PC_WHO_OPTIONS)

/* A server that binds the port now, with this one option set. */
struct pc_who_answer {
	uint16_t family;
	enum pc_who_option option;
	bool known; /* false: the options of the sockets were not seen, or do not decide it */
	bool refused;
	enum pc_cause cause; /* refused: as pc_decide() has it */
	int holder;	     /* refused: which of the holders, or -1 */
};

/* One network namespace and protocol. The caller sets the first part. */
struct pc_who_place {
	uint16_t port;
	uint8_t proto;
	uint32_t uid;	  /* of the server that is asked for */
	bool blind;	  /* the sockets are NETLINK_SOCK_DIAG's: without options and bind bucket */
	uint32_t netns;	  /* 0: nobody holds the port, in no namespace that was looked at */
	bool own;	  /* the one portclash runs in */
	uint32_t pid;	  /* some process in it; 0: none known */
	const char *path; /* where it is mounted; NULL: nowhere known */
	uint16_t unprivileged_start; /* net.ipv4.ip_unprivileged_port_start; 0: not known */

	/* Filled by pc_who_begin() and pc_who_decide(). */
	struct pc_verdict verdict; /* its holders are those that are shown */
	size_t total;
	unsigned states[PC_STATE_COUNT]; /* of all */
	unsigned rest[PC_STATE_COUNT];	 /* of those that are not shown */
	struct pc_who_answer answers[PC_WHO_ANSWERS];
};

/* Sorts by network namespace; then what listens, what is bound, connections, TIME_WAIT. */
void pc_who_sort(struct pc_socket *sockets, size_t count);

/* How many from the first on are of its network namespace. */
size_t pc_who_same_netns(const struct pc_socket *sockets, size_t count);

/* Takes in the sorted sockets of one network namespace: counts, the answers, and as holders the
 * first PC_HOLDERS_MAX, with one that blocks for each answer that is no. What is not a socket of
 * this port and protocol (any more) is left out. The range of the namespace stands in
 * verdict.refusal from the caller, all else there is 0. */
void pc_who_begin(struct pc_who_place *p, const struct pc_socket *sockets, size_t count);

/* The cause of each refusal, by pc_decide(), and how each holder got its port: reads the owners
 * of the holders. `blocking` is then about a plain bind() to [::]. */
void pc_who_decide(struct pc_who_place *p);

/* How old a holder can be: since when the oldest of its owners runs (boot clock, ns); 0: nobody has
 * it open, or that is not known. Longer only if it was handed on by a process that has closed it. */
uint64_t pc_who_oldest_owner(const struct pc_holder *h);

/* "plain", "reuseaddr", "reuseport" */
const char *pc_who_option_name(enum pc_who_option option);

#endif
