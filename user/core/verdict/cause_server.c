// SPDX-License-Identifier: GPL-2.0-only
/* In these causes a server holds the port, and no option of the two sockets is to blame. */
#include <errno.h>

#include "core/base/time.h"
#include "core/process/party.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/advice_stop.h"
#include "core/verdict/causes.h"
#include "core/verdict/surroundings.h"

static void explain_listener(struct pc_advice *a)
{
	pc_advice_holding(a);
	pc_advice_udp_sharing(a);
	pc_advice_same_program(a);
}

static void fix_listener(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", if the refused program should have the port");
	pc_advice_fix_reuseaddr(a);
	pc_advice_fix_apart(a);
	pc_advice_fix_share(a);
}

const struct pc_cause_row pc_cause_listener = {
	.name = "listener",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_listener,
	.fix = fix_listener,
};

/* "53 s", "12 min", "4 h", "9 days" */
static void put_running(struct pc_advice *a, uint64_t ns)
{
	unsigned long seconds = ns / PC_NS_PER_SECOND;

	if (seconds < 120)
		pc_advice_explain(a, "%lu s", seconds);
	else if (seconds < 2 * 3600)
		pc_advice_explain(a, "%lu min", seconds / 60);
	else if (seconds < 2 * 86400)
		pc_advice_explain(a, "%lu h", seconds / 3600);
	else
		pc_advice_explain(a, "%lu days", seconds / 86400);
}

static void put_twin(struct pc_advice *a, const struct pc_party *p, enum pc_twin twin)
{
	switch (twin) {
	case PC_TWIN_UNIT:
		pc_advice_explain(a, "both belong to %s", p->who->unit);
		break;
	case PC_TWIN_CONTAINER:
		pc_advice_explain(a, "both are in container %.*s",
				  pc_container_shown(p->who->container), p->who->container);
		break;
	default:
		pc_advice_explain(a, "both run %s with the same arguments", p->who->exe);
	}
	if (twin == PC_TWIN_ARGUMENTS && p->who->unit && !p->place.users_word)
		pc_advice_explain(a, "; the one that runs belongs to %s", p->who->unit);
}

static void explain_duplicate(struct pc_advice *a)
{
	uint64_t now = a->verdict->time_ns;
	enum pc_twin twin;
	const struct pc_party *p = pc_holder_twin(a->verdict, a->holder, &twin);
	char name[PC_ADVICE_NAME];

	if (!p) {
		pc_advice_holding(a);
		return;
	}
	pc_advice_explain(a, "the same program runs already and %s this port: %s",
			  a->verdict->request.proto == PC_PROTO_UDP ? "receives on" : "listens on",
			  pc_advice_name(p, name));
	if (p->who->key.start_ns && now > p->who->key.start_ns) {
		pc_advice_explain(a, ", started ");
		put_running(a, now - p->who->key.start_ns);
		pc_advice_explain(a, " before");
	}
	pc_advice_explain(a, "; ");
	put_twin(a, p, twin);
}

static void fix_duplicate(struct pc_advice *a)
{
	enum pc_twin twin;
	const struct pc_party *p = pc_holder_twin(a->verdict, a->holder, &twin);

	pc_advice_fix_stop(a, ", or leave what runs already and do not start another");
	if (p && twin == PC_TWIN_UNIT)
		pc_advice_fix(
			a, PC_LASTING,
			"if an earlier start of the unit left it behind: with KillMode=control-group, systemd's default, a stop ends all of the unit's processes");
	pc_advice_fix(
		a, PC_LASTING,
		"start it in one place only: not by hand, or from a script or a container, beside the unit that starts it already");
	pc_advice_fix(a, PC_LASTING, "or give the second instance a port of its own");
	pc_advice_fix_share(a);
}

const struct pc_cause_row pc_cause_duplicate_instance = {
	.name = "duplicate-instance",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_duplicate,
	.fix = fix_duplicate,
};

/* The heir that started this one; NULL: it has its descriptor from the claimer, or from a process that has
 * ended since. */
static const struct pc_party *heir_before(const struct pc_holder *h, const struct pc_party *p)
{
	for (unsigned i = 0; p->parent && i < h->owners_count; i++)
		if (h->owners[i].who->key.tgid == p->parent)
			return &h->owners[i];
	return NULL;
}

static void explain_heir(struct pc_advice *a, const struct pc_party *p)
{
	const struct pc_party *before = heir_before(a->holder, p);
	char name[PC_ADVICE_NAME];

	pc_advice_explain(a, "%s", pc_advice_name(p, name));
	if (before)
		pc_advice_explain(a, " (started by %s)", pc_advice_name(before, name));
}

static void explain_owners(struct pc_advice *a)
{
	const struct pc_holder *h = a->holder;
	unsigned all = h->owners_count + (h->owners_more > 0);

	for (unsigned i = 0; i < h->owners_count; i++) {
		pc_advice_explain(a, "%s", !i ? "" : i + 1 == all ? " and " : ", ");
		explain_heir(a, &h->owners[i]);
	}
	if (h->owners_more)
		pc_advice_explain(a, " and %u more", h->owners_more);
}

static void explain_inherited(struct pc_advice *a)
{
	const struct pc_holder *h = a->holder;
	char name[PC_ADVICE_NAME];

	pc_advice_explain(
		a, "the %s socket on this port was made by %s, which has %s, but it lives on in ",
		h->socket.proto == PC_PROTO_UDP ? "receiving" : "listening",
		pc_advice_name(&h->claimer, name), h->claimer.running ? "closed it" : "exited");
	explain_owners(a);
	pc_advice_explain(a, ", which did not make it and %s it open",
			  h->owners_count > 1 ? "have" : "has");
}

static bool all_forked(const struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		if (!pc_identity_same_file(h->owners[i].who, h->claimer.who))
			return false;
	return true;
}

/* fork() copies every descriptor, and close-on-exec acts at exec only. */
static void fix_inherited(struct pc_advice *a)
{
	pc_advice_fix_heirs(a);
	if (!all_forked(a->holder))
		pc_advice_fix(
			a, PC_LASTING,
			"unless it was handed over on purpose: make the listening socket close-on-exec (SOCK_CLOEXEC at socket(), or FD_CLOEXEC), so that programs the server starts do not get it");
	else
		pc_advice_fix(
			a, PC_LASTING,
			"have the forked children close the listening socket, or end with their parent (PR_SET_PDEATHSIG; under systemd KillMode=control-group); close-on-exec does not reach a child that was only forked");
}

const struct pc_cause_row pc_cause_inherited_listener = {
	.name = "inherited-listener",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_inherited,
	.fix = fix_inherited,
};
