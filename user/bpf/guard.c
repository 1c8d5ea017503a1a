// SPDX-License-Identifier: GPL-2.0-only
/* This file loads and attaches the programs of bpf/guard.bpf.c. No other file knows their skeleton. */
#include "bpf/guard.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/cgroup_root.h"
#include "bpf/fitting.h"
#include "bpf/kernel.h"
#include "bpf/messages.h"
#include "bpf/monitor.h"
#include "bpf/ring.h"
#include "bpf/sections.h"
#include "bpf/support.h"
#include "guard.skel.h"

_Static_assert(sizeof(struct pc_guard_write_event) < PC_RING_RECORD_MAX,
	       "the largest event, with its head");

struct pc_guard_hooks {
	struct guard_bpf *skel;
	struct bpf_program *listener;
	struct bpf_link *listen;
	struct bpf_link *writes; /* NULL: the kernel does not tell of writes */
	const char *why;	 /* not; static */
	struct pc_ring_reader ring;
	struct pc_guard_events events;
};

static bool is_write(const struct pc_guard_write_event *e, size_t size)
{
	size_t room = size - offsetof(struct pc_guard_write_event, text);

	return size > offsetof(struct pc_guard_write_event, text) &&
	       (room == PC_GUARD_TEXT || room == PC_GUARD_TEXT_SHORT) && e->len <= room;
}

/* An event of another size than its type has comes from no program of this binary. */
static void take_event(void *context, const void *data, size_t size)
{
	const struct pc_guard_hooks *h = context;
	uint32_t type = size >= sizeof(type) ? *(const uint32_t *)data : PC_GUARD_EVENT_INVALID;

	if (type == PC_GUARD_EVENT_LISTEN && size == sizeof(struct pc_guard_listen_event))
		h->events.listen(h->events.context, data);
	else if (type == PC_GUARD_EVENT_WRITE && is_write(data, size))
		h->events.write(h->events.context, data);
}

static int load_guard(struct pc_guard_hooks *h, const struct pc_kernel *k, bool with_writes)
{
	struct pc_fitting fitting;
	int err;

	pc_fitting_begin(&fitting, k);
	h->skel = guard_bpf__open_opts(&fitting.opts);
	if (!h->skel) {
		err = -errno;
		pc_fitting_end(&fitting);
		return err;
	}
	((struct pc_guard_config *)&h->skel->rodata->guard_config)->own_tgid = h->events.own_pid;
	bpf_program__set_autoload(h->skel->progs.guard_sysctl, with_writes);
	pc_kernel_leave_out_twins(h->skel->obj);
	h->listener = pc_kernel_program(k, h->skel->obj, "guard_listen");
	bpf_program__set_autoload(h->listener, true);
	pc_fitting_types(&fitting, h->skel->obj);
	err = guard_bpf__load(h->skel);
	pc_fitting_end(&fitting);
	if (err) {
		guard_bpf__destroy(h->skel);
		h->skel = NULL;
	}
	return err;
}

/* Without the program on sysctls, the guard looks at the lists once a second. */
static void attach_writes(struct pc_guard_hooks *h)
{
	int root = pc_cgroup_root_open();

	h->why = "the root of the cgroup2 hierarchy cannot be opened";
	if (root < 0)
		return;
	h->writes = bpf_program__attach_cgroup(h->skel->progs.guard_sysctl, root);
	h->why = h->writes ? "" :
			     "the kernel does not attach a program on sysctls to the cgroup root";
	close(root);
}

static int open_events(struct pc_guard_hooks *h)
{
	const struct bpf_map *map = h->skel->maps.guard_events;

	return pc_ring_reader_open(&h->ring, bpf_map__fd(map), bpf_map__max_entries(map),
				   (size_t)sysconf(_SC_PAGESIZE));
}

static int attach_guard(struct pc_guard_hooks *h, bool with_writes, char *sentence)
{
	int err;

	h->listen = pc_sections_attach(h->listener);
	if (!h->listen) {
		err = -errno;
		snprintf(sentence, PC_SENTENCE,
			 "the program that sees listeners cannot be attached: %s", strerror(-err));
		return err;
	}
	if (with_writes)
		attach_writes(h);
	err = open_events(h);
	if (err)
		pc_messages_no_reading(err, sentence);
	return err;
}

/* Loads the programs, without the one on sysctls where the kernel refuses it. */
static int load_what_it_can(struct pc_guard_hooks *h, const struct pc_kernel *k, bool *with_writes,
			    char *sentence)
{
	struct pc_support support;
	int err = load_guard(h, k, true);

	*with_writes = err == 0;
	if (err) {
		h->why = "the kernel does not load a program on sysctls (CONFIG_CGROUP_BPF)";
		err = load_guard(h, k, false);
	}
	if (err) {
		pc_support_probe(k, &support);
		pc_support_explain(&support, "guard", -err, sentence, PC_SENTENCE);
	}
	return err;
}

int pc_guard_hooks_open(const struct pc_guard_events *events, const char *btf, bool verbose,
			struct pc_guard_hooks **out, char *sentence)
{
	struct pc_guard_hooks *h = calloc(1, sizeof(*h));
	struct pc_kernel kernel;
	bool with_writes;
	int err;

	snprintf(sentence, PC_SENTENCE, "out of memory");
	if (!h)
		return -ENOMEM;
	h->events = *events;
	h->ring = (struct pc_ring_reader)PC_RING_READER_INIT;
	pc_messages(verbose);
	err = pc_kernel_open(btf, PC_KERNEL_ROW(PC_KERNEL_OWN_BTF), &kernel, sentence);
	if (!err)
		err = load_what_it_can(h, &kernel, &with_writes, sentence);
	pc_kernel_close(&kernel);
	if (!err)
		err = attach_guard(h, with_writes, sentence);
	if (err)
		pc_guard_hooks_close(h);
	else
		*out = h;
	return err;
}

void pc_guard_hooks_close(struct pc_guard_hooks *h)
{
	if (!h)
		return;
	bpf_link__destroy(h->listen);
	bpf_link__destroy(h->writes);
	pc_ring_reader_close(&h->ring);
	guard_bpf__destroy(h->skel);
	free(h);
}

int pc_guard_hooks_fd(const struct pc_guard_hooks *h)
{
	return h->ring.fd;
}

int pc_guard_hooks_read(struct pc_guard_hooks *h)
{
	pc_ring_reader_look(&h->ring);
	return pc_ring_reader_read(&h->ring, take_event, h);
}

/* The count is written last: the program reads no place that is not written yet. */
void pc_guard_hooks_guard(struct pc_guard_hooks *h, const uint32_t *netns, unsigned count)
{
	if (count > PC_GUARD_NETNS_MAX)
		count = PC_GUARD_NETNS_MAX;
	memcpy(h->skel->bss->guarded_netns, netns, count * sizeof(*netns));
	__atomic_store_n(&h->skel->bss->guarded_count, count, __ATOMIC_RELEASE);
}

uint64_t pc_guard_hooks_lost(const struct pc_guard_hooks *h)
{
	return h->skel->bss->guard_lost;
}

bool pc_guard_hooks_sees_writes(const struct pc_guard_hooks *h, const char **why)
{
	*why = h->why ? h->why : "";
	return h->writes;
}
