// SPDX-License-Identifier: GPL-2.0-only
/* `portclash who`: every socket on one port, in all network namespaces, and who has it open. An
 * object of its own, because it is loaded for one question and must be loaded fast. Nothing here
 * is attached: one program is run by BPF_PROG_TEST_RUN (5.10+), the other is an iterator. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "files.bpf.h"
#include "walk.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct pc_port_sockets);
} port_result SEC(".maps");

static __always_inline bool walk_enter(struct walk *w, const struct inet_bind_bucket *tb)
{
	if (BPF_CORE_READ(tb, port) != w->port)
		return false;
	walk_read_reuse(w, tb);
	return true;
}

/* Beyond the room there is they are only counted; but what listens takes the place of another,
 * because it is what one looks for among ten thousand connections. */
static __always_inline bool walk_visit(struct walk *w, const struct sock *sk)
{
	__u32 zero = 0, n;
	struct pc_port_sockets *out = bpf_map_lookup_elem(&port_result, &zero);
	struct pc_socket *s;

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
	read_socket(s, sk);
	s->fastreuse = (__s8)w->tb_fastreuse;
	s->fastreuseport = (__s8)w->tb_fastreuseport;
	return true;
}

/* A million sockets and table entries, a tenth of a second. */
#define WHO_RUNS 8

/* The UDP table of this network namespace, which in all but special cases is one for all
 * (net.ipv4.udp_child_hash_entries). Up to 6.1 it is found through a UDP socket: `fd`. */
static __always_inline void start_all_udp(struct walk *w, __u32 fd)
{
	struct udp_table *table = compat_udp_table(w->net, socket_of_fd(fd));

	w->table = BPF_CORE_READ(table, hash);
	w->size = w->table ? BPF_CORE_READ(table, mask) + 1 : 0;
}

/* Arguments: port, protocol, descriptor of a UDP socket. */
SEC("raw_tp/portclash_port")
int port_sockets(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 zero = 0;
	struct walk *w = scratch_take(&walk_scratch);
	struct pc_port_sockets *out = bpf_map_lookup_elem(&port_result, &zero);

	if (!w || !out)
		return 0;
	w->port = (__u16)ctx->args[0];
	w->udp = ctx->args[1] == PC_PROTO_UDP;
	w->net = BPF_CORE_READ(task, nsproxy, net_ns);
	out->total = 0;
	if (w->udp)
		start_all_udp(w, (__u32)ctx->args[2]);
	else
		walk_start_all_tcp(w, 0);
	for (int i = 0; i < WHO_RUNS; i++)
		if (walk_more())
			break;
	out->found_table = w->size > 0;
	out->end = w->done;
	scratch_give_back(&walk_scratch);
	return 0;
}

SEC("iter/task")
int process_files(struct bpf_iter__task *ctx)
{
	files_walk(ctx);
	return 0;
}
