// SPDX-License-Identifier: GPL-2.0-only
/* Attaching the programs of a back end, each in its way, and knowing where a run that the kernel
 * leaves out is a record that is missing. */
#include "bpf/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/cgroup_root.h"
#include "bpf/monitor_private.h"

static int keep_link(struct pc_monitor *m, const struct bpf_program *p, struct bpf_link *link)
{
	if (!link)
		return -errno;
	if (m->links_count == PC_LINKS_MAX) {
		bpf_link__destroy(link);
		return -E2BIG;
	}
	m->attached[m->links_count] = p;
	m->links[m->links_count++] = link;
	return 0;
}

/* Each run of it that the kernel leaves out is a record that is missing. */
static void count_misses(struct pc_monitor *m, const struct bpf_program *p)
{
	if (m->hooks_count < PC_LINKS_MAX)
		m->hooks[m->hooks_count++] = bpf_program__fd(p);
}

/* A return probe has room for more calls if it is made by us. */
static struct bpf_link *attach_function(struct pc_monitor *m, const struct bpf_program *p)
{
	struct bpf_link *link = NULL;

	if (!strncmp(bpf_program__section_name(p), "kretprobe/", 10))
		link = pc_attach_return(&m->return_probes, p);
	return link ? link : bpf_program__attach(p);
}

static int attach_one(struct pc_monitor *m, const struct pc_program *program, int cgroup,
		      bool with_states)
{
	struct bpf_program *p = bpf_object__find_program_by_name(m->object, program->name);

	if (!p)
		return -ENOENT;
	switch (program->attach) {
	case PC_ATTACH_SECTION:
		count_misses(m, p);
		return keep_link(m, p, attach_function(m, p));
	case PC_ATTACH_RARE:
		if (m->rare_counts)
			count_misses(m, p);
		return keep_link(m, p, bpf_program__attach(p));
	case PC_ATTACH_CONNECT:
		if (m->with_cgroup)
			return 0;
		count_misses(m, p);
		return keep_link(m, p, bpf_program__attach(p));
	case PC_ATTACH_STATES:
		if (!with_states && m->with_cgroup)
			return 0;
		m->states = m->with_cgroup ? -1 : bpf_program__fd(p);
		return keep_link(m, p, bpf_program__attach(p));
	case PC_ATTACH_OPTIONAL:
		if (!bpf_program__autoload(p) || keep_link(m, p, attach_function(m, p)))
			m->optional_missing++;
		return 0;
	case PC_ATTACH_ENDPOINTS:
		return with_states ? keep_link(m, p, bpf_program__attach(p)) : 0;
	case PC_ATTACH_SYSCALL:
		count_misses(m, p);
		return keep_link(m, p, pc_attach_syscall(p));
	case PC_ATTACH_SYSCALL_RARE:
		return keep_link(m, p, pc_attach_syscall(p));
	case PC_ATTACH_CGROUP:
	case PC_ATTACH_COOKIE:
		return keep_link(m, p, bpf_program__attach_cgroup(p, cgroup));
	default:
		return 0;
	}
}

static const char *advice(enum pc_attach attach, int err)
{
	if ((attach == PC_ATTACH_SYSCALL || attach == PC_ATTACH_SYSCALL_RARE) && err == -ENOENT)
		return "; the kernel needs CONFIG_FTRACE_SYSCALLS=y";
	return "; root, or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, is needed, and CAP_SYS_ADMIN "
	       "where "
	       "kernel.perf_event_paranoid is above 2 or tracefs is not mounted";
}

/* Best effort: what they add is said to be missing when they cannot be attached. */
bool pc_hooks_attach_cgroup(struct pc_monitor *m, enum pc_attach which)
{
	size_t before = m->links_count;
	int fd = pc_cgroup_root_open();
	int err = fd < 0 ? fd : 0;

	for (const struct pc_program *p = m->cgroup; p->name && !err; p++)
		if (p->attach == which)
			err = attach_one(m, p, fd, false);
	if (fd >= 0)
		close(fd);
	while (err && m->links_count > before)
		bpf_link__destroy(m->links[--m->links_count]);
	return err == 0;
}

int pc_hooks_attach(struct pc_monitor *m, bool with_states, char *sentence)
{
	for (const struct pc_program *p = m->backend->programs; p->name; p++) {
		int err = attach_one(m, p, -1, with_states);

		if (!err)
			continue;
		snprintf(sentence, PC_SENTENCE, "could not attach to %s: %s%s", p->name,
			 strerror(-err), advice(p->attach, err));
		return err;
	}
	return 0;
}

void pc_hooks_detach(struct pc_monitor *m)
{
	while (m->links_count)
		bpf_link__destroy(m->links[--m->links_count]);
	pc_return_probes_close(&m->return_probes);
}
