// SPDX-License-Identifier: GPL-2.0-only
/* Verdicts about containers: two containers of one pod, two pods on the host's network, a container
 * beside a process of the host. */
#include <errno.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/group.h"

#define PORT 8080
#define HEX16 "0123456789abcdef"
#define ONE HEX16 HEX16 HEX16 HEX16
#define TWO "fedcba98" HEX16 HEX16 HEX16 "76543210"
#define SLICE "/" GROUP_ROOT "/kubepods-burstable.slice/kubepods-burstable-pod"
#define POD SLICE "1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice"
#define OTHER_POD SLICE "2b4e28ba_2fa1_11d2_883f_0016d3cca427.slice"

static const char one_path[] = POD "/cri-containerd-" ONE ".scope";
static const char two_path[] = POD "/cri-containerd-" TWO ".scope";
static const char other_path[] = OTHER_POD "/crio-" TWO ".scope";
static const char docker_path[] = "/" GROUP_ROOT "/docker-" TWO ".scope";

struct cast {
	struct puppet *holder;
	struct puppet *web;
	json_t *line;
};

/* `watch_here`: the monitor runs in the namespace of the refusal, as on the host. */
static void collide_in_containers(struct test *t, struct cast *c, const char *holder,
				  const char *web, bool watch_here)
{
	static const char *const argv[] = { "trace", "--json", NULL };

	c->holder = puppet_start(t, "holder");
	c->web = puppet_start(t, "web");
	if (holder)
		group_move(t, holder, c->holder);
	group_move(t, web, c->web);
	monitor_watch_as(t, &(struct monitor_spec){ .argv = argv, .in_space = watch_here });
	stage_listener(c->holder, 0, "0.0.0.0", PORT);
	stage_refused(c->web, 0, "0.0.0.0", PORT, EADDRINUSE);
	c->line = verdict_take(c->web);
}

static void tidy(struct cast *c, const char *holder, const char *web)
{
	puppet_exit(c->holder);
	puppet_exit(c->web);
	if (holder)
		group_remove(holder);
	group_remove(web);
}

static void expect_place(struct test *t, struct cast *c, const char *says, bool delete_pod)
{
	struct spot s = spot_of(t, c->line);
	bool found = false;
	json_t *fix;
	size_t i;

	expect_string(&s, "cause", "listener");
	expect_contains(&s, "explanation", says);
	json_array_foreach(json_object_get(c->line, "fixes"), i, fix) found |=
		strstr(json_string_value(json_object_get(fix, "what")), "delete the pod") != NULL;
	if (found != delete_pod)
		test_fail(t, "expected %s to delete the pod",
			  delete_pod ? "the advice" : "no advice");
}

/* A side-car has the port: however often the refused container is started again, it stays. */
static void scenario_containers_of_one_pod(struct test *t)
{
	struct cast c;

	collide_in_containers(t, &c, two_path, one_path, false);
	expect_place(
		t, &c,
		"the refused process is in container 0123456789ab, the holder in container fedcba980123, both of pod 1b4e28ba-2fa1-11d2-883f-0016d3cca427",
		true);
	tidy(&c, two_path, one_path);
}

static void scenario_pods_on_the_host_network(struct test *t)
{
	struct cast c;

	collide_in_containers(t, &c, other_path, one_path, true);
	expect_place(
		t, &c,
		"container 0123456789ab of pod 1b4e28ba-2fa1-11d2-883f-0016d3cca427, the holder in container fedcba980123 of pod 2b4e28ba-2fa1-11d2-883f-0016d3cca427, and both use the host's network namespace",
		false);
	tidy(&c, other_path, one_path);
}

static void scenario_container_beside_host(struct test *t)
{
	struct cast c;

	collide_in_containers(t, &c, NULL, docker_path, true);
	expect_place(
		t, &c,
		"in container fedcba980123, the holder in no container, and both use the host's network namespace",
		false);
	tidy(&c, NULL, docker_path);
}

static void scenario_containers_sharing_a_namespace(struct test *t)
{
	struct cast c;

	collide_in_containers(t, &c, one_path, docker_path, false);
	expect_place(t, &c, "no restart of the refused one ends the holder", false);
	tidy(&c, one_path, docker_path);
}

const struct scenario cases_cause_container[] = {
	{ .name = "containers-of-one-pod",
	  .run = scenario_containers_of_one_pod,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "pods-on-the-host-network",
	  .run = scenario_pods_on_the_host_network,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "container-beside-host",
	  .run = scenario_container_beside_host,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ .name = "containers-sharing-a-namespace",
	  .run = scenario_containers_sharing_a_namespace,
	  .where = EACH_KERNEL,
	  .watch = WATCH_OWN },
	{ 0 },
};
