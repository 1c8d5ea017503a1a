// SPDX-License-Identifier: GPL-2.0-only
/* These are the hooks. Each only fetches its arguments; the headers have what is done with them.
 * One file alone decides which hooks are loaded: user/bpf/backend.c. */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bind_hook.bpf.h"
#include "cgroup_hook.bpf.h"
#include "files.bpf.h"
#include "hooks_fentry.bpf.h"
#include "hooks_kprobe.bpf.h"
#include "release.bpf.h"
#include "sweep.bpf.h"
#include "syscall_exit.bpf.h"
#include "tcp_state.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	tcp_state_change(sk, oldstate, newstate);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	process_ended(task);
	return 0;
}

/* The programs raw_* stand for the two above on a kernel without BTF (user/bpf/kernel.c). */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(raw_inet_sock_set_state, struct sock *sk, int oldstate, int newstate)
{
	tcp_state_change(sk, oldstate, newstate);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int BPF_PROG(raw_process_exit, struct task_struct *task)
{
	process_ended(task);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_bind")
int sys_exit_bind(struct trace_event_raw_sys_exit *ctx)
{
	syscall_exit_bind(ctx->id, ctx->ret);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_listen")
int sys_exit_listen(struct trace_event_raw_sys_exit *ctx)
{
	syscall_exit_listen(ctx);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int sys_exit_connect(struct trace_event_raw_sys_exit *ctx)
{
	syscall_exit_connect(ctx);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int sys_exit_sendto(struct trace_event_raw_sys_exit *ctx)
{
	syscall_exit_send(ctx, BY_SENDTO);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmsg")
int sys_exit_sendmsg(struct trace_event_raw_sys_exit *ctx)
{
	syscall_exit_send(ctx, BY_SENDMSG);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmmsg")
int sys_exit_sendmmsg(struct trace_event_raw_sys_exit *ctx)
{
	syscall_exit_send(ctx, BY_SENDMMSG);
	return 0;
}

/* A program on a cgroup hook must allow what it only watches: it returns 1. */
SEC("cgroup/sock_create")
int sock_create(struct bpf_sock *ctx)
{
	cgroup_hook_create(ctx);
	return 1;
}

SEC("cgroup/bind4")
int bind4(struct bpf_sock_addr *ctx)
{
	bind_hook_begin4(ctx);
	return 1;
}

SEC("cgroup/bind6")
int bind6(struct bpf_sock_addr *ctx)
{
	bind_hook_begin6(ctx);
	return 1;
}

SEC("cgroup/post_bind4")
int post_bind4(struct bpf_sock *ctx)
{
	bind_hook_allowed(ctx);
	return 1;
}

SEC("cgroup/post_bind6")
int post_bind6(struct bpf_sock *ctx)
{
	bind_hook_allowed(ctx);
	return 1;
}

SEC("cgroup/sock_release")
int sock_release(struct bpf_sock *ctx)
{
	release_look(ctx);
	return 1;
}

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	cgroup_hook_connect(ctx, false);
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	cgroup_hook_connect(ctx, true);
	return 1;
}

SEC("cgroup/sendmsg4")
int sendmsg4(struct bpf_sock_addr *ctx)
{
	cgroup_hook_send(ctx);
	return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(struct bpf_sock_addr *ctx)
{
	cgroup_hook_send(ctx);
	return 1;
}

/* The program `late_one` is never attached. It looks at the note of one thread. Its arguments are the least age of the
 * note, in nanoseconds, and the thread, as pid_tgid. */
SEC("raw_tp/portclash_late_one")
int late_one(struct bpf_raw_tracepoint_args *ctx)
{
	late_look(ctx->args[1], ctx->args[0]);
	return 0;
}

/* The program `merged` is never attached. Its argument: tell all counts, or only those that are due. */
SEC("raw_tp/portclash_merged")
int merged(struct bpf_raw_tracepoint_args *ctx)
{
	quota_tell(ctx->args[0]);
	return 0;
}

/* The sweep is never attached: BPF_PROG_TEST_RUN (5.10+) runs it on demand. Its arguments are those
 * of sweep_table(). */
SEC("raw_tp/portclash_sweep")
int sweep(struct bpf_raw_tracepoint_args *ctx)
{
	sweep_table((__u32)ctx->args[0], ctx->args[1], (__u32)ctx->args[2], (__u32)ctx->args[3]);
	return 0;
}
