// SPDX-License-Identifier: GPL-2.0-only
/* A collision each second, for `make bench-real`, until the input says that it is enough. At the end of the input, the monitor's
 * file of JSON lines is judged: is each collision named, field by field, exactly once? */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collision.h"

#define COLLISIONS_MAX 600
#define PAUSE_MS 1000
#define FIRST_PAUSE_MS 200 /* a short run has one, too */

struct collide_sums {
	unsigned right;
	unsigned incomplete;
	unsigned missing;
	unsigned wrong; /* or more verdicts than one */
};

/* Returns how many were staged; `first` numbers them among those of other runs. */
static unsigned stage_until_told(struct collision *collisions, unsigned first, unsigned *ret_failed)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	unsigned staged = 0;
	int pause = FIRST_PAUSE_MS;

	for (; staged + *ret_failed < COLLISIONS_MAX && poll(&in, 1, pause) == 0;
	     pause = PAUSE_MS) {
		int err = collision_stage(&collisions[staged], first + staged + *ret_failed);

		if (err)
			fprintf(stderr, "collide: a collision could not be staged: %s\n",
				strerror(-err));
		*(err ? ret_failed : &staged) += 1;
	}
	return staged;
}

static struct collide_sums add_up_collisions(const struct collision *collisions, unsigned staged)
{
	struct collide_sums sums = { 0 };

	for (unsigned i = 0; i < staged; i++) {
		const struct collision *c = &collisions[i];

		if (c->wrong || c->named > 1)
			sums.wrong++;
		else if (c->incomplete)
			sums.incomplete++;
		else if (c->named)
			sums.right++;
		else
			sums.missing++;
	}
	return sums;
}

/* Waits for the end of the input, when the file is complete. */
static void await_end_of_input(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	static struct collision collisions[COLLISIONS_MAX];
	unsigned first = 0, failed = 0, staged;
	struct collide_sums sums;

	if (argc != 3 || sscanf(argv[1], "%u", &first) != 1) {
		fprintf(stderr, "usage: collide FIRST FILE <INPUT\n");
		return 2;
	}
	staged = stage_until_told(collisions, first, &failed);
	printf("%u staged, %u not\n", staged, failed);
	fflush(stdout);
	await_end_of_input();
	if (collision_judge(argv[2], collisions, staged) < 0) {
		fprintf(stderr, "collide: cannot read %s\n", argv[2]);
		return 1;
	}
	sums = add_up_collisions(collisions, staged);
	printf("%u right, %u incomplete, %u missing, %u wrong\n", sums.right, sums.incomplete,
	       sums.missing, sums.wrong);
	return 0;
}
