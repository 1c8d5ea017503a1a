// SPDX-License-Identifier: GPL-2.0-only
/* One look at what this machine lets portclash do. Each back end is really loaded and attached. */
#include "look/features.h"

#include <stdio.h>
#include <string.h>

#include "bpf/kernel.h"
#include "bpf/messages.h"
#include "bpf/monitor.h"
#include "bpf/support.h"
#include "host/privileges.h"

static void try_backend_named(const char *name, const char *btf, bool verbose,
			      struct pc_feature *out)
{
	struct pc_monitor_options options = { .backend = name, .btf = btf, .verbose = verbose };
	struct pc_monitor *m = NULL;

	out->name = name;
	out->available = pc_monitor_open(&options, &m, out->sentence) == 0;
	if (!out->available)
		return;
	out->exact = pc_monitor_exact(m);
	snprintf(out->sentence, sizeof(out->sentence), "%s", pc_monitor_blind(m));
	pc_monitor_close(m);
}

static bool lists_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static void note_programs(struct pc_features *out, const struct pc_program *programs)
{
	for (const struct pc_program *row = programs; row->name; row++) {
		char *list = out->programs[row->needs];
		size_t len = strlen(list);

		if (row->needs && !lists_word(list, row->name))
			snprintf(list + len, PC_FEATURE_PROGRAMS - len, "%s%s", len ? " " : "",
				 row->name);
	}
}

static void look_at_kernel(const char *btf, struct pc_features *out)
{
	struct pc_kernel kernel;

	if (!pc_kernel_open(btf, PC_KERNEL_ALL, &kernel, out->btf_wrong))
		out->btf_wrong[0] = '\0';
	out->offer = kernel.offer;
	pc_support_probe(&kernel, &out->support);
	pc_kernel_close(&kernel);
	for (unsigned i = 0; i < PC_BACKENDS; i++) {
		note_programs(out, pc_backends[i].programs);
		note_programs(out, pc_backends[i].cgroup);
	}
	note_programs(out, pc_common_programs);
}

bool pc_features_look(const char *btf, bool verbose, struct pc_features *out)
{
	bool any = false;

	memset(out, 0, sizeof(*out));
	out->btf = btf;
	pc_messages(verbose);
	look_at_kernel(btf, out);
	pc_privileges_read(&out->capabilities);
	for (unsigned i = 0; i < PC_BACKENDS; i++) {
		try_backend_named(pc_backend_names[i + 1], btf, verbose, &out->backends[i]);
		any |= out->backends[i].available;
	}
	return any;
}
