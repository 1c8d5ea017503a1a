/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of the guard: in each network namespace the ports that servers asked for by number, and
 * which of them stay reserved for how long. Pure: listeners and times in, ports out. */
#ifndef PORTCLASH_GUARD_H
#define PORTCLASH_GUARD_H

#include "core/base/ports.h"
#include "core/guard/policy.h"

/* Ports in all network namespaces together: 4 MiB of memory. */
#define PC_GUARD_PORTS_MAX 16384

/* Each user but root may have an eighth of what there is of anything (ports of a namespace's share,
 * ports in all, namespaces), and all processes together that are neither root's nor of a system unit a
 * half: nobody can use up what services need. */
#define PC_GUARD_STRANGERS_PART 2
#define PC_GUARD_USER_PART 8

enum pc_guard_answer {
	PC_GUARD_INVALID = 0,
	PC_GUARD_ADD,	    /* reserve the port */
	PC_GUARD_KNOWN,	    /* it is guarded already */
	PC_GUARD_OUTSIDE,   /* outside the range: the kernel never gives it to anybody */
	PC_GUARD_NOT_MEANT, /* the policy does not take the process */
	/* Refused by a limit: */
	PC_GUARD_OVER_SHARE,
	PC_GUARD_OVER_USER, /* the part of a user, or of all processes outside system units */
	PC_GUARD_OVER_TABLE,
	PC_GUARD_OVER_NETNS, /* too many network namespaces */
	PC_GUARD_ANSWER_COUNT,
};

const char *pc_guard_answer_name(enum pc_guard_answer answer);

static inline bool pc_guard_is_limit(enum pc_guard_answer answer)
{
	return answer >= PC_GUARD_OVER_SHARE;
}

/* Why a port is guarded. */
enum pc_guard_reason {
	PC_GUARD_REASON_INVALID = 0,
	PC_GUARD_LISTENER,  /* a server listens there, or did until lately */
	PC_GUARD_PROTECTED, /* listed by --protect */
	PC_GUARD_LEARNT,    /* before the last boot; no server has come for it yet */
	PC_GUARD_REASON_COUNT,
};

const char *pc_guard_reason_name(enum pc_guard_reason reason);

struct pc_guard_port {
	uint16_t port;
	enum pc_guard_reason reason;
	bool listens;	   /* at the last look */
	bool kept;	   /* it was in the kernel's list */
	uint64_t since_ns; /* guarded since; boot clock, like all times here */
	uint64_t seen_ns;  /* when a server listened there last */
	uint64_t began_ns; /* the server that listens there began to */
	struct pc_guard_who who;
};

struct pc_guard_netns {
	uint32_t inode;
	uint16_t low; /* the range that the kernel chooses from; 0 and 0: not known */
	uint16_t high;
	struct pc_guard_port *list; /* by port; owned */
	size_t count;
	size_t room;
	bool stranger; /* found by a process that is neither root's nor of a system unit */
	uint32_t uid;  /* of that process */
};

struct pc_guard_options {
	struct pc_guard_policy policy;
	unsigned share_percent; /* of the range, at most */
	uint64_t grace_ns;
	unsigned netns_max;
};

struct pc_guard {
	struct pc_guard_options options;
	struct pc_guard_netns **list; /* owned, and each of them */
	size_t count;
	size_t room;
	size_t ports; /* in all of them */
};

void pc_guard_init(struct pc_guard *g, const struct pc_guard_options *options);
void pc_guard_free(struct pc_guard *g);

/* NULL: not known. */
struct pc_guard_netns *pc_guard_find(const struct pc_guard *g, uint32_t inode);

/* May a namespace come in because of a listener of this process? PC_GUARD_ADD, PC_GUARD_NOT_MEANT or
 * PC_GUARD_OVER_NETNS. `who` NULL: the guard's own namespace, or one of its state: root's word. */
enum pc_guard_answer pc_guard_may_enter(const struct pc_guard *g, const struct pc_guard_who *who);

/* The namespace, made if it is not known yet. NULL without memory. */
struct pc_guard_netns *pc_guard_enter(struct pc_guard *g, uint32_t inode,
				      const struct pc_guard_who *who);
void pc_guard_leave(struct pc_guard *g, struct pc_guard_netns *ns);

/* How many ports may be guarded there. */
unsigned pc_guard_share(const struct pc_guard *g, const struct pc_guard_netns *ns);

/* A server listens: what becomes of its port. With PC_GUARD_ADD it is in the table from now on. -ENOMEM
 * is PC_GUARD_OVER_TABLE. */
enum pc_guard_answer pc_guard_listener(struct pc_guard *g, struct pc_guard_netns *ns, uint16_t port,
				       const struct pc_guard_who *who, uint64_t now_ns);

/* A port that is guarded for another reason, or was in an earlier life of the guard. */
enum pc_guard_answer pc_guard_put(struct pc_guard *g, struct pc_guard_netns *ns,
				  const struct pc_guard_port *port);

/* NULL: not guarded. */
struct pc_guard_port *pc_guard_port(const struct pc_guard_netns *ns, uint16_t port);

/* Servers listen on the ports of `listening` now, and on no others. */
void pc_guard_seen(struct pc_guard_netns *ns, const uint64_t *listening, uint64_t now_ns);

/* Takes the ports out of the table that are to be guarded no more, and adds them to `gone`: outside
 * the range by now, without a server for `grace`, or whose unit listens elsewhere instead. Returns how
 * many. */
unsigned pc_guard_expire(struct pc_guard *g, struct pc_guard_netns *ns, uint64_t now_ns,
			 uint64_t *gone);

/* Takes a port out; false: it was not in. */
bool pc_guard_take(struct pc_guard *g, struct pc_guard_netns *ns, uint16_t port);

/* Unites `set` with the guarded ports. */
void pc_guard_ports(const struct pc_guard_netns *ns, uint64_t *set);

/* The same with those that were in the kernel's list. */
void pc_guard_kept(const struct pc_guard_netns *ns, uint64_t *set);

/* Is a port not in the kernel's list yet? */
bool pc_guard_has_new(const struct pc_guard_netns *ns);

/* Marks the ports of `reserved` as those that are in the kernel's list. */
void pc_guard_mark(struct pc_guard_netns *ns, const uint64_t *reserved);

#endif
