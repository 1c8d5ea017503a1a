// SPDX-License-Identifier: GPL-2.0-only
/* These programs answer `portclash who`: every socket on one port, in all network namespaces, and
 * its owners. They are an object of their own, because they are loaded for one question and must
 * load fast. None of them is attached: BPF_PROG_TEST_RUN (5.10+) runs one, the other is an
 * iterator. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "files.bpf.h"
#include "walk_table.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pc_port_sockets);
} port_result SEC(".maps");

struct port_walk {
	struct table_walk table;
	struct bucket_reuse bucket; /* of the bucket that the walk has entered */
	__u16 port;
};

/* One walk runs at a time: only `portclash who` runs the program. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct port_walk);
} port_walks SEC(".maps");

static __always_inline bool port_enter(void *walk, const struct inet_bind_bucket *tb)
{
	struct port_walk *w = walk;

	if (BPF_CORE_READ(tb, port) != w->port)
		return false;
	bucket_reuse_read(&w->bucket, tb);
	return true;
}

/* Describes a socket on the port. Beyond the room there is, sockets are only counted. But a
 * listener takes the place of another socket, because users look for the listener among ten
 * thousand connections. */
static __always_inline bool port_visit(void *walk, const struct sock *sk)
{
	const struct port_walk *w = walk;
	__u32 zero = 0, n;
	struct pc_port_sockets *out = bpf_map_lookup_elem(&port_result, &zero);
	struct pc_socket_record *s;

	if (!out)
		return false;
	if (BPF_CORE_READ(sk, __sk_common.skc_num) != w->port)
		return true;
	n = out->total++;
	if (n >= PC_PORT_SOCKETS && BPF_CORE_READ(sk, __sk_common.skc_state) != PC_STATE_LISTEN)
		return true;
	n &= PC_PORT_SOCKETS - 1;
	asm volatile("" : "+r"(n));
	n &= PC_PORT_SOCKETS - 1;
	s = &out->sockets[n];
	__builtin_memset(s, 0, sizeof(*s));
	socket_read(s, sk);
	s->fastreuse = (__s8)w->bucket.fastreuse;
	s->fastreuseport = (__s8)w->bucket.fastreuseport;
	return true;
}

GLOBAL int port_step(void)
{
	__u32 zero = 0;
	struct port_walk *w = bpf_map_lookup_elem(&port_walks, &zero);

	if (!w)
		return 1;
#pragma unroll
	for (int i = 0; i < WALK_AT_ONCE; i++)
		if (!table_walk_advance(&w->table, w, port_enter, port_visit, false))
			return 1;
	return 0;
}

DEFINE_ROUNDS(port)

/* The walk takes at most a million steps, each to a socket or a table entry: a tenth of a
 * second. */
#define PORT_ROUNDS (8 * WALK_ROUNDS)

/* The arguments are a port, a protocol and the descriptor of a UDP socket. */
SEC("raw_tp/portclash_port")
int port_sockets(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct net *net = BPF_CORE_READ(task, nsproxy, net_ns);
	__u32 zero = 0;
	struct port_walk *w = bpf_map_lookup_elem(&port_walks, &zero);
	struct pc_port_sockets *out = bpf_map_lookup_elem(&port_result, &zero);

	if (!w || !out)
		return 0;
	out->total = 0;
	w->port = (__u16)ctx->args[0];
	w->bucket = (struct bucket_reuse){};
	if (ctx->args[1] == PC_PROTO_UDP)
		table_walk_begin_udp(&w->table, net, socket_of_fd((__u32)ctx->args[2]));
	else
		table_walk_begin_tcp(&w->table, net, 0);
	ONE_CALL
	for (int i = 0; i < PORT_ROUNDS; i++)
		if (port_rounds())
			break;
	out->found_table = w->table.size > 0;
	out->end = w->table.done;
	return 0;
}
