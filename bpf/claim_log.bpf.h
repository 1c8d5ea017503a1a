/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of claims is in the programs' memory. Writing into it takes a program a third of the instructions of a record in
 * the ring. A claim whose socket is closed before the reader (user/bpf/claim_log.c) comes by is nobody's, and the reader
 * passes over it, if a program on a socket's close has marked it. A resolver's query and a probe of a port make such claims.
 *
 * The log has parts, of which each processor uses one. A part that is half full wakes the reader. A claim goes to the ring
 * instead if its part is full, or if another program is writing into it. The reader takes the log after the ring. So after
 * a refusal, claims go to the ring for a while: their order and that of the ends of processes then say what became of the
 * refused process. */
#ifndef PORTCLASH_CLAIM_LOG_BPF_H
#define PORTCLASH_CLAIM_LOG_BPF_H

#include "arch.bpf.h"
#include "maps.bpf.h"
#include "socket.bpf.h"

/* No claim goes into the log for so long after a refusal. */
#define LOG_QUIET_NS 10000000000LL

struct pc_log_part claim_log_parts[PC_LOG_PARTS] = {};
struct pc_logged_claim logged_claims[PC_LOG_CLAIMS] = {};

/* The place of the claim of a socket, by the low bits of its cookie. The claim there may be another's by now. */
static __u16 log_places[PC_LOG_CLAIMS];

/* User space sets this once all programs are attached, unless both ends of a claim are to come behind it: for sinks that
 * print claims, and for protected ports. */
bool claims_may_wait = false;

/* The time of the last refusal that was recorded, boot clock. */
static __u64 last_refusal_ns;

/* May this claim be in the log? One of a listen() is told apart by what is known before. Where other processors may see
 * stores in another order, all claims go to the ring. */
static __always_inline bool log_may_have(__u16 port, __u8 flags)
{
	return STORES_IN_ORDER && claims_may_wait && !(flags & PC_CLAIM_IF_NEW) &&
	       !refused_ports[port];
}

static __always_inline bool log_is_quiet(__u64 time_ns)
{
	return !last_refusal_ns || (__s64)(time_ns - last_refusal_ns) > LOG_QUIET_NS;
}

/* Finds the claim that the log has, or had last, for a socket of this cookie. */
static __always_inline struct pc_logged_claim *log_find(__u64 cookie)
{
	struct pc_logged_claim *c =
		&logged_claims[log_places[cookie & (PC_LOG_CLAIMS - 1)] & (PC_LOG_CLAIMS - 1)];

	return c->cookie == cookie ? c : NULL;
}

/* Was the claim of this port by this socket written into the log? It waits there, or the reader has it. */
static __always_inline bool log_has(__u64 cookie, __u16 port)
{
	const struct pc_logged_claim *c = log_find(cookie);

	return c && c->port == port;
}

/* Marks the claim of this socket: it is closed, or its next claim goes to the ring. The mark is the cookie: if another claim
 * takes this place meanwhile, the mark is not about that one. */
static __always_inline void log_end(__u64 cookie)
{
	struct pc_logged_claim *c = log_find(cookie);

	if (c)
		c->ended = (__u32)cookie;
}

/* Gives the place of the next claim in this part, or PC_LOG_CLAIMS: the part is full. */
static __always_inline __u32 log_next(const struct pc_log_part *part, __u32 number)
{
	__u32 size = config.log_size;
	__u64 written = part->written;

	if (written - *(volatile __u64 *)&part->read >= size)
		return PC_LOG_CLAIMS;
	return number * size + ((__u32)written & (size - 1));
}

static __always_inline struct pc_log_part *log_part_here(__u32 *number)
{
	*number = bpf_get_smp_processor_id() & config.log_parts;
	return &claim_log_parts[*number & (PC_LOG_PARTS - 1)];
}

/* Begins to write a claim. NULL: it goes to the ring. Kernels up to 5.11 know no atomic operation that gives a value
 * back: a program adds itself to a count, and has the part if the count is 1 then. */
static __always_inline struct pc_logged_claim *log_begin(__u64 cookie, struct pc_log_part **taken)
{
	struct pc_log_part *part;
	__u32 number, place;

	part = log_part_here(&number);
	__sync_fetch_and_add(&part->users, 1);
	place = *(volatile __u32 *)&part->users == 1 ? log_next(part, number) : PC_LOG_CLAIMS;
	if (place >= PC_LOG_CLAIMS) {
		__sync_fetch_and_add(&part->users, -1);
		return NULL;
	}
	log_places[cookie & (PC_LOG_CLAIMS - 1)] = place;
	*taken = part;
	barrier_var(place); /* the verifier has lost its bounds, and the compiler would leave the mask out */
	return &logged_claims[place & (PC_LOG_CLAIMS - 1)];
}

/* From here on, the reader may read the claim. True: the part has just become half full. */
static __always_inline bool log_finish(struct pc_log_part *part)
{
	__u64 written = part->written + 1, read = *(volatile __u64 *)&part->read;

	barrier();
	*(volatile __u64 *)&part->written = written;
	barrier();
	__sync_fetch_and_add(&part->users, -1);
	return written - read == config.log_size / 2;
}

/* Takes the close of a socket. A TCP socket that was connected may leave a TIME_WAIT, or has left it already: after
 * shutdown() its state is CLOSE again (tcp_time_wait()), and only its peer's port tells. */
static __always_inline void log_release(struct bpf_sock *ctx)
{
	if (ctx->protocol != IPPROTO_UDP &&
	    (ctx->dst_port || (ctx->state != PC_STATE_CLOSE && ctx->state != PC_STATE_LISTEN)))
		return;
	if (claims_may_wait)
		log_end(bpf_get_socket_cookie(ctx));
}

#endif
