// SPDX-License-Identifier: GPL-2.0-only
/* The network namespaces that the guard keeps ports in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/array.h"
#include "guard/private.h"
#include "host/sysctl.h"
#include "out/writer.h"

struct entering {
	struct pc_reserved list;
	struct pc_netns_settings settings;
	int err;
};

static void open_here(void *context)
{
	struct entering *e = context;

	if (!pc_writer_used())
		e->err = pc_reserved_open(PC_GUARD_PROC, &e->list);
	if (!e->err)
		pc_sysctl_settings(PC_GUARD_PROC, &e->settings);
}

/* A confined agent cannot open the list for writing. */
static int ask_for_list(uint32_t netns, uint32_t pid, struct pc_reserved *out)
{
	struct pc_writer_request request = { .op = PC_WRITER_RESERVED,
					     .number = netns,
					     .pid = pid };
	struct pc_writer_answer answer;
	int fd, err = pc_writer_ask(&request, NULL, NULL, -1, &answer, &fd);

	if (err || fd < 0)
		return err ? err : answer.err < 0 ? answer.err : -EIO;
	*out = (struct pc_reserved){ .fd = fd,
				     .cannot_write = answer.cannot_write,
				     .netns = { .inode = answer.inode, .cookie = answer.cookie } };
	return 0;
}

/* The inode number could be another namespace's by now: the list that was opened says whose it is. */
static int enter_space(const struct pc_guarding *x, uint32_t netns, uint32_t pid,
		       struct entering *e)
{
	const struct pc_netns ns = { .inode = netns, .pid = pid };
	int err = 0;

	e->list = PC_RESERVED_INIT;
	if (netns == x->own_netns)
		open_here(e);
	else
		err = pc_netns_call(PC_GUARD_PROC, &ns, open_here, e);
	if (!err)
		err = e->err;
	if (!err && pc_writer_used())
		err = ask_for_list(netns, netns == x->own_netns ? 0 : pid, &e->list);
	if (err)
		return err;
	if (e->list.netns.inode == netns)
		return 0;
	pc_reserved_close(&e->list);
	return -ESRCH;
}

/* Stays in its place until pc_guard_spaces_sweep(), because callers up the stack may look at it. */
void pc_guard_space_end(struct pc_guard_space *s)
{
	s->ended = true;
	s->ns->inode = 0;
}

/* The kernel gives the inode number of a namespace that has ended to another one at once. */
static bool has_ended(const struct pc_guard_space *s)
{
	char byte;

	return pread(s->list.fd, &byte, 1, 0) < 0 && errno == ENOENT;
}

struct pc_guard_space *pc_guard_space_find(struct pc_guarding *x, uint32_t netns)
{
	for (size_t i = 0; i < x->count; i++) {
		struct pc_guard_space *s = x->spaces[i];

		if (s->ended || s->ns->inode != netns)
			continue;
		if (!has_ended(s))
			return s;
		pc_guard_space_end(s);
	}
	return NULL;
}

/* From here on the kernel side tells of writes to these lists. A namespace is among them before a port of
 * it is reserved. */
static void tell_hooks(struct pc_guarding *x)
{
	uint32_t netns[PC_GUARD_NETNS_MAX];
	unsigned count = 0;

	for (size_t i = 0; i < x->count && count < PC_GUARD_NETNS_MAX; i++)
		if (!x->spaces[i]->ended)
			netns[count++] = x->spaces[i]->ns->inode;
	if (x->hooks)
		pc_guard_hooks_guard(x->hooks, netns, count);
}

static struct pc_guard_space *add_space(struct pc_guarding *x, uint32_t netns, uint32_t pid,
					const struct pc_guard_who *who, struct entering *e)
{
	struct pc_guard_space *s = calloc(1, sizeof(*s));

	if (s && !pc_array_reserve(&x->spaces, &x->room, x->count + 1, sizeof(*x->spaces)))
		s->ns = pc_guard_enter(&x->guard, netns, who);
	if (!s || !s->ns) {
		free(s);
		return NULL;
	}
	s->list = e->list;
	s->pid = pid;
	if (e->settings.known) {
		s->ns->low = e->settings.low;
		s->ns->high = e->settings.high;
	}
	x->spaces[x->count++] = s;
	tell_hooks(x);
	return s;
}

static void tell_entering(struct pc_guarding *x, uint32_t netns, int err)
{
	char sentence[PC_CURE_SENTENCE];

	if (err == -ESRCH || err == -ENOENT)
		return; /* it has ended meanwhile */
	snprintf(sentence, sizeof(sentence), "cannot guard network namespace %u: %s", netns,
		 pc_reserved_why(err));
	pc_guard_tell_failure(x, netns, sentence);
}

struct pc_guard_space *pc_guard_space_get(struct pc_guarding *x, uint32_t netns, uint32_t pid,
					  const struct pc_guard_who *who)
{
	struct pc_guard_space *s = pc_guard_space_find(x, netns);
	struct entering e = { .err = 0 };
	int err;

	if (s || (x->options.own_netns_only && netns != x->own_netns))
		return s;
	err = enter_space(x, netns, pid, &e);
	if (!err && e.list.cannot_write && !x->options.dry) {
		err = e.list.cannot_write;
		pc_reserved_close(&e.list);
	}
	if (err) {
		tell_entering(x, netns, err);
		return NULL;
	}
	s = add_space(x, netns, pid, who, &e);
	if (!s)
		pc_reserved_close(&e.list);
	return s;
}

static void drop_space(struct pc_guarding *x, size_t index)
{
	struct pc_guard_space *s = x->spaces[index];

	pc_guard_leave(&x->guard, s->ns);
	pc_reserved_close(&s->list);
	free(s->meant);
	free(s);
	x->spaces[index] = x->spaces[--x->count];
	x->notes_changed = true;
}

void pc_guard_spaces_sweep(struct pc_guarding *x)
{
	for (size_t i = x->count; i--;)
		if (x->spaces[i]->ended)
			drop_space(x, i);
}

void pc_guard_spaces_free(struct pc_guarding *x)
{
	while (x->count)
		drop_space(x, x->count - 1);
	free(x->spaces);
	x->spaces = NULL;
	x->room = 0;
}
