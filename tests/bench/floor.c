// SPDX-License-Identifier: GPL-2.0-only
/* Attaches the empty programs of floor.bpf.c, says "ready" and holds them until SIGTERM:
 * the least that any monitor on these hooks costs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/attach.h"
#include "bpf/cgroup_root.h"
#include "floor.skel.h"

static struct bpf_link *attach_one(struct bpf_program *prog, int cgroup)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_TRACEPOINT:
		return pc_attach_syscall(prog, bpf_program__name(prog));
	case BPF_PROG_TYPE_TRACING:
		return bpf_program__attach(prog);
	default:
		return bpf_program__attach_cgroup(prog, cgroup);
	}
}

/* Each link into its place in the skeleton, which destroys it. */
static int attach_each(const struct bpf_object_skeleton *skeleton, int cgroup)
{
	for (int i = 0; i < skeleton->prog_cnt; i++) {
		struct bpf_prog_skeleton *slot = &skeleton->progs[i];

		*slot->link = attach_one(*slot->prog, cgroup);
		if (!*slot->link) {
			int err = -errno;

			fprintf(stderr, "floor: cannot attach %s: %s\n", slot->name,
				strerror(-err));
			return err;
		}
	}
	return 0;
}

static int attach_all(const struct bpf_object_skeleton *skeleton)
{
	int cgroup = pc_cgroup_root_open();
	int err;

	if (cgroup < 0) {
		fprintf(stderr, "floor: cannot open the root of cgroup2: %s\n", strerror(-cgroup));
		return cgroup;
	}
	err = attach_each(skeleton, cgroup);
	close(cgroup);
	return err;
}

int main(void)
{
	struct floor_bpf *skel;
	sigset_t end;
	int err, sig;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);

	skel = floor_bpf__open_and_load();
	if (!skel) {
		fprintf(stderr, "floor: cannot load the empty programs: %s\n", strerror(errno));
		return 1;
	}
	err = attach_all(skel->skeleton);
	if (!err) {
		puts("{\"type\":\"ready\"}");
		fflush(stdout);
		sigwait(&end, &sig);
	}
	floor_bpf__destroy(skel);
	return err ? 1 : 0;
}
