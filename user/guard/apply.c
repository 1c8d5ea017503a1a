// SPDX-License-Identifier: GPL-2.0-only
/* Makes the kernel's lists, and the record of what is portclash's own in them, what the table says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "cure/persist.h"
#include "guard/private.h"
#include "host/clock.h"

/* The record may be open elsewhere for some milliseconds: the guard comes back instead of waiting long. */
#define PATIENCE_MS 20
#define RETRY_NS (50 * PC_NS_PER_MS)

/* A list that cannot be written does not get better by trying each round. */
#define RETRY_FAILED_NS (5 * PC_NS_PER_SECOND)

static void retry_later(struct pc_guarding *x, struct pc_guard_space *s, int err,
			const char *sentence)
{
	if (err == -ENOENT || err == -ESRCH) {
		pc_guard_space_end(s);
		return;
	}
	s->dirty = true;
	s->retry_ns = pc_boot_ns() + (err == -EBUSY ? RETRY_NS : RETRY_FAILED_NS);
	if (err != -EBUSY)
		pc_guard_tell_failure(x, s->ns->inode, sentence);
}

/* The ports of the table that are in the kernel's list now. Those that are there for the first time are
 * additions. */
static void mark_kept(struct pc_guarding *x, struct pc_guard_space *s, const uint64_t *now)
{
	for (size_t i = 0; i < s->ns->count; i++) {
		struct pc_guard_port *p = &s->ns->list[i];
		uint64_t one[PC_PORT_WORDS] = { 0 };
		bool kept = pc_ports_has(now, p->port);

		if (kept && !p->kept) {
			struct pc_guard_told told = { .deed = PC_GUARD_RESERVED,
						      .netns = s->ns->inode,
						      .ports = one,
						      .who = &p->who };

			pc_ports_add(one, p->port);
			x->counters.additions++;
			p->kept = true;
			pc_guard_tell(x, &told);
		}
	}
}

/* Writes of others that the kernel side does not show: ports that were kept are missing. */
static void tell_wiped(struct pc_guarding *x, struct pc_guard_space *s, const uint64_t *now)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	const struct pc_guard_told told = { .deed = PC_GUARD_RESTORED,
					    .netns = s->ns->inode,
					    .ports = ports };

	pc_guard_kept(s->ns, ports);
	pc_ports_subtract(ports, now);
	if (pc_ports_is_empty(ports))
		return;
	x->counters.restored += pc_ports_count(ports, 0, PC_PORTS - 1);
	pc_guard_tell(x, &told);
}

/* Another program's write was made an addition: what it wanted to be rid of goes now, and what is
 * guarded and not in its list is portclash's own from now on. */
static int settle_meant(struct pc_keep *k, struct pc_guard_space *s, const uint64_t *now,
			const uint64_t *wanted, char *sentence)
{
	uint64_t extra[PC_PORT_WORDS], own[PC_PORT_WORDS];
	int err;

	memcpy(own, wanted, sizeof(own));
	pc_ports_subtract(own, s->meant);
	err = pc_keep_adopt(k, &s->list.netns, PC_KEEPER_GUARD, own, sentence);
	if (err)
		return err;
	memcpy(extra, now, sizeof(extra));
	pc_ports_subtract(extra, s->meant);
	pc_ports_subtract(extra, wanted);
	err = pc_ports_is_empty(extra) ? 0 : pc_reserved_remove(&s->list, extra);
	if (err)
		return pc_cure_say(sentence, err, "net.ipv4.ip_local_reserved_ports of %u: %s",
				   s->ns->inode, pc_reserved_why(err));
	free(s->meant);
	s->meant = NULL;
	return 0;
}

static int apply_space(struct pc_guarding *x, struct pc_keep *k, struct pc_guard_space *s,
		       char *sentence)
{
	uint64_t now[PC_PORT_WORDS], wanted[PC_PORT_WORDS] = { 0 };
	struct pc_keep_change change;
	int err = pc_reserved_read(&s->list, now);

	/* An event told of each write before the write: read the events before the list is judged. */
	if (!err)
		err = pc_guard_hooks_read(x->hooks);
	if (err)
		return pc_cure_say(sentence, err,
				   "cannot read the reserved ports of network namespace %u: %s",
				   s->ns->inode, pc_reserved_why(err));
	pc_guard_ports(s->ns, wanted);
	if (!s->meant)
		tell_wiped(x, s, now);
	else
		err = settle_meant(k, s, now, wanted, sentence);
	if (!err && (!pc_ports_includes(now, wanted) || pc_guard_has_new(s->ns)))
		err = pc_keep_add(k, &s->list, PC_KEEPER_GUARD, wanted, &change, sentence);
	if (!err)
		mark_kept(x, s, wanted);
	return err;
}

static bool apply_is_due(const struct pc_guard_space *s, uint64_t now_ns)
{
	return s->dirty && !s->ended && now_ns >= s->retry_ns;
}

/* Is there anything to do that needs the record? */
static bool needs_record(struct pc_guarding *x, struct pc_guard_space *s)
{
	uint64_t now[PC_PORT_WORDS], wanted[PC_PORT_WORDS] = { 0 };
	int err = pc_reserved_read(&s->list, now);

	if (err) {
		retry_later(x, s, err, "cannot read the list of reserved ports");
		return false;
	}
	pc_guard_ports(s->ns, wanted);
	s->dirty = s->meant || !pc_ports_includes(now, wanted) || pc_guard_has_new(s->ns);
	return s->dirty;
}

static bool any_due(struct pc_guarding *x, uint64_t now_ns)
{
	bool any = false;

	for (size_t i = 0; i < x->count; i++)
		if (apply_is_due(x->spaces[i], now_ns))
			any |= needs_record(x, x->spaces[i]);
	return any;
}

static int open_record(struct pc_guarding *x, struct pc_keep *k, char *sentence)
{
	int err = pc_keep_open(PC_GUARD_PROC, x->options.state, PATIENCE_MS, k, sentence);

	if (!err && k->lost[0])
		pc_guard_tell_failure(x, 0, k->lost);
	return err;
}

/* Tell what would be reserved, and count it as reserved. */
static void apply_dry(struct pc_guarding *x)
{
	uint64_t now[PC_PORT_WORDS], wanted[PC_PORT_WORDS];

	for (size_t i = 0; i < x->count; i++) {
		struct pc_guard_space *s = x->spaces[i];

		if (pc_reserved_read(&s->list, now))
			continue;
		pc_guard_mark(s->ns, now);
		memset(wanted, 0, sizeof(wanted));
		pc_guard_ports(s->ns, wanted);
		mark_kept(x, s, wanted);
	}
}

static void apply_due(struct pc_guarding *x, struct pc_keep *k, uint64_t now_ns)
{
	char sentence[PC_CURE_SENTENCE] = "";

	for (size_t i = 0; i < x->count; i++) {
		struct pc_guard_space *s = x->spaces[i];
		int err;

		if (!apply_is_due(s, now_ns))
			continue;
		s->dirty = false;
		err = apply_space(x, k, s, sentence);
		if (err)
			retry_later(x, s, err, sentence);
	}
}

static void put_off(struct pc_guarding *x, uint64_t now_ns, int err, const char *sentence)
{
	for (size_t i = 0; i < x->count; i++)
		if (apply_is_due(x->spaces[i], now_ns))
			retry_later(x, x->spaces[i], err == -ENOENT ? -EIO : err, sentence);
}

void pc_guard_apply(struct pc_guarding *x)
{
	uint64_t now_ns = pc_boot_ns();
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_keep k;
	int err;

	if (x->options.dry) {
		apply_dry(x);
		return;
	}
	if (!any_due(x, now_ns))
		return;
	err = open_record(x, &k, sentence);
	if (err) {
		put_off(x, now_ns, err, sentence);
		return;
	}
	apply_due(x, &k, now_ns);
	pc_keep_close(&k);
	x->notes_changed = x->file_changed = true;
}

/* A port that others reserve permanently stays when the guard gives it up. */
static int others_ports(struct pc_guarding *x, const struct pc_guard_space *s, uint64_t *out,
			char *sentence)
{
	struct pc_persist p;
	int err;

	memset(out, 0, PC_PORT_WORDS * sizeof(*out));
	if (s->ns->inode != x->own_netns || !x->options.persist)
		return 0;
	err = pc_persist_read(x->options.root, &p, sentence);
	if (err)
		return err;
	memcpy(out, p.others, sizeof(p.others));
	pc_persist_free(&p);
	return 0;
}

void pc_guard_release(struct pc_guarding *x, struct pc_guard_space *s, const uint64_t *gone)
{
	const struct pc_guard_told told = { .deed = PC_GUARD_RELEASED,
					    .netns = s->ns->inode,
					    .ports = gone };
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_keep_change change = { 0 };
	uint64_t others[PC_PORT_WORDS];
	struct pc_keep k;
	int err = others_ports(x, s, others, sentence);

	if (!err)
		err = pc_keep_open(PC_GUARD_PROC, x->options.state, PC_KEEP_PATIENCE_MS, &k,
				   sentence);
	if (!err) {
		err = pc_keep_remove(&k, &s->list, PC_KEEPER_GUARD, gone, others, false, &change,
				     sentence);
		pc_keep_close(&k);
	}
	if (err) {
		retry_later(x, s, err, sentence);
		return;
	}
	x->counters.removals += pc_ports_count(gone, 0, PC_PORTS - 1);
	x->notes_changed = x->file_changed = true;
	pc_guard_tell(x, &told);
}
