// SPDX-License-Identifier: GPL-2.0-only
/* Empty programs on the hooks of bpf/portclash.bpf.c: what being called costs, without
 * doing anything. `make bench` refuses to run when the two lists of hooks differ. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/inet_sock_set_state")
int inet_sock_set_state(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_bind")
int sys_enter_bind(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_bind")
int sys_exit_bind(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_listen")
int sys_enter_listen(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_listen")
int sys_exit_listen(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int sys_exit_connect(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendto")
int sys_exit_sendto(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmsg")
int sys_exit_sendmsg(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_sendmmsg")
int sys_exit_sendmmsg(void *ctx)
{
	return 0;
}

SEC("cgroup/sock_create")
int sock_create(void *ctx)
{
	return 1;
}

SEC("cgroup/connect4")
int connect4(void *ctx)
{
	return 1;
}

SEC("cgroup/connect6")
int connect6(void *ctx)
{
	return 1;
}

SEC("cgroup/sendmsg4")
int sendmsg4(void *ctx)
{
	return 1;
}

SEC("cgroup/sendmsg6")
int sendmsg6(void *ctx)
{
	return 1;
}
