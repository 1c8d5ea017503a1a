// SPDX-License-Identifier: GPL-2.0-only
/* The events of the kernel side: servers that listen, and writes to the lists. */
#include <stdlib.h>
#include <string.h>

#include "core/process/identity.h"
#include "guard/private.h"
#include "host/clock.h"
#include "host/group_word.h"
#include "host/procfs.h"

/* Processes read in a second: whoever starts more only to listen gets the rest looked at later, with
 * the next look at the namespaces. */
#define READ_A_SECOND 500

/* A limit is told of again after so long. */
#define TELL_AGAIN_NS (3600 * PC_NS_PER_SECOND)

static bool may_read(struct pc_guarding *x)
{
	uint64_t now_ns = pc_boot_ns();

	if (now_ns - x->second_ns >= PC_NS_PER_SECOND) {
		x->second_ns = now_ns;
		x->read_in_second = 0;
	}
	return x->read_in_second++ < READ_A_SECOND;
}

static bool is_same_process(const struct pc_process_key *a, const struct pc_process_key *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns && a->exec_id == b->exec_id;
}

void pc_guard_look_at_who(const struct pc_identity *identity, struct pc_guard_who *out)
{
	pc_guard_who_of(identity, out);
	if (pc_group_is_roots_word(PC_CGROUPS, identity))
		return;
	out->system_unit = out->is_container = false;
	memset(out->name, 0, sizeof(out->name));
}

/* A process that has ended by now is known by its user and its name only: it is of no unit. False: it
 * was not read now. */
static bool identify(struct pc_guarding *x, const struct pc_guard_listen_event *e,
		     struct pc_guard_who *out)
{
	struct pc_identity identity = { 0 };

	for (unsigned i = 0; i < PC_GUARD_KNOWN_MAX; i++)
		if (is_same_process(&x->known[i].key, &e->process)) {
			*out = x->known[i].who;
			out->uid = e->uid; /* it may have become another user */
			return true;
		}
	if (!may_read(x))
		return false;
	*out = (struct pc_guard_who){ .uid = e->uid };
	memcpy(out->comm, e->comm, sizeof(out->comm));
	if (!pc_procfs_read(PC_GUARD_PROC, e->process.tgid, &identity) &&
	    pc_procfs_is_or_was(PC_GUARD_PROC, &e->process)) {
		pc_guard_look_at_who(&identity, out);
		out->uid = e->uid;
		x->known[x->known_next] = (struct pc_guard_known){ e->process, *out };
		x->known_next = (x->known_next + 1) % PC_GUARD_KNOWN_MAX;
	}
	pc_identity_free(&identity);
	return true;
}

void pc_guard_tell_limit(struct pc_guarding *x, struct pc_guard_space *s, uint32_t netns,
			 uint16_t port, const struct pc_guard_who *who, enum pc_guard_answer answer)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 }, now_ns = pc_boot_ns();
	const struct pc_guard_told told = {
		.deed = PC_GUARD_REFUSED,
		.netns = netns,
		.ports = ports,
		.who = who,
		.answer = answer,
		.share = s ? pc_guard_share(&x->guard, s->ns) : 0,
	};

	x->counters.refused[answer]++;
	if (s && s->told == answer && now_ns - s->told_ns < TELL_AGAIN_NS)
		return;
	if (s) {
		s->told = answer;
		s->told_ns = now_ns;
	}
	pc_ports_add(ports, port);
	pc_guard_tell(x, &told);
}

void pc_guard_on_server(struct pc_guarding *x, uint32_t netns, uint32_t pid, uint16_t port,
			const struct pc_guard_who *who)
{
	struct pc_guard_space *s = pc_guard_space_find(x, netns);
	enum pc_guard_answer answer = PC_GUARD_ADD;

	if (!s) {
		answer = pc_guard_may_enter(&x->guard, who);
		if (answer == PC_GUARD_ADD)
			s = pc_guard_space_get(x, netns, pid, who);
		if (!s && answer == PC_GUARD_ADD)
			return;
	}
	if (s)
		answer = pc_guard_listener(&x->guard, s->ns, port, who, pc_boot_ns());
	if (answer == PC_GUARD_ADD)
		s->dirty = true;
	if (answer == PC_GUARD_ADD || answer == PC_GUARD_KNOWN)
		x->notes_changed = true;
	if (pc_guard_is_limit(answer))
		pc_guard_tell_limit(x, s, netns, port, who, answer);
}

/* A known port of a known namespace, or one outside the range, needs no look at the process. */
static bool is_news(struct pc_guarding *x, const struct pc_guard_listen_event *e)
{
	struct pc_guard_space *s = pc_guard_space_find(x, e->netns);
	struct pc_guard_port *p = s ? pc_guard_port(s->ns, e->port) : NULL;

	if (x->options.own_netns_only && e->netns != x->own_netns)
		return false;
	if (!s)
		return true;
	return e->port >= s->ns->low && e->port <= s->ns->high && !(p && p->listens && p->kept);
}

void pc_guard_on_listen(void *context, const struct pc_guard_listen_event *e)
{
	struct pc_guarding *x = context;
	struct pc_guard_who who;

	if (is_news(x, e) && identify(x, e, &who))
		pc_guard_on_server(x, e->netns, e->process.tgid, e->port, &who);
}

/* Guarded ports that the writer's list lacks. */
static void tell_restored(struct pc_guarding *x, struct pc_guard_space *s,
			  const struct pc_guard_write_event *e, const uint64_t *meant)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };
	struct pc_guard_who who = { .uid = e->uid };
	const struct pc_guard_told told = { .deed = PC_GUARD_RESTORED,
					    .netns = e->netns,
					    .ports = ports,
					    .who = &who,
					    .pid = e->process.tgid };

	memcpy(who.comm, e->comm, sizeof(who.comm));
	pc_guard_kept(s->ns, ports);
	pc_ports_subtract(ports, meant);
	if (pc_ports_is_empty(ports))
		return;
	x->counters.restored += pc_ports_count(ports, 0, PC_PORTS - 1);
	pc_guard_tell(x, &told);
}

/* The list that the writer wants from now on. */
static void mean(struct pc_guarding *x, struct pc_guard_space *s,
		 const struct pc_guard_write_event *e, const uint64_t *ports)
{
	if (e->changed && !s->meant)
		s->meant = malloc(PC_PORT_WORDS * sizeof(*s->meant));
	if (e->changed && s->meant)
		memcpy(s->meant, ports, PC_PORT_WORDS * sizeof(*s->meant));
	else if (e->adds && s->meant)
		pc_ports_unite(s->meant, ports);
	if (e->changed)
		tell_restored(x, s, e, ports);
}

static void unmean(struct pc_guard_space *s)
{
	free(s->meant);
	s->meant = NULL;
}

void pc_guard_on_write(void *context, const struct pc_guard_write_event *e)
{
	struct pc_guarding *x = context;
	struct pc_guard_space *s = pc_guard_space_find(x, e->netns);
	uint64_t ports[PC_PORT_WORDS];
	char text[PC_GUARD_TEXT + 1];
	const char *bad;

	if (!s || e->len > PC_GUARD_TEXT)
		return;
	memcpy(text, e->text, e->len);
	text[e->len] = '\0';
	s->dirty = true;
	s->retry_ns = 0;
	if (pc_ports_parse(text, true, ports, &bad)) {
		/* The kernel's result is not known: nothing is removed. */
		x->counters.unreadable++;
		unmean(s);
	} else if (!e->changed && !e->adds) {
		unmean(s); /* it replaces the list as it was meant to */
	} else {
		mean(x, s, e, ports);
	}
}
