// SPDX-License-Identifier: GPL-2.0-only
/* Processes in control groups as systemd, Docker and Kubernetes name them: the verdict says
 * which unit, container and pod, and how to stop the unit. */
#include <errno.h>
#include <string.h>

#include "cases.h"
#include "group.h"
#include "monitor.h"
#include "verdict.h"

#define HEX16 "0123456789abcdef"
#define CONTAINER HEX16 HEX16 HEX16 HEX16

static const char unit_path[] = "/" GROUP_ROOT "/orders.service";
static const char docker_path[] = "/" GROUP_ROOT "/docker-" CONTAINER ".scope";
static const char pod_path[] =
	"/" GROUP_ROOT "/kubepods-burstable.slice/kubepods-burstable-pod"
	"1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/cri-containerd-" CONTAINER ".scope";

static void expect_names(const struct spot *s, const char *path, const char *unit,
			 const char *container, const char *pod)
{
	expect_string(s, "cgroup", path);
	expect_string(s, "unit", unit);
	expect_string(s, "container", container);
	expect_string(s, "pod", pod);
}

static void check_holder(struct test *t, json_t *line, const char *path, const char *unit,
			 const char *container, const char *pod)
{
	struct spot s = spot_of(t, line), holders = spot_below(&s, "holders");
	struct spot holder = spot_at(&holders, 0), process = spot_below(&holder, "process");

	expect_names(&process, path, unit, container, pod);
}

static void named(struct test *t)
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
	check_holder(t, line, unit_path, "orders.service", NULL, NULL);
	if (!fixes_with_command(line, "systemctl stop orders.service"))
		test_fail(t, "expected the command \"systemctl stop orders.service\"");
	line = monitor_line(t, "refusal", docker->pid, 10);
	check_holder(t, line, pod_path, strrchr(pod_path, '/') + 1, CONTAINER,
		     "1b4e28ba-2fa1-11d2-883f-0016d3cca427");
	puppet_exit(orders);
	puppet_exit(docker);
	puppet_exit(pod);
	group_remove(unit_path);
	group_remove(docker_path);
	group_remove(pod_path);
}

const struct scenario cases_cgroup[] = {
	{ .name = "unit-container-pod", .run = named, .where = EACH_KERNEL },
	{ 0 },
};
