/* SPDX-License-Identifier: GPL-2.0-only */
/* A plan for the sockets that keep a server from its port. Pure. */
#ifndef PORTCLASH_CURE_PLAN_H
#define PORTCLASH_CURE_PLAN_H

#include "core/base/model.h"
#include "core/base/socket_list.h"

/* The ways to get rid of one socket. */
enum pc_free_kind {
	PC_FREE_INVALID = 0,
	PC_FREE_PASSES, /* does not keep the server from its port */
	PC_FREE_END,	/* the kernel can end this socket, and its port is free then */
	PC_FREE_SERVER, /* a listener, or a UDP socket that receives for anyone: its process has to go */
	/* A client that asked for the port by number, or a socket that does nothing with it: the port stays
	 * with the process, whatever becomes of a connection (SOCK_BINDPORT_LOCK). */
	PC_FREE_BOUND,
	PC_FREE_KERNEL, /* the kernel's own: no process has it */
	/* Closed by its process, on a kernel that would make it stay for ever (host/orphan.h). It goes by
	 * itself. */
	PC_FREE_LEFT,
	PC_FREE_KIND_COUNT,
};

const char *pc_free_kind_name(enum pc_free_kind kind);

/* A socket on the port. */
struct pc_free_socket {
	struct pc_listed_socket s;
	struct pc_party owners[PC_OWNERS_MAX];
	unsigned owners_count;
	const char *note; /* why no owner is named; static */
	struct pc_party peer; /* the process at the other end, if it is on this machine and was sought */
	enum pc_free_kind kind;
	bool agreed;   /* shown as one to end, and the answer was yes */
	unsigned ends; /* how often it was ended */
};

/* All of them. */
struct pc_free_plan {
	struct pc_free_socket *list; /* owned; what is in the way first, then what can be ended */
	size_t count;
	size_t counts[PC_FREE_KIND_COUNT];
	unsigned seconds; /* until the last TIME_WAIT among them is over by itself */
};

/* The bind() of the server that is to have the port: without options, at this address. The widest is
 * PC_FAMILY_V6 and [::], which IPv4 clients keep from the port, too. */
void pc_free_request(uint8_t proto, uint16_t port, uint16_t family, const uint8_t *address,
		     struct pc_request *out);

/* The kind of a socket, as far as the socket tells; whether it is the kernel's, its
 * processes tell: pc_free_plan_owners(). */
enum pc_free_kind pc_free_kind_of(const struct pc_listed_socket *s,
				  const struct pc_request *server);

/* Takes in the sockets on the port. `orphans_end`: the kernel ends connections that their process has
 * closed. 0 or -ENOMEM. */
int pc_free_plan_make(const struct pc_socket_list *sockets, const struct pc_request *server,
		      bool orphans_end, struct pc_free_plan *out);

/* The processes are known now: a socket that needs one and has none is the kernel's. */
void pc_free_plan_owners(struct pc_free_plan *plan);

/* Does somebody's process, or the kernel, have to give way? */
static inline bool pc_free_plan_blocked(const struct pc_free_plan *plan)
{
	return plan->counts[PC_FREE_SERVER] || plan->counts[PC_FREE_BOUND] ||
	       plan->counts[PC_FREE_KERNEL];
}

/* Does nothing keep the server from its port? */
static inline bool pc_free_plan_is_clear(const struct pc_free_plan *plan)
{
	return plan->counts[PC_FREE_PASSES] == plan->count;
}

/* The reader of the plan agreed: to the end of the sockets that it would end, and of no others. */
void pc_free_plan_agree(struct pc_free_plan *plan);

/* Is this socket, which is in the way now, news to the reader of the plan: not shown, or shown as one that stays? */
bool pc_free_plan_is_news(const struct pc_free_plan *shown, const struct pc_free_socket *now);

/* The socket with this cookie; NULL: it is not among them. */
struct pc_free_socket *pc_free_plan_find(const struct pc_free_plan *plan, uint64_t cookie);

void pc_free_plan_free(struct pc_free_plan *plan);

#endif
