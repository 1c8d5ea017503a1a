// SPDX-License-Identifier: GPL-2.0-only
/* The hooks. Each only fetches its arguments; what is done with them is in the headers.
 * Which of them are loaded is decided in one place: user/bpf/backend.c. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "call.bpf.h"
#include "files.bpf.h"
#include "state.bpf.h"
#include "autobind.bpf.h"
#include "connect.bpf.h"
#include "hooks_function.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	state_change(sk, oldstate, newstate);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_bind")
int sys_exit_bind(struct trace_event_raw_sys_exit *ctx)
{
	call_exit(PC_OP_BIND, ctx->ret);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_listen")
int sys_exit_listen(struct trace_event_raw_sys_exit *ctx)
{
	call_exit(PC_OP_LISTEN, ctx->ret);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int sys_exit_connect(struct trace_event_raw_sys_exit *ctx)
{
	connect_exit(PC_OP_CONNECT, ctx->ret);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int sys_exit_sendto(struct trace_event_raw_sys_exit *ctx)
{
	connect_exit(PC_OP_SEND, ctx->ret);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmsg")
int sys_exit_sendmsg(struct trace_event_raw_sys_exit *ctx)
{
	connect_exit(PC_OP_SEND, ctx->ret);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmmsg")
int sys_exit_sendmmsg(struct trace_event_raw_sys_exit *ctx)
{
	connect_exit(PC_OP_SEND, ctx->ret);
	return 0;
}

/* Programs on a cgroup hook must allow what they only watch: they return 1. */
SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	autobind_name_socket(ctx);
	return 1;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	autobind_connect(ctx);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	autobind_connect(ctx);
	return 1;
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	autobind_send(ctx);
	return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	autobind_send(ctx);
	return 1;
}

SEC("iter/task_file")
int socket_files(struct bpf_iter__task_file *ctx)
{
	owner_report(ctx);
	return 0;
}

SEC("iter/task")
int process_files(struct bpf_iter__task *ctx)
{
	files_walk(ctx);
	return 0;
}

/* Never attached: run on demand by BPF_PROG_TEST_RUN (5.10+). Arguments: those of walk_sweep(). */
SEC("raw_tp/portclash_sweep")
int sweep(struct bpf_raw_tracepoint_args *ctx)
{
	walk_sweep((__u32)ctx->args[0], ctx->args[1], (__u32)ctx->args[2], (__u32)ctx->args[3]);
	return 0;
}
