// SPDX-License-Identifier: GPL-2.0-only
/* libbpf fits the programs to the types; what it cannot resolve it makes an instruction that the verifier refuses,
 * unless it is dead. So only loading tells whether the programs guard each field that a kernel may lack. The programs
 * of fentry are left out, which need the running kernel's own types: those of kprobe call the same functions. */
#include "btf/object.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/fitting.h"
#include "portclash/record.h"
#include "portclash.skel.h"

void kernel_of(struct btf *btf, bool own, struct pc_kernel *out)
{
	struct pc_type_table *all = pc_type_table_of_btf(btf);

	*out = (struct pc_kernel){ .types = { .all = all, .own = own ? all : NULL, .fd = -1 } };
	pc_kernel_ask(out, PC_KERNEL_ALL);
}

static void switch_all_off(struct bpf_object *object)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, object) bpf_program__set_autoload(p, false);
}

static void list_chosen(struct bpf_object *object, char *chosen, size_t size)
{
	struct bpf_program *p;
	size_t len = 0;

	chosen[0] = '\0';
	bpf_object__for_each_program(p, object)
	{
		if (!bpf_program__autoload(p) || len >= size)
			continue;
		snprintf(chosen + len, size - len, " %s ", bpf_program__name(p));
		len += strlen(chosen + len);
	}
}

int choose_for(const struct pc_kernel *k, enum pc_backend_kind kind, char *chosen, size_t size,
	       char *sentence)
{
	const struct pc_backend *backend = &pc_backends[kind - 1];
	struct portclash_bpf *skel = portclash_bpf__open();
	int err;

	if (!skel)
		return -ENOMEM;
	switch_all_off(skel->obj);
	err = pc_kernel_choose(k, skel->obj, backend->programs, PC_WHEN_ANY, sentence);
	if (!err)
		err = pc_kernel_choose(k, skel->obj, backend->cgroup, PC_WHEN_ANY, sentence);
	list_chosen(skel->obj, chosen, size);
	portclash_bpf__destroy(skel);
	return err;
}

static int choose_all(const struct pc_kernel *k, struct bpf_object *object)
{
	char sentence[PC_SENTENCE];
	int err = 0;

	switch_all_off(object);
	for (size_t i = PC_BACKEND_KPROBE - 1; i < PC_BACKENDS && !err; i++) {
		err = pc_kernel_choose(k, object, pc_backends[i].programs, PC_WHEN_ANY, sentence);
		if (!err)
			err = pc_kernel_choose(k, object, pc_backends[i].cgroup, PC_WHEN_ANY, sentence);
	}
	return err ? err : pc_kernel_choose(k, object, pc_common_programs, PC_WHEN_ANY, sentence);
}

/* Numbers the instructions of all programs that were loaded. A descriptor of a map is another one each time. */
static unsigned long number_of(const struct bpf_object *object)
{
	unsigned long number = 14695981039346656037UL;
	struct bpf_program *p;

	bpf_object__for_each_program(p, object)
	{
		size_t count = bpf_program__autoload(p) ? bpf_program__insn_cnt(p) : 0;

		for (size_t i = 0; i < count; i++) {
			struct bpf_insn insn = bpf_program__insns(p)[i];
			unsigned char bytes[sizeof(insn)];

			if (insn.code == (BPF_LD | BPF_IMM | BPF_DW) && insn.src_reg)
				insn.imm = 0;
			memcpy(bytes, &insn, sizeof(bytes));
			for (size_t j = 0; j < sizeof(bytes); j++)
				number = (number ^ bytes[j]) * 1099511628211UL;
		}
	}
	return number;
}

/* Without `file`, by the few types of `btf` that count. */
static int load_by(struct btf *btf, const char *file, unsigned long *number)
{
	struct pc_kernel k;
	struct pc_fitting fitting;
	struct portclash_bpf *skel;
	int err = -ENOMEM;

	kernel_of(btf, false, &k);
	pc_fitting_begin(&fitting, &k);
	if (file)
		fitting.opts.btf_custom_path = file;
	skel = portclash_bpf__open_opts(&fitting.opts);
	if (skel) {
		*(bool *)&skel->rodata->kernel_types = false;
		err = choose_all(&k, skel->obj);
		pc_fitting_types(&fitting, skel->obj);
	}
	if (!err)
		err = portclash_bpf__load(skel);
	if (!err)
		*number = number_of(skel->obj);
	portclash_bpf__destroy(skel);
	pc_fitting_end(&fitting);
	pc_kernel_close(&k);
	return err;
}

int load_with(struct btf *btf, const char *file)
{
	unsigned long by_all, by_few;
	int err = load_by(btf, file, &by_all), few_err = load_by(btf, NULL, &by_few);

	if (err || few_err)
		return err ? err : few_err;
	return by_all == by_few ? 0 : -EUCLEAN;
}
