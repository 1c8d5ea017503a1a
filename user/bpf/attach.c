// SPDX-License-Identifier: GPL-2.0-only
/* This file attaches a program to a system call's tracepoint where tracefs is not mounted, and to
 * the return of a function with room for more calls than there are CPUs. */
#include "bpf/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/tracefs.h"

#define GROUP "portclash"

/* Between entry and return, so many calls at a time have room. Without this number the kernel has
 * room for some calls a CPU: where a call sleeps or is preempted, the returns of others go unseen.
 * The number may be 4,096 at most (KRETPROBE_MAXACTIVE_MAX); each call takes about 100 bytes. */
#define CALLS_AT_A_TIME 512

/* A line that defines an event has at most so many bytes. */
#define LINE_SIZE 160

static const char *function_of(const struct bpf_program *program)
{
	return strrchr(bpf_program__section_name(program), '/') + 1;
}

static struct bpf_link *attach_event(const struct bpf_program *program, int id)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.sample_period = 1,
		.wakeup_events = 1,
		.config = (uint64_t)id,
	};
	struct bpf_link *link;
	int fd, error;

	if (id < 0) {
		errno = -id;
		return NULL;
	}
	/* The event is on one CPU, but the program behind it runs on all of them. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(program, fd);
	if (!link) {
		error = errno;
		close(fd);
		errno = error;
	}
	return link; /* the link owns the descriptor */
}

struct bpf_link *pc_attach_syscall(const struct bpf_program *program)
{
	return attach_event(program, pc_tracefs_event_id("syscalls", function_of(program)));
}

static int write_definition(int file, const char *line)
{
	size_t len = strlen(line);

	return write(file, line, len) == (ssize_t)len ? 0 : -errno;
}

static void remove_probe(int file, const char *name)
{
	char line[LINE_SIZE];

	if (snprintf(line, sizeof(line), "-:" GROUP "/%s", name) < LINE_SIZE)
		write_definition(file, line);
}

/* Finds the name in "r512:portclash/NAME …", as kprobe_events shows a return probe, and ends it
 * with a NUL. NULL: the probe is not one of portclash's. */
static char *own_name(char *line)
{
	char *name = strstr(line, ":" GROUP "/");

	if (!name)
		return NULL;
	name += strlen(":" GROUP "/");
	name[strcspn(name, " \n")] = '\0';
	return name;
}

/* Removes the probes that a killed portclash left. A probe that is in use cannot be removed. */
static void remove_unused(int file)
{
	int fd = pc_tracefs_open("kprobe_events", O_RDONLY);
	FILE *list = fd < 0 ? NULL : fdopen(fd, "r");
	char text[1024];

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (fgets(text, sizeof(text), list)) {
		const char *name = own_name(text);

		if (name)
			remove_probe(file, name);
	}
	fclose(list);
}

/* Opens kprobe_events without O_TRUNC, which would remove the probes of all programs. */
static int open_probes(struct pc_return_probes *probes)
{
	if (probes->file >= 0)
		return 0;
	probes->file = pc_tracefs_open("kprobe_events", O_WRONLY | O_APPEND);
	if (probes->file < 0)
		return probes->file;
	remove_unused(probes->file);
	return 0;
}

static int define_return_probe(struct pc_return_probes *probes, const char *function, char *name)
{
	char line[LINE_SIZE];
	int err = open_probes(probes);

	if (err)
		return err;
	if (probes->count == PC_RETURN_PROBES_MAX)
		return -E2BIG;
	snprintf(name, PC_TRACEFS_NAME, "%s_%d", function, (int)getpid());
	snprintf(line, sizeof(line), "r%d:" GROUP "/%s %s", CALLS_AT_A_TIME, name, function);
	return write_definition(probes->file, line);
}

struct bpf_link *pc_attach_return(struct pc_return_probes *probes,
				  const struct bpf_program *program)
{
	char name[PC_TRACEFS_NAME];
	struct bpf_link *link;
	int err = define_return_probe(probes, function_of(program), name);

	if (err) {
		errno = -err;
		return NULL;
	}
	link = attach_event(program, pc_tracefs_event_id(GROUP, name));
	err = errno;
	if (link)
		memcpy(probes->names[probes->count++], name, sizeof(name));
	else
		remove_probe(probes->file, name);
	errno = err;
	return link;
}

void pc_return_probes_close(struct pc_return_probes *probes)
{
	for (unsigned i = 0; i < probes->count; i++)
		remove_probe(probes->file, probes->names[i]);
	if (probes->file >= 0)
		close(probes->file);
	*probes = (struct pc_return_probes)PC_RETURN_PROBES_INIT;
}
