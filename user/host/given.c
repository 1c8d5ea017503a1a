// SPDX-License-Identifier: GPL-2.0-only
/* The names of containers and pods: a small cache before the files, and a budget for reading those. */
#include "host/given.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "core/process/given_names.h"

#define ID_LEN 64

struct given_entry {
	char *container; /* NULL: free */
	struct pc_given_names names;
	uint64_t read_ns;
	uint64_t asked_ns;
};

struct pc_given {
	struct pc_given_place place;
	struct given_entry kept[PC_GIVEN_KEPT];
	uint64_t second_ns; /* when the present second of the budget began */
	uint64_t spent;	    /* bytes, in it */
	uint64_t skipped;   /* looks for which no budget was left */
};

struct pc_given *pc_given_new(const struct pc_given_place *place)
{
	struct pc_given *g = calloc(1, sizeof(*g));

	if (g)
		g->place = *place;
	return g;
}

static void given_forget(struct given_entry *e)
{
	free(e->container);
	pc_given_free(&e->names);
	*e = (struct given_entry){ 0 };
}

void pc_given_free_all(struct pc_given *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < PC_GIVEN_KEPT; i++)
		given_forget(&g->kept[i]);
	free(g);
}

/* The container's entry, or the one to be used for it: free, or asked for longest ago. */
static struct given_entry *given_find(struct pc_given *g, const char *container)
{
	struct given_entry *oldest = &g->kept[0];

	for (size_t i = 0; i < PC_GIVEN_KEPT; i++) {
		struct given_entry *e = &g->kept[i];

		if (e->container && !strcmp(e->container, container))
			return e;
		if (e->asked_ns < oldest->asked_ns)
			oldest = e;
	}
	return oldest;
}

static bool given_is_fresh(const struct given_entry *e, const char *container, uint64_t now_ns)
{
	uint64_t keep = e->names.container || e->names.pod ? PC_GIVEN_FOUND_NS : PC_GIVEN_MISSED_NS;

	return e->container && !strcmp(e->container, container) && now_ns - e->read_ns < keep;
}

static bool may_spend(struct pc_given *g, uint64_t now_ns)
{
	if (!g->second_ns || now_ns - g->second_ns >= PC_NS_PER_SECOND) {
		g->second_ns = now_ns;
		g->spent = 0;
	}
	return g->spent < PC_GIVEN_BYTES_PER_SECOND;
}

static int given_look(struct pc_given *g, struct given_entry *e, uint64_t now_ns,
		      const struct pc_identity *who)
{
	if (!may_spend(g, now_ns)) {
		g->skipped++;
		return -EAGAIN;
	}
	given_forget(e);
	e->container = strdup(who->container);
	if (!e->container)
		return -ENOMEM;
	e->read_ns = now_ns;
	pc_given_files_read(&g->place, who->container, who->pod, &e->names, &g->spent);
	return 0;
}

uint64_t pc_given_skipped(const struct pc_given *g)
{
	return g ? g->skipped : 0;
}

/* Runtimes that keep such files name containers by 64 digits; other ids are names themselves. The id becomes
 * part of a path. */
static bool has_files(const struct pc_identity *who)
{
	return who->container && who->container_word != PC_WORD_USER &&
	       strlen(who->container) == ID_LEN &&
	       strspn(who->container, "0123456789abcdef") == ID_LEN;
}

int pc_given_fill(struct pc_given *g, uint64_t now_ns, struct pc_identity *who)
{
	struct pc_given_names copy;
	struct given_entry *e;
	int err = 0;

	if (!has_files(who))
		return 0;
	e = given_find(g, who->container);
	if (!given_is_fresh(e, who->container, now_ns))
		err = given_look(g, e, now_ns, who);
	if (!err)
		err = pc_given_copy(&e->names, &copy);
	if (err)
		return err;
	e->asked_ns = now_ns;
	pc_given_add(&copy, who);
	return 0;
}
