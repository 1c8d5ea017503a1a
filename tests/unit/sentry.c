// SPDX-License-Identifier: GPL-2.0-only
/* A join with early warnings on a fake side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/ports.h"
#include "sentry.h"

struct sentry sentry_new_with(const struct pc_join_options *options, unsigned count)
{
	uint64_t listed[PC_PORT_WORDS] = { 0 };
	struct pc_join_options o = *options;
	struct sentry g;

	for (unsigned i = 0; i < count; i++)
		pc_ports_add(listed, (uint16_t)(SENTRY_LISTED + i));
	o.protect = listed;
	g.f = fake_new(&o);
	g.f->settings =
		(struct pc_netns_settings){ .known = true, .low = SENTRY_LOW, .high = SENTRY_HIGH };
	pc_join_inventory(g.f->join, g.f->now_ns, false);
	pc_join_protect_start(g.f->join, g.f->now_ns);
	pc_join_inventory(g.f->join, g.f->now_ns, true);
	g.client = fake_process(g.f, 100, "client");
	g.server = fake_process(g.f, 200, "server");
	return g;
}

struct sentry sentry_new(unsigned count)
{
	return sentry_new_with(&(struct pc_join_options){ 0 }, count);
}

void sentry_claim(struct sentry *g, uint64_t cookie, uint16_t port)
{
	struct pc_claim_record c = fake_claim(g->client, cookie, port, PC_HOW_BIND_ZERO);

	fake_put(g->f, &c);
}

void sentry_connect(struct sentry *g, uint64_t cookie, uint16_t port)
{
	struct pc_claim_record c = fake_claim(g->client, cookie, 0, PC_HOW_CONNECT);
	struct pc_endpoints_record e = fake_ends(cookie, port);

	c.flags = PC_CLAIM_PORT_LATER;
	fake_put(g->f, &c);
	fake_put(g->f, &e);
}

void sentry_bind(struct sentry *g, uint64_t cookie, uint16_t port)
{
	struct pc_claim_record c = fake_claim(g->server, cookie, port, PC_HOW_BIND);

	fake_put(g->f, &c);
}

void sentry_end(struct sentry *g, uint64_t cookie, uint16_t port)
{
	struct pc_endpoints_record e = fake_ended(cookie, port);

	fake_put(g->f, &e);
}

bool sentry_is_marked(const struct sentry *g, uint16_t port)
{
	return pc_ports_has(g->f->protected, port);
}

void sentry_assert(const struct sentry *g, unsigned i, uint16_t port, const struct fake_process *p)
{
	const struct pc_warning *w = &g->f->warnings[i];

	assert_true(i < g->f->warnings_count);
	assert_int_equal(w->claim.port, port);
	assert_non_null(w->claim.claimer.who);
	assert_int_equal(w->claim.claimer.who->key.start_ns, p->key.start_ns);
	assert_int_equal(w->claim.claimer.key.tgid, p->key.tgid);
	assert_string_equal(w->claim.claimer.comm, p->comm);
}
