// SPDX-License-Identifier: GPL-2.0-only
/* This is the table of attach back ends. A new back end has its programs in bpf/portclash.bpf.c and
 * a row here. */
#include "bpf/backend.h"

/* The sockets that no back end looks into. */
#define PC_BLIND_FAMILIES "who holds an address of another family (vsock, netlink, SCTP)"

/* A back end of functions does not see this without the cgroup programs. */
#define PC_BLIND_PREEMPTED \
	"some of the calls that are refused or get a port while many others do, as the kernel leaves out programs then (no cgroup hooks here)"

/* The last two columns of a row: what the kernel must have for the program to be of use, and how many arguments the
 * function may take at whose exit it reads the result. */
#define PLAIN PC_KERNEL_NOTHING, 0
#define V6 PC_KERNEL_IPV6, 0
#define TAKES(arguments) PC_KERNEL_NOTHING, PC_ARGUMENTS(arguments)
#define TAKES_EITHER(these, those) PC_KERNEL_NOTHING, PC_ARGUMENTS(these) | PC_ARGUMENTS(those)
#define V6_TAKES(arguments) PC_KERNEL_IPV6, PC_ARGUMENTS(arguments)

static const struct pc_program tracepoint_programs[] = {
	{ "inet_sock_set_state", PC_ATTACH_SECTION, PC_WHEN_ENDS | PC_WHEN_NO_CGROUP,
	  PC_MISSED_STATE, PC_NEEDED, PLAIN },
	{ "sys_exit_bind", PC_ATTACH_SYSCALL, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED, PLAIN },
	{ "sys_exit_listen", PC_ATTACH_SYSCALL, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "sys_exit_connect", PC_ATTACH_SYSCALL, PC_WHEN_ALWAYS, PC_MISSED_CALL, PC_NEEDED, PLAIN },
	{ "sys_exit_sendto", PC_ATTACH_SYSCALL, PC_WHEN_ALWAYS, PC_MISSED_CALL, PC_NEEDED, PLAIN },
	{ "sys_exit_sendmsg", PC_ATTACH_SYSCALL, PC_WHEN_ALWAYS, PC_MISSED_CALL, PC_NEEDED, PLAIN },
	{ "sys_exit_sendmmsg", PC_ATTACH_SYSCALL, PC_WHEN_ALWAYS, PC_MISSED_CALL, PC_NEEDED,
	  PLAIN },
	{ "process_exit", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ 0 },
};

static const struct pc_program fentry_programs[] = {
	{ "fentry_connect4", PC_ATTACH_SECTION, PC_WHEN_NO_CGROUP, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "fentry_connect6", PC_ATTACH_SECTION, PC_WHEN_NO_CGROUP, PC_MISSED_RECORD, PC_NEEDED,
	  V6 },
	{ "fexit_connect4", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_ENDS, PC_NEEDED,
	  TAKES(2) },
	{ "fexit_connect6", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_ENDS, PC_NEEDED,
	  V6_TAKES(2) },
	{ "fexit_bind4", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED,
	  TAKES(4) },
	{ "fexit_bind6", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED,
	  V6_TAKES(4) },
	{ "fexit_sys_bind", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED,
	  TAKES(3) },
	{ "fexit_bind_socket", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_SPARE,
	  PC_KERNEL_URING_BIND, PC_ARGUMENTS(3) },
	{ "fexit_listen", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  TAKES_EITHER(1, 2) },
	{ "fexit_autobind", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  TAKES(1) },
	{ "fentry_bind4", PC_ATTACH_SECTION, PC_WHEN_NO_CGROUP, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "fentry_bind6", PC_ATTACH_SECTION, PC_WHEN_NO_CGROUP, PC_MISSED_RECORD, PC_NEEDED, V6 },
	{ "fexit_conflict", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_OPTIONAL,
	  TAKES(6) },
	{ "fexit_saddr_equal", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_OPTIONAL,
	  TAKES(3) },
	{ "inet_sock_set_state", PC_ATTACH_SECTION, PC_WHEN_ENDS, PC_MISSED_STATE, PC_NEEDED,
	  PLAIN },
	{ "process_exit", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ 0 },
};

/* Return probes come first: a call that only the entry probe saw would wait for its return. */
static const struct pc_program kprobe_programs[] = {
	{ "kretprobe_connect4", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "kprobe_connect4", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "kretprobe_connect6", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  V6 },
	{ "kprobe_connect6", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED, V6 },
	{ "kretprobe_bind4", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED,
	  PLAIN },
	{ "kprobe_bind4", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED, PLAIN },
	{ "kretprobe_bind6", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED, V6 },
	{ "kprobe_bind6", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED, V6 },
	{ "kretprobe_sys_bind", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED,
	  PLAIN },
	{ "kprobe_sys_bind", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_UNNOTED, PC_NEEDED,
	  PLAIN },
	{ "kretprobe_bind_socket", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_SPARE,
	  PC_KERNEL_URING_BIND, 0 },
	{ "kprobe_bind_socket", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_SPARE,
	  PC_KERNEL_URING_BIND, 0 },
	{ "kretprobe_listen", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "kprobe_listen", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED, PLAIN },
	{ "kretprobe_autobind", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "kprobe_autobind", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_RECORD, PC_NEEDED,
	  PLAIN },
	{ "kretprobe_conflict", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_OPTIONAL,
	  PLAIN },
	{ "kprobe_conflict", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_OPTIONAL,
	  PLAIN },
	{ "kretprobe_saddr_equal", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING,
	  PC_OPTIONAL, PLAIN },
	{ "kprobe_saddr_equal", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_OPTIONAL,
	  PLAIN },
	{ "inet_sock_set_state", PC_ATTACH_SECTION, PC_WHEN_ENDS, PC_MISSED_STATE, PC_NEEDED,
	  PLAIN },
	{ "process_exit", PC_ATTACH_SECTION, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ 0 },
};

/* These are the programs on cgroup hooks. Each list begins with the program that makes a cookie for
 * each new socket, so that pc_backend_cgroup() can leave it out. Without a cookie a claim is not
 * found again. The programs before and after bind() are in every list: post_bind comes first, so that
 * each note that bind4 or bind6 makes is taken away. */
static const struct pc_program cookie_programs[] = {
	{ "sock_create", PC_ATTACH_CGROUP, PC_WHEN_FIRST, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "post_bind4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "post_bind6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "bind4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "bind6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "sock_release", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ 0 },
};

/* These programs see connect() of TCP. The kernel leaves out a program on a function while another
 * task is preempted in it (7.x preempts lazily), but never a program on a cgroup. */
static const struct pc_program connect_programs[] = {
	{ "sock_create", PC_ATTACH_CGROUP, PC_WHEN_FIRST, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "post_bind4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "post_bind6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "bind4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "bind6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "sock_release", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "connect4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "connect6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ 0 },
};

/* These programs also see UDP ports taken by connect(), or by a send without a bind(). */
static const struct pc_program autobind_programs[] = {
	{ "sock_create", PC_ATTACH_CGROUP, PC_WHEN_FIRST, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "post_bind4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "post_bind6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "bind4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "bind6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "sock_release", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "connect4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "connect6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ "sendmsg4", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "sendmsg6", PC_ATTACH_CGROUP, PC_WHEN_ALWAYS, PC_MISSED_NOTHING, PC_NEEDED, V6 },
	{ 0 },
};

const struct pc_backend pc_backends[PC_BACKENDS] = {
	{
		.kind = PC_BACKEND_FENTRY,
		.programs = fentry_programs,
		.cgroup = connect_programs,
		.makes_cookies = true,
		.needs = PC_KERNEL_OWN_BTF,
		.blind = PC_BLIND_FAMILIES,
		.cgroup_blind = "the claimer of a socket without a cookie (no cgroup hooks here)",
		.exact = 2,
	},
	{
		.kind = PC_BACKEND_KPROBE,
		.programs = kprobe_programs,
		.cgroup = cookie_programs,
		.blind = PC_BLIND_FAMILIES,
		.cgroup_blind = "the claimer of a socket without a cookie (no cgroup hooks here)",
		.needs = PC_KERNEL_KPROBES,
		.exact = 4,
	},
	{
		.kind = PC_BACKEND_TRACEPOINT,
		.programs = tracepoint_programs,
		.cgroup = autobind_programs,
		.blind =
			"bind() inside the kernel, and listen() by io_uring, by 32-bit programs and inside the kernel; " PC_BLIND_FAMILIES,
		.cgroup_blind =
			"bind() by io_uring and by 32-bit programs, connect() by these that found no port, UDP ports taken without a bind(), and the claimer of a socket without a cookie (no cgroup hooks here)",
		.needs = PC_KERNEL_SYSCALLS,
		.calls_only = true,
	},
};

const struct pc_program pc_common_programs[] = {
	{ "process_files", PC_ATTACH_NONE, PC_WHEN_NEVER, PC_MISSED_NOTHING, PC_NEEDED,
	  PC_KERNEL_ITERATORS, 0 },
	{ "files_listed", PC_ATTACH_NONE, PC_WHEN_NEVER, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "sweep", PC_ATTACH_NONE, PC_WHEN_NEVER, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "merged", PC_ATTACH_NONE, PC_WHEN_NEVER, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ "late_one", PC_ATTACH_NONE, PC_WHEN_NEVER, PC_MISSED_NOTHING, PC_NEEDED, PLAIN },
	{ 0 },
};

const struct pc_program *pc_backend_cgroup(const struct pc_backend *backend, bool tracing_cookies)
{
	return backend->cgroup + (backend->makes_cookies && tracing_cookies);
}

const char *pc_backend_cgroup_blind(const struct pc_backend *backend, bool tracing_cookies,
				    bool no_preemption)
{
	if (!backend->makes_cookies || !tracing_cookies)
		return backend->cgroup_blind;
	return no_preemption ? "" : PC_BLIND_PREEMPTED;
}

enum pc_cgroup_use pc_backend_cgroup_use(const struct pc_backend *backend, bool no_preemption)
{
	return backend->kind == PC_BACKEND_FENTRY && no_preemption ? PC_CGROUP_COOKIES :
								     PC_CGROUP_ALL;
}

unsigned pc_backend_when(enum pc_cgroup_use use)
{
	return PC_WHEN_ALWAYS | (use == PC_CGROUP_ALL ? 0 : PC_WHEN_NO_CGROUP);
}

unsigned pc_backend_cgroup_when(enum pc_cgroup_use use)
{
	static const unsigned when[] = {
		[PC_CGROUP_ALL] = PC_WHEN_FIRST | PC_WHEN_ALWAYS,
		[PC_CGROUP_COOKIES] = PC_WHEN_FIRST,
		[PC_CGROUP_NONE] = PC_WHEN_NEVER,
	};

	return when[use];
}
