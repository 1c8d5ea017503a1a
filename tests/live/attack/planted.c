// SPDX-License-Identifier: GPL-2.0-only
/* An unprivileged user plants links and files where the agent is to keep its flight recorder. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/puppet.h"

#define NOBODY 65534
#define PATH_LEN 128

/* A plant of an unprivileged user, where the recorder is to be, in a folder of its own. */
struct io_plant {
	char at[PATH_LEN];
	char to[PATH_LEN]; /* of a link; "": a file of its own, as private as the agent's */
	int error;
};

static void act_plant(void *io)
{
	struct io_plant *a = io;
	int fd = -1;

	unlink(a->at);
	if (a->to[0])
		a->error = symlink(a->to, a->at) ? errno : 0;
	else
		a->error = (fd = open(a->at, O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
}

/* The agent says why it records nothing, and watches. Returns the size of the file to which the recorder could have
 * gone, -1: there is none. */
static long long flight_planted(struct test *t, struct puppet *evil, const char *to,
				const char *says)
{
	struct io_plant plant = { 0 };
	char log[PATH_LEN];
	const char *const argv[] = {
		"agent",  "--config",	   "none", "--log", log, "--flight-recorder",
		plant.at, "--flight-size", "64K",  NULL
	};
	struct monitor *agent;
	struct stat st;

	test_path(t, "theirs/flight", plant.at, PATH_LEN);
	if (to)
		test_path(t, to, plant.to, PATH_LEN);
	puppet_call(evil, act_plant, &plant, sizeof(plant));
	if (plant.error)
		test_abort(t, "stage: %s: %s", plant.at, strerror(plant.error));
	agent = logfile_agent(t, argv, test_path(t, "agent.log", log, PATH_LEN));
	logfile_await_said(t, agent, says);
	if (monitor_stop(t, agent, SIGTERM, 20))
		test_fail(t, "expected 0, got %#x as exit status", agent->status);
	return stat(to ? plant.to : plant.at, &st) ? -1 : (long long)st.st_size;
}

static void scenario_flight_planted(struct test *t)
{
	struct puppet *evil =
		puppet_start_as(t, &(struct puppet_spec){ .name = "evil", .uid = NOBODY });
	char folder[PATH_LEN], roots[PATH_LEN];
	int fd = open(test_path(t, "roots", roots, PATH_LEN), O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	test_path(t, "theirs", folder, PATH_LEN);
	if (fd < 0 || mkdir(folder, 0755) || chown(folder, NOBODY, NOBODY) ||
	    chmod(t->folder, 0755))
		test_abort(t, "stage: %s", strerror(errno));
	close(fd);
	if (flight_planted(t, evil, "roots", "is a symbolic link") != 0)
		test_fail(t, "expected that the file to which the link leads stays empty");
	if (flight_planted(t, evil, "nowhere", "is a symbolic link") != -1)
		test_fail(t, "expected no file where the link leads, got one");
	if (flight_planted(t, evil, NULL, "belongs to another user") != 0)
		test_fail(t, "expected that the other user's file stays empty");
}

const struct scenario cases_attack_planted[] = {
	{ .name = "flight-planted",
	  .run = scenario_flight_planted,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ 0 },
};
