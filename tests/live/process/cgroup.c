// SPDX-License-Identifier: GPL-2.0-only
/* Processes in control groups as systemd, Docker and Kubernetes name them: the verdict names unit,
 * container and pod, and says how to stop the unit. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/group.h"
#include "stage/rule.h"

#define HEX16 "0123456789abcdef"
#define CONTAINER HEX16 HEX16 HEX16 HEX16

#define POD "1b4e28ba_2fa1_11d2_883f_0016d3cca427"
#define POD_SLICE "kubepods-burstable.slice/kubepods-burstable-pod" POD ".slice"

static const char unit_path[] = "/" GROUP_ROOT "/orders.service";
static const char docker_path[] = "/" GROUP_ROOT "/docker-" CONTAINER ".scope";
static const char pod_path[] = "/" GROUP_ROOT "/" POD_SLICE "/cri-containerd-" CONTAINER ".scope";

static void expect_names(const struct spot *s, const char *path, const char *unit,
			 const char *container, const char *pod)
{
	expect_string(s, "cgroup", path);
	expect_string(s, "unit", unit);
	expect_string(s, "container", container);
	expect_string(s, "pod", pod);
}

static void check_group_holder(struct test *t, json_t *line, const char *path, const char *unit,
			       const char *container, const char *pod)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");
	struct spot holder = spot_at(&holders, 0), process = spot_below(&holder, "process");

	expect_names(&process, path, unit, container, pod);
}

static void scenario_unit_container_pod(struct test *t)
{
	struct puppet *orders = puppet_start(t, "orders"), *docker = puppet_start(t, "docker");
	struct puppet *pod = puppet_start(t, "pod");
	struct spot s, at;
	json_t *line;

	group_move(t, unit_path, orders);
	group_move(t, docker_path, docker);
	group_move(t, pod_path, pod);
	monitor_watch(t, NULL);
	stage_listener(orders, 0, "127.0.0.1", 8080);
	stage_listener(pod, 0, "127.0.0.1", 8090);
	stage_refused(docker, 0, "127.0.0.1", 8080, EADDRINUSE);
	stage_refused(docker, 0, "127.0.0.1", 8090, EADDRINUSE);
	line = monitor_line(t, "refusal", docker->pid, 10);
	s = spot_of(t, line);
	at = spot_below(&s, "requester");
	expect_names(&at, docker_path, strrchr(docker_path, '/') + 1, CONTAINER, NULL);
	check_group_holder(t, line, unit_path, "orders.service", NULL, NULL);
	/* The service's manager did not start that process: a name alone stops no unit. */
	if (fixes_with_command(line, "systemctl") || !fixes_with_command(line, "kill "))
		test_fail(t, "expected that the process is stopped, and no unit");
	line = monitor_line(t, "refusal", docker->pid, 10);
	check_group_holder(t, line, pod_path, strrchr(pod_path, '/') + 1, CONTAINER,
			   "1b4e28ba-2fa1-11d2-883f-0016d3cca427");
	puppet_exit(orders);
	puppet_exit(docker);
	puppet_exit(pod);
	group_remove(unit_path);
	group_remove(docker_path);
	group_remove(pod_path);
}

#define HYBRID_V2 "/" GROUP_ROOT "/containerd.service"
#define HYBRID_V1 "/" GROUP_ROOT "/docker/" CONTAINER

/* Docker on a machine with both versions makes its groups in v1 only. In v2 the container stays where its
 * runtime is, and stopping that unit would end all containers. */
static void container_on_hybrid(struct test *t, bool older)
{
	struct puppet *app = puppet_start(t, "app"), *web = puppet_start(t, "web");
	struct prop listener;
	json_t *line;

	group_move(t, HYBRID_V2, app);
	group_move_v1(t, HYBRID_V1, app);
	if (older)
		listener = stage_listener(app, 0, "127.0.0.1", 8080);
	monitor_watch(t, NULL);
	if (!older)
		listener = stage_listener(app, 0, "127.0.0.1", 8080);
	for (int turn = 0; turn < (older ? 1 : 2); turn++) {
		if (turn)
			stage_pass(&listener, web);
		if (turn)
			puppet_exit(app);
		stage_refused(web, 0, "127.0.0.1", 8080, EADDRINUSE);
		line = monitor_line(t, "refusal", web->pid, 10);
		check_group_holder(t, line, HYBRID_V1, NULL, CONTAINER, NULL);
		if (fixes_with_command(line, "systemctl stop"))
			test_fail(t, "a fix stops the unit of the runtime");
	}
	if (older)
		puppet_exit(app);
	group_remove(HYBRID_V2);
	group_remove(HYBRID_V1);
}

static void scenario_container_on_hybrid(struct test *t)
{
	container_on_hybrid(t, false);
}

static void scenario_container_on_hybrid_older(struct test *t)
{
	container_on_hybrid(t, true);
}

/* The programs on a cgroup are those of v2, wherever that is mounted and whatever the group in v1 is. */
static void scenario_hybrid_programs(struct test *t)
{
	struct puppet *app = puppet_start(t, "app");
	char folder[1024], command[1200];
	json_t *line;

	group_move(t, HYBRID_V2, app);
	group_move_v1(t, HYBRID_V1, app);
	if (group_folder(HYBRID_V2, folder, sizeof(folder)) || rule_deny_cgroup(folder, 0))
		test_abort(t, "stage: no program on %s", folder);
	monitor_watch(t, NULL);
	stage_refused(app, 0, "127.0.0.1", 8080, EPERM);
	line = monitor_line(t, "refusal", app->pid, 10);
	snprintf(command, sizeof(command), "bpftool cgroup show %s effective", folder);
	if (!fixes_with_command(line, command))
		test_fail(t, "expected the command \"%s\"", command);
	fixes_run(t, line, "bpftool cgroup show");
	puppet_exit(app);
	group_remove(HYBRID_V2);
	group_remove(HYBRID_V1);
}

const struct scenario cases_process_cgroup[] = {
	{ .name = "unit-container-pod", .run = scenario_unit_container_pod, .where = EACH_KERNEL },
	{ .name = "container-on-hybrid", .run = scenario_container_on_hybrid, .where = NATIVE },
	{ .name = "container-on-hybrid-older",
	  .run = scenario_container_on_hybrid_older,
	  .watch = WATCH_OWN,
	  .where = NATIVE },
	{ .name = "hybrid-programs", .run = scenario_hybrid_programs, .where = NATIVE },
	{ 0 },
};
