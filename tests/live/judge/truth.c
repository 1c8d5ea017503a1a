// SPDX-License-Identifier: GPL-2.0-only
/* The truths that many scenarios have in common. */
#include "judge/truth.h"

struct true_holder truth_holder(const struct prop *p, const char *state, const char *how)
{
	return (struct true_holder){
		.socket = p,
		.state = state,
		.how = how,
		.process = &p->by->who,
		.owners = { { p->by, p->fd } },
	};
}

struct truth truth_held(const struct attempt *a, const char *cause, unsigned fixes,
			const struct prop *p, const char *state, const char *how)
{
	return (struct truth){
		.attempt = a,
		.cause = cause,
		.fixes = fixes,
		.stop = p->by,
		.holders = { truth_holder(p, state, how) },
	};
}

struct truth truth_listener(const struct attempt *a, const struct prop *listener)
{
	return truth_held(a, "listener", FIX_STOP | FIX_REUSEPORT, listener, "LISTEN", "bind");
}

struct truth truth_client(const struct attempt *a, const struct prop *out,
			  const struct puppet *peer)
{
	struct truth truth =
		truth_held(a, "ephemeral-client", FIX_THEFT, out, "ESTABLISHED", "connect");

	truth.holders[0].peer = peer;
	return truth;
}

struct truth truth_orphan(const struct attempt *a, const struct prop *out, const char *state,
			  const struct puppet *peer)
{
	return (struct truth){
		.attempt = a,
		.cause = "ephemeral-client",
		.fixes = FIX_CUT | FIX_RESERVE | FIX_OTHER_PORT,
		.holders = { {
			.socket = out,
			.state = state,
			.how = "connect",
			.process = &out->by->who,
			.gone = true,
			.note = "nobody has the socket open",
			.peer = peer,
		} },
	};
}

struct truth truth_ephemeral_bind(const struct attempt *a, const struct prop *p, const char *how)
{
	return truth_held(a, "ephemeral-bind", FIX_CLIENT, p, "CLOSE", how);
}

void truth_passed(struct truth *truth, const struct puppet *heir, int fd)
{
	truth->stop = heir;
	truth->holders[0].owners[0] = (struct true_owner){ heir, fd };
}

void truth_inherited(struct truth *truth, const struct puppet *heir, int fd)
{
	truth_passed(truth, heir, fd);
	truth->holders[0].gone = true;
	truth->holders[0].note = "has exited";
}

json_t *truth_check_listener(struct test *t, const struct attempt *a, const struct prop *listener)
{
	struct truth truth = truth_listener(a, listener);

	return verdict_check(t, &truth);
}

json_t *truth_check_client(struct test *t, const struct attempt *a, const struct prop *out,
			   const struct puppet *peer)
{
	struct truth truth = truth_client(a, out, peer);

	return verdict_check(t, &truth);
}
