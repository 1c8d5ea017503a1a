/* SPDX-License-Identifier: GPL-2.0-only */
/* A join with early warnings on a fake side: a client that the kernel gives ports to, and a server
 * that wants one of them. */
#ifndef PORTCLASH_TESTS_SENTRY_H
#define PORTCLASH_TESTS_SENTRY_H

#include "fake_side.h"

#define SENTRY_LISTED 40000 /* protected, and exposed as all ports of the range */
#define SENTRY_OTHER 40100  /* exposed, and not protected */
#define SENTRY_LOW 32768
#define SENTRY_HIGH 60999

struct sentry {
	struct fake *f;
	struct fake_process *client;
	struct fake_process *server;
};

/* Started, with SENTRY_LISTED to SENTRY_LISTED + `count` - 1 protected. */
struct sentry sentry_new(unsigned count);
struct sentry sentry_new_with(const struct pc_join_options *options, unsigned count);

/* The client is given that port: the kernel chooses it during bind(), so that the claim has it. */
void sentry_claim(struct sentry *g, uint64_t cookie, uint16_t port);

/* The client is given that port at connect(): the claim comes without the port, the ends with it. */
void sentry_connect(struct sentry *g, uint64_t cookie, uint16_t port);

/* The server binds the port by number; the listener of that cookie ends. */
void sentry_bind(struct sentry *g, uint64_t cookie, uint16_t port);
void sentry_end(struct sentry *g, uint64_t cookie, uint16_t port);

/* Will claims of this port be followed by their ends? */
bool sentry_is_marked(const struct sentry *g, uint16_t port);

/* Was that process warned of for that port, in the warning with that number? */
void sentry_assert(const struct sentry *g, unsigned i, uint16_t port, const struct fake_process *p);

#endif
