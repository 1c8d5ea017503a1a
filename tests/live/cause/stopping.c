// SPDX-License-Identifier: GPL-2.0-only
/* The advice stops the holder alone, and never what the holder or a user only calls it. Each command that
 * is printed is run, and the port is free after it. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/footprint.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/binary.h"
#include "stage/group.h"

#define PORT 8080
#define NOBODY 65534
#define HEX16 "0123456789abcdef"
#define ID HEX16 HEX16 HEX16 HEX16
#define ROOT "/" GROUP_ROOT

static json_t *stopping_verdict(struct test *t, struct puppet *holder, struct puppet *web)
{
	monitor_watch(t, NULL);
	stage_listener(holder, 0, "0.0.0.0", PORT);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	return verdict_take(web);
}

static void expect_no_command(struct test *t, json_t *line, const char *part)
{
	json_t *fix = fixes_with_command(line, part);

	if (fix)
		test_fail(t, "expected no command with \"%s\", got \"%s\"", part,
			  json_string_value(json_object_get(fix, "command")));
}

static void expect_explained(struct test *t, json_t *line, const char *words)
{
	struct spot s = spot_of(t, line);

	expect_contains(&s, "explanation", words);
}

/* A process that is only in the cgroup: the unit is not stopped, the process is, and that helps. */
static void stop_in_group(struct test *t, const char *path, uid_t uid, const char *name)
{
	struct puppet *web = puppet_start(t, "web");
	struct puppet *holder =
		puppet_start_as(t, &(struct puppet_spec){ .name = name, .uid = uid });
	json_t *line;

	group_move(t, path, holder);
	line = stopping_verdict(t, holder, web);
	expect_no_command(t, line, "systemctl");
	expect_no_command(t, line, "docker");
	fixes_run(t, line, "kill ");
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
	puppet_exit(holder);
	group_remove(path);
}

static void scenario_stray_of_ssh(struct test *t)
{
	stop_in_group(t, ROOT "/ssh.service", 0, "api");
}

static void scenario_stray_of_unit(struct test *t)
{
	stop_in_group(t, ROOT "/orders.service", 0, "api");
}

static void scenario_user_names_a_unit(struct test *t)
{
	stop_in_group(t, ROOT "/user@65534.service/nginx.service", NOBODY, "api");
}

static void scenario_user_names_a_container(struct test *t)
{
	stop_in_group(t, ROOT "/user@65534.service/docker-" ID ".scope", NOBODY, "api");
}

static void scenario_unit_names_a_container(struct test *t)
{
	stop_in_group(t, ROOT "/own.service/docker-" ID ".scope", NOBODY, "api");
}

static void scenario_user_names_a_proxy(struct test *t)
{
	stop_in_group(t, ROOT "/session-7.scope", NOBODY, "docker-proxy");
}

/* The container is the system's own word here: stopping it is the advice, its first process is not. */
static void scenario_stop_a_container(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct puppet *holder =
		puppet_start_as(t, &(struct puppet_spec){ .name = "nginx", .flags = CLONE_NEWPID });
	json_t *line;

	group_move(t, ROOT "/docker-" ID ".scope", holder);
	line = stopping_verdict(t, holder, web);
	expect_no_command(t, line, "kill");
	if (!fixes_with_command(line, "docker stop 0123456789ab"))
		test_fail(t, "expected the command \"docker stop 0123456789ab\"");
	puppet_exit(holder);
	group_remove(ROOT "/docker-" ID ".scope");
}

/* SIGTERM does nothing to the first process of a pid namespace that does not handle it. */
static void scenario_first_of_a_container(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct puppet *holder =
		puppet_start_as(t, &(struct puppet_spec){ .name = "nginx", .flags = CLONE_NEWPID });
	json_t *line;

	group_move(t, ROOT "/" ID, holder);
	line = stopping_verdict(t, holder, web);
	expect_no_command(t, line, "kill");
	expect_no_command(t, line, "stop");
	puppet_exit(holder);
	group_remove(ROOT "/" ID);
}

#define FOR_CONTAINER "-container-ip 172.17.0.2 -container-port 80"

static struct puppet *proxy_start(struct test *t, const char *name)
{
	static char path[256];

	return puppet_start_as(
		t, &(struct puppet_spec){ .name = name,
					  .exe = binary_copy(t, name, path, sizeof(path)),
					  .argument = FOR_CONTAINER });
}

static void scenario_docker_proxy_holds(struct test *t)
{
	struct puppet *proxy = proxy_start(t, "docker-proxy"), *web = puppet_start(t, "web");
	json_t *line = stopping_verdict(t, proxy, web);

	expect_no_command(t, line, "kill");
	expect_explained(t, line, "holds the port for a container, 172.17.0.2 port 80");
	if (!fixes_with_command(line, "docker ps --filter publish=8080/tcp") ||
	    !fixes_with_command(line,
				"docker ps -q --filter publish=8080/tcp | xargs -r docker stop"))
		test_fail(t, "expected the commands that find and stop the container");
}

static void scenario_docker_proxy_refused(struct test *t)
{
	struct puppet *proxy = proxy_start(t, "docker-proxy"), *api = puppet_start(t, "api");
	json_t *line = stopping_verdict(t, api, proxy);

	expect_explained(t, line, "asked for a container, 172.17.0.2 port 80");
	fixes_run(t, line, "kill ");
	fixes_expect_free(proxy, 0, "0.0.0.0", PORT);
}

/* The same file and arguments, run by somebody else: only a name. */
static void scenario_docker_proxy_of_nobody(struct test *t)
{
	struct puppet *proxy = proxy_start(t, "docker-proxy"), *web = puppet_start(t, "web");
	json_t *line;

	puppet_become(proxy, NOBODY);
	line = stopping_verdict(t, proxy, web);
	expect_no_command(t, line, "docker");
	fixes_run(t, line, "kill ");
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

/* SIGTERM waits until a stopped process goes on. */
static void scenario_stop_a_stopped(struct test *t)
{
	struct puppet *holder = puppet_start(t, "api"), *web = puppet_start(t, "web");

	monitor_watch(t, NULL);
	stage_listener(holder, 0, "0.0.0.0", PORT);
	footprint_stop(t, holder->pid);
	stage_refused(web, 0, "0.0.0.0", PORT, EADDRINUSE);
	fixes_run(t, verdict_take(web), "kill -CONT ");
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

static void act_ignore_term(void *io)
{
	(void)io;
	signal(SIGTERM, SIG_IGN);
}

static void scenario_stop_one_that_ignores(struct test *t)
{
	struct puppet *holder = puppet_start(t, "api"), *web = puppet_start(t, "web");
	char unused = 0;

	puppet_call(holder, act_ignore_term, &unused, sizeof(unused));
	fixes_run(t, stopping_verdict(t, holder, web), "kill -KILL ");
	fixes_expect_free(web, 0, "0.0.0.0", PORT);
}

const struct scenario cases_cause_stopping[] = {
	{ .name = "stop-a-stopped", .run = scenario_stop_a_stopped, .where = ONCE },
	{ .name = "stop-one-that-ignores", .run = scenario_stop_one_that_ignores, .where = ONCE },
	{ .name = "stray-of-ssh", .run = scenario_stray_of_ssh, .where = EACH_KERNEL },
	{ .name = "stray-of-unit", .run = scenario_stray_of_unit, .where = EACH_KERNEL },
	{ .name = "user-names-a-unit", .run = scenario_user_names_a_unit, .where = EACH_KERNEL },
	{ .name = "user-names-a-container",
	  .run = scenario_user_names_a_container,
	  .where = EACH_KERNEL },
	{ .name = "unit-names-a-container",
	  .run = scenario_unit_names_a_container,
	  .where = EACH_KERNEL },
	{ .name = "user-names-a-proxy", .run = scenario_user_names_a_proxy, .where = EACH_KERNEL },
	{ .name = "stop-a-container", .run = scenario_stop_a_container, .where = EACH_KERNEL },
	{ .name = "first-of-a-container",
	  .run = scenario_first_of_a_container,
	  .where = EACH_KERNEL },
	{ .name = "docker-proxy-holds", .run = scenario_docker_proxy_holds, .where = EACH_KERNEL },
	{ .name = "docker-proxy-refused",
	  .run = scenario_docker_proxy_refused,
	  .where = EACH_KERNEL },
	{ .name = "docker-proxy-of-nobody",
	  .run = scenario_docker_proxy_of_nobody,
	  .where = EACH_KERNEL },
	{ 0 },
};
