// SPDX-License-Identifier: GPL-2.0-only
/* What to do about a server in the way. */
#include <stdlib.h>
#include <string.h>

#include "core/fixes_private.h"
#include "core/party.h"
#include "core/place.h"
#include "core/server.h"
#include "core/text.h"

static void fix_share(struct pc_verdict *v)
{
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("or, to share the port, set SO_REUSEPORT on both before bind(), as "
			      "the same user"),
		   NULL);
}

static void fix_other_end(struct pc_verdict *v)
{
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("or give one of the two another port or another address"), NULL);
}

void pc_fix_listener(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, ", if it should not have the port");
	pc_fix_reuseaddr(v);
	fix_other_end(v);
	fix_share(v);
}

/* The unit cannot be stopped as a whole: the refused process is of it too. */
static void fix_leftover(struct pc_verdict *v, const struct pc_party *p)
{
	pc_fix_add(v, PC_NOW,
		   pc_fix_say("stop pid %u, which runs already, or leave it and do not start "
			      "another",
			      p->who->key.tgid),
		   pc_fix_say("kill %u", p->who->key.tgid));
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("if an earlier start of the unit left it behind: with "
			      "KillMode=control-group, systemd's default, a stop ends all of the "
			      "unit's processes"),
		   NULL);
}

void pc_fix_duplicate(struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_twin twin;
	const struct pc_party *p = pc_holder_twin(v, h, &twin);

	if (p && twin == PC_TWIN_UNIT)
		fix_leftover(v, p);
	else
		pc_fix_stop(v, h, ", which runs already, or leave it and do not start another");
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("start it in one place only: not by hand, or from a script or "
			      "a container, beside the unit that starts it already"),
		   NULL);
	pc_fix_add(v, PC_LASTING, pc_fix_say("or give the second instance a port of its own"),
		   NULL);
	fix_share(v);
}

/* "kill 12 13": the socket closes with the last of them. */
static void fix_owners(struct pc_verdict *v, const struct pc_holder *h)
{
	struct pc_text text;

	if (pc_text_open(&text))
		return;
	fputs("kill", text.out);
	for (unsigned i = 0; i < h->owners_count; i++)
		fprintf(text.out, " %u", h->owners[i].who->key.tgid);
	pc_fix_add(v, PC_NOW,
		   pc_fix_say("end %s that still %s it open",
			      h->owners_count > 1 ? "the processes" : "the process",
			      h->owners_count > 1 ? "have" : "has"),
		   pc_text_close(&text));
}

static bool all_forked(const struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		if (!pc_identity_same_file(h->owners[i].who, h->maker.who))
			return false;
	return true;
}

void pc_fix_inherited(struct pc_verdict *v, const struct pc_holder *h)
{
	fix_owners(v, h);
	/* fork() copies descriptors whatever their flags are. */
	if (!all_forked(h))
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("unless it was handed over on purpose: make the listening "
				      "socket close-on-exec (SOCK_CLOEXEC at socket(), or "
				      "FD_CLOEXEC), so that programs the server starts do not "
				      "get it"),
			   NULL);
	else
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("have the forked children close the listening socket, or "
				      "end with their parent (PR_SET_PDEATHSIG; under systemd "
				      "KillMode=control-group); close-on-exec does not reach a "
				      "child that was only forked"),
			   NULL);
}

static void fix_users(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("run both as one user: the kernel compares the users who made the "
			      "sockets, %u and %u",
			      h->socket.uid, v->refusal.socket.uid),
		   NULL);
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("or, where a systemd socket unit made the holder, have the service "
			      "take that descriptor (sd_listen_fds) instead of binding itself"),
		   NULL);
}

void pc_fix_reuseport_mismatch(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, ", if it should not have the port");
	pc_fix_reuseaddr(v);
	if (pc_reuseport_of(v, h) == PC_REUSEPORT_USERS)
		fix_users(v, h);
	else
		fix_share(v);
	fix_other_end(v);
}

static bool refused_is_any(const struct pc_verdict *v)
{
	struct pc_side side;

	pc_side_of_requester(&v->refusal, &side);
	return pc_side_is_any(&side);
}

void pc_fix_wildcard(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, ", if it should not have the port");
	pc_fix_reuseaddr(v);
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("have %s bind the addresses it needs instead of any address: two "
			      "different specific addresses do not collide",
			      refused_is_any(v) ? "the refused program" : "the holder"),
		   NULL);
	fix_share(v);
}

/* Which of the two is the [::]; both can be only where that is not the cause. */
static bool refused_is_v6(const struct pc_verdict *v)
{
	struct pc_side side;

	pc_side_of_requester(&v->refusal, &side);
	return side.family == PC_FAMILY_V6 && pc_side_is_any(&side) && !side.v6only;
}

void pc_fix_dual_stack(struct pc_verdict *v, const struct pc_holder *h)
{
	bool refused = refused_is_v6(v);

	pc_fix_stop(v, h, ", if it should not have the port");
	pc_fix_reuseaddr(v);
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("set IPV6_V6ONLY on %s before bind(): it then takes IPv6 alone, and "
			      "both fit",
			      refused ? "the refused socket" : "the holder's socket, [::],"),
		   NULL);
	if (pc_holder_is_own(v, h))
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("or make only the [::] socket: without IPV6_V6ONLY it "
				      "serves IPv4 too"),
			   NULL);
	fix_share(v);
}

void pc_fix_listen_race(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, ", if it should not have the port");
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("leave SO_REUSEADDR off where two may start at once, so that bind() "
			      "is refused to the second; or give one of the two another port or "
			      "another address"),
		   NULL);
	fix_share(v);
}

void pc_fix_place(struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_place place = pc_place_of(v, h);

	if (place == PC_PLACE_ONE_POD)
		pc_fix_add(v, PC_NOW,
			   pc_fix_say("or delete the pod, which ends all of its containers and "
				      "its network namespace; to restart the refused container "
				      "is no help"),
			   NULL);
}
