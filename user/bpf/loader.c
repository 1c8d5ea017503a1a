// SPDX-License-Identifier: GPL-2.0-only
/* This file loads and attaches the programs of a back end. No other file knows their skeleton. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "bpf/fitting.h"
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
static int choose_programs(struct pc_monitor *m, char *sentence)
{
	struct bpf_object *object = m->skel->obj;
	int err;

	for (size_t i = 0; i < PC_BACKENDS; i++) {
		switch_off(m, pc_backends[i].programs);
		switch_off(m, pc_backends[i].cgroup);
	}
	pc_kernel_leave_out_twins(object);
	err = pc_kernel_choose(m->kernel, object, m->backend->programs, m->when, sentence);
	if (!err)
		err = pc_kernel_choose(m->kernel, object, m->cgroup,
				       pc_backend_cgroup_when(m->cgroup_use), sentence);
	if (!err)
		err = pc_kernel_choose(m->kernel, object, pc_common_programs, m->when, sentence);
	bpf_program__set_autoload(m->skel->progs.files_listed,
				  !pc_kernel_has(m->kernel, PC_KERNEL_ITERATORS));
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

static bool never_preempts(const struct pc_monitor *m)
{
	return m->kernel->offer.has[PC_KERNEL_NO_PREEMPTION] == PC_PRESENCE_YES;
}

static bool asks_retval(const struct pc_monitor *m)
{
	return m->kernel->offer.has[PC_KERNEL_CGROUP_RETVAL] == PC_PRESENCE_YES;
}

static void configure(struct pc_monitor *m, const struct pc_monitor_options *o)
{
	unsigned log_shift = pc_claim_log_shift(libbpf_num_possible_cpus());
	const struct pc_kernel *k = m->kernel;

	*(bool *)&m->skel->rodata->kernel_types = pc_kernel_has(k, PC_KERNEL_OWN_BTF);
	*(bool *)&m->skel->rodata->tracing_cookies = makes_cookies(m);
	*(bool *)&m->skel->rodata->exits_are_shared = !m->exits_apart;
	*(bool *)&m->skel->rodata->listen_takes_backlog =
		pc_types_arguments(&k->types, "inet_csk_listen_start", false) == 2;
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
		.cgroup_retval = asks_retval(m),
		.log_parts = (__u8)((PC_LOG_CLAIMS >> log_shift) - 1),
		.log_size = 1U << log_shift,
	};
}

/* Fills the maps by which programs go on in others (bpf/shared_exit.bpf.h). The kernel empties them when their last
 * descriptor is closed. */
static int share_exits(struct pc_monitor *m)
{
	static const struct {
		enum pc_backend_kind backend;
		const char *map, *program;
	} rows[] = {
		{ PC_BACKEND_FENTRY, "shared_bind", "fexit_bind4" },
		{ PC_BACKEND_FENTRY, "shared_connect", "fexit_connect4" },
		{ PC_BACKEND_KPROBE, "shared_bind", "kretprobe_bind4" },
		{ PC_BACKEND_KPROBE, "shared_connect", "kretprobe_connect4" },
		{ PC_BACKEND_TRACEPOINT, "shared_bind", "sys_exit_bind" },
	};
	__u32 key = 0;
	int err = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && !err && !m->exits_apart; i++) {
		int map = bpf_object__find_map_fd_by_name(m->object, rows[i].map);
		int program = bpf_program__fd(
			bpf_object__find_program_by_name(m->object, rows[i].program));

		if (rows[i].backend == m->backend->kind &&
		    bpf_map_update_elem(map, &key, &program, BPF_ANY))
			err = -errno;
	}
	return err;
}

static int try_load(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	struct pc_fitting fitting;
	int err;

	pc_fitting_begin(&fitting, m->kernel);
	m->skel = portclash_bpf__open_opts(&fitting.opts);
	if (!m->skel) {
		err = -errno;
		pc_fitting_end(&fitting);
		snprintf(sentence, PC_SENTENCE, "libbpf cannot open the eBPF programs: %s",
			 strerror(-err));
		return err;
	}
	m->object = m->skel->obj;
	configure(m, o);
	m->when = pc_backend_when(m->cgroup_use) |
		  (o->with_endpoints || o->with_protected ? PC_WHEN_ENDS : 0);
	err = choose_programs(m, sentence);
	if (!err) {
		pc_fitting_types(&fitting, m->object);
		err = portclash_bpf__load(m->skel);
		if (!err)
			err = share_exits(m);
		if (err)
			explain_load(m, err, sentence);
	}
	pc_fitting_end(&fitting);
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

static int kept_program(struct pc_monitor *m, const struct bpf_program *program)
{
	return pc_kept_fd(&m->kept, bpf_program__fd(program));
}

static void note_on_demand(struct pc_monitor *m)
{
	for (const struct pc_program *row = pc_common_programs; row->name; row++) {
		const struct bpf_program *p =
			bpf_object__find_program_by_name(m->object, row->name);

		if (p && m->on_demand_count < PC_ON_DEMAND_MAX)
			m->on_demand[m->on_demand_count++] =
				(struct pc_told_program){ row->name, kept_program(m, p) };
	}
}

static int open_reader(struct pc_monitor *m, char *sentence)
{
	struct portclash_bpf *s = m->skel;
	struct portclash_bpf__data *data;
	int err;

	m->bss = pc_kept_memory(&m->kept, s->maps.bss, PROT_READ | PROT_WRITE);
	data = pc_kept_memory(&m->kept, s->maps.data, PROT_READ | PROT_WRITE);
	if (!m->bss || !data) {
		pc_messages_no_reading(m->kept.err, sentence);
		return m->kept.err;
	}
	m->stats = (const uint64_t *)m->bss->stats;
	m->netns_ports = m->bss->netns_ports;
	m->claim_shares = m->bss->claim_shares;
	m->process_epoch = &data->process_epoch;
	m->sweep_map = pc_kept_fd(&m->kept, bpf_map__fd(s->maps.sweep_result));
	m->sweep_prog = kept_program(m, s->progs.sweep);
	m->late_one_prog = kept_program(m, s->progs.late_one);
	pc_kept_fd(&m->kept, bpf_map__fd(s->maps.shared_bind));
	pc_kept_fd(&m->kept, bpf_map__fd(s->maps.shared_connect));
	m->checks_map = pc_kept_fd(&m->kept, bpf_map__fd(s->maps.spare_checks));
	m->check_ids = (const uint64_t *)m->bss->check_ids;
	m->cpu_work = m->bss->cpu_work;
	pc_claim_log_open(&m->claim_log, m->bss->claim_log_parts, m->bss->logged_claims,
			  pc_claim_log_shift(libbpf_num_possible_cpus()));
	m->merged_prog = kept_program(m, s->progs.merged);
	m->quota_counted = (const uint64_t *)&m->bss->quota_counted;
	m->quota_told = (const uint64_t *)&m->bss->quota_told;
	m->cpus = libbpf_num_possible_cpus();
	m->owners = (struct pc_open_files){
		.wanted_keys = (uint64_t *)m->bss->wanted_sockets,
		.files_map = bpf_map__fd(s->maps.files_result),
		.by_process = attach_iterator(s->progs.process_files),
		.listed = kept_program(m, s->progs.files_listed),
		.wanted_all = &m->bss->wanted_all,
		.wanted_unix = &m->bss->wanted_unix,
		.scars_are_old = &m->bss->scars_are_old,
		.files_sweep = &m->bss->files_sweep,
		.files_begin_pid = &m->bss->files_begin_pid,
		.files_begin_fd = &m->bss->files_begin_fd,
	};
	note_on_demand(m);
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
	err = try_load(m, o, sentence);
	if (err == -EINVAL && m->cgroup_use != PC_CGROUP_NONE) {
		m->exits_apart = true;
		err = try_load(m, o, sentence);
	}
	if (!err || m->cgroup_use == PC_CGROUP_NONE)
		return err;
	m->cgroup_use = PC_CGROUP_NONE;
	return try_load(m, o, sentence);
}

/* Attaches cgroup programs. False: they cannot be attached, and the programs that stand for them are not loaded. */
static bool attach_cgroup(struct pc_monitor *m, enum pc_when when)
{
	if (when & pc_backend_cgroup_when(m->cgroup_use) && !pc_hooks_attach_cgroup(m, when))
		m->cgroup_failed = true;
	return !m->cgroup_failed;
}

/* Attaches in this order: first every new socket gets a cookie; then the open sockets are listed
 * and get theirs; only then claims are recorded, so none is by a socket without a cookie. */
static int attach_in_order(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	int err = 0;

	if (!attach_cgroup(m, PC_WHEN_FIRST))
		return -EAGAIN;
	if (o->before_hooks)
		err = o->before_hooks(o->context, m);
	if (err) {
		snprintf(sentence, PC_SENTENCE, "could not list the sockets that are open: %s",
			 strerror(-err));
		return err;
	}
	if (!attach_cgroup(m, PC_WHEN_ALWAYS))
		return -EAGAIN;
	m->bss->binds_by_cgroup = m->cgroup_use == PC_CGROUP_ALL;
	m->bss->claims_may_wait =
		m->cgroup_use != PC_CGROUP_NONE && !o->with_endpoints && !o->with_protected;
	m->bss->claims_by_state = m->backend->calls_only && m->cgroup_use != PC_CGROUP_ALL;
	m->protected_ends_only = o->with_protected && !o->with_endpoints;
	return pc_hooks_attach(m, sentence);
}

void pc_loader_close(struct pc_monitor *m)
{
	portclash_bpf__destroy(m->skel);
	m->skel = NULL;
	m->object = NULL;
}

/* Closes libbpf's object, and gives back the pages of the file in it: some 3 MiB that nothing reads again. */
static void close_object(struct pc_monitor *m)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size;
	uintptr_t begin = (uintptr_t)portclash_bpf__elf_bytes(&size), end = begin + size;

	pc_loader_close(m);
	begin = (begin + page - 1) / page * page;
	end = end / page * page;
	if (begin < end)
		madvise((void *)begin, end - begin, MADV_DONTNEED);
}

int pc_loader_open(struct pc_monitor *m, const struct pc_monitor_options *o, char *sentence)
{
	const char *blind = m->backend->blind, *more;
	int err = load_programs(m, o, sentence);

	if (!err)
		err = open_reader(m, sentence);
	if (!err)
		err = attach_in_order(m, o, sentence);
	if (!err && m->kept.err) {
		err = m->kept.err;
		snprintf(sentence, PC_SENTENCE,
			 "could not keep the descriptors of the eBPF programs: %s", strerror(-err));
	}
	if (err)
		return err;
	close_object(m);
	/* The kernel leaves out kprobes beside a bpf() call of others, too. */
	m->bss->conflicts_seen = pc_monitor_exact(m) && m->backend->kind == PC_BACKEND_FENTRY;
	m->bss->address_shows = m->bss->conflicts_seen && !m->optional_missing && asks_retval(m);
	more = m->cgroup_use == PC_CGROUP_NONE ?
		       pc_backend_cgroup_blind(m->backend, makes_cookies(m), never_preempts(m)) :
		       "";
	snprintf(m->blind, sizeof(m->blind), "%s%s%s", blind, *blind && *more ? "; " : "", more);
	return 0;
}

void pc_monitor_protect(struct pc_monitor *m, uint16_t port, bool on)
{
	m->bss->protected_ports[port] = on;
}
