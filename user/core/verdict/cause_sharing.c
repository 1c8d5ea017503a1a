// SPDX-License-Identifier: GPL-2.0-only
/* In these causes a server holds the port, and other options or addresses would let the two share. */
#include <errno.h>

#include "core/base/address.h"
#include "core/process/party.h"
#include "core/rule/server.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_kernel.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"

static void explain_reuseport(struct pc_advice *a)
{
	unsigned holder = a->holder->socket.uid, refused = a->verdict->request.socket.uid;

	pc_advice_holding(a);
	switch (pc_reuseport_of(a->verdict, a->holder)) {
	case PC_REUSEPORT_USERS:
		pc_advice_explain(
			a,
			"; both sides set SO_REUSEPORT, but that shares a port only between sockets of one user (%u holds it, %u was refused)",
			holder, refused);
		return;
	case PC_REUSEPORT_REFUSED_ONLY:
		pc_advice_explain(a,
				  "; only the refused socket set SO_REUSEPORT, and both must set it");
		break;
	default:
		pc_advice_explain(a, "; only the holder set SO_REUSEPORT, and both must set it");
	}
	if (holder != refused)
		pc_advice_explain(a, ", as one user (%u holds it, %u was refused)", holder,
				  refused);
}

/* Another socket on the port can be of a third user, or lack SO_REUSEPORT. */
static void fix_users(struct pc_advice *a)
{
	struct pc_side asking;

	pc_side_of_requester(&a->verdict->request, &asking);
	asking.uid = a->holder->socket.uid;
	if (pc_server_fits(a->verdict, &asking, NULL))
		pc_advice_fix(
			a, PC_LASTING,
			"run both as one user: the kernel compares the users who made the sockets, %u and %u",
			a->holder->socket.uid, a->verdict->request.socket.uid);
	pc_advice_fix(
		a, PC_LASTING,
		"or, where a systemd socket unit made the holder, have the service take that descriptor (sd_listen_fds) instead of binding itself");
}

static void fix_reuseport(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", if the refused program should have the port");
	pc_advice_fix_reuseaddr(a);
	if (pc_reuseport_of(a->verdict, a->holder) == PC_REUSEPORT_USERS)
		fix_users(a);
	else
		pc_advice_fix_share(a);
	pc_advice_fix_apart(a);
}

const struct pc_cause_row pc_cause_reuseport_mismatch = {
	.name = "reuseport-mismatch",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_reuseport,
	.fix = fix_reuseport,
};

static void put_addresses(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_socket *s = &a->holder->socket;
	char held[PC_ADDRESS_TEXT], wanted[PC_ADDRESS_TEXT];

	pc_advice_explain(a, "; it holds %s, %s was asked for",
			  pc_address_text(s->family, s->local, held),
			  pc_address_text(r->wanted_family, r->wanted, wanted));
}

static void explain_wildcard(struct pc_advice *a)
{
	pc_advice_holding(a);
	put_addresses(a);
	pc_advice_explain(a, ": any address contains the specific one, so the two overlap");
	pc_advice_udp_sharing(a);
	pc_advice_same_program(a);
}

static bool refused_is_any(const struct pc_verdict *v)
{
	struct pc_side side;

	pc_side_of_requester(&v->request, &side);
	return pc_side_is_any(&side);
}

static void fix_wildcard(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", if the refused program should have the port");
	pc_advice_fix_reuseaddr(a);
	if (!refused_is_any(a->verdict) || !pc_request_is_kernels(&a->verdict->request))
		pc_advice_fix(
			a, PC_LASTING,
			"have %s bind the addresses it needs instead of any address: two different specific addresses do not collide",
			refused_is_any(a->verdict) ? "the refused program" : "the holder");
	pc_advice_fix_share(a);
}

const struct pc_cause_row pc_cause_wildcard_overlap = {
	.name = "wildcard-overlap",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_wildcard,
	.fix = fix_wildcard,
};

static void explain_dual_stack(struct pc_advice *a)
{
	pc_advice_holding(a);
	put_addresses(a);
	pc_advice_explain(
		a,
		": without IPV6_V6ONLY a socket on :: takes IPv4 too (dual stack), so the two overlap");
	pc_advice_udp_sharing(a);
	pc_advice_same_program(a);
}

static void take_v6_alone(struct pc_side *side)
{
	side->v6only |= pc_side_is_dual_stack(side);
}

/* For dual-stack exactly one of the two sockets is the [::] one. Another socket on the port can still be in the
 * way. */
static void fix_v6only(struct pc_advice *a)
{
	struct pc_side asking;
	bool refused;

	pc_side_of_requester(&a->verdict->request, &asking);
	refused = pc_side_is_dual_stack(&asking);
	if (refused)
		take_v6_alone(&asking);
	if ((refused && pc_request_is_kernels(&a->verdict->request)) ||
	    !pc_server_fits(a->verdict, &asking, refused ? NULL : take_v6_alone))
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"set IPV6_V6ONLY on %s before bind(): it then takes IPv6 alone, and both fit",
		refused ? "the refused socket" : "the holder's socket, [::],");
}

static void fix_dual_stack(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", if the refused program should have the port");
	pc_advice_fix_reuseaddr(a);
	fix_v6only(a);
	if (pc_holder_is_own(a->verdict, a->holder))
		pc_advice_fix(
			a, PC_LASTING,
			"or make only the [::] socket: without IPV6_V6ONLY it serves IPv4 too");
	pc_advice_fix_share(a);
}

const struct pc_cause_row pc_cause_dual_stack = {
	.name = "dual-stack",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_dual_stack,
	.fix = fix_dual_stack,
};

static void explain_listen_race(struct pc_advice *a)
{
	bool reuse = a->holder->socket.reuse && a->verdict->request.socket.reuse;

	pc_advice_explain(
		a, "bind() had succeeded, but by the time of listen() another socket listened: ");
	pc_advice_holding(a);
	pc_advice_explain(a, "; both bound it with %s, but only one of them can listen",
			  reuse ? "SO_REUSEADDR" : "options that let them share it");
	pc_advice_same_program(a);
}

static void fix_listen_race(struct pc_advice *a)
{
	pc_advice_fix_stop(a, ", if the refused program should have the port");
	pc_advice_fix(
		a, PC_LASTING,
		"leave SO_REUSEADDR off where two may start at once, so that bind() is refused to the second; or give one of the two another port or another address");
	pc_advice_fix_share(a);
}

const struct pc_cause_row pc_cause_listen_race = {
	.name = "listen-race",
	.kind = PC_KIND_SERVER,
	.usual = { .op = PC_OP_BIND, .error = EADDRINUSE },
	.explain = explain_listen_race,
	.fix = fix_listen_race,
};
