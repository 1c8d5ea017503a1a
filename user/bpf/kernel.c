// SPDX-License-Identifier: GPL-2.0-only
/* The programs are chosen by what the running kernel offers: its types tell, or a trial does. */
#include "bpf/kernel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/preemption.h"
#include "bpf/probe.h"
#include "bpf/tracefs.h"
#include "bpf/types_check.h"
#include "core/config/support.h"

static enum pc_presence presence(bool has)
{
	return has ? PC_PRESENCE_YES : PC_PRESENCE_NO;
}

static enum pc_presence has_function(const struct pc_types *t, const struct pc_kernel_part *part)
{
	int count = pc_types_arguments(t, part->name, part->kind == PC_PART_FUNCTION);
	char number[12];

	snprintf(number, sizeof(number), "%d", count);
	return presence(count >= 0 && (!part->member || !strcmp(number, part->member)));
}

static enum pc_presence has_tracepoint(const struct pc_kernel_part *part)
{
	int id = pc_tracefs_event_id(part->name, part->member);

	if (id >= 0)
		return PC_PRESENCE_YES;
	return id == -ENOENT ? PC_PRESENCE_NO : PC_PRESENCE_UNKNOWN;
}

static enum pc_presence has_part(const struct pc_types *t, const struct pc_kernel_part *part)
{
	switch (part->kind) {
	case PC_PART_TYPES:
		return presence(t->all);
	case PC_PART_OWN_TYPES:
		return presence(t->own);
	case PC_PART_FIELD:
		return t->all ? presence(pc_types_has_field(t->all, part->name, part->member)) :
				PC_PRESENCE_UNKNOWN;
	case PC_PART_VALUE:
		return presence(t->own && pc_types_has_value(t->own, part->name, part->member));
	case PC_PART_FUNCTION:
	case PC_PART_OWN_FUNCTION:
		return has_function(t, part);
	case PC_PART_FILE:
		return presence(access(part->name, F_OK) == 0);
	case PC_PART_TRACEPOINT:
		return has_tracepoint(part);
	case PC_PART_MODE:
		return presence(!pc_preemption_possible());
	default:
		return pc_probe(part);
	}
}

static enum pc_presence has_any(const struct pc_types *t, const struct pc_kernel_row *row)
{
	enum pc_presence best = PC_PRESENCE_NO;

	for (const struct pc_kernel_part *part = row->any; part->kind; part++) {
		enum pc_presence one = has_part(t, part);

		if (one == PC_PRESENCE_YES)
			return one;
		if (one == PC_PRESENCE_UNKNOWN)
			best = one;
	}
	return best;
}

_Static_assert(PC_KERNEL_COUNT <= 64, "a row is a bit of struct pc_kernel.asked");

void pc_kernel_ask(struct pc_kernel *k, uint64_t rows)
{
	for (unsigned i = PC_KERNEL_NOTHING + 1; i < PC_KERNEL_COUNT; i++)
		if (rows & ~k->asked & PC_KERNEL_ROW(i))
			k->offer.has[i] = has_any(&k->types, &pc_kernel_rows[i]);
	k->asked |= rows;
}

int pc_kernel_open(const char *file, uint64_t rows, struct pc_kernel *k, char *sentence)
{
	int err;

	memset(k, 0, sizeof(*k));
	k->types.fd = -1;
	err = pc_types_open(file, &k->types, sentence);
	if (err) {
		k->asked =
			PC_KERNEL_ALL; /* nothing is known without the types that the user wants */
		pc_kernel_close(k);
		return err;
	}
	pc_kernel_ask(k, file ? PC_KERNEL_ALL : rows);
	err = file ? pc_types_check(k, sentence) : 0;
	if (err)
		pc_kernel_close(k);
	return err;
}

void pc_kernel_close(struct pc_kernel *k)
{
	pc_types_close(&k->types);
}

bool pc_kernel_has(const struct pc_kernel *k, enum pc_kernel_need need)
{
	return k->offer.has[need] != PC_PRESENCE_NO;
}

#define TWIN "raw_"

static bool begins_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

struct bpf_program *pc_kernel_program(const struct pc_kernel *k, const struct bpf_object *object,
				      const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(object, name);
	char twin[64];

	if (!p || pc_kernel_has(k, PC_KERNEL_OWN_BTF) ||
	    !begins_with(bpf_program__section_name(p), "tp_btf/"))
		return p;
	snprintf(twin, sizeof(twin), TWIN "%s", name);
	return bpf_object__find_program_by_name(object, twin);
}

void pc_kernel_leave_out_twins(struct bpf_object *object)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, object)
	{
		if (begins_with(bpf_program__section_name(p), "tp_btf/") ||
		    begins_with(bpf_program__name(p), TWIN))
			bpf_program__set_autoload(p, false);
	}
}

/* Gives the function of a program that is attached to a function by BTF; NULL: it is another program. */
static const char *attached_function(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);
	enum bpf_attach_type type = bpf_program__expected_attach_type(program);

	if (bpf_program__type(program) != BPF_PROG_TYPE_TRACING ||
	    (type != BPF_TRACE_FENTRY && type != BPF_TRACE_FEXIT))
		return NULL;
	return strchr(section, '/') + 1;
}

/* A program at the exit of a function finds the result behind the arguments: with another number of them it would read
 * one of them as the result. */
static bool takes_as_expected(const struct pc_kernel *k, const struct bpf_program *program,
			      const struct pc_program *row, int *count)
{
	const char *function = attached_function(program);

	*count = function ? pc_types_arguments(&k->types, function, false) : 0;
	return !function || (*count >= 0 && *count < 31 &&
			     (!row->arguments || row->arguments & PC_ARGUMENTS(*count)));
}

static int complain(const struct bpf_program *program, const struct pc_program *row, int count,
		    char *sentence)
{
	if (count < 0)
		snprintf(sentence, PC_SENTENCE,
			 "this kernel's BTF has no function %s(), which the program %s needs",
			 attached_function(program), row->name);
	else
		snprintf(sentence, PC_SENTENCE,
			 "this kernel's %s() takes %d arguments, which the program %s does not expect",
			 attached_function(program), count, row->name);
	return -ENOENT;
}

int pc_kernel_choose(const struct pc_kernel *k, struct bpf_object *object,
		     const struct pc_program *programs, unsigned when, char *sentence)
{
	for (const struct pc_program *row = programs; row->name; row++) {
		struct bpf_program *p = pc_kernel_program(k, object, row->name);
		bool wanted = (!row->when || row->when & when) && pc_kernel_wants(k, row);
		int count = 0;

		if (!p)
			continue;
		if (wanted && !takes_as_expected(k, p, row, &count)) {
			if (row->need == PC_NEEDED)
				return complain(p, row, count, sentence);
			wanted = false;
		}
		bpf_program__set_autoload(p, wanted);
	}
	return 0;
}
