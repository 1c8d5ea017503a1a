// SPDX-License-Identifier: GPL-2.0-only
/* Loading and running the programs of bpf/who.bpf.c; the only file that knows their skeleton. */
#include "bpf/who.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/messages.h"
#include "bpf/open_files.h"
#include "bpf/support.h"
#include "who.skel.h"

struct pc_who {
	struct who_bpf *skel;
	struct pc_open_files owners;
	const struct pc_port_sockets *result; /* mapped */
	int program;
	int udp; /* a socket: by it the UDP table is found up to 6.1 */
};

/* The headers bring maps that only a monitor needs. */
static void leave_out(struct who_bpf *skel)
{
	struct bpf_map *const unused[] = {
		skel->maps.claims,	   skel->maps.refusals,	       skel->maps.seen_processes,
		skel->maps.seen_autobinds, skel->maps.process_scratch,
	};

	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		bpf_map__set_autocreate(unused[i], false);
}

static int load(struct pc_who *w, char *sentence)
{
	struct pc_support support;
	int err;

	w->skel = who_bpf__open();
	if (!w->skel)
		return -errno;
	leave_out(w->skel);
	err = who_bpf__load(w->skel);
	if (!err)
		return 0;
	pc_support_probe(&support);
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
		.by_process = bpf_program__attach_iter(s->progs.process_files, NULL),
		.wanted_all = &s->bss->wanted_all,
		.files_sweep = &s->bss->files_sweep,
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

int pc_who_open(struct pc_who **out, bool verbose, char *sentence)
{
	struct pc_who *w = calloc(1, sizeof(*w));
	int err;

	snprintf(sentence, PC_SENTENCE, "out of memory");
	if (!w)
		return -ENOMEM;
	w->udp = -1;
	pc_messages(verbose);
	err = load(w, sentence);
	if (!err) {
		err = open_results(w);
		if (err)
			snprintf(sentence, PC_SENTENCE,
				 "could not set up reading from the kernel: %s; if memory may not "
				 "be locked, raise `ulimit -l`",
				 strerror(-err));
	}
	if (err) {
		pc_who_close(w);
		return err;
	}
	*out = w;
	return 0;
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

int pc_who_owners(struct pc_who *w, const struct pc_wanted *wanted,
		  void (*found)(void *context, const struct pc_owner *owner), void *context)
{
	return pc_open_files_find(&w->owners, wanted, found, context);
}
