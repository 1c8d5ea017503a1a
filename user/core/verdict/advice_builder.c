// SPDX-License-Identifier: GPL-2.0-only
/* The builder of advice: a sentence that grows, and fixes that are added one after the other. */
#include "core/verdict/advice_builder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/party.h"
#include "core/verdict/blockers.h"

int pc_advice_begin(struct pc_advice *a, struct pc_verdict *v)
{
	memset(a, 0, sizeof(*a));
	a->verdict = v;
	a->holder = v->primary < 0 ? NULL : &v->holders[v->primary];
	return pc_text_open(&a->explanation);
}

void pc_advice_explain(struct pc_advice *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(a->explanation.out, format, args);
	va_end(args);
}

static void drop_fix(struct pc_advice *a)
{
	free(a->what);
	a->what = NULL;
}

/* A reader would take a fix without its command for one that needs none: keep both, or neither. */
static void complete_fix(struct pc_advice *a)
{
	struct pc_verdict *v = a->verdict;
	bool failed = a->command.failed;
	char *command = pc_words_take(&a->command), *plain = pc_words_take(&a->plain);

	if (failed)
		drop_fix(a);
	if (!a->what || v->fixes_count == PC_FIXES_MAX) {
		drop_fix(a);
		free(command);
		free(plain);
		return;
	}
	v->fixes[v->fixes_count++] = (struct pc_fix){ a->when, a->what, command, plain };
	a->what = NULL;
}

void pc_advice_fix_or(struct pc_advice *a)
{
	a->or_next = true;
}

/* Without memory there is no fix. */
static void prefix_or(struct pc_advice *a)
{
	char *what = a->what;

	a->or_next = false;
	if (asprintf(&a->what, "or %s", what) < 0)
		a->what = NULL;
	free(what);
}

void pc_advice_fix(struct pc_advice *a, enum pc_when when, const char *format, ...)
{
	va_list args;

	complete_fix(a);
	a->when = when;
	va_start(args, format);
	if (vasprintf(&a->what, format, args) < 0)
		a->what = NULL;
	va_end(args);
	if (a->what && a->or_next)
		prefix_or(a);
}

void pc_advice_command(struct pc_advice *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pc_words_add(&a->command, format, args);
	va_end(args);
}

/* Without memory the fix keeps its command, and has no plain one. */
void pc_advice_plain(struct pc_advice *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	pc_words_add(&a->plain, format, args);
	va_end(args);
}

void pc_advice_command_word(struct pc_advice *a, const char *word)
{
	pc_words_quote(&a->command, word);
}

/* Had the refused process left the namespace of its socket before the call? Its identity has the namespace where it was first
 * seen. */
static bool has_left(const struct pc_verdict *v, const struct pc_party *p)
{
	const struct pc_identity *refused = v->requester.who;

	return refused && p->who->key.tgid == refused->key.tgid && !v->request.in_netns;
}

static bool is_inside(const struct pc_verdict *v, const struct pc_party *p)
{
	return p->who && p->running && p->who->netns == v->request.netns && !has_left(v, p);
}

/* The processes that the advice stops are no way into the namespace for the commands after that. */
static bool is_to_be_stopped(const struct pc_blockers *b, uint32_t pid)
{
	for (unsigned i = 0; i < b->processes_count; i++)
		if (b->processes[i]->who->key.tgid == pid)
			return true;
	return false;
}

/* A live process of the refusal's network namespace, through which nsenter gets there; or 0. */
static uint32_t process_in_netns(const struct pc_verdict *v)
{
	struct pc_blockers b;

	pc_blockers_find(v, &b);
	if (v->netns_pid && !is_to_be_stopped(&b, v->netns_pid))
		return v->netns_pid;
	if (is_inside(v, &v->requester))
		return v->requester.who->key.tgid;
	for (unsigned i = 0; i < v->holders_count; i++) {
		const struct pc_party *p = pc_holder_process(&v->holders[i]);

		if (p && is_inside(v, p))
			return p->who->key.tgid;
	}
	return v->netns_pid;
}

static void add_enter_netns(struct pc_advice *a,
			    void (*add)(struct pc_advice *a, const char *format, ...))
{
	uint32_t pid;

	if (a->verdict->request.netns == a->verdict->monitor_netns)
		return;
	pid = process_in_netns(a->verdict);
	if (pid)
		add(a, "nsenter -t %u -n ", pid);
	else
		add(a, "nsenter -t PID_IN_THAT_NAMESPACE -n ");
}

void pc_advice_command_enter(struct pc_advice *a)
{
	add_enter_netns(a, pc_advice_command);
}

void pc_advice_plain_enter(struct pc_advice *a)
{
	add_enter_netns(a, pc_advice_plain);
}

/* The first fix of its kind is no alternative to another one, and no step after one. */
static void begin_anew(char *what)
{
	size_t skip = !strncmp(what, "or, ", 4)	 ? 4 :
		      !strncmp(what, "or ", 3)	 ? 3 :
		      !strncmp(what, "then ", 5) ? 5 :
						   0;

	memmove(what, what + skip, strlen(what + skip) + 1);
}

int pc_advice_end(struct pc_advice *a)
{
	struct pc_verdict *v = a->verdict;

	complete_fix(a);
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (!i || v->fixes[i].when != v->fixes[i - 1].when)
			begin_anew(v->fixes[i].what);
	v->explanation = pc_text_close(&a->explanation);
	return v->explanation ? 0 : -ENOMEM;
}
