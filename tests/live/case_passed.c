// SPDX-License-Identifier: GPL-2.0-only
/* The process that made the connection has exited and left its descriptor to another: both are
 * named, each for what it is. */
#include "cases.h"
#include "heir.h"
#include "theft.h"
#include "truth.h"

static void check_exited(struct test *t, struct theft *c, const struct puppet *heir, int fd)
{
	struct truth truth;

	puppet_exit(c->client);
	theft_refuse(c);
	truth = truth_client(&c->attempt, &c->out, c->backend);
	truth_inherited(&truth, heir, fd);
	verdict_check(t, &truth);
}

static void inherited(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet heir = heir_fork(c.client, false);

	check_exited(t, &c, &heir, c.out.fd);
}

static void passed(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);

	check_exited(t, &c, heir, copy.fd);
}

/* Both still have it open. */
static void shared(struct test *t)
{
	struct theft c = theft_watched(t, 0, 0);
	struct puppet *heir = puppet_start(t, "heir");
	struct prop copy = stage_pass(&c.out, heir);
	struct truth truth;

	theft_refuse(&c);
	truth = truth_client(&c.attempt, &c.out, c.backend);
	truth.stop = NULL;
	truth.holders[0].owners[1] = (struct true_owner){ heir, copy.fd };
	verdict_check(t, &truth);
}

/* The maker still runs, but has only the other one's word for it: it closed its copy. */
static void handed_over(struct test *t)
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

const struct scenario cases_passed[] = {
	{ .name = "maker-exited-inherited", .run = inherited, .where = EACH_KERNEL },
	{ .name = "maker-exited-passed", .run = passed, .where = EACH_KERNEL },
	{ .name = "two-owners", .run = shared, .where = EACH_KERNEL },
	{ .name = "maker-handed-over", .run = handed_over, .where = EACH_KERNEL },
	{ 0 },
};
