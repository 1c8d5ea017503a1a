// SPDX-License-Identifier: GPL-2.0-only
/* This file loads and attaches the programs. No other file knows their skeleton. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bpf/hooks.h"
#include "bpf/messages.h"
#include "bpf/monitor_private.h"
#include "bpf/support.h"
#include "portclash.skel.h"

/* The reader wakes before its timer when so many bytes of claims wait in their ring: a quarter of
 * it. */
#define CLAIMS_WAKE (256 * 1024)

static void explain_load(const struct pc_monitor *m, int err, char *sentence)
{
	struct pc_support support;

	pc_support_probe(m->kernel, &support);
	pc_support_explain(&support, pc_backend_name(m->backend), -err, sentence, PC_SENTENCE);
}

static void switch_off(struct pc_monitor *m, const struct pc_program *programs)
{
	for (; programs->name; programs++) {
		struct bpf_program *p =
			bpf_object__find_program_by_name(m->skel->obj, programs->name);

		if (p)
			bpf_program__set_autoload(p, false);
	}
}

/* Chooses the programs of the back end that this kernel can load. */
static int choose_programs(struct pc_monitor *m, bool with_cgroup, char *sentence)
{
	struct bpf_object *object = m->skel->obj;
	int err;

	for (size_t i = 0; i < PC_BACKENDS; i++) {
		switch_off(m, pc_backends[i].programs);
		switch_off(m, pc_backends[i].cgroup);
	}
	pc_kernel_leave_out_twins(object);
	err = pc_kernel_choose(m->kernel, object, m->backend->programs, sentence);
	if (!err && with_cgroup)
		err = pc_kernel_choose(m->kernel, object, m->cgroup, sentence);
	if (!err)
		err = pc_kernel_choose(m->kernel, object, pc_common_programs, sentence);
	bpf_program__set_autoload(m->skel->progs.files_listed,
				  !pc_kernel_has(m->kernel, PC_KERNEL_ITERATORS));
	/* `late_one` is loaded always: it looks at the checks that have a slot (bpf/check_slot.bpf.h). */
	bpf_program__set_autoload(m->skel->progs.late,
				  m->kernel->offer.has[PC_KERNEL_EACH_ENTRY] == PC_PRESENCE_YES);
	return err;
}

/* Gives a number that a user cannot foresee. */
static uint32_t any_number(void)
{
	uint32_t number = 0;

	return getrandom(&number, sizeof(number), GRND_NONBLOCK) == sizeof(number) ? number : 0;
}

static bool makes_cookies(const struct pc_monitor *m)
{
	return m->kernel->offer.has[PC_KERNEL_COOKIES] == PC_PRESENCE_YES;
}

static void configure(struct pc_monitor *m, const struct pc_monitor_options *o)
{
	const struct pc_kernel *k = m->kernel;

	*(bool *)&m->skel->rodata->kernel_types = pc_kernel_has(k, PC_KERNEL_OWN_BTF);
	*(bool *)&m->skel->rodata->tracing_cookies = makes_cookies(m);
	*(struct pc_config *)&m->skel->rodata->config = (struct pc_config){
		.monitor_tgid = o->tree_root,
		.monitor_netns = o->netns,
		.claims_wake = CLAIMS_WAKE,
		.seed = any_number(),
		.page_size = (__u32)sysconf(_SC_PAGESIZE),
		.with_endpoints = o->with_endpoints,
		.with_ends = o->with_ends,
		.with_protected = o->with_protected,
		.each = o->each,
		.udp_by_cgroup = m->backend->calls_only,
		.cgroup_direct = k->offer.has[PC_KERNEL_CGROUP_TASK] == PC_PRESENCE_YES,
		.cgroup_retval = k->offer.has[PC_KERNEL_CGROUP_RETVAL] == PC_PRESENCE_YES,
	};
}

static int try_load(struct pc_monitor *m, const struct pc_monitor_options *o, bool with_cgroup,
		    char *sentence)
{
	struct bpf_object_open_opts opts;
	int err;

	pc_kernel_open_opts(m->kernel, &opts);
	m->skel = portclash_bpf__open_opts(&opts);
	if (!m->skel) {
		err = -errno;
		snprintf(sentence, PC_SENTENCE, "libbpf cannot open the eBPF programs: %s",
			 strerror(-err));
		return err;
	}
	m->object = m->skel->obj;
	configure(m, o);
	err = choose_programs(m, with_cgroup, sentence);
	if (!err) {
		err = portclash_bpf__load(m->skel);
		if (err)
			explain_load(m, err, sentence);
	}
	if (err) {
		portclash_bpf__destroy(m->skel);
		m->skel = NULL;
	}
	return err;
}

static struct bpf_link *attach_iterator(const struct bpf_program *program)
{
	return bpf_program__autoload(program) ? bpf_program__attach_iter(program, NULL) : NULL;
}

static int open_reader(struct pc_monitor *m, char *sentence)
{
	struct portclash_bpf *s = m->skel;
	int err;

	m->stats = (const uint64_t *)s->bss->stats;
	m->netns_ports = s->bss->netns_ports;
	m->claim_shares = s->bss->claim_shares;
	m->process_epoch = &s->data->process_epoch;
	m->sweep_map = bpf_map__fd(s->maps.sweep_result);
	m->sweep_prog = bpf_program__fd(s->progs.sweep);
	m->late_prog = bpf_program__autoload(s->progs.late) ? bpf_program__fd(s->progs.late) : -1;
	m->late_one_prog = bpf_program__fd(s->progs.late_one);
	m->checks_map = bpf_map__fd(s->maps.spare_checks);
	m->check_ids = (const uint64_t *)s->bss->check_ids;
	m->cpu_work = s->bss->cpu_work;
	pc_held_open(&m->held, s->bss->held_claims, (const uint64_t *)&s->bss->held_count,
		     (const uint64_t *)s->bss->held_ended);
	m->merged_prog = bpf_program__fd(s->progs.merged);
	m->quota_counted = (const uint64_t *)&s->bss->quota_counted;
	m->quota_told = (const uint64_t *)&s->bss->quota_told;
	m->cpus = libbpf_num_possible_cpus();
	m->owners = (struct pc_open_files){
		.wanted_keys = (uint64_t *)s->bss->wanted_sockets,
		.files_map = bpf_map__fd(s->maps.files_result),
		.by_process = attach_iterator(s->progs.process_files),
		.listed = bpf_program__fd(s->progs.files_listed),
		.wanted_all = &s->bss->wanted_all,
		.wanted_unix = &s->bss->wanted_unix,
		.scars_are_old = &s->bss->scars_are_old,
		.files_sweep = &s->bss->files_sweep,
		.files_begin_pid = &s->bss->files_begin_pid,
		.files_begin_fd = &s->bss->files_begin_fd,
	};
	m->maps_bytes = pc_maps_bytes(m->object);
	err = pc_reader_open(m, s->maps.claims, s->maps.refusals);
	if (err)
		pc_messages_no_reading(err, sentence);
	return err;
}

static int load_programs(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	int err;

	m->cgroup = pc_backend_cgroup(m->backend, makes_cookies(m));
	err = try_load(m, o, true, sentence);

	m->with_cgroup = err == 0;
	return err ? try_load(m, o, false, sentence) : 0;
}

/* Attaches in this order: first every new socket gets a cookie; then the open sockets are listed
 * and get theirs; only then claims are recorded, so none is by a socket without a cookie. */
static int attach_in_order(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	int err = 0;

	m->with_cgroup = m->with_cgroup && pc_hooks_attach_cgroup(m, PC_WHEN_FIRST);
	if (o->before_hooks)
		err = o->before_hooks(o->context, m);
	if (err) {
		snprintf(sentence, PC_SENTENCE, "could not list the sockets that are open: %s",
			 strerror(-err));
		return err;
	}
	m->with_cgroup = m->with_cgroup && pc_hooks_attach_cgroup(m, PC_WHEN_ALWAYS);
	m->skel->bss->binds_by_cgroup = m->with_cgroup;
	m->skel->bss->claims_may_wait = m->with_cgroup && m->held.slots;
	m->skel->bss->claims_by_state = m->backend->calls_only && !m->with_cgroup;
	m->protected_ends_only = o->with_protected && !o->with_endpoints;
	m->when = PC_WHEN_ALWAYS;
	if (o->with_endpoints || o->with_protected)
		m->when |= PC_WHEN_ENDS;
	if (!m->with_cgroup)
		m->when |= PC_WHEN_NO_CGROUP;
	return pc_hooks_attach(m, sentence);
}

static int open_backend(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	const char *blind = m->backend->blind, *more;
	int err = load_programs(m, o, sentence);

	if (!err)
		err = open_reader(m, sentence);
	if (!err)
		err = attach_in_order(m, o, sentence);
	if (err)
		return err;
	/* The kernel leaves out kprobes beside a bpf() call of others, too. */
	m->skel->bss->conflicts_seen = pc_monitor_exact(m) && m->backend->kind == PC_BACKEND_FENTRY;
	more = m->with_cgroup ? "" : pc_backend_cgroup_blind(m->backend, makes_cookies(m));
	snprintf(m->blind, sizeof(m->blind), "%s%s%s", blind, *blind && *more ? "; " : "", more);
	return 0;
}

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
	m->return_probes = (struct pc_return_probes)PC_RETURN_PROBES_INIT;
	return m;
}

static int try_backend(const struct pc_monitor_options *o, const struct pc_kernel *kernel,
		       const struct pc_backend *backend, struct pc_monitor **out, char *sentence)
{
	struct pc_monitor *m;
	int err;

	if (!pc_kernel_has(kernel, backend->needs)) {
		snprintf(sentence, PC_SENTENCE, "this kernel has no %s",
			 pc_kernel_rows[backend->needs].what);
		return -ENOENT;
	}
	m = monitor_new(kernel, backend);
	if (!m)
		return -ENOMEM;
	err = open_backend(m, o, sentence);
	if (err)
		pc_monitor_close(m);
	else
		*out = m;
	return err;
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
	err = pc_kernel_open(o->btf, &kernel, sentence);
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
	portclash_bpf__destroy(m->skel);
	free(m);
}

void pc_monitor_protect(struct pc_monitor *m, uint16_t port, bool on)
{
	m->skel->bss->protected_ports[port] = on;
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
