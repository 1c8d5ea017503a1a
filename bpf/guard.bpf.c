// SPDX-License-Identifier: GPL-2.0-only
/* These programs serve `portclash guard`: one tells of listeners in all network namespaces, the other
 * of writes to the list of reserved ports. They are an object of their own, because the guard runs
 * beside the agent or without it. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "compat.bpf.h"
#include "portclash/guard.h"
#include "sysctl.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct pc_guard_config guard_config = {};

/* The ring holds 5,000 listeners, or 1,800 usual writes: of a program that writes every few milliseconds
 * into each of several namespaces, those of seconds in which user space does not run. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PC_GUARD_EVENTS_BYTES);
} guard_events SEC(".maps");

/* User space reads and writes these while it guards; they lie in the programs' own memory. */
__u64 guard_lost = 0;
__u32 guarded_netns[PC_GUARD_NETNS_MAX] = {};
__u32 guarded_count = 0;

static __always_inline void guard_lose(void)
{
	__sync_fetch_and_add(&guard_lost, 1);
}

static __always_inline void guard_process(struct pc_process_key *key)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	key->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	key->tgid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	key->exec_id = (__u32)BPF_CORE_READ(task, self_exec_id);
}

/* Runs in the context of the process that calls listen(). A listener whose port the kernel chose, at
 * bind() to port 0 or at this listen(), has no SOCK_BINDPORT_LOCK. */
static __always_inline int guard_state_change(struct sock *sk, int newstate)
{
	struct pc_guard_listen_event *e;
	__u16 port;

	if (newstate != PC_STATE_LISTEN)
		return 0;
	port = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (!port || !(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & PC_LOCK_PORT))
		return 0;
	e = bpf_ringbuf_reserve(&guard_events, sizeof(*e), 0);
	if (!e) {
		guard_lose();
		return 0;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->type = PC_GUARD_EVENT_LISTEN;
	e->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	e->port = port;
	e->uid = (__u32)bpf_get_current_uid_gid();
	guard_process(&e->process);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(guard_listen, struct sock *sk, int oldstate, int newstate)
{
	return guard_state_change(sk, newstate);
}

/* The program raw_guard_listen stands for guard_listen on a kernel without BTF (user/bpf/kernel.c). */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(raw_guard_listen, struct sock *sk, int oldstate, int newstate)
{
	return guard_state_change(sk, newstate);
}

#define LIST_NAME "net/ipv4/ip_local_reserved_ports"

static __always_inline bool is_the_list(struct bpf_sysctl *ctx)
{
	char name[sizeof(LIST_NAME) + 1] = {};

	if (bpf_sysctl_get_name(ctx, name, sizeof(name), 0) != sizeof(LIST_NAME) - 1)
		return false;
	for (int i = 0; i < (int)sizeof(LIST_NAME); i++)
		if (name[i] != LIST_NAME[i])
			return false;
	return true;
}

/* Gives the network namespace whose list is written: that of the open file, which need not be the
 * writer's. The table has the address of the namespace's own field. */
static __always_inline __u32 netns_written(struct bpf_sysctl *ctx)
{
	const struct bpf_sysctl_kern *kern = (const void *)ctx;
	const struct net *net = NULL;
	void *data = BPF_CORE_READ(kern, table, data);

	if (!data)
		return 0;
	net = data - bpf_core_field_offset(net->ipv4.sysctl_local_reserved_ports);
	return BPF_CORE_READ(net, ns.inum);
}

static __always_inline bool is_guarded(__u32 netns)
{
	for (__u32 i = 0; i < PC_GUARD_NETNS_MAX; i++) {
		if (i >= guarded_count)
			return false;
		if (guarded_netns[i] == netns)
			return true;
	}
	return false;
}

/* Is this one of portclash's own writes? They change what is their own, and nothing else. The name
 * is a hint: a stranger of that name has his write done as he meant it, and user space repairs the
 * list after it. */
static __always_inline bool is_portclash(const char *comm)
{
	const char own[] = "portclash";

	if ((__u32)(bpf_get_current_pid_tgid() >> 32) == guard_config.own_tgid)
		return true;
	for (int i = 0; i < (int)sizeof(own); i++)
		if (comm[i] != own[i])
			return false;
	return true;
}

/* Fills the event, whose text has room for `room` bytes. False: the new value is longer. */
static __always_inline bool guard_write_fill(struct bpf_sysctl *ctx, struct pc_guard_write_event *e,
					     __u32 netns, __u32 room)
{
	int len;

	__builtin_memset(e, 0, __builtin_offsetof(struct pc_guard_write_event, text));
	e->type = PC_GUARD_EVENT_WRITE;
	e->netns = netns;
	e->uid = (__u32)bpf_get_current_uid_gid();
	guard_process(&e->process);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->adds = ctx->file_pos != 0;
	e->changed = !e->adds && !is_portclash(e->comm);
	len = bpf_sysctl_get_new_value(ctx, e->text, room);
	e->len = len > 0 ? len : 0;
	return len >= 0;
}

/* Sends an event with so much text. 0; -1: there is no room in the ring; 1: the text is longer. */
#define GUARD_WRITE_SEND(ctx, netns, room, out_changed)                                     \
	({                                                                                  \
		struct pc_guard_write_event *e_ = bpf_ringbuf_reserve(                      \
			&guard_events,                                                      \
			__builtin_offsetof(struct pc_guard_write_event, text) + (room), 0); \
		int sent_ = -1;                                                             \
		if (e_) {                                                                   \
			sent_ = guard_write_fill(ctx, e_, netns, room) ? 0 : 1;             \
			*(out_changed) = e_->changed;                                       \
			if (sent_)                                                          \
				bpf_ringbuf_discard(e_, 0);                                 \
			else                                                                \
				bpf_ringbuf_submit(e_, BPF_RB_FORCE_WAKEUP);                \
		}                                                                           \
		sent_;                                                                      \
	})

/* A list that does not fit into an event replaces the whole list, and user space puts back what is missing
 * then. Where the ring is full, the write adds all the same: what it was to remove stays. */
static __always_inline void guard_write_record(struct bpf_sysctl *ctx, __u32 netns)
{
	bool changed = !ctx->file_pos;
	int sent = GUARD_WRITE_SEND(ctx, netns, PC_GUARD_TEXT_SHORT, &changed);

	if (sent > 0)
		sent = GUARD_WRITE_SEND(ctx, netns, PC_GUARD_TEXT, &changed);
	if (sent < 0)
		guard_lose();
	if (sent <= 0 && changed)
		ctx->file_pos = 1;
}

/* Runs before the write. At file position 0 a write replaces the list, and the kernel may give a
 * client a guarded port until user space has put it back. At any other position the kernel adds the
 * ports to the list (proc_do_large_bitmap()): user space then removes what the writer wanted to be
 * rid of, and no guarded port is free for an instant. */
SEC("cgroup/sysctl")
int guard_sysctl(struct bpf_sysctl *ctx)
{
	__u32 netns;

	if (!ctx->write || !is_the_list(ctx))
		return 1;
	netns = netns_written(ctx);
	if (is_guarded(netns))
		guard_write_record(ctx, netns);
	return 1;
}
