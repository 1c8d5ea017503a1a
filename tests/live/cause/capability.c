// SPDX-License-Identifier: GPL-2.0-only
/* A capability for a program's file is advised, and helps, where the path is the host's own; the path of a
 * file in another mount namespace names another file here. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/binary.h"
#include "stage/named.h"

#define NOBODY 65534

struct io_file {
	char path[600];
	int error;
};

static json_t *refused_80(struct test *t, struct puppet *web)
{
	json_t *line;
	struct spot s;

	stage_refused(web, 0, "127.0.0.1", 80, EACCES);
	line = verdict_take(web);
	s = spot_of(t, line);
	expect_string(&s, "cause", "privileged-port");
	return line;
}

static void act_begin_anew(void *io)
{
	const struct io_file *a = io;

	execl(a->path, "server", "--puppet", "web", NULL);
	_exit(1);
}

static void scenario_setcap(struct test *t)
{
	struct io_file file = { "", 0 };
	struct puppet *web;
	char command[680];
	json_t *line;

	binary_copy(t, "server", file.path, sizeof(file.path));
	web = puppet_start_as(
		t, &(struct puppet_spec){ .name = "web", .exe = file.path, .uid = NOBODY });
	monitor_watch(t, NULL);
	line = refused_80(t, web);
	snprintf(command, sizeof(command), "setcap cap_net_bind_service=+ep %s", file.path);
	fixes_run(t, line, command);
	puppet_begin(web, act_begin_anew, &file, sizeof(file));
	puppet_identify(web);
	fixes_expect_free(web, 0, "127.0.0.1", 80);
}

static int copy_self(const char *path)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;

	if (in < 0 || out < 0 || fstat(in, &st))
		return errno;
	while (sendfile(out, in, NULL, (size_t)st.st_size) > 0)
		;
	close(in);
	close(out);
	return 0;
}

/* The user could put a link to another program in the place of the folder, before root types the command. */
static void scenario_setcap_users_folder(struct test *t)
{
	struct io_file file = { "", 0 };
	struct puppet *web;
	char folder[512];
	json_t *line;

	named_folder(t, "home", NOBODY, folder);
	snprintf(file.path, sizeof(file.path), "%s/server", folder);
	if (copy_self(file.path))
		test_abort(t, "stage: cannot make %s", file.path);
	web = puppet_start_as(
		t, &(struct puppet_spec){ .name = "web", .exe = file.path, .uid = NOBODY });
	monitor_watch(t, NULL);
	line = refused_80(t, web);
	if (fixes_with_command(line, "setcap"))
		test_fail(t, "expected no setcap on a file that its user can replace");
	fixes_run(t, line, "ip_unprivileged_port_start");
	fixes_expect_free(web, 0, "127.0.0.1", 80);
}

/* A file system of its own: seen from outside, the path of what is in there begins at its root. */
static void act_live_elsewhere(void *io)
{
	struct io_file *a = io;
	char folder[620], path[640];

	snprintf(folder, sizeof(folder), "%s/bin", a->path);
	snprintf(path, sizeof(path), "%s/sh", folder);
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", a->path, "tmpfs", 0, "mode=755") || mkdir(folder, 0755))
		_exit(1);
	if (!copy_self(path))
		execl(path, "sh", "--puppet", "web", NULL);
	_exit(1);
}

static void scenario_setcap_elsewhere(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct io_file place = { "", 0 };
	json_t *line, *fix;

	test_path(t, "elsewhere", place.path, sizeof(place.path));
	if (mkdir(place.path, 0755))
		test_abort(t, "stage: cannot make %s: %s", place.path, strerror(errno));
	puppet_begin(web, act_live_elsewhere, &place, sizeof(place));
	puppet_identify(web);
	puppet_become(web, NOBODY);
	monitor_watch(t, NULL);
	line = refused_80(t, web);
	fix = fixes_with_command(line, "setcap");
	if (fix)
		test_fail(t, "expected no setcap, got \"%s\"",
			  json_string_value(json_object_get(fix, "command")));
	fixes_run(t, line, "ip_unprivileged_port_start");
	fixes_expect_free(web, 0, "127.0.0.1", 80);
}

const struct scenario cases_cause_capability[] = {
	{ .name = "setcap", .run = scenario_setcap, .where = EACH_KERNEL },
	{ .name = "setcap-users-folder", .run = scenario_setcap_users_folder, .where = ONCE },
	{ .name = "setcap-elsewhere", .run = scenario_setcap_elsewhere, .where = EACH_KERNEL },
	{ 0 },
};
