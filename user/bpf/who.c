// SPDX-License-Identifier: GPL-2.0-only
/* This file loads and runs the programs of bpf/who.bpf.c. No other file knows their skeleton. */
#include "bpf/who.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/fitting.h"
#include "bpf/kernel.h"
#include "bpf/messages.h"
#include "bpf/open_files.h"
#include "bpf/support.h"
#include "who.skel.h"

/* The rest is only asked for if the programs cannot be loaded. */
#define WHO_ROWS (PC_KERNEL_ROW(PC_KERNEL_OWN_BTF) | PC_KERNEL_ROW(PC_KERNEL_ITERATORS))

struct pc_who {
	struct who_bpf *skel;
	struct pc_open_files owners;
	const struct pc_port_sockets *result; /* mapped */
	int program;
	bool listed; /* the kernel has no iterators */
	int udp;     /* a UDP socket, by which the UDP table is found up to 6.1 */
};

/* Leaves out the maps that only a monitor needs, and that the programs' headers bring along. */
static void leave_out(struct who_bpf *skel)
{
	struct bpf_map *const unused[] = {
		skel->maps.claims,	    skel->maps.refusals, skel->maps.seen_processes,
		skel->maps.process_scratch,
	};

	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		bpf_map__set_autocreate(unused[i], false);
}

static int load_who(struct pc_who *w, const struct pc_kernel *k, char *sentence)
{
	struct pc_fitting fitting;
	struct pc_support support;
	int err;

	pc_fitting_begin(&fitting, k);
	w->skel = who_bpf__open_opts(&fitting.opts);
	if (!w->skel) {
		err = -errno;
		pc_fitting_end(&fitting);
		return err;
	}
	leave_out(w->skel);
	*(bool *)&w->skel->rodata->kernel_types = pc_kernel_has(k, PC_KERNEL_OWN_BTF);
	err = pc_kernel_choose(k, w->skel->obj, pc_common_programs, PC_WHEN_ANY, sentence);
	w->listed = !pc_kernel_has(k, PC_KERNEL_ITERATORS);
	bpf_program__set_autoload(w->skel->progs.files_listed, w->listed);
	if (!err) {
		pc_fitting_types(&fitting, w->skel->obj);
		err = who_bpf__load(w->skel);
	}
	pc_fitting_end(&fitting);
	if (!err)
		return 0;
	pc_support_probe(k, &support);
	pc_support_explain(&support, "who", -err, sentence, PC_SENTENCE);
	return err;
}

static int open_results(struct pc_who *w)
{
	struct who_bpf *s = w->skel;
	void *memory;

	w->owners = (struct pc_open_files){
		.wanted_keys = (uint64_t *)s->bss->wanted_sockets,
		.files_map = bpf_map__fd(s->maps.files_result),
		.by_process =
			w->listed ? NULL : bpf_program__attach_iter(s->progs.process_files, NULL),
		.listed = w->listed ? bpf_program__fd(s->progs.files_listed) : -1,
		.wanted_all = &s->bss->wanted_all,
		.wanted_unix = &s->bss->wanted_unix,
		.files_sweep = &s->bss->files_sweep,
		.files_begin_pid = &s->bss->files_begin_pid,
		.files_begin_fd = &s->bss->files_begin_fd,
	};
	memory = mmap(NULL, sizeof(*w->result), PROT_READ, MAP_SHARED,
		      bpf_map__fd(s->maps.port_result), 0);
	if (memory == MAP_FAILED)
		return -errno;
	w->result = memory;
	w->program = bpf_program__fd(s->progs.port_sockets);
	w->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return pc_open_files_open(&w->owners);
}

int pc_who_open_on(const struct pc_kernel *k, struct pc_who **out, char *sentence)
{
	struct pc_who *w = calloc(1, sizeof(*w));
	int err;

	snprintf(sentence, PC_SENTENCE, "out of memory");
	if (!w)
		return -ENOMEM;
	w->udp = -1;
	err = load_who(w, k, sentence);
	if (!err) {
		err = open_results(w);
		if (err)
			pc_messages_no_reading(err, sentence);
	}
	if (err)
		pc_who_close(w);
	else
		*out = w;
	return err;
}

int pc_who_open(const char *btf, bool verbose, struct pc_who **out, char *sentence)
{
	struct pc_kernel kernel;
	int err;

	pc_messages(verbose);
	err = pc_kernel_open(btf, WHO_ROWS, &kernel, sentence);
	if (!err)
		err = pc_who_open_on(&kernel, out, sentence);
	pc_kernel_close(&kernel);
	return err;
}

void pc_who_close(struct pc_who *w)
{
	if (!w)
		return;
	if (w->result)
		munmap((void *)w->result, sizeof(*w->result));
	if (w->udp >= 0)
		close(w->udp);
	pc_open_files_close(&w->owners);
	who_bpf__destroy(w->skel);
	free(w);
}

int pc_who_ask(struct pc_who *w, uint8_t proto, uint16_t port, struct pc_who_sockets *out)
{
	uint64_t args[3] = { port, proto, (uint64_t)w->udp };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(w->program, &opts))
		return -errno;
	if (!w->result->found_table)
		return -ENOENT;
	*out = (struct pc_who_sockets){
		.sockets = w->result->sockets,
		.total = w->result->total,
		.whole = w->result->end,
	};
	out->count = out->total < PC_PORT_SOCKETS ? out->total : PC_PORT_SOCKETS;
	return 0;
}

int pc_who_owners(struct pc_who *w, const struct pc_wanted *wanted, pc_owner_fn found,
		  void *context)
{
	return pc_open_files_find(&w->owners, wanted, found, context);
}
