// SPDX-License-Identifier: GPL-2.0-only
/* The table of attach back ends. To add one: its programs in bpf/portclash.bpf.c, a row here. */
#include "bpf/backend.h"

#include <bpf/libbpf.h>

static const struct pc_program tracepoint_programs[] = {
	{ "inet_sock_set_state", PC_ATTACH_STATES },
	{ "sys_exit_bind", PC_ATTACH_SYSCALL },
	{ "sys_exit_listen", PC_ATTACH_SYSCALL },
	{ "sys_exit_connect", PC_ATTACH_SYSCALL_RARE },
	{ "sys_exit_sendto", PC_ATTACH_SYSCALL_RARE },
	{ "sys_exit_sendmsg", PC_ATTACH_SYSCALL_RARE },
	{ "sys_exit_sendmmsg", PC_ATTACH_SYSCALL_RARE },
	{ NULL, PC_ATTACH_NONE },
};

static const struct pc_program fentry_programs[] = {
	{ "fentry_connect4", PC_ATTACH_CONNECT },
	{ "fentry_connect6", PC_ATTACH_CONNECT },
	{ "fexit_connect4", PC_ATTACH_RARE },
	{ "fexit_connect6", PC_ATTACH_RARE },
	{ "fexit_bind4", PC_ATTACH_SECTION },
	{ "fexit_bind6", PC_ATTACH_SECTION },
	{ "fexit_get_port", PC_ATTACH_SECTION },
	{ "fexit_autobind", PC_ATTACH_SECTION },
	{ "fentry_bind4", PC_ATTACH_SECTION },
	{ "fentry_bind6", PC_ATTACH_SECTION },
	{ "fentry_get_port", PC_ATTACH_SECTION },
	{ "fexit_conflict", PC_ATTACH_OPTIONAL },
	{ "fexit_saddr_equal", PC_ATTACH_OPTIONAL },
	{ "inet_sock_set_state", PC_ATTACH_ENDPOINTS },
	{ NULL, PC_ATTACH_NONE },
};

/* Return probes first: a call that only the entry probe saw would wait for its return. */
static const struct pc_program kprobe_programs[] = {
	{ "kretprobe_connect4", PC_ATTACH_SECTION },
	{ "kprobe_connect4", PC_ATTACH_SECTION },
	{ "kretprobe_connect6", PC_ATTACH_SECTION },
	{ "kprobe_connect6", PC_ATTACH_SECTION },
	{ "kretprobe_bind4", PC_ATTACH_SECTION },
	{ "kprobe_bind4", PC_ATTACH_SECTION },
	{ "kretprobe_bind6", PC_ATTACH_SECTION },
	{ "kprobe_bind6", PC_ATTACH_SECTION },
	{ "kretprobe_get_port", PC_ATTACH_SECTION },
	{ "kprobe_get_port", PC_ATTACH_SECTION },
	{ "kretprobe_autobind", PC_ATTACH_SECTION },
	{ "kprobe_autobind", PC_ATTACH_SECTION },
	{ "kretprobe_conflict", PC_ATTACH_OPTIONAL },
	{ "kprobe_conflict", PC_ATTACH_OPTIONAL },
	{ "kretprobe_saddr_equal", PC_ATTACH_OPTIONAL },
	{ "kprobe_saddr_equal", PC_ATTACH_OPTIONAL },
	{ "inet_sock_set_state", PC_ATTACH_ENDPOINTS },
	{ NULL, PC_ATTACH_NONE },
};

/* A cookie for each new socket, without which its claim is not found again: the first in each
 * list, so that pc_backend_cgroup() can leave it out. */
#define COOKIES                                 \
	{                                       \
		"sock_create", PC_ATTACH_COOKIE \
	}

static const struct pc_program cookie_programs[] = {
	COOKIES,
	{ NULL, PC_ATTACH_NONE },
};

/* connect() of TCP. A program on a function is left out while another task is preempted in it (7.x
 * preempts lazily), a program on a cgroup never is. */
static const struct pc_program connect_programs[] = {
	COOKIES,
	{ "connect4", PC_ATTACH_CGROUP },
	{ "connect6", PC_ATTACH_CGROUP },
	{ NULL, PC_ATTACH_NONE },
};

/* And ports of UDP taken by connect(), or by a send without a bind(). */
static const struct pc_program autobind_programs[] = {
	COOKIES,
	{ "connect4", PC_ATTACH_CGROUP },
	{ "connect6", PC_ATTACH_CGROUP },
	{ "sendmsg4", PC_ATTACH_CGROUP },
	{ "sendmsg6", PC_ATTACH_CGROUP },
	{ NULL, PC_ATTACH_NONE },
};

#define WITHOUT_COOKIES "who made a claim on a socket without a cookie (no cgroup hooks here)"

const struct pc_backend pc_backends[] = {
	{
		.name = "fentry",
		.programs = fentry_programs,
		.cgroup = connect_programs,
		.makes_cookies = true,
		.blind = "",
		.cgroup_blind = WITHOUT_COOKIES,
		.exact = 2,
	},
	{
		.name = "kprobe",
		.programs = kprobe_programs,
		.cgroup = cookie_programs,
		.blind = "",
		.cgroup_blind = WITHOUT_COOKIES,
		.needs = "/sys/bus/event_source/devices/kprobe/type",
		.needs_what = "kprobes (CONFIG_KPROBE_EVENTS)",
		.exact = 4,
	},
	{
		.name = "tracepoint",
		.programs = tracepoint_programs,
		.cgroup = autobind_programs,
		.blind = "bind() and listen() by io_uring, by 32-bit programs and inside the "
			 "kernel, and "
			 "connect() by these that found no port",
		.cgroup_blind = "UDP ports taken without a bind(), and " WITHOUT_COOKIES,
		.calls_only = true,
	},
};
const size_t pc_backends_count = sizeof(pc_backends) / sizeof(pc_backends[0]);

const struct pc_program pc_common_programs[] = {
	{ "socket_files", PC_ATTACH_NONE },
	{ "process_files", PC_ATTACH_NONE },
	{ "sweep", PC_ATTACH_NONE },
	{ NULL, PC_ATTACH_NONE },
};

/* The version that lets tracing programs make a cookie (compat_cookie()) brought bpf_check_mtu(). */
static bool makes_cookies(const struct pc_backend *backend)
{
	return backend->makes_cookies &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_check_mtu, NULL) == 1;
}

const struct pc_program *pc_backend_cgroup(const struct pc_backend *backend)
{
	return backend->cgroup + makes_cookies(backend);
}

const char *pc_backend_cgroup_blind(const struct pc_backend *backend)
{
	return makes_cookies(backend) ? "" : backend->cgroup_blind;
}
