/* SPDX-License-Identifier: GPL-2.0-only */
/* A claim waits in the kernel's memory, and not in the ring, if its socket is likely to be closed at once: a
 * resolver's query, a probe of a port. The reader takes those that wait when it reads the ring (user/bpf/held.c). The
 * claim of a socket that is closed before is nobody's, and costs the reader nothing.
 *
 * A claim has the slot of its socket's cookie. One that another claim drives out of its slot goes to the ring. A program or
 * the reader takes a slot before it takes a claim out of it: none is lost here, and none comes twice. After a refusal, claims go to the ring for a while. Their order and that of the ends of processes then
 * say what became of the refused process. */
#ifndef PORTCLASH_HELD_BPF_H
#define PORTCLASH_HELD_BPF_H

#include "arch.bpf.h"
#include "maps.bpf.h"
#include "socket.bpf.h"

/* No claim waits for so long after a refusal. */
#define HELD_QUIET_NS 10000000000LL

struct pc_held_claim held_claims[PC_HELD_SLOTS] = {};

/* Counts the claims that were put into slots. */
__u64 held_count = 0;

/* Counts the claims whose socket was closed before the reader took them, by enum pc_how. */
__u64 held_ended[PC_HOW_COUNT] = {};

/* User space sets this once the program on a socket's close is attached. */
bool claims_may_wait = false;

/* The time of the last refusal that was recorded, boot clock. */
static __u64 last_refusal_ns;

static __always_inline struct pc_held_claim *held_slot(__u64 cookie)
{
	return &held_claims[cookie & (PC_HELD_SLOTS - 1)];
}

/* Takes the slot for an instant. Kernels up to 5.11 know no atomic operation that gives a value back: a program adds
 * itself to a count, and has the slot if the count is 1 then. */
static __always_inline bool held_lock(struct pc_held_claim *slot)
{
	__sync_fetch_and_add(&slot->users, 1);
	if (*(volatile __u32 *)&slot->users == 1)
		return true;
	__sync_fetch_and_add(&slot->users, -1);
	return false;
}

static __always_inline void held_unlock(struct pc_held_claim *slot)
{
	barrier();
	__sync_fetch_and_add(&slot->users, -1);
}

static __always_inline bool held_is_waiting(const struct pc_held_claim *slot)
{
	__u32 version = slot->version;

	return version && *(volatile __u32 *)&slot->taken != version && slot->ended != version;
}

/* Writes a claim that gives way to another one into the ring. */
static __noinline int held_drive_out(__u64 cookie)
{
	struct pc_held_claim *slot = held_slot(cookie);

	if (bpf_ringbuf_output(&claims, &slot->claim, sizeof(slot->claim), claims_flags()))
		stat_count(PC_STAT_CLAIMS_LOST);
	return 0;
}

/* May this claim wait? One of a listen() is told apart by what is known before; a connect() of TCP leaves a
 * TIME_WAIT, which is a holder. */
static __always_inline bool held_may_wait(__u8 how, __u16 port, __u8 flags)
{
	return STORES_IN_ORDER && how != PC_HOW_CONNECT && !config.with_endpoints &&
	       !config.with_protected && claims_may_wait && !(flags & PC_CLAIM_IF_NEW) &&
	       !refused_ports[port];
}

/* Was the claim of this port by this socket put into its slot? It waits there, or the reader has it. */
static __always_inline bool held_has(__u64 cookie, __u16 port)
{
	const struct pc_held_claim *slot = held_slot(cookie);

	return slot->claim.cookie == cookie && slot->claim.port == port;
}

static __always_inline bool held_is_quiet(__u64 time_ns)
{
	return (__s64)(time_ns - last_refusal_ns) > HELD_QUIET_NS;
}

/* Begins to write a claim into the slot. False: another program is there. */
static __always_inline bool held_begin(struct pc_held_claim *slot, __u64 cookie)
{
	if (!held_lock(slot))
		return false;
	if (held_is_waiting(slot))
		held_drive_out(cookie);
	*(volatile __u32 *)&slot->version = slot->version + 1;
	barrier();
	return true;
}

static __always_inline void held_finish(struct pc_held_claim *slot)
{
	barrier();
	/* Version 0 is none. */
	*(volatile __u32 *)&slot->version = slot->version + 1 ?: 2;
	held_unlock(slot);
	__sync_fetch_and_add(&held_count, 1);
}

/* Ends the claim that waits of this socket, which is closed, or whose next claim goes to the ring. */
static __always_inline bool held_end(__u64 cookie)
{
	struct pc_held_claim *slot = held_slot(cookie);
	bool waited = false;

	if (slot->claim.cookie != cookie || !held_lock(slot))
		return false;
	if (slot->claim.cookie == cookie && held_is_waiting(slot)) {
		slot->ended = slot->version;
		waited = true;
	}
	held_unlock(slot);
	return waited;
}

/* Takes the close of a socket. A TCP socket that was connected may leave a TIME_WAIT, or has left it already: after
 * shutdown() its state is CLOSE again (tcp_time_wait()), and only its peer's port tells. */
static __always_inline void held_release(struct bpf_sock *ctx)
{
	__u64 cookie;
	__u32 how;

	if (config.with_endpoints || config.with_protected || !claims_may_wait ||
	    (ctx->protocol != IPPROTO_UDP &&
	     (ctx->dst_port || (ctx->state != PC_STATE_CLOSE && ctx->state != PC_STATE_LISTEN))))
		return;
	cookie = bpf_get_socket_cookie(ctx);
	how = held_slot(cookie)->claim.how;
	if (held_end(cookie) && how < PC_HOW_COUNT)
		__sync_fetch_and_add(&held_ended[how], 1);
}

#endif
