// SPDX-License-Identifier: GPL-2.0-only
/* The table of what the BPF programs need of a kernel. */
#include "core/config/needs.h"

#include <stdio.h>
#include <string.h>

/* The kernel has no such feature that could be watched. */
#define NOTHING(what) "nothing is lost: this kernel has no " what

const struct pc_kernel_row pc_kernel_rows[PC_KERNEL_COUNT] = {
	[PC_KERNEL_NOTHING] = { "", "", false, { { 0 } }, "" },
	[PC_KERNEL_BTF] = {
		"btf", "type information (BTF) for the programs", true,
		{ { PC_PART_TYPES, "BTF", NULL } },
		"no program can be loaded: the kernel needs CONFIG_DEBUG_INFO_BTF=y, or portclash needs --btf FILE",
	},
	[PC_KERNEL_RING] = {
		"ring-buffers", "ring buffers for records", true,
		{ { PC_PART_MAP, "ringbuf", NULL } },
		"no program can be loaded: the kernel needs CONFIG_BPF_SYSCALL=y and what Linux 5.8 brought",
	},
	[PC_KERNEL_RUN] = {
		"test-run", "programs that portclash runs on demand", true,
		{ { PC_PART_RUN, "raw_tracepoint", NULL } },
		"the kernel's tables cannot be searched: the kernel needs what Linux 5.10 brought",
	},
	[PC_KERNEL_NETNS] = {
		"network-namespaces", "network namespaces", true,
		{ { PC_PART_FIELD, "possible_net_t", "net" } },
		"no program can be loaded: the kernel needs CONFIG_NET_NS=y",
	},
	[PC_KERNEL_BIND_TABLE] = {
		"bind-table", "the table of TCP ports", true,
		{ { PC_PART_FIELD, "inet_bind_bucket", "owners" },
		  { PC_PART_FIELD, "inet_bind_bucket", "bhash2" } },
		"no program can be loaded: portclash does not know how this kernel keeps its TCP ports",
	},
	[PC_KERNEL_PORT_RANGE] = {
		"port-range", "the port range of a network namespace", true,
		{ { PC_PART_FIELD, "netns_ipv4", "ip_local_ports.range" } },
		"no program can be loaded: portclash does not know how this kernel keeps its port range",
	},
	[PC_KERNEL_OWN_BTF] = {
		"kernel-btf", "BTF of its own, by which it attaches programs", false,
		{ { PC_PART_OWN_TYPES, "/sys/kernel/btf/vmlinux", NULL } },
		"the back end fentry cannot be used, and no iterator",
	},
	[PC_KERNEL_KPROBES] = {
		"kprobes", "kprobes (CONFIG_KPROBE_EVENTS)", false,
		{ { PC_PART_FILE, "/sys/bus/event_source/devices/kprobe/type", NULL } },
		"the back end kprobe cannot be used",
	},
	[PC_KERNEL_SYSCALLS] = {
		"syscall-tracepoints", "tracepoints of system calls (CONFIG_FTRACE_SYSCALLS)", false,
		{ { PC_PART_TRACEPOINT, "syscalls", "sys_exit_bind" } },
		"the back end tracepoint cannot be used",
	},
	[PC_KERNEL_CGROUP_HOOKS] = {
		"cgroup-hooks", "programs on control groups (CONFIG_CGROUP_BPF)", false,
		{ { PC_PART_PROGRAM, "cgroup_sock_addr", NULL } },
		"no program sees a bind() or connect() that the kernel hides from the others: each back end says above what it then cannot see",
	},
	[PC_KERNEL_CONFLICT] = {
		"conflict-check", "the kernel's conflict check of TCP as a function of its own", false,
		{ { PC_PART_FUNCTION, "inet_bind_conflict", "6" } },
		"the blocking socket comes from the comparison of addresses, or from the port table",
	},
	[PC_KERNEL_SADDR_EQUAL] = {
		"address-check", "the kernel's comparison of addresses as a function of its own", false,
		{ { PC_PART_FUNCTION, "inet_rcv_saddr_equal", "3" } },
		"the blocking socket of a refused UDP bind() comes from the port table",
	},
	[PC_KERNEL_URING_BIND] = {
		"io-uring-bind", "bind() through io_uring", false,
		{ { PC_PART_FUNCTION, "io_bind", NULL } },
		NOTHING("bind() through io_uring"),
	},
	[PC_KERNEL_IPV6] = {
		"ipv6", "IPv6 sockets (CONFIG_IPV6)", false,
		{ { PC_PART_FIELD, "sock_common", "skc_v6_rcv_saddr" } },
		NOTHING("IPv6, and the programs for it are left out"),
	},
	[PC_KERNEL_MPTCP] = {
		"mptcp", "MPTCP sockets (CONFIG_MPTCP)", false,
		{ { PC_PART_FIELD, "mptcp_sock", "first" } },
		NOTHING("MPTCP"),
	},
	[PC_KERNEL_UDP_TABLE] = {
		"udp-table", "the table of UDP ports", false,
		{ { PC_PART_FIELD, "netns_ipv4", "udp_table" }, { PC_PART_FIELD, "proto", "h.udp_table" } },
		"the holders of UDP ports are not named",
	},
	[PC_KERNEL_UNIX] = {
		"unix-sockets", "Unix sockets built into the kernel (CONFIG_UNIX=y)", false,
		{ { PC_PART_FIELD, "unix_sock", "path" } },
		"the holders of the paths of Unix sockets are not named",
	},
	[PC_KERNEL_CGROUPS] = {
		"cgroups", "control groups (CONFIG_CGROUPS)", false,
		{ { PC_PART_FIELD, "task_struct", "cgroups" } },
		"the units and containers of processes are not named",
	},
	[PC_KERNEL_VRF] = {
		"vrf", "virtual routing (CONFIG_NET_L3_MASTER_DEV)", false,
		{ { PC_PART_FIELD, "netns_ipv4", "sysctl_tcp_l3mdev_accept" } },
		NOTHING("VRF"),
	},
	[PC_KERNEL_OWN_RANGE] = {
		"socket-range", "port ranges of single sockets (IP_LOCAL_PORT_RANGE)", false,
		{ { PC_PART_FIELD, "inet_sock", "local_port_range" } },
		NOTHING("such ranges"),
	},
	[PC_KERNEL_NET_COOKIE] = {
		"netns-cookie", "cookies of network namespaces", false,
		{ { PC_PART_FIELD, "net", "net_cookie" } },
		"a new network namespace can be taken for an ended one, whose inode number it has",
	},
	[PC_KERNEL_TIME_WAIT] = {
		"time-wait-origin", "how a TIME_WAIT socket came by its port", false,
		{ { PC_PART_FIELD, "inet_timewait_sock", "tw_connect_bind" } },
		"portclash infers how a TIME_WAIT came by its port from its bind bucket, unless it saw the claim",
	},
	[PC_KERNEL_ITERATORS] = {
		"iterators", "iterators over processes", false,
		{ { PC_PART_OWN_FUNCTION, "bpf_iter_task", NULL } },
		"portclash reads the kernel's list of processes itself; the sockets of threads with a descriptor table of their own are not seen there",
	},
	[PC_KERNEL_COOKIES] = {
		"tracing-cookies", "socket cookies made by tracing programs", false,
		{ { PC_PART_OWN_FUNCTION, "bpf_get_socket_ptr_cookie", NULL } },
		"a program on control groups makes the cookies, or else the claims of some sockets have no claimer",
	},
	[PC_KERNEL_TASK] = {
		"typed-task", "the current process as a typed pointer", false,
		{ { PC_PART_VALUE, "bpf_func_id", "BPF_FUNC_get_current_task_btf" } },
		"each claim costs some hundred instructions more",
	},
	[PC_KERNEL_CGROUP_TASK] = {
		"cgroup-typed-task", "the same for programs on control groups", false,
		{ { PC_PART_HELPER, "cgroup_sock_addr", "get_current_task_btf" } },
		"each bind() and connect() costs some hundred instructions more",
	},
	[PC_KERNEL_CGROUP_RETVAL] = {
		"cgroup-retval", "the answers of earlier programs on a control group", false,
		{ { PC_PART_HELPER, "cgroup_sock_addr", "get_retval" } },
		"a bind() that another program on the control group refuses is only seen at the end of the call",
	},
	[PC_KERNEL_NO_PREEMPTION] = {
		"no-preemption", "a mode in which the kernel never preempts itself", false,
		{ { PC_PART_MODE, "preempt=none or voluntary in the kernel's command line", NULL } },
		"the kernel may leave out the programs of fentry: programs on control groups note each bind() and connect() for it, which costs some hundred instructions more",
	},
};

void pc_kernel_part(const struct pc_kernel_part *part, char *out, size_t size)
{
	switch (part->kind) {
	case PC_PART_FIELD:
		snprintf(out, size, "struct %s.%s", part->name, part->member);
		break;
	case PC_PART_FUNCTION:
	case PC_PART_OWN_FUNCTION:
		snprintf(out, size, part->member ? "%s() with %s arguments" : "%s()", part->name,
			 part->member);
		break;
	case PC_PART_VALUE:
		snprintf(out, size, "%s in enum %s", part->member, part->name);
		break;
	case PC_PART_HELPER:
		snprintf(out, size, "bpf_%s() in programs of the type %s", part->member,
			 part->name);
		break;
	case PC_PART_MAP:
		snprintf(out, size, "maps of the type %s", part->name);
		break;
	case PC_PART_PROGRAM:
		snprintf(out, size, "programs of the type %s", part->name);
		break;
	case PC_PART_RUN:
		snprintf(out, size, "BPF_PROG_TEST_RUN of programs of the type %s", part->name);
		break;
	case PC_PART_TRACEPOINT:
		snprintf(out, size, "the tracepoint %s/%s", part->name, part->member);
		break;
	default:
		snprintf(out, size, "%s", part->name);
	}
}

void pc_kernel_parts(enum pc_kernel_need need, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (const struct pc_kernel_part *p = pc_kernel_rows[need].any; p->kind && len < size;
	     p++) {
		if (len)
			snprintf(out + len, size - len, " or ");
		len = strlen(out);
		pc_kernel_part(p, out + len, size - len);
		len = strlen(out);
	}
}

enum pc_kernel_need pc_kernel_first_lack(const struct pc_kernel_offer *offer)
{
	for (unsigned i = PC_KERNEL_NOTHING + 1; i < PC_KERNEL_COUNT; i++)
		if (pc_kernel_rows[i].required && offer->has[i] == PC_PRESENCE_NO)
			return (enum pc_kernel_need)i;
	return PC_KERNEL_NOTHING;
}
