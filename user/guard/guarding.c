// SPDX-License-Identifier: GPL-2.0-only
/* The guard's life: opening, rounds, closing. */
#include "guard/guarding.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/private.h"
#include "host/clock.h"
#include "host/first_ns.h"
#include "host/procfs.h"

/* Between two looks at all namespaces; a short grace has them more often. */
#define LOOK_MAX_NS (30 * PC_NS_PER_SECOND)
#define LOOK_MIN_NS PC_NS_PER_SECOND
#define LOOKS_IN_GRACE 8

/* The lists are compared so often, whether the kernel tells of writes or not: events can be lost. */
#define POLL_NS PC_NS_PER_SECOND

void pc_guard_tell(struct pc_guarding *x, const struct pc_guard_told *told)
{
	if (x->options.tell)
		x->options.tell(x->options.context, told);
}

/* The guard reports a failure once, until another failure comes. */
void pc_guard_tell_failure(struct pc_guarding *x, uint32_t netns, const char *sentence)
{
	const struct pc_guard_told told = { .deed = PC_GUARD_FAILED,
					    .netns = netns,
					    .sentence = sentence };

	x->counters.errors++;
	if (!strncmp(x->failed, sentence, sizeof(x->failed) - 1))
		return;
	snprintf(x->failed, sizeof(x->failed), "%s", sentence);
	pc_guard_tell(x, &told);
}

static void set_limits(struct pc_guarding *x, const struct pc_guarding_options *o)
{
	x->guard.options = (struct pc_guard_options){
		.policy = o->policy,
		.share_percent = o->share_percent,
		.grace_ns = o->grace_ns,
		.netns_max = PC_GUARD_NETNS_MAX,
	};
	x->options.policy = o->policy;
	x->options.share_percent = o->share_percent;
	x->options.grace_ns = o->grace_ns;
	x->look_ns = 0;
}

static void guarding_put_protected(struct pc_guarding *x)
{
	struct pc_guard_space *s = pc_guard_space_get(x, x->own_netns, 0, NULL);
	uint64_t now_ns = pc_boot_ns();

	for (unsigned port = 1; s && x->options.protect && port < PC_PORTS; port++) {
		struct pc_guard_port new = { .port = (uint16_t)port,
					     .reason = PC_GUARD_PROTECTED,
					     .since_ns = now_ns,
					     .seen_ns = now_ns };
		struct pc_guard_port *known = pc_guard_port(s->ns, (uint16_t)port);
		enum pc_guard_answer answer;

		if (!pc_ports_has(x->options.protect, (uint16_t)port))
			continue;
		if (known) {
			known->reason = PC_GUARD_PROTECTED;
			continue;
		}
		answer = pc_guard_put(&x->guard, s->ns, &new);
		if (pc_guard_is_limit(answer))
			pc_guard_tell_limit(x, s, x->own_netns, (uint16_t)port, &new.who, answer);
	}
	if (s)
		s->dirty = true;
}

/* A port that is listed no more has its grace from now on. */
static void drop_protected(struct pc_guarding *x)
{
	struct pc_guard_space *s = pc_guard_space_find(x, x->own_netns);

	for (size_t i = 0; s && i < s->ns->count; i++) {
		struct pc_guard_port *p = &s->ns->list[i];

		if (p->reason != PC_GUARD_PROTECTED ||
		    (x->options.protect && pc_ports_has(x->options.protect, p->port)))
			continue;
		p->reason = PC_GUARD_LISTENER;
		p->seen_ns = pc_boot_ns();
	}
}

static int guarding_begin(struct pc_guarding *x, char *sentence)
{
	const struct pc_guard_events events = { .context = x,
						.listen = pc_guard_on_listen,
						.write = pc_guard_on_write,
						.own_pid = pc_first_ns_self(PC_GUARD_PROC) };
	char why[PC_CURE_SENTENCE] = "";
	int err = 0;

	if (!x->options.dry && !pc_first_ns_pids(PC_GUARD_PROC)) {
		snprintf(
			sentence, PC_SENTENCE,
			"the guard needs the host's pid namespace: run it on the host, or the container with docker run --pid=host or hostPID: true");
		return -EXDEV;
	}
	if (!x->options.dry) {
		err = pc_guard_lock(x->options.state, &x->lock, why);
		if (err)
			snprintf(sentence, PC_SENTENCE, "%s", why);
		else
			err = pc_guard_hooks_open(&events, x->options.btf, x->options.verbose, &x->hooks, sentence);
	}
	if (err)
		return err;
	if (!pc_guard_space_get(x, x->own_netns, 0, NULL)) {
		snprintf(sentence, PC_SENTENCE, "%s", x->failed);
		return -EACCES;
	}
	if (!x->options.dry)
		pc_guard_remember(x);
	guarding_put_protected(x);
	pc_guarding_run(x);
	return 0;
}

bool pc_guarding_may_persist(const char *root)
{
	uint32_t first, own;

	return root || (!pc_procfs_netns(PC_GUARD_PROC, 1, &first) &&
			!pc_procfs_netns(PC_GUARD_PROC, pc_first_ns_self(PC_GUARD_PROC), &own) &&
			first == own);
}

int pc_guarding_open(const struct pc_guarding_options *options, struct pc_guarding **out,
		     char *sentence)
{
	struct pc_guarding *x = calloc(1, sizeof(*x));
	int err;

	snprintf(sentence, PC_SENTENCE, "out of memory");
	if (!x)
		return -ENOMEM;
	x->options = *options;
	x->lock = -1;
	pc_procfs_netns(PC_GUARD_PROC, pc_first_ns_self(PC_GUARD_PROC), &x->own_netns);
	set_limits(x, options);
	err = guarding_begin(x, sentence);
	if (err)
		pc_guarding_close(x);
	else
		*out = x;
	return err;
}

void pc_guarding_close(struct pc_guarding *x)
{
	if (!x)
		return;
	if (x->hooks && x->lock >= 0)
		pc_guard_write_paper(x, true);
	pc_guard_hooks_close(x->hooks);
	pc_guard_spaces_free(x);
	pc_guard_free(&x->guard);
	free(x->candidates.list);
	if (x->lock >= 0)
		close(x->lock);
	free(x);
}

int pc_guarding_fd(const struct pc_guarding *x)
{
	return pc_guard_hooks_fd(x->hooks);
}

static uint64_t look_every(const struct pc_guarding *x)
{
	uint64_t ns = x->options.grace_ns / LOOKS_IN_GRACE;

	return ns < LOOK_MIN_NS ? LOOK_MIN_NS : ns > LOOK_MAX_NS ? LOOK_MAX_NS : ns;
}

/* After a lost event no list is known to be meant by anybody: nothing of others' is removed. */
static void take_losses(struct pc_guarding *x)
{
	uint64_t lost = pc_guard_hooks_lost(x->hooks);

	if (lost == x->lost)
		return;
	x->lost = lost;
	for (size_t i = 0; i < x->count; i++) {
		free(x->spaces[i]->meant);
		x->spaces[i]->meant = NULL;
		x->spaces[i]->dirty = true;
	}
}

static void poll_lists(struct pc_guarding *x, uint64_t now_ns)
{
	if (now_ns < x->poll_ns)
		return;
	for (size_t i = 0; i < x->count; i++)
		x->spaces[i]->dirty = true;
	x->poll_ns = now_ns + POLL_NS;
}

void pc_guarding_run(struct pc_guarding *x)
{
	uint64_t now_ns = pc_boot_ns();

	if (x->hooks) {
		pc_guard_hooks_read(x->hooks);
		take_losses(x);
		poll_lists(x, now_ns);
	}
	if (now_ns >= x->look_ns) {
		pc_guard_look(x);
		x->look_ns = now_ns + look_every(x);
	}
	pc_guard_apply(x);
	pc_guard_spaces_sweep(x);
	if (x->hooks)
		pc_guard_write_paper(x, false);
}

void pc_guarding_set(struct pc_guarding *x, const struct pc_guarding_options *options)
{
	set_limits(x, options);
	x->options.protect = options->protect;
	drop_protected(x);
	guarding_put_protected(x);
}

const struct pc_guard_counters *pc_guarding_counters(struct pc_guarding *x)
{
	x->counters.lost = x->hooks ? pc_guard_hooks_lost(x->hooks) : 0;
	x->counters.ports = (unsigned)x->guard.ports;
	x->counters.namespaces = (unsigned)x->count;
	return &x->counters;
}

const char *pc_guarding_blind(const struct pc_guarding *x)
{
	const char *why = "";

	if (!x->hooks || pc_guard_hooks_sees_writes(x->hooks, &why))
		return "";
	return why;
}
