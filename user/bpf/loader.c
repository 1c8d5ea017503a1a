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

#include "bpf/hooks.h"
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
	m->object = m->skel->obj;
	for (size_t i = 0; i < pc_backends_count; i++) {
		set_autoload(m, pc_backends[i].programs, false);
		set_autoload(m, pc_backends[i].cgroup, false);
	}
	set_autoload(m, m->backend->programs, true);
	set_autoload(m, m->cgroup, with_cgroup);
	drop_missing(m);
	*(struct pc_config *)&m->skel->rodata->config = (struct pc_config){
		.monitor_tgid = o->tree_root,
		.monitor_netns = o->netns,
		.claims_wake = CLAIMS_WAKE,
		.with_endpoints = o->with_endpoints,
		.with_protected = o->with_protected,
		.udp_by_cgroup = m->backend->calls_only,
		.cgroup_direct = libbpf_probe_bpf_helper(BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
							 BPF_FUNC_get_current_task_btf, NULL) == 1,
	};
	err = portclash_bpf__load(m->skel);
	if (err) {
		portclash_bpf__destroy(m->skel);
		m->skel = NULL;
	}
	return err;
}

static int open_reader(struct pc_monitor *m, char *sentence)
{
	struct portclash_bpf *s = m->skel;
	int err;

	m->stats = (const uint64_t *)s->bss->stats;
	m->netns_ports = s->bss->netns_ports;
	m->process_epoch = &s->data->process_epoch;
	m->sweep_map = bpf_map__fd(s->maps.sweep_result);
	m->sweep_prog = bpf_program__fd(s->progs.sweep);
	m->owners = (struct pc_open_files){
		.wanted_keys = (uint64_t *)s->bss->wanted_sockets,
		.files_map = bpf_map__fd(s->maps.files_result),
		.by_file = bpf_program__attach_iter(s->progs.socket_files, NULL),
		.by_process = bpf_program__attach_iter(s->progs.process_files, NULL),
		.wanted_all = &s->bss->wanted_all,
		.files_sweep = &s->bss->files_sweep,
	};
	m->maps_bytes = pc_maps_bytes(m->object);
	err = pc_reader_open(m, s->maps.claims, s->maps.refusals);
	if (err)
		snprintf(sentence, PC_SENTENCE,
			 "could not set up reading from the kernel: %s; if memory may not be "
			 "locked, raise `ulimit -l`",
			 strerror(-err));
	return err;
}

static int load(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	int err;

	m->cgroup = pc_backend_cgroup(m->backend);
	err = try_load(m, o, true);

	m->with_cgroup = err == 0;
	if (err)
		err = try_load(m, o, false);
	if (err)
		explain_load(m->backend, err, sentence);
	return err;
}

/* In this order: every new socket gets a cookie; the sockets that are there are taken in, and
 * get theirs; only then claims are recorded, none by a socket without one. */
static int attach_in_order(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	int err = 0;

	m->with_cgroup = m->with_cgroup && pc_hooks_attach_cgroup(m, PC_ATTACH_COOKIE);
	if (o->before_hooks)
		err = o->before_hooks(o->context, m);
	if (err) {
		snprintf(sentence, PC_SENTENCE, "could not list the sockets that are open: %s",
			 strerror(-err));
		return err;
	}
	m->with_cgroup = m->with_cgroup && pc_hooks_attach_cgroup(m, PC_ATTACH_CGROUP);
	m->skel->bss->claims_by_state = m->backend->calls_only && !m->with_cgroup;
	m->rare_counts = o->with_protected && !o->with_endpoints;
	return pc_hooks_attach(m, o->with_endpoints || o->with_protected, sentence);
}

static int open_backend(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	const char *blind = m->backend->blind, *more;
	int err = load(m, o, sentence);

	if (!err)
		err = open_reader(m, sentence);
	if (!err)
		err = attach_in_order(m, o, sentence);
	if (err)
		return err;
	more = m->with_cgroup ? "" : pc_backend_cgroup_blind(m->backend);
	snprintf(m->blind, sizeof(m->blind), "%s%s%s", blind, *blind && *more ? "; " : "", more);
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
	m->states = -1;
	m->return_probes = (struct pc_return_probes)PC_RETURN_PROBES_INIT;
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
	pc_hooks_detach(m);
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
