// SPDX-License-Identifier: GPL-2.0-only
/* The process that made the connection has exited and left its descriptor to another: both are
 * named, each for what it is. */
#include "judge/truth.h"
#include "run/cases.h"
#include "stage/heir.h"
#include "stage/theft.h"

static void check_exited(struct test *t, struct theft *c, const struct puppet *heir, int fd)
{
	struct truth truth;

	puppet_exit(c->client);
	theft_refuse(c);
	truth = truth_client(&c->attempt, &c->out, c->backend);
	truth_inherited(&truth, heir, fd);
	verdict_check(t, &truth);
}

static void scenario_claimer_exited_inherited(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet heir = heir_fork(c.client, false);

	check_exited(t, &c, &heir, c.out.fd);
}

static void scenario_claimer_exited_passed(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);

	check_exited(t, &c, heir, copy.fd);
}

/* Both processes still have the connection open. */
static void scenario_two_owners(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);
	struct truth truth;

	theft_refuse(&c);
	truth = truth_client(&c.attempt, &c.out, c.backend);
	truth.stop = NULL;
	truth.fixes = FIX_CLIENT;
	truth.holders[0].owners[1] = (struct true_owner){ heir, copy.fd };
	verdict_check(t, &truth);
}

/* The claimer of the connection still runs, but has closed its own copy. */
static void scenario_claimer_handed_over(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);
	struct truth truth;

	stage_close(&c.out);
	theft_refuse(&c);
	truth = truth_client(&c.attempt, &c.out, c.backend);
	truth_passed(&truth, heir, copy.fd);
	verdict_check(t, &truth);
}

const struct scenario cases_process_passed_on[] = {
	{ .name = "claimer-exited-inherited",
	  .run = scenario_claimer_exited_inherited,
	  .where = EACH_KERNEL },
	{ .name = "claimer-exited-passed",
	  .run = scenario_claimer_exited_passed,
	  .where = EACH_KERNEL },
	{ .name = "two-owners", .run = scenario_two_owners, .where = EACH_KERNEL },
	{ .name = "claimer-handed-over",
	  .run = scenario_claimer_handed_over,
	  .where = EACH_KERNEL },
	{ 0 },
};
