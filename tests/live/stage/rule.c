// SPDX-License-Identifier: GPL-2.0-only
/* Rules of the machine that refuse a bind(). */
#include "stage/rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* <linux/landlock.h> of an older system lacks rules for the network (6.7). */
#define LANDLOCK_VERSION 1
#define LANDLOCK_NET_ABI 4
#define LANDLOCK_BIND_TCP 1

struct landlock_ruleset {
	uint64_t files;
	uint64_t net;
};

static int forbid_tcp(void)
{
	struct landlock_ruleset rules = { .net = LANDLOCK_BIND_TCP };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	int fd;

	if (abi < LANDLOCK_NET_ABI)
		return EOPNOTSUPP;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, fd, 0))
		return errno;
	close(fd);
	return 0;
}

void act_forbid_tcp(void *io)
{
	((struct io_rule *)io)->error = forbid_tcp();
}

void act_leave_user(void *io)
{
	((struct io_rule *)io)->error = unshare(CLONE_NEWUSER) ? errno : 0;
}

/* Port 0: bind() to any port is denied. */
static int load_denial(uint16_t port)
{
	/* r0 = 1: allowed, unless r2 = ctx->user_port is the port */
	const struct bpf_insn program[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W,
		  .dst_reg = BPF_REG_2,
		  .src_reg = BPF_REG_1,
		  .off = offsetof(struct bpf_sock_addr, user_port) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1 },
		{ .code = BPF_JMP | (port ? BPF_JNE : BPF_JSET) | BPF_K,
		  .dst_reg = BPF_REG_2,
		  .off = 1,
		  .imm = htons(port) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		.expected_attach_type = BPF_CGROUP_INET4_BIND,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (uintptr_t) "GPL",
	};
	long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));

	return fd < 0 ? -errno : (int)fd;
}

/* Up to 5.10 programs count against the limit of locked memory. */
static void allow_memory(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_MEMLOCK, &none);
}

static int attach_denial(int group, uint16_t port)
{
	int program = load_denial(port), err = 0;
	union bpf_attr a = {
		.target_fd = (unsigned)group,
		.attach_bpf_fd = (unsigned)program,
		.attach_type = BPF_CGROUP_INET4_BIND,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (program < 0)
		return program;
	if (syscall(SYS_bpf, BPF_PROG_ATTACH, &a, sizeof(a)))
		err = -errno;
	close(program);
	return err;
}

int rule_deny_cgroup(const char *folder, uint16_t port)
{
	int group = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (group < 0)
		return -errno;
	allow_memory();
	err = attach_denial(group, port);
	close(group);
	return err;
}
