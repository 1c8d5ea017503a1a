// SPDX-License-Identifier: GPL-2.0-only
/* The place of a process in its unit, found in a made-up /proc, cgroup tree and /run: who is the main
 * process, who its child, and who only happens to be there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/time.h"
#include "core/process/identity.h"
#include "folder.h"
#include "host/clock.h"
#include "host/place.h"
#include "host/procfs.h"

#define WEB "/system.slice/web.service"
#define USER "/user.slice/user-1000.slice/user@1000.service"
#define APP USER "/app.slice/app.service"

#define LINK_OF_WEB "run/systemd/units/invocation:web.service"

static struct pc_place_roots roots = { "proc", "cgroup", "run", 0 };

struct one {
	uint32_t pid, parent, session;
	unsigned ticks; /* when it began */
	const char *comm, *cgroup, *exe;
};

static void make_folders(const char *path)
{
	char part[256];

	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		mkdir(part, 0755);
	}
	mkdir(path, 0755);
}

static void append_line(const char *path, const char *text)
{
	FILE *out = fopen(path, "a");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* A process, and its line in the cgroup's list. */
static void place_put(const struct one *o)
{
	char folder[256], path[300], text[512];

	snprintf(folder, sizeof(folder), "proc/%u", o->pid);
	make_folders(folder);
	snprintf(path, sizeof(path), "%s/stat", folder);
	snprintf(text, sizeof(text),
		 "%u (%s) S %u %u %u 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 %u 31 0\n", o->pid,
		 o->comm, o->parent, o->session, o->session, o->ticks);
	folder_put(path, text);
	snprintf(path, sizeof(path), "%s/status", folder);
	snprintf(text, sizeof(text),
		 "Name:\t%s\nTgid:\t%u\nUid:\t1\t1\t1\t1\nNSpid:\t%u\n"
		 "CapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\n",
		 o->comm, o->pid, o->pid);
	folder_put(path, text);
	snprintf(path, sizeof(path), "%s/cgroup", folder);
	snprintf(text, sizeof(text), "0::%s\n", o->cgroup);
	folder_put(path, text);
	snprintf(path, sizeof(path), "%s/exe", folder);
	unlink(path);
	assert_int_equal(symlink(o->exe, path), 0);
	snprintf(folder, sizeof(folder), "cgroup%s", o->cgroup);
	make_folders(folder);
	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	snprintf(text, sizeof(text), "%u\n", o->pid);
	append_line(path, text);
}

/* The unit's cgroup itself is often empty, with processes below. */
static void make_group(const char *path)
{
	char folder[256], file[300];

	snprintf(folder, sizeof(folder), "cgroup%s", path);
	make_folders(folder);
	snprintf(file, sizeof(file), "%s/cgroup.procs", folder);
	append_line(file, "");
}

static struct pc_place find_place_of(uint32_t pid)
{
	struct pc_identity who;
	struct pc_place place;

	assert_int_equal(pc_procfs_read("proc", pid, &who), 0);
	pc_place_find(&roots, &who, &place);
	pc_identity_free(&who);
	return place;
}

static enum pc_role role_of(uint32_t pid)
{
	return find_place_of(pid).role;
}

static void put_web(void)
{
	place_put(&(struct one){ 70, 1, 70, 1000, "web", WEB, "/usr/bin/web" });
	place_put(&(struct one){ 71, 70, 70, 1001, "worker", WEB, "/usr/bin/worker" });
	place_put(&(struct one){ 72, 71, 70, 1002, "worker", WEB, "/usr/bin/worker" });
}

static void main_and_children(void **state)
{
	(void)state;
	put_web();
	assert_int_equal(role_of(70), PC_ROLE_MAIN);
	assert_int_equal(role_of(71), PC_ROLE_CHILD);
	assert_int_equal(role_of(72), PC_ROLE_CHILD);
}

/* postgres: its children lead sessions of their own. A job that the service started does, too. */
static void sessions_of_their_own(void **state)
{
	(void)state;
	put_web();
	place_put(&(struct one){ 73, 70, 73, 1003, "web", WEB, "/usr/bin/web" });
	place_put(&(struct one){ 74, 70, 74, 1003, "job", WEB, "/usr/bin/job" });
	assert_int_equal(role_of(73), PC_ROLE_CHILD);
	assert_int_equal(role_of(74), PC_ROLE_STRAY);
}

/* A daemon that a child of the service left behind: pid 1 took it over. */
static void left_behind(void **state)
{
	(void)state;
	put_web();
	place_put(&(struct one){ 75, 1, 75, 2000, "daemon", WEB, "/usr/bin/daemon" });
	place_put(&(struct one){ 76, 75, 75, 2001, "daemon", WEB, "/usr/bin/daemon" });
	assert_int_equal(role_of(75), PC_ROLE_STRAY);
	assert_int_equal(role_of(76), PC_ROLE_STRAY);
	assert_int_equal(role_of(70), PC_ROLE_MAIN);
}

/* Moved there by hand (cgexec, `systemd-run --scope`, a user's own tool): its parent is elsewhere. */
static void moved_there(void **state)
{
	(void)state;
	put_web();
	place_put(&(struct one){ 80, 1, 80, 500, "bash", "/user.slice/x.scope", "/bin/bash" });
	place_put(&(struct one){ 81, 80, 80, 501, "moved", WEB, "/usr/bin/moved" });
	assert_int_equal(role_of(81), PC_ROLE_STRAY);
}

static void groups_below(void **state)
{
	(void)state;
	make_group(WEB);
	place_put(&(struct one){ 70, 1, 70, 1000, "web", WEB "/supervisor", "/usr/bin/web" });
	place_put(&(struct one){ 71, 70, 70, 1001, "web", WEB "/payload/a", "/usr/bin/web" });
	place_put(&(struct one){ 72, 1, 72, 1002, "left", WEB "/payload/a", "/usr/bin/left" });
	make_group(WEB "/payload");
	assert_int_equal(role_of(70), PC_ROLE_MAIN);
	assert_int_equal(role_of(71), PC_ROLE_CHILD);
	assert_int_equal(role_of(72), PC_ROLE_STRAY);
}

static void put_link_of(const char *path, int64_t boot_seconds)
{
	struct timespec times[2];
	struct pc_clock clock;
	int64_t wall_ns;

	make_folders("run/systemd/units");
	unlink(path);
	assert_int_equal(symlink("0123456789abcdef0123456789abcdef", path), 0);
	pc_clock_now(&clock);
	wall_ns = boot_seconds * (int64_t)PC_NS_PER_SECOND + (int64_t)clock.wall_minus_boot_ns;
	times[0].tv_sec = times[1].tv_sec = wall_ns / (int64_t)PC_NS_PER_SECOND;
	times[0].tv_nsec = times[1].tv_nsec = wall_ns % (int64_t)PC_NS_PER_SECOND;
	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* KillMode=process: what an earlier run left is older than this run's main process. */
static void of_an_earlier_run(void **state)
{
	long hz = sysconf(_SC_CLK_TCK);

	(void)state;
	place_put(&(struct one){ 60, 1, 60, (unsigned)(5 * hz), "old", WEB, "/usr/bin/old" });
	put_link_of(LINK_OF_WEB, 4);
	assert_int_equal(role_of(60), PC_ROLE_MAIN);
	put_link_of(LINK_OF_WEB, 6);
	assert_int_equal(role_of(60), PC_ROLE_STRAY);
	place_put(&(struct one){ 61, 1, 61, (unsigned)(7 * hz), "web", WEB, "/usr/bin/web" });
	assert_int_equal(role_of(61), PC_ROLE_MAIN);
	assert_int_equal(role_of(60), PC_ROLE_STRAY);
	/* The unit does not run any more. */
	assert_int_equal(unlink(LINK_OF_WEB), 0);
	assert_int_equal(role_of(60), PC_ROLE_STRAY);
	/* A link in the place of the folder, to anywhere, is not followed. */
	make_folders("elsewhere");
	assert_int_equal(rmdir("run/systemd/units"), 0);
	assert_int_equal(symlink("../../elsewhere", "run/systemd/units"), 0);
	assert_int_equal(role_of(60), PC_ROLE_MAIN);
}

/* The clock was set by so many seconds since portclash started. */
static void clock_was_set(int64_t seconds)
{
	struct pc_clock clock;

	pc_clock_now(&clock);
	roots.wall_minus_boot_ns =
		clock.wall_minus_boot_ns - (uint64_t)(seconds * PC_NS_PER_SECOND);
}

/* Nobody knows whether the link is of before that. The two clocks must agree. */
static void run_beside_a_set_clock(void **state)
{
	unsigned hz = (unsigned)sysconf(_SC_CLK_TCK);

	(void)state;
	place_put(&(struct one){ 60, 1, 60, 5 * hz, "web", WEB, "/usr/bin/web" });
	put_link_of(LINK_OF_WEB, 4);
	clock_was_set(0);
	assert_int_equal(role_of(60), PC_ROLE_MAIN);
	clock_was_set(-1);
	assert_int_equal(role_of(60), PC_ROLE_MAIN);
	clock_was_set(2);
	assert_int_equal(role_of(60), PC_ROLE_UNKNOWN);
	assert_true(find_place_of(60).unseen);
	put_link_of(LINK_OF_WEB, 6);
	assert_int_equal(role_of(60), PC_ROLE_STRAY);
	clock_was_set(-2);
	assert_int_equal(role_of(60), PC_ROLE_UNKNOWN);
	/* The older one may be the main process, or of an earlier run. */
	place_put(&(struct one){ 61, 1, 61, 7 * hz, "web", WEB, "/usr/bin/web" });
	assert_int_equal(role_of(61), PC_ROLE_UNKNOWN);
	clock_was_set(0);
	assert_int_equal(role_of(61), PC_ROLE_MAIN);
}

/* No run began before the machine, and none is still to begin: the link is of the other clock, or of neither. */
static void run_of_an_impossible_time(void **state)
{
	const int64_t day = 86400;
	unsigned hz = (unsigned)sysconf(_SC_CLK_TCK);

	(void)state;
	place_put(&(struct one){ 60, 1, 60, 5 * hz, "web", WEB, "/usr/bin/web" });
	put_link_of(LINK_OF_WEB, 4);
	clock_was_set(10000 * day);
	assert_int_equal(role_of(60), PC_ROLE_MAIN);
	clock_was_set(-100 * day);
	assert_int_equal(role_of(60), PC_ROLE_MAIN);
	put_link_of(LINK_OF_WEB, 10000 * day);
	assert_int_equal(role_of(60), PC_ROLE_UNKNOWN);
	clock_was_set(-20000 * day);
	assert_int_equal(role_of(60), PC_ROLE_UNKNOWN);
	put_link_of(LINK_OF_WEB, -100 * day);
	roots.wall_minus_boot_ns = 0;
	assert_int_equal(role_of(60), PC_ROLE_UNKNOWN);
}

static void units_of_a_user(void **state)
{
	(void)state;
	place_put(&(struct one){ 90, 1, 90, 900, "systemd", USER "/init.scope", "/lib/systemd" });
	place_put(&(struct one){ 91, 90, 91, 901, "app", APP, "/usr/bin/app" });
	place_put(&(struct one){ 92, 1, 92, 902, "app", USER "/nginx.service", "/home/x/app" });
	assert_int_equal(role_of(91), PC_ROLE_MAIN);
	assert_int_equal(role_of(92), PC_ROLE_STRAY);
	/* Below a unit of the user's, a group with the name of another one. */
	place_put(&(struct one){ 93, 90, 93, 903, "app", APP "/nginx.service", "/home/x/app" });
	assert_int_equal(role_of(93), PC_ROLE_STRAY);
	assert_int_equal(role_of(90), PC_ROLE_UNKNOWN);
}

/* A role that cannot be found out is not guessed. */
static void not_guessed(void **state)
{
	struct pc_identity gone = { .key.tgid = 99, .cgroup = (char *)WEB };
	struct pc_place place;

	(void)state;
	put_web();
	assert_int_equal(rename("cgroup", "elsewhere"), 0);
	assert_int_equal(role_of(70), PC_ROLE_UNKNOWN);
	pc_place_find(&roots, &gone, &place);
	assert_int_equal(place.role, PC_ROLE_UNKNOWN);
	assert_false(place.hosts_file);
	place_put(&(struct one){ 98, 1, 98, 1, "x", "/", "/x" });
	assert_int_equal(role_of(98), PC_ROLE_UNKNOWN);
}

/* The same path can be another file: below another root, in another mount namespace. */
static void file_of_the_host(void **state)
{
	char own[256];

	(void)state;
	assert_non_null(getcwd(own, sizeof(own) - 16));
	strcat(own, "/program");
	folder_put("program", "this one");
	place_put(&(struct one){ 70, 1, 70, 1, "web", WEB, own });
	assert_true(find_place_of(70).hosts_file);
	assert_int_equal(chmod("program", 0666), 0);
	assert_true(find_place_of(70).hosts_file);
	assert_false(find_place_of(70).roots_file);
	place_put(&(struct one){ 71, 1, 71, 1, "web", WEB, "/nowhere/program" });
	assert_false(find_place_of(71).hosts_file);
	/* The process runs what was there before. */
	assert_int_equal(unlink("proc/70/exe"), 0);
	folder_put("proc/70/exe", "");
	assert_false(find_place_of(70).hosts_file);
	assert_false(find_place_of(70).roots_file);
}

/* Root alone can change the file and each folder and link on the way to it. */
static void file_of_root(void **state)
{
	struct stat st;

	(void)state;
	if (stat("/usr/bin/env", &st) || st.st_uid)
		skip();
	place_put(&(struct one){ 72, 1, 72, 1, "web", WEB, "/usr/bin/env" });
	assert_true(find_place_of(72).roots_file);
	assert_false(find_place_of(72).unseen);
}

static void first_and_leader(void **state)
{
	(void)state;
	put_web();
	folder_put("proc/70/status", "Name:\tx\nTgid:\t70\nUid:\t1\t1\t1\t1\nNSpid:\t70\t1\n");
	folder_put("proc/71/status", "Name:\tx\nTgid:\t71\nUid:\t1\t1\t1\t1\nNSpid:\t71\t11\n");
	assert_true(find_place_of(70).first);
	assert_false(find_place_of(71).first);
	assert_false(find_place_of(72).first);
	folder_put("proc/70/stat",
		   "70 (web) S 1 70 70 34816 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 1000 31 0\n");
	assert_true(find_place_of(70).leads_session);
	assert_false(find_place_of(71).leads_session);
}

/* SIGTERM, and a capability of its file, can do nothing for a process. */
static void deaf_or_not(void **state)
{
	(void)state;
	put_web();
	assert_int_equal(find_place_of(70).deaf, PC_DEAF_NOT);
	folder_put("proc/70/status", "Name:\tx\nSigIgn:\t0000000000004000\n");
	assert_int_equal(find_place_of(70).deaf, PC_DEAF_IGNORES);
	folder_put("proc/70/status", "Name:\tx\nNSpid:\t70\t1\n");
	assert_int_equal(find_place_of(70).deaf, PC_DEAF_FIRST);
	place_put(&(struct one){ 72, 1, 72, 1, "web", WEB, "/usr/bin/env" });
	folder_put("proc/72/status", "Name:\tx\nCapBnd:\t0000000000000000\nNoNewPrivs:\t0\n");
	assert_false(find_place_of(72).hosts_file);
	folder_put("proc/72/stat",
		   "72 (web) T 1 72 72 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 1 0 1000 31 0\n");
	assert_int_equal(find_place_of(72).deaf, PC_DEAF_STOPPED);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(main_and_children),
		IN_FOLDER(sessions_of_their_own),
		IN_FOLDER(left_behind),
		IN_FOLDER(moved_there),
		IN_FOLDER(groups_below),
		IN_FOLDER(of_an_earlier_run),
		IN_FOLDER(run_beside_a_set_clock),
		IN_FOLDER(run_of_an_impossible_time),
		IN_FOLDER(units_of_a_user),
		IN_FOLDER(not_guessed),
		IN_FOLDER(file_of_the_host),
		IN_FOLDER(file_of_root),
		IN_FOLDER(first_and_leader),
		IN_FOLDER(deaf_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
