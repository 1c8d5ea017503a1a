// SPDX-License-Identifier: GPL-2.0-only
/* Processes in control groups as systemd, Docker and Kubernetes name them: the verdict says
 * which unit, container and pod, and how to stop the unit. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "monitor.h"
#include "verdict.h"

#define ROOT "portclash-live.slice"
#define HEX16 "0123456789abcdef"
#define CONTAINER HEX16 HEX16 HEX16 HEX16

static const char unit_path[] = "/" ROOT "/orders.service";
static const char docker_path[] = "/" ROOT "/docker-" CONTAINER ".scope";
static const char pod_path[] =
	"/" ROOT "/kubepods-burstable.slice/kubepods-burstable-pod"
	"1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/cri-containerd-" CONTAINER ".scope";

/* Where cgroup v2 is mounted: an empty text when it is not. */
static void find_mount(char *out, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[1024], where[512], type[64];

	out[0] = '\0';
	while (mounts && !out[0] && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %511s %63s", where, type) == 2 && !strcmp(type, "cgroup2"))
			snprintf(out, size, "%s", where);
	if (mounts)
		fclose(mounts);
}

/* Makes all folders on the way, or removes them from the leaf up as far as they are empty. */
static int each_folder(const char *mount, const char *path, bool make)
{
	char full[1024];
	size_t first = strlen(mount) + 1;

	snprintf(full, sizeof(full), "%s%s", mount, path);
	for (size_t i = first; make && full[i]; i++) {
		if (full[i] != '/')
			continue;
		full[i] = '\0';
		if (mkdir(full, 0755) && errno != EEXIST)
			return -errno;
		full[i] = '/';
	}
	if (make)
		return mkdir(full, 0755) && errno != EEXIST ? -errno : 0;
	while (strlen(full) > first && !rmdir(full))
		*strrchr(full, '/') = '\0';
	return 0;
}

static void move(struct test *t, const char *mount, const char *path, struct puppet *p)
{
	char file[1024], pid[16];
	int err = each_folder(mount, path, true), fd;

	snprintf(file, sizeof(file), "%s%s/cgroup.procs", mount, path);
	snprintf(pid, sizeof(pid), "%d", p->pid);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (err || fd < 0 || write(fd, pid, strlen(pid)) < 0) {
		each_folder(mount, path, false);
		test_skip(t, "no control group can be made here: %s", strerror(err ? -err : errno));
	}
	close(fd);
}

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
	char mount[512];

	find_mount(mount, sizeof(mount));
	if (!mount[0])
		test_skip(t, "cgroup v2 is not mounted here");
	move(t, mount, unit_path, orders);
	move(t, mount, docker_path, docker);
	move(t, mount, pod_path, pod);
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
	each_folder(mount, unit_path, false);
	each_folder(mount, docker_path, false);
	each_folder(mount, pod_path, false);
}

const struct scenario cases_cgroup[] = {
	{ .name = "unit-container-pod", .run = named },
	{ 0 },
};
