// SPDX-License-Identifier: GPL-2.0-only
/* A trial loads a small program, makes a map or runs a program, and takes it away again. */
#include "bpf/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#define NAMES(list) (sizeof(list) / sizeof((list)[0]))

static int program_type(const char *name)
{
	static const struct {
		const char *name;
		int type;
	} types[] = {
		{ "raw_tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT },
		{ "cgroup_sock_addr", BPF_PROG_TYPE_CGROUP_SOCK_ADDR },
	};

	for (size_t i = 0; i < NAMES(types); i++)
		if (!strcmp(types[i].name, name))
			return types[i].type;
	return BPF_PROG_TYPE_UNSPEC;
}

static int helper_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} helpers[] = {
		{ "get_current_task_btf", BPF_FUNC_get_current_task_btf },
		{ "get_retval", BPF_FUNC_get_retval },
	};

	for (size_t i = 0; i < NAMES(helpers); i++)
		if (!strcmp(helpers[i].name, name))
			return helpers[i].number;
	return BPF_FUNC_unspec;
}

/* Loads a program that returns 0. A descriptor, or a negative errno. */
static int load_trivial(const char *type)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	int number = program_type(type);

	if (number == BPF_PROG_TYPE_CGROUP_SOCK_ADDR)
		opts.expected_attach_type = BPF_CGROUP_INET4_BIND;
	return bpf_prog_load((enum bpf_prog_type)number, NULL, "GPL", insns, NAMES(insns), &opts);
}

static int try_program(const struct pc_kernel_part *part)
{
	int fd = load_trivial(part->name);

	if (fd >= 0)
		close(fd);
	return fd == -EPERM ? fd : fd >= 0;
}

static int try_helper(const struct pc_kernel_part *part)
{
	if (try_program(part) != 1)
		return -EPERM;
	return libbpf_probe_bpf_helper((enum bpf_prog_type)program_type(part->name),
				       (enum bpf_func_id)helper_number(part->member), NULL);
}

static int try_map(const struct pc_kernel_part *part)
{
	return strcmp(part->name, "ringbuf") ?
		       -EINVAL :
		       libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL);
}

static int try_run(const struct pc_kernel_part *part)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int fd = load_trivial(part->name);
	int err;

	if (fd < 0)
		return fd;
	err = bpf_prog_test_run_opts(fd, &opts);
	close(fd);
	return err == 0;
}

static bool may_try(void)
{
	return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_RAW_TRACEPOINT, NULL) == 1;
}

enum pc_presence pc_probe(const struct pc_kernel_part *part)
{
	static int (*const tries[])(const struct pc_kernel_part *part) = {
		[PC_PART_HELPER] = try_helper,
		[PC_PART_MAP] = try_map,
		[PC_PART_PROGRAM] = try_program,
		[PC_PART_RUN] = try_run,
	};
	int has;

	if (!may_try())
		return PC_PRESENCE_UNKNOWN;
	has = tries[part->kind](part);
	if (has < 0)
		return PC_PRESENCE_UNKNOWN;
	return has ? PC_PRESENCE_YES : PC_PRESENCE_NO;
}
