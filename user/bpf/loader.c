// SPDX-License-Identifier: GPL-2.0-only
/* Loading and attaching; the only file that knows the skeleton. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/attach.h"
#include "bpf/cgroup_root.h"
#include "bpf/messages.h"
#include "bpf/monitor_private.h"
#include "bpf/support.h"
#include "portclash.skel.h"

/* Claims waiting in their ring that wake the reader before its timer does: a quarter. */
#define CLAIMS_WAKE (256 * 1024)

static void explain_load(const struct pc_backend *backend, int err, char *sentence)
{
	struct pc_support support;

	pc_support_probe(&support);
	pc_support_explain(&support, backend->name, -err, sentence, PC_SENTENCE);
}

static void set_autoload(struct pc_monitor *m, const struct pc_program *programs, bool on)
{
	for (; programs->name; programs++) {
		struct bpf_program *p =
			bpf_object__find_program_by_name(m->skel->obj, programs->name);

		if (p)
			bpf_program__set_autoload(p, on);
	}
}

/* What hooks a function that this kernel does not have, or has inlined, is left out; only a
 * program that is attached by its BTF needs to be, the others can be loaded anyway. */
static void drop_missing(struct pc_monitor *m)
{
	struct btf *btf = NULL;

	for (const struct pc_program *i = m->backend->programs; i->name; i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(m->skel->obj, i->name);
		const char *function = p ? strchr(bpf_program__section_name(p), '/') : NULL;

		if (i->attach != PC_ATTACH_OPTIONAL || !function ||
		    bpf_program__type(p) != BPF_PROG_TYPE_TRACING)
			continue;
		if (!btf)
			btf = btf__load_vmlinux_btf();
		if (btf__find_by_name_kind(btf, function + 1, BTF_KIND_FUNC) < 0)
			bpf_program__set_autoload(p, false);
	}
	btf__free(btf);
}

static int try_load(struct pc_monitor *m, const struct pc_monitor_options *o, bool with_cgroup)
{
	int err;

	m->skel = portclash_bpf__open();
	if (!m->skel)
		return -errno;
	for (size_t i = 0; i < pc_backends_count; i++) {
		set_autoload(m, pc_backends[i].programs, false);
		set_autoload(m, pc_backends[i].cgroup, false);
	}
	set_autoload(m, m->backend->programs, true);
	set_autoload(m, m->backend->cgroup, with_cgroup);
	drop_missing(m);
	*(struct pc_config *)&m->skel->rodata->config = (struct pc_config){
		.monitor_tgid = o->tree_root,
		.monitor_netns = o->netns,
		.claims_wake = CLAIMS_WAKE,
		.with_endpoints = o->with_endpoints,
		.with_protected = o->with_protected,
		.claims_by_state = m->backend->claims_by_state,
	};
	err = portclash_bpf__load(m->skel);
	if (err) {
		portclash_bpf__destroy(m->skel);
		m->skel = NULL;
	}
	return err;
}

static int keep_link(struct pc_monitor *m, struct bpf_link *link)
{
	if (!link)
		return -errno;
	if (m->links_count == PC_LINKS_MAX) {
		bpf_link__destroy(link);
		return -E2BIG;
	}
	m->links[m->links_count++] = link;
	return 0;
}

static int attach_one(struct pc_monitor *m, const struct pc_program *program, int cgroup,
		      bool with_states)
{
	struct bpf_program *p = bpf_object__find_program_by_name(m->skel->obj, program->name);

	if (!p)
		return -ENOENT;
	switch (program->attach) {
	case PC_ATTACH_SECTION:
		if (m->hooks_count < PC_LINKS_MAX && !m->backend->claims_by_state)
			m->hooks[m->hooks_count++] = bpf_program__fd(p);
		return keep_link(m, bpf_program__attach(p));
	case PC_ATTACH_OPTIONAL:
		if (!bpf_program__autoload(p) || keep_link(m, bpf_program__attach(p)))
			m->optional_missing++;
		return 0;
	case PC_ATTACH_ENDPOINTS:
		return with_states ? keep_link(m, bpf_program__attach(p)) : 0;
	case PC_ATTACH_SYSCALL:
		/* Nearly every run of those on connect() and sends finds nothing to record. */
		if (m->hooks_count < PC_LINKS_MAX &&
		    (strstr(program->name, "bind") || strstr(program->name, "listen")))
			m->hooks[m->hooks_count++] = bpf_program__fd(p);
		return keep_link(m, pc_attach_syscall(p, program->name));
	case PC_ATTACH_CGROUP:
		return keep_link(m, bpf_program__attach_cgroup(p, cgroup));
	default:
		return 0;
	}
}

static const char *attach_advice(const struct pc_program *program, int err)
{
	if (program->attach != PC_ATTACH_SYSCALL)
		return "; root, or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN, is needed";
	if (err == -ENOENT)
		return "; the kernel needs CONFIG_FTRACE_SYSCALLS=y";
	return "; root, or CAP_BPF and CAP_PERFMON, is needed, and CAP_SYS_ADMIN where tracefs is "
	       "not "
	       "mounted (mount -t tracefs tracefs /sys/kernel/tracing)";
}

static int attach_all(struct pc_monitor *m, const struct pc_program *programs, int cgroup,
		      bool with_states, char *sentence)
{
	for (; programs->name; programs++) {
		int err = attach_one(m, programs, cgroup, with_states);

		if (!err)
			continue;
		snprintf(sentence, PC_SENTENCE, "could not attach to %s: %s%s", programs->name,
			 strerror(-err), attach_advice(programs, err));
		return err;
	}
	return 0;
}

/* Best effort: what they add is said to be missing when they cannot be attached. */
static bool attach_cgroup(struct pc_monitor *m)
{
	char unused[PC_SENTENCE];
	size_t before = m->links_count;
	int fd = pc_cgroup_root_open();
	int err = fd < 0 ? fd : attach_all(m, m->backend->cgroup, fd, false, unused);

	if (fd >= 0)
		close(fd);
	while (err && m->links_count > before)
		bpf_link__destroy(m->links[--m->links_count]);
	return err == 0;
}

static int open_reader(struct pc_monitor *m, char *sentence)
{
	struct portclash_bpf *s = m->skel;
	int err;

	m->stats_map = bpf_map__fd(s->maps.stats);
	m->netns_map = bpf_map__fd(s->maps.netns_ports);
	m->seen_map = bpf_map__fd(s->maps.seen_processes);
	m->sweep_map = bpf_map__fd(s->maps.sweep_result);
	m->sweep_prog = bpf_program__fd(s->progs.sweep);
	m->owners = (struct pc_open_files){
		.wanted_map = bpf_map__fd(s->maps.wanted_sockets),
		.files_map = bpf_map__fd(s->maps.files_result),
		.by_file = bpf_program__attach_iter(s->progs.socket_files, NULL),
		.by_process = bpf_program__attach_iter(s->progs.process_files, NULL),
		.wanted_all = &s->bss->wanted_all,
		.files_sweep = &s->bss->files_sweep,
	};
	err = pc_reader_open(m, bpf_map__fd(s->maps.claims), bpf_map__fd(s->maps.refusals));
	if (err)
		snprintf(sentence, PC_SENTENCE,
			 "could not set up reading from the kernel: %s; if memory may not be "
			 "locked, raise `ulimit -l`",
			 strerror(-err));
	return err;
}

static int load(struct pc_monitor *m, const struct pc_monitor_options *o, bool *cgroup,
		char *sentence)
{
	int err = try_load(m, o, true);

	*cgroup = err == 0;
	if (err)
		err = try_load(m, o, false);
	if (err)
		explain_load(m->backend, err, sentence);
	return err;
}

/* In this order: every new socket gets a cookie; the sockets that are there are taken in, and
 * get theirs; only then claims are recorded, none by a socket without one. */
static int attach_in_order(struct pc_monitor *m, const struct pc_monitor_options *o, bool *cgroup,
			   char *sentence)
{
	int err = 0;

	*cgroup = *cgroup && attach_cgroup(m);
	if (o->before_hooks)
		err = o->before_hooks(o->context, m);
	if (err) {
		snprintf(sentence, PC_SENTENCE, "could not list the sockets that are open: %s",
			 strerror(-err));
		return err;
	}
	return attach_all(m, m->backend->programs, -1, o->with_endpoints || o->with_protected,
			  sentence);
}

static int open_backend(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	bool cgroup;
	int err = load(m, o, &cgroup, sentence);

	if (!err)
		err = open_reader(m, sentence);
	if (!err)
		err = attach_in_order(m, o, &cgroup, sentence);
	if (err)
		return err;
	snprintf(m->blind, sizeof(m->blind), "%s%s%s", m->backend->blind,
		 cgroup || !m->backend->blind[0] ? "" : "; ",
		 cgroup ? "" : m->backend->cgroup_blind);
	return 0;
}

static struct pc_monitor *monitor_new(const struct pc_record_handler *handler,
				      const struct pc_backend *backend)
{
	struct pc_monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->handler = *handler;
	m->backend = backend;
	m->epoll_fd = -1;
	return m;
}

static int try_backend(const struct pc_monitor_options *o, const struct pc_record_handler *handler,
		       const struct pc_backend *backend, struct pc_monitor **out, char *sentence)
{
	struct pc_monitor *m;
	int err;

	if (backend->needs && access(backend->needs, F_OK)) {
		snprintf(sentence, PC_SENTENCE, "this kernel has no %s", backend->needs_what);
		return -ENOENT;
	}
	m = monitor_new(handler, backend);
	if (!m)
		return -ENOMEM;
	err = open_backend(m, o, sentence);
	if (err)
		pc_monitor_close(m);
	else
		*out = m;
	return err;
}

bool pc_monitor_knows(const char *name)
{
	bool known = !strcmp(name, "auto");

	for (size_t i = 0; i < pc_backends_count; i++)
		known |= !strcmp(name, pc_backends[i].name);
	return known;
}

const char *pc_monitor_backend_name(size_t index)
{
	return index < pc_backends_count ? pc_backends[index].name : NULL;
}

static bool is_meant(const struct pc_backend *backend, const char *name)
{
	return !strcmp(name, "auto") || !strcmp(name, backend->name);
}

/* ", not fentry (Operation not permitted)": why a better one is not in use. */
static void note_worse(char *why, const struct pc_backend *backend, int err)
{
	size_t len = strlen(why);

	snprintf(why + len, PC_SENTENCE - len, "%s%s (%s)", len ? ", " : "", backend->name,
		 err == -ENOENT && backend->needs ? "not in this kernel" : strerror(-err));
}

int pc_monitor_open(const struct pc_monitor_options *o, const struct pc_record_handler *handler,
		    struct pc_monitor **out, char *sentence)
{
	char why[PC_SENTENCE] = "";
	int err = -EINVAL;

	snprintf(sentence, PC_SENTENCE, "unknown back end \"%s\"", o->backend);

	/* Large blocks (the kernel's BTF, read at each attempt) are given back when freed: else
	 * the C library raises this limit by itself and keeps them. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	pc_messages(o->verbose);
	for (size_t i = 0; i < pc_backends_count; i++) {
		if (!is_meant(&pc_backends[i], o->backend))
			continue;
		err = try_backend(o, handler, &pc_backends[i], out, sentence);
		if (!err)
			break;
		note_worse(why, &pc_backends[i], err);
	}
	if (!err)
		snprintf((*out)->why, sizeof((*out)->why), "%s", why);
	malloc_trim(0); /* what libbpf needed for loading: 10 MiB */
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
	while (m->links_count)
		bpf_link__destroy(m->links[--m->links_count]);
	pc_reader_close(m);
	portclash_bpf__destroy(m->skel);
	free(m);
}

void pc_monitor_protect(struct pc_monitor *m, uint16_t port, bool on)
{
	m->skel->bss->protected_ports[port] = on;
}

const char *pc_monitor_backend(const struct pc_monitor *m)
{
	return m->backend->name;
}

bool pc_monitor_exact(const struct pc_monitor *m)
{
	return m->backend->exact && m->optional_missing < m->backend->exact;
}

const char *pc_monitor_blind(const struct pc_monitor *m)
{
	return m->blind;
}
