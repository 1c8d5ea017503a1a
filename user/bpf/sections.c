// SPDX-License-Identifier: GPL-2.0-only
/* A handler for each section: libbpf asks handlers first, and calls them when a program has all its addresses and is about
 * to be loaded. */
#include "bpf/sections.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/trim.h"

#define CONSTANTS_MAX 8

/* The object that is loaded now: libbpf gives a handler no word of it. */
static struct {
	struct pc_trim_constants constants[CONSTANTS_MAX];
	const struct bpf_map *maps[CONSTANTS_MAX];
	size_t constants_count;
	struct bpf_func_info *functions; /* of the last program */
} loading;

static const struct section {
	const char *name;
	enum bpf_prog_type type;
	enum bpf_attach_type attach;
} sections[] = {
	{ "fentry+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
	{ "fexit+", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
	{ "tp_btf+", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP },
	{ "iter+", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
	{ "raw_tp+", BPF_PROG_TYPE_RAW_TRACEPOINT, 0 },
	{ "kprobe+", BPF_PROG_TYPE_KPROBE, 0 },
	{ "kretprobe+", BPF_PROG_TYPE_KPROBE, 0 },
	{ "tracepoint+", BPF_PROG_TYPE_TRACEPOINT, 0 },
	{ "cgroup/sock_create", BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE },
	{ "cgroup/sock_release", BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE },
	{ "cgroup/post_bind4", BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND },
	{ "cgroup/post_bind6", BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND },
	{ "cgroup/bind4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND },
	{ "cgroup/bind6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND },
	{ "cgroup/connect4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT },
	{ "cgroup/connect6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT },
	{ "cgroup/sendmsg4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG },
	{ "cgroup/sendmsg6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG },
	{ "cgroup/sysctl", BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL },
};

static bool begins(const struct bpf_program *program, const char *with)
{
	return !strncmp(bpf_program__section_name(program), with, strlen(with));
}

/* Gives what follows the last slash: the name of a function or an event. */
static const char *attach_name(const struct bpf_program *program)
{
	const char *slash = strrchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : "";
}

/* Keeps the functions that are left, each with its new place. */
static bool move_functions(const struct pc_trim *t, uint32_t old_count,
			   struct bpf_prog_load_opts *o)
{
	const struct bpf_func_info *all = o->func_info;
	struct bpf_func_info *left;
	uint32_t count = 0;

	if (!o->func_info_cnt)
		return true;
	if (o->func_info_rec_size != sizeof(*all))
		return false;
	left = calloc(o->func_info_cnt, sizeof(*left));
	for (uint32_t i = 0; left && i < o->func_info_cnt; i++) {
		uint32_t end = i + 1 < o->func_info_cnt ? all[i + 1].insn_off : old_count;

		if (end > old_count || t->moved[all[i].insn_off] == t->moved[end])
			continue;
		left[count] = all[i];
		left[count++].insn_off = t->moved[all[i].insn_off];
	}
	if (!left)
		return false;
	free(loading.functions);
	loading.functions = left;
	o->func_info = left;
	o->func_info_cnt = count;
	return true;
}

/* Is there an instruction left that the kernel is going to refuse? libbpf puts a call of no helper in place of what it could
 * not resolve (poison_core_relo(), 0xbad2310), and names that by its place in the whole program. */
static bool will_be_refused(const struct pc_trim *t)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->insns[i].code == (BPF_JMP | BPF_CALL) && !t->insns[i].src_reg &&
		    t->insns[i].imm > UINT16_MAX)
			return true;
	return false;
}

/* Trims the program that libbpf is about to load. A program that cannot be trimmed is loaded as it is. */
static int trim_program(struct bpf_program *program, struct bpf_prog_load_opts *o, long cookie)
{
	uint32_t count = (uint32_t)bpf_program__insn_cnt(program);
	struct pc_trim t = {
		.constants = loading.constants,
		.constants_count = loading.constants_count,
		.insns = calloc(count, sizeof(*t.insns)),
		.count = count,
		.moved = calloc(count + 1, sizeof(*t.moved)),
	};
	int err = 0;

	(void)cookie;
	for (size_t i = 0; i < loading.constants_count; i++)
		loading.constants[i].map_fd = bpf_map__fd(loading.maps[i]);
	if (t.insns && t.moved) {
		memcpy(t.insns, bpf_program__insns(program), count * sizeof(*t.insns));
		if (pc_trim(&t) && !will_be_refused(&t) && move_functions(&t, count, o)) {
			err = bpf_program__set_insns(program, t.insns, t.count);
			/* The lines would have to be moved, too. Only the verifier's log has them. */
			o->line_info_cnt = 0;
			o->line_info = NULL;
		}
	}
	free(t.insns);
	free(t.moved);
	return err;
}

void pc_sections_open(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = trim_program);
	static bool registered;

	for (size_t i = 0; !registered && i < sizeof(sections) / sizeof(sections[0]); i++)
		libbpf_register_prog_handler(sections[i].name, sections[i].type, sections[i].attach,
					     &opts);
	registered = true;
}

static void note_constants(const struct bpf_object *object)
{
	struct bpf_map *map;

	loading.constants_count = 0;
	bpf_object__for_each_map(map, object)
	{
		struct pc_trim_constants *c = &loading.constants[loading.constants_count];

		if (!bpf_map__is_internal(map) || !(bpf_map__map_flags(map) & BPF_F_RDONLY_PROG) ||
		    loading.constants_count == CONSTANTS_MAX)
			continue;
		c->bytes = bpf_map__initial_value(map, &c->size);
		if (c->bytes)
			loading.maps[loading.constants_count++] = map;
	}
}

void pc_sections_load(struct bpf_object *object)
{
	struct bpf_program *p;

	note_constants(object);
	bpf_object__for_each_program(p, object) if (bpf_program__autoload(p) &&
						    bpf_program__type(p) == BPF_PROG_TYPE_TRACING)
		bpf_program__set_attach_target(p, 0, attach_name(p));
}

struct bpf_link *pc_sections_attach(const struct bpf_program *program)
{
	switch (bpf_program__type(program)) {
	case BPF_PROG_TYPE_TRACING:
		return bpf_program__attach_trace(program);
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return bpf_program__attach_raw_tracepoint(program, attach_name(program));
	case BPF_PROG_TYPE_KPROBE:
		return bpf_program__attach_kprobe(program, begins(program, "kretprobe/"),
						  attach_name(program));
	default:
		errno = EINVAL;
		return NULL;
	}
}
