// SPDX-License-Identifier: GPL-2.0-only
/* Attaching to a system call's tracepoint without tracefs being mounted. */
#include "bpf/attach.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/tracefs.h"

struct bpf_link *pc_attach_syscall(const struct bpf_program *program, const char *event)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int id = pc_tracefs_event_id("syscalls", event), fd, error;
	struct bpf_link *link;

	if (id < 0) {
		errno = -id;
		return NULL;
	}
	attr.config = (uint64_t)id;
	/* One event on one CPU: the program behind it runs on all of them. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		error = errno;
		close(fd);
		errno = error;
	}
	return link; /* owns the descriptor */
}
