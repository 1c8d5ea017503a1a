// SPDX-License-Identifier: GPL-2.0-only
/* The combinations: each holder is staged once, and asked for its port by all. */
#include "matrix.h"

#include <errno.h>
#include <stdlib.h>

/* Address and options: 13 of one, 11 of the others. */
#define BINDERS_MAX 160

struct matrix {
	unsigned sample;
	unsigned holders; /* asked for so far */
	unsigned count;	  /* of each of the following */
	struct holder tcp[BINDERS_MAX];
	struct holder udp[BINDERS_MAX]; /* fd -1: not open */
};

/* The program of a group means nothing without SO_REUSEPORT, and the user little: that is
 * asked for the plain socket only. */
static bool options_of(unsigned bits, struct side *s)
{
	s->reuse = bits & 1;
	s->reuseport = bits >> 1 & 1;
	s->reuseport_cb = bits >> 2 & 1;
	s->uid = bits >> 3 & 1 ? OTHER_UID : 0;
	return s->reuseport || (!s->reuseport_cb && !(s->uid && s->reuse));
}

static void add_binder(struct matrix *m, const struct side *s)
{
	m->tcp[m->count] = m->udp[m->count] = (struct holder){ .side = *s, .fd = -1, .other = -1 };
	m->tcp[m->count].side.kind = KIND_BOUND;
	m->udp[m->count].side.kind = KIND_UDP_BOUND;
	m->count++;
}

static void add_binders(struct matrix *m, struct side *s)
{
	if (!side_can_be(KIND_BOUND, s->family, s->address))
		return;
	for (unsigned bits = 0; bits < 16 && m->count < BINDERS_MAX; bits++)
		if (options_of(bits, s))
			add_binder(m, s);
}

struct matrix *matrix_new(unsigned sample)
{
	struct matrix *m = calloc(1, sizeof(*m));
	struct side s = { .kind = KIND_BOUND };

	if (!m)
		return NULL;
	m->sample = sample;
	for (int family = 0; family < FAMILY_COUNT; family++) {
		for (int address = 0; address < ADDRESS_COUNT; address++) {
			s.family = (enum family)family;
			s.address = (enum address)address;
			add_binders(m, &s);
		}
	}
	return m;
}

static void close_binders(struct matrix *m)
{
	for (unsigned i = 0; i < m->count; i++) {
		holder_close(&m->tcp[i]);
		holder_close(&m->udp[i]);
	}
}

void matrix_free(struct matrix *m)
{
	if (!m)
		return;
	close_binders(m);
	free(m);
}

static int matrix_ask_all_binders(struct matrix *m, struct asker *a, const struct side *s)
{
	struct holder *binders = side_proto(s->kind) == PC_PROTO_UDP ? m->udp : m->tcp;
	struct holder holder;
	int err = holder_stage(&holder, s, &a->space);

	if (err)
		return err;
	for (unsigned i = 0; i < m->count && !err; i++)
		if ((i + m->holders) % m->sample == 0)
			err = ask(a, &holder, &binders[i]);
	m->holders++;
	holder_close(&holder);
	if (a->watch.monitor)
		watch_drop_claims(&a->watch);
	return err;
}

static int ask_all_options(struct matrix *m, struct asker *a, struct side s)
{
	int err = 0;

	if (!side_can_be(s.kind, s.family, s.address))
		return 0;
	for (unsigned bits = 0; bits < 4 && !err; bits++) {
		s.reuse = bits & 1;
		s.reuseport = bits >> 1;
		err = matrix_ask_all_binders(m, a, &s);
	}
	return err;
}

int matrix_ask(struct matrix *m, struct asker *a, enum kind kind)
{
	int err = 0;

	for (int family = 0; family < FAMILY_COUNT; family++) {
		for (int address = 0; address < ADDRESS_COUNT && !err; address++) {
			struct side s = { .kind = kind,
					  .family = (enum family)family,
					  .address = (enum address)address };

			err = ask_all_options(m, a, s);
		}
	}
	close_binders(m); /* they belong to this network namespace */
	return err;
}

static int ask_pair_of_devices(struct asker *a, struct side asking, struct side holding,
			       unsigned devices)
{
	int err = 0;

	for (unsigned i = 0; i < devices * devices && !err; i++) {
		asking.device = (enum device)(i % devices);
		holding.device = (enum device)(i / devices);
		asking.kind = holding.kind = KIND_BOUND;
		err = ask_pair(a, &asking, &holding);
		asking.kind = holding.kind = KIND_UDP_BOUND;
		if (!err)
			err = ask_pair(a, &asking, &holding);
	}
	return err;
}

int matrix_ask_devices(struct asker *a, unsigned devices)
{
	static const struct side sides[] = {
		{ .family = FAMILY_V4, .address = ADDRESS_ANY },
		{ .family = FAMILY_V4, .address = ADDRESS_FIRST },
		{ .family = FAMILY_V6ONLY, .address = ADDRESS_ANY },
		{ .family = FAMILY_DUAL, .address = ADDRESS_ANY },
		{ .family = FAMILY_MAPPED, .address = ADDRESS_ANY },
	};
	const size_t count = sizeof(sides) / sizeof(sides[0]);
	int err = 0;

	for (size_t i = 0; i < count * count && !err; i++)
		err = ask_pair_of_devices(a, sides[i % count], sides[i / count], devices);
	return err;
}
