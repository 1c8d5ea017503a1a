// SPDX-License-Identifier: GPL-2.0-only
/* The monitor opens the first back end that works. */
#include "bpf/monitor.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/hooks.h"
#include "bpf/messages.h"
#include "bpf/monitor_private.h"

static struct pc_monitor *monitor_new(const struct pc_kernel *kernel,
				      const struct pc_backend *backend)
{
	struct pc_monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->kernel = kernel;
	m->backend = backend;
	m->epoll_fd = -1;
	m->states = m->ends = -1;
	for (int i = 0; i < PC_RING_COUNT; i++)
		m->rings[i] = (struct pc_ring_reader)PC_RING_READER_INIT;
	m->return_probes = (struct pc_return_probes)PC_RETURN_PROBES_INIT;
	return m;
}

static int try_backend(const struct pc_monitor_options *o, const struct pc_kernel *kernel,
		       const struct pc_backend *backend, struct pc_monitor **out, char *sentence)
{
	enum pc_cgroup_use use;
	int err;

	if (!pc_kernel_has(kernel, backend->needs)) {
		snprintf(sentence, PC_SENTENCE, "this kernel has no %s",
			 pc_kernel_rows[backend->needs].what);
		return -ENOENT;
	}
	use = pc_backend_cgroup_use(backend,
				    kernel->offer.has[PC_KERNEL_NO_PREEMPTION] == PC_PRESENCE_YES);
	for (;; use = PC_CGROUP_NONE) {
		struct pc_monitor *m = monitor_new(kernel, backend);
		bool again;

		if (!m)
			return -ENOMEM;
		m->cgroup_use = use;
		err = pc_loader_open(m, o, sentence);
		if (!err) {
			*out = m;
			return 0;
		}
		again = m->cgroup_failed;
		pc_monitor_close(m);
		if (!again)
			return err;
	}
}

static bool is_meant(const struct pc_backend *backend, const char *name)
{
	return !strcmp(name, pc_backend_names[PC_BACKEND_AUTO]) ||
	       !strcmp(name, pc_backend_name(backend));
}

/* Adds to `why` the reason why a better back end is not in use, as in ", fentry (Operation not
 * permitted)". */
static void note_worse(char *why, const struct pc_backend *backend, int err)
{
	size_t len = strlen(why);
	bool missing = err == -EOPNOTSUPP || err == -ESRCH || err == -ENOENT;

	snprintf(why + len, PC_SENTENCE - len, "%s%s (%s)", len ? ", " : "",
		 pc_backend_name(backend), missing ? "not in this kernel" : strerror(-err));
}

/* Opens the first back end that works. */
static int open_first(const struct pc_monitor_options *o, const struct pc_kernel *kernel,
		      struct pc_monitor **out, char *sentence)
{
	char why[PC_SENTENCE] = "";
	int err = -EINVAL;

	snprintf(sentence, PC_SENTENCE, "unknown back end \"%s\"", o->backend);

	for (size_t i = 0; i < PC_BACKENDS; i++) {
		if (!is_meant(&pc_backends[i], o->backend))
			continue;
		err = try_backend(o, kernel, &pc_backends[i], out, sentence);
		if (!err)
			break;
		note_worse(why, &pc_backends[i], err);
	}
	if (!err)
		snprintf((*out)->why, sizeof((*out)->why), "%s", why);
	return err;
}

int pc_monitor_open(const struct pc_monitor_options *o, struct pc_monitor **out, char *sentence)
{
	struct pc_kernel kernel;
	int err;

	/* Large blocks (the kernel's BTF, read at each attempt) go back to the system when they are
	 * freed. Without this the C library raises the limit by itself and keeps them. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	pc_messages(o->verbose);
	err = pc_kernel_open(o->btf, PC_KERNEL_ALL, &kernel, sentence);
	if (!err)
		err = open_first(o, &kernel, out, sentence);
	if (!err)
		(*out)->kernel = NULL;
	pc_kernel_close(&kernel);
	malloc_trim(0); /* gives back what libbpf needed for loading: 10 MiB */
	return err;
}

const char *pc_monitor_why(const struct pc_monitor *m)
{
	return m->why;
}

void pc_monitor_close(struct pc_monitor *m)
{
	if (!m)
		return;
	pc_hooks_detach(m);
	pc_reader_close(m);
	pc_kept_close(&m->kept);
	pc_loader_close(m);
	free(m);
}

const char *pc_monitor_backend(const struct pc_monitor *m)
{
	return pc_backend_name(m->backend);
}

bool pc_monitor_exact(const struct pc_monitor *m)
{
	return m->backend->exact && m->optional_missing < m->backend->exact;
}

const char *pc_monitor_blind(const struct pc_monitor *m)
{
	return m->blind;
}
