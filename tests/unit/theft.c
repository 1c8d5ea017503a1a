// SPDX-License-Identifier: GPL-2.0-only
/* A staged theft on a fake kernel side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "theft.h"

const struct pc_holder *theft_holder(const struct fake *f, unsigned i)
{
	const struct pc_verdict *v = &f->verdicts[i];

	assert_true(i < f->verdicts_count && v->primary >= 0);
	return &v->holders[v->primary];
}

void theft_assert_process(const struct pc_party *party, uint32_t pid, const char *comm)
{
	assert_non_null(party->who);
	assert_int_equal(party->who->key.tgid, pid);
	assert_string_equal(party->who->comm, comm);
}

/* The thief has a connection from port 35000, which the server is refused. */
static void stage_theft(struct theft *t)
{
	t->thief = fake_process(t->f, 100, "thief");
	t->server = fake_process(t->f, 200, "server");
	t->claim = fake_claim(t->thief, 1, 0, PC_HOW_CONNECT);
	t->claim.flags = PC_CLAIM_PORT_LATER;
	t->refusal = fake_refusal(t->server, 35000);
	fake_open(t->f, t->thief, fake_holder(&t->refusal, 1, PC_STATE_ESTABLISHED), 5);
}

struct theft theft_older(void)
{
	struct theft t = { .f = fake_new(NULL) };

	stage_theft(&t);
	fake_start(t.f);
	t.f->owners_count = 1;
	return t;
}

void theft_assert(const struct theft *t)
{
	const struct pc_holder *h = theft_holder(t->f, 0);

	assert_int_equal(t->f->verdicts_count, 1);
	assert_int_equal(t->f->verdicts[0].cause, PC_CAUSE_EPHEMERAL_CLIENT);
	theft_assert_process(&h->claimer, 100, "thief");
	theft_assert_process(&t->f->verdicts[0].requester, 200, "server");
}

/* The thief must not be there at the start, or the inventory would find it. */
struct theft theft_with(const struct pc_join_options *options)
{
	struct theft t = { .f = fake_new(options) };

	fake_start(t.f);
	stage_theft(&t);
	return t;
}

struct theft theft_after_start(void)
{
	return theft_with(NULL);
}

void theft_put(struct theft *t)
{
	fake_put_process(t->f, t->thief);
	fake_put(t->f, &t->claim);
	fake_put_process(t->f, t->server);
	fake_put(t->f, &t->refusal);
}
