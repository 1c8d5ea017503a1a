// SPDX-License-Identifier: GPL-2.0-only
/* Attaches empty programs where a back end of the monitor attaches its own, says "ready" and holds
 * them until SIGTERM: the least that any monitor on these hooks costs. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/attach.h"
#include "bpf/backend.h"
#include "bpf/cgroup_root.h"
#include "bpf/preemption.h"
#include "floor.skel.h"

static struct bpf_link *attach_one(struct bpf_program *prog, int cgroup)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_TRACEPOINT:
		return pc_attach_syscall(prog);
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
		return bpf_program__attach_cgroup(prog, cgroup);
	default:
		return bpf_program__attach(prog);
	}
}

/* The floor attaches as the monitor does without --protect and --claims. The link goes into its
 * place in the skeleton, which destroys it. */
static int attach_row(struct floor_bpf *skel, const struct pc_program *row, unsigned when,
		      int cgroup)
{
	for (int i = 0; i < skel->skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *slot = &skel->skeleton->progs[i];

		if (strcmp(slot->name, row->name) || !(row->when & when) ||
		    !bpf_program__autoload(*slot->prog))
			continue;
		*slot->link = attach_one(*slot->prog, cgroup);
		if (!*slot->link && row->need == PC_NEEDED)
			return -errno;
	}
	return 0;
}

static int attach_rows(struct floor_bpf *skel, const struct pc_program *row, unsigned when,
		       int cgroup)
{
	int err = 0;

	for (; row->name && !err; row++)
		err = attach_row(skel, row, when, cgroup);
	return err;
}

static bool function_is_there(const char *name)
{
	return libbpf_find_vmlinux_btf_id(name, BPF_TRACE_FEXIT) > 0;
}

/* A function that this kernel does not have, or has inlined, is left out, as the loader does. */
static bool is_there(const struct pc_program *row, const struct bpf_program *p)
{
	const char *function = strchr(bpf_program__section_name(p), '/');

	if (row->needs == PC_KERNEL_URING_BIND && !function_is_there("io_bind"))
		return false;
	return row->need == PC_NEEDED || !function ||
	       bpf_program__type(p) != BPF_PROG_TYPE_TRACING || function_is_there(function + 1);
}

static void set_autoload(struct floor_bpf *skel, const struct pc_program *row)
{
	for (; row->name; row++) {
		struct bpf_program *p = bpf_object__find_program_by_name(skel->obj, row->name);

		if (p)
			bpf_program__set_autoload(p, is_there(row, p));
	}
}

static bool has_cookies(void)
{
	return function_is_there("bpf_get_socket_ptr_cookie");
}

static struct floor_bpf *floor_load(const struct pc_backend *backend)
{
	struct floor_bpf *skel = floor_bpf__open();

	if (!skel)
		return NULL;
	for (int i = 0; i < skel->skeleton->prog_cnt; i++)
		bpf_program__set_autoload(*skel->skeleton->progs[i].prog, false);
	set_autoload(skel, backend->programs);
	set_autoload(skel, pc_backend_cgroup(backend, has_cookies()));
	if (floor_bpf__load(skel) == 0)
		return skel;
	floor_bpf__destroy(skel);
	return NULL;
}

static struct floor_bpf *floor_start(const struct pc_backend *backend)
{
	enum pc_cgroup_use use = pc_backend_cgroup_use(backend, !pc_preemption_possible());
	int cgroup = pc_cgroup_root_open();
	struct floor_bpf *skel = floor_load(backend);

	if (skel &&
	    (cgroup < 0 || attach_rows(skel, backend->programs, pc_backend_when(use), cgroup) ||
	     attach_rows(skel, pc_backend_cgroup(backend, has_cookies()),
			 pc_backend_cgroup_when(use), cgroup))) {
		floor_bpf__destroy(skel);
		skel = NULL;
	}
	if (cgroup >= 0)
		close(cgroup);
	return skel;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "auto";
	struct floor_bpf *skel = NULL;
	sigset_t end;
	int sig;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);
	libbpf_set_print(NULL);
	for (size_t i = 0; i < PC_BACKENDS && !skel; i++)
		if (!strcmp(name, pc_backend_names[PC_BACKEND_AUTO]) ||
		    !strcmp(name, pc_backend_name(&pc_backends[i])))
			skel = floor_start(&pc_backends[i]);
	if (!skel) {
		fprintf(stderr, "floor: cannot load and attach the empty programs of %s\n", name);
		return 1;
	}
	puts("{\"type\":\"ready\"}");
	fflush(stdout);
	sigwait(&end, &sig);
	floor_bpf__destroy(skel);
	return 0;
}
