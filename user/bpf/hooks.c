// SPDX-License-Identifier: GPL-2.0-only
/* This file attaches the programs of a back end, each in its way and in its cases. It notes the
 * programs whose missed runs are a loss. */
#include "bpf/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/cgroup_root.h"
#include "bpf/monitor_private.h"
#include "bpf/sections.h"

/* The kernel's own errno, which no C library knows, for what the architecture does not have. */
#define ENOTSUPP 524

static int keep_link(struct pc_monitor *m, struct pc_told_program program, struct bpf_link *link)
{
	if (!link)
		return -errno;
	if (m->links_count == PC_LINKS_MAX) {
		bpf_link__destroy(link);
		return -E2BIG;
	}
	m->attached[m->links_count] = program;
	m->links[m->links_count++] = link;
	return 0;
}

/* Notes the program if a run that the kernel leaves out is a loss. */
static void count_misses(struct pc_monitor *m, const struct pc_program *row, int program)
{
	bool counts = row->missed == PC_MISSED_RECORD ||
		      (row->missed == PC_MISSED_ENDS && m->protected_ends_only) ||
		      (row->missed == PC_MISSED_UNNOTED && m->when & PC_WHEN_NO_CGROUP);
	bool perhaps = row->missed == PC_MISSED_CALL ||
		       (row->missed == PC_MISSED_ENDS && m->when & PC_WHEN_NO_CGROUP);

	if (counts && m->counted_count < PC_LINKS_MAX)
		m->counted[m->counted_count++] = program;
	if (perhaps && m->calls_count < PC_CALLS_MAX)
		m->calls[m->calls_count++] = program;
	if (row->missed != PC_MISSED_STATE)
		return;
	if (row->when & m->when & PC_WHEN_NO_CGROUP)
		m->states = program;
	if (row->when & m->when & PC_WHEN_ENDS)
		m->ends = program;
}

/* Attaches as the section says. A return probe of portclash's own has room for more calls than a
 * probe of perf. */
static struct bpf_link *attach_section(struct pc_monitor *m, const struct bpf_program *p)
{
	struct bpf_link *link = NULL;

	if (!strncmp(bpf_program__section_name(p), "kretprobe/", 10))
		link = pc_attach_return(&m->return_probes, p);
	return link ? link : pc_sections_attach(p);
}

static struct bpf_link *attach_at(struct pc_monitor *m, enum pc_attach attach,
				  const struct bpf_program *p, int cgroup)
{
	switch (attach) {
	case PC_ATTACH_SECTION:
		return attach_section(m, p);
	case PC_ATTACH_SYSCALL:
		return pc_attach_syscall(p);
	case PC_ATTACH_CGROUP:
		return bpf_program__attach_cgroup(p, cgroup);
	default:
		errno = EINVAL;
		return NULL;
	}
}

static int hooks_attach_program(struct pc_monitor *m, const struct pc_program *row, int cgroup)
{
	struct bpf_program *p = pc_kernel_program(m->kernel, m->object, row->name);
	struct pc_told_program told = { .name = row->name };
	int err;

	if (!p)
		return -ENOENT;
	if (!pc_kernel_wants(m->kernel, row))
		return 0;
	told.fd = pc_kept_fd(&m->kept, bpf_program__fd(p));
	count_misses(m, row, told.fd);
	if (row->need != PC_NEEDED && !bpf_program__autoload(p))
		err = -ENOENT;
	else
		err = keep_link(m, told, attach_at(m, row->attach, p, cgroup));
	if (!err || row->need == PC_NEEDED)
		return err;
	m->optional_missing += row->need == PC_OPTIONAL;
	return 0;
}

static const char *attach_advice(enum pc_attach attach, int err)
{
	if (attach == PC_ATTACH_SYSCALL && err == -ENOENT)
		return "; the kernel needs CONFIG_FTRACE_SYSCALLS=y";
	return "; root, or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, is needed, and CAP_SYS_ADMIN where kernel.perf_event_paranoid is above 2 or tracefs is not mounted";
}

bool pc_hooks_attach_cgroup(struct pc_monitor *m, enum pc_when when)
{
	size_t before = m->links_count;
	int fd = pc_cgroup_root_open();
	int err = fd < 0 ? fd : 0;

	for (const struct pc_program *row = m->cgroup; row->name && !err; row++)
		if (row->when & when)
			err = hooks_attach_program(m, row, fd);
	if (fd >= 0)
		close(fd);
	while (err && m->links_count > before)
		bpf_link__destroy(m->links[--m->links_count]);
	return err == 0;
}

/* Only trying tells whether programs can be attached to functions on an architecture: on arm64 the kernel
 * loads them, and refuses to attach them up to 6.3. */
static int explain_attach(const struct pc_program *row, int err, char *sentence)
{
	if (err == -ENOTSUPP) {
		snprintf(
			sentence, PC_SENTENCE,
			"this kernel has no fentry programs on this architecture (arm64 has them from Linux 6.4 on): use --backend auto");
		return -EOPNOTSUPP;
	}
	snprintf(sentence, PC_SENTENCE, "could not attach to %s: %s%s", row->name, strerror(-err),
		 attach_advice(row->attach, err));
	return err;
}

int pc_hooks_attach(struct pc_monitor *m, char *sentence)
{
	for (const struct pc_program *row = m->backend->programs; row->name; row++) {
		int err = row->when & m->when ? hooks_attach_program(m, row, -1) : 0;

		if (err)
			return explain_attach(row, err, sentence);
	}
	return 0;
}

void pc_hooks_detach(struct pc_monitor *m)
{
	while (m->links_count)
		bpf_link__destroy(m->links[--m->links_count]);
	pc_return_probes_close(&m->return_probes);
}
