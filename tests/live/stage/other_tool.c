// SPDX-License-Identifier: GPL-2.0-only
/* Another tool that works on a map of its own, without end. */
#include "stage/other_tool.h"

#include <linux/bpf.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void use_map_forever(void)
{
	union bpf_attr make = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = 4,
		.value_size = 4096,
		.max_entries = 64,
	};
	static uint8_t value[4096];
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int map;

	setrlimit(RLIMIT_MEMLOCK, &all); /* counts maps up to 5.10 */
	map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &make, sizeof(make));

	for (uint32_t key = 0; map >= 0; key = (key + 1) % 64) {
		union bpf_attr put = {
			.map_fd = (uint32_t)map,
			.key = (uintptr_t)&key,
			.value = (uintptr_t)value,
		};

		if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &put, sizeof(put)))
			break;
	}
	_exit(1);
}

struct io_tool {
	pid_t pid;
};

static void act_start_tool(void *io)
{
	struct io_tool *a = io;

	a->pid = fork();
	if (a->pid == 0)
		use_map_forever();
}

/* A tool that is still at work has made no mistake. */
static void act_end_tool(void *io)
{
	struct io_tool *a = io;
	int status = 0;

	kill(a->pid, SIGKILL);
	if (waitpid(a->pid, &status, 0) != a->pid || !WIFSIGNALED(status))
		a->pid = -1;
}

void other_tool_begin(struct puppet *by)
{
	struct io_tool tool = { 0 };

	puppet_call(by, act_start_tool, &tool, sizeof(tool));
	if (tool.pid <= 0)
		test_abort(by->t, "stage: the other tool did not start");
	by->tool = tool.pid;
}

void other_tool_end(struct puppet *by)
{
	struct io_tool tool = { by->tool };

	puppet_call(by, act_end_tool, &tool, sizeof(tool));
	if (tool.pid < 0)
		test_abort(by->t, "stage: the other tool could not use its map");
}
