// SPDX-License-Identifier: GPL-2.0-only
/* Trouble with the place of the textfile, at the start or later. The agent reports it once and
 * counts it, goes on reporting refusals, and keeps the last good file whole. It writes nothing
 * where a symlink leads, and writes the file again when the place is right again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/stage.h"

#define NOBODY 65534
#define PATH_LEN 160
#define DISK_SIZE "size=256k"

struct scene {
	struct test *t;
	struct puppet *web;
	struct puppet *evil; /* another user, who may write to the folder */
	struct monitor *m;
	char disk[PATH_LEN]; /* the textfile's folder */
	char away[PATH_LEN];
	char prom[PATH_LEN];
	char log[PATH_LEN];
};

/* One kind of trouble: how it begins, what strerror() says of it, how it ends. */
struct trouble {
	void (*begin)(struct scene *s);
	const char *says;
	void (*end)(struct scene *s);
	bool file_stays; /* the last good one can be read all the while */
};

static void must_change_place(struct scene *s, const char *what, int err)
{
	if (err)
		test_abort(s->t, "stage: %s: %s", what, strerror(errno));
}

static void make_place(struct scene *s)
{
	logfile_disk(s->t, DISK_SIZE, s->disk, PATH_LEN);
	test_path(s->t, "away", s->away, PATH_LEN);
	test_path(s->t, "disk/x.prom", s->prom, PATH_LEN);
	test_path(s->t, "agent.log", s->log, PATH_LEN);
}

static void start_textfile(struct scene *s)
{
	const char *argv[] = { "agent", "--log",      s->log, "--textfile",
			       s->prom, "--interval", "0.1",  NULL };

	s->m = logfile_agent(s->t, argv, s->log);
}

/* The agent reports the error once, however often it tries. */
static void check_said_once(struct scene *s, const char *what)
{
	char *said = monitor_text(s->m->err), *first = strstr(said, what);

	if (!first || strstr(first + 1, what))
		test_fail(s->t, "expected \"%s\" once, got \"%s\"", what, said);
	free(said);
}

static void check_still_watching(struct scene *s)
{
	char requester[64];

	stage_refused(s->web, 0, "127.0.0.1", 8080, EADDRINUSE);
	snprintf(requester, sizeof(requester), "\"requester\":{\"pid\":%d,", s->web->pid);
	logfile_expect(s->t, s->log, requester);
}

/* Reads the file twice, with many tries of the agent in between. */
static void check_file_stays(struct scene *s)
{
	char *before = logfile_read(s->prom), *after;

	sleep_ms(500);
	after = logfile_read(s->prom);
	if (!before || !after || strcmp(before, after) || !strstr(after, "portclash_up 1\n") ||
	    after[strlen(after) - 1] != '\n')
		test_fail(s->t, "expected the last good file, got \"%s\"", after ? after : "none");
	free(before);
	free(after);
}

/* More than one try has failed, and each was counted. */
static void check_textfile_errors(struct scene *s)
{
	char *text, *at;

	logfile_expect(s->t, s->prom, "portclash_sink_errors_total ");
	text = logfile_read(s->prom);
	at = text ? strstr(text, "\nportclash_sink_errors_total ") : NULL;
	if (!at || strtoul(at + strlen("\nportclash_sink_errors_total "), NULL, 10) < 2)
		test_fail(s->t, "expected that each failed try is counted, got %.40s",
			  at ? at + 1 : "nothing");
	free(text);
}

static void textfile_finish(struct scene *s)
{
	if (monitor_stop(s->t, s->m, SIGTERM, 10))
		test_fail(s->t, "expected 0, got %#x as exit status", s->m->status);
	logfile_expect(s->t, s->prom, "portclash_up 0\n");
}

static void run_trouble(struct test *t, const struct trouble *trouble)
{
	struct scene s = { .t = t, .web = puppet_start(t, "web") };

	stage_listener(puppet_start(t, "api"), 0, "127.0.0.1", 8080);
	make_place(&s);
	start_textfile(&s);
	logfile_expect(t, s.prom, "portclash_up 1\n");
	trouble->begin(&s);
	logfile_await_said(t, s.m, trouble->says);
	check_still_watching(&s);
	if (trouble->file_stays)
		check_file_stays(&s);
	else
		sleep_ms(500);
	check_said_once(&s, trouble->says);
	trouble->end(&s);
	logfile_await_said(t, s.m, "is written again");
	check_textfile_errors(&s);
	check_said_once(&s, "is written again");
	textfile_finish(&s);
}

static void remount(struct scene *s, unsigned long flags)
{
	must_change_place(s, "remount",
			  mount("disk", s->disk, NULL, MS_REMOUNT | flags, DISK_SIZE));
}

static void make_read_only(struct scene *s)
{
	remount(s, MS_RDONLY);
}

static void make_writable(struct scene *s)
{
	remount(s, 0);
}

static void scenario_textfile_read_only_disk(struct test *t)
{
	run_trouble(t, &(struct trouble){ make_read_only, "Read-only file system", make_writable,
					  true });
}

static void take_disk_away(struct scene *s)
{
	must_change_place(s, "umount", umount2(s->disk, MNT_DETACH));
	must_change_place(s, "rmdir", rmdir(s->disk));
}

static void textfile_make_folder(struct scene *s)
{
	must_change_place(s, "mkdir", mkdir(s->disk, 0755));
}

static void scenario_textfile_folder_removed(struct test *t)
{
	run_trouble(t, &(struct trouble){ take_disk_away, "No such file or directory",
					  textfile_make_folder, false });
}

/* A folder has the textfile's name: the agent removes neither it nor anything in it. */
static void make_folder_of_it(struct scene *s)
{
	char inside[PATH_LEN + 8];

	/* The agent may make the file anew between the two. */
	for (int i = 0; i < 100; i++) {
		unlink(s->prom);
		if (!mkdir(s->prom, 0755))
			break;
	}
	snprintf(inside, sizeof(inside), "%s/kept", s->prom);
	must_change_place(s, "mkdir", mkdir(inside, 0755));
}

static void remove_folder_of_it(struct scene *s)
{
	char inside[PATH_LEN + 8];

	snprintf(inside, sizeof(inside), "%s/kept", s->prom);
	must_change_place(s, "rmdir", rmdir(inside));
	must_change_place(s, "rmdir", rmdir(s->prom));
}

static void scenario_textfile_is_folder(struct test *t)
{
	run_trouble(t, &(struct trouble){ make_folder_of_it, "Is a directory", remove_folder_of_it,
					  false });
}

static void put_file(struct scene *s, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must_change_place(s, path, fd < 0 || write(fd, text, strlen(text)) < 0);
	close(fd);
}

struct io_link {
	char to[PATH_LEN];
	char away[PATH_LEN];
	char at[PATH_LEN];
	int error;
};

/* Renames the link into place, because the agent writes the file all the time. */
static void act_plant_link(void *io)
{
	struct io_link *a = io;

	unlink(a->away);
	a->error = symlink(a->to, a->away) || rename(a->away, a->at) ? errno : 0;
}

static void plant_link(struct scene *s, const char *to, const char *at)
{
	struct io_link link = { 0 };

	snprintf(link.to, sizeof(link.to), "%s", to);
	snprintf(link.away, sizeof(link.away), "%s", s->away);
	snprintf(link.at, sizeof(link.at), "%s", at);
	puppet_call(s->evil, act_plant_link, &link, sizeof(link));
	if (link.error)
		test_abort(s->t, "stage: %s: %s", at, strerror(link.error));
}

/* A user who may write to the folder puts a link there that leads to another's file: the agent
 * replaces the link and does not touch the file. A link to nowhere is the same. */
static void check_link(struct scene *s, const char *to)
{
	struct stat st;
	int64_t until;

	plant_link(s, to, s->prom);
	until = deadline_in(s->t, 10);
	while ((lstat(s->prom, &st) || !S_ISREG(st.st_mode)) && !deadline_over(until))
		sleep_ms(5);
	if (lstat(s->prom, &st) || !S_ISREG(st.st_mode) || (st.st_mode & 0777) != 0644)
		test_fail(s->t, "expected a file in place of the link to %s, got mode %#o", to,
			  st.st_mode);
}

struct io_temporary {
	char to[PATH_LEN];
	char folder[PATH_LEN];
	char at[PATH_LEN + NAME_MAX + 1];
	int error;
};

/* Watches for the name under which the file is made before it is renamed. */
static void act_learn_temporary(void *io)
{
	_Alignas(struct inotify_event) char events[4096];
	const struct inotify_event *e = (const void *)events;
	struct io_temporary *a = io;
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, a->folder, IN_CREATE) < 0 ||
	    read(fd, events, sizeof(events)) < (ssize_t)sizeof(*e))
		a->error = errno;
	else
		snprintf(a->at, sizeof(a->at), "%s/%.*s", a->folder, NAME_MAX, e->name);
	close(fd);
}

/* Puts the link there before the agent makes the file the next time. */
static void act_plant_temporary(void *io)
{
	struct io_temporary *a = io;

	do
		a->error = symlink(a->to, a->at) ? errno : 0;
	while (a->error == EEXIST);
}

static void check_link_at_temporary(struct scene *s, const char *to)
{
	struct io_temporary link = { 0 };

	snprintf(link.to, sizeof(link.to), "%s", to);
	snprintf(link.folder, sizeof(link.folder), "%s", s->disk);
	puppet_call(s->evil, act_learn_temporary, &link, sizeof(link));
	if (!link.error)
		puppet_call(s->evil, act_plant_temporary, &link, sizeof(link));
	if (link.error)
		test_abort(s->t, "stage: the temporary \"%s\": %s", link.at, strerror(link.error));
	logfile_await_said(s->t, s->m, "File exists");
	must_change_place(s, "unlink", unlink(link.at));
	logfile_await_said(s->t, s->m, "is written again");
}

static void check_nothing_said(struct scene *s)
{
	char *text = monitor_text(s->m->err);

	if (*text)
		test_fail(s->t, "expected nothing on standard error, got \"%s\"", text);
	free(text);
}

static void check_untouched(struct scene *s, const char *secret, const char *nowhere)
{
	char *text = logfile_read(secret);

	if (!text || strcmp(text, "secret\n"))
		test_fail(s->t, "expected an untouched file, got \"%s\"", text ? text : "none");
	free(text);
	if (!access(nowhere, F_OK))
		test_fail(s->t, "expected no file where the link leads, got one");
}

/* Everybody may write to the folder, and without a sticky bit the kernel protects no link there. The agent, which
 * has no capability by then, cannot write to a folder that is another user's only. */
static void open_folder_to_all(struct scene *s)
{
	must_change_place(s, "chmod", chmod(s->disk, 0777) || chmod(s->t->folder, 0755));
}

static void scenario_textfile_is_symlink(struct test *t)
{
	struct puppet_spec nobody = { .name = "evil", .uid = NOBODY };
	struct scene s = { .t = t };
	char secret[PATH_LEN], nowhere[PATH_LEN];

	make_place(&s);
	open_folder_to_all(&s);
	s.evil = puppet_start_as(t, &nobody); /* now, because it must see the disk */
	test_path(t, "disk/away", s.away, PATH_LEN);
	test_path(t, "secret", secret, PATH_LEN);
	test_path(t, "nowhere", nowhere, PATH_LEN);
	put_file(&s, secret, "secret\n");
	plant_link(&s, secret, s.prom);
	start_textfile(&s);
	logfile_expect(t, s.prom, "portclash_up 1\n");
	check_link(&s, secret);
	check_link(&s, nowhere);
	check_nothing_said(&s);
	check_link_at_temporary(&s, secret);
	textfile_finish(&s);
	check_untouched(&s, secret, nowhere);
}

const struct scenario cases_output_textfile[] = {
	{ .name = "textfile-read-only-disk",
	  .run = scenario_textfile_read_only_disk,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ .name = "textfile-folder-removed",
	  .run = scenario_textfile_folder_removed,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ .name = "textfile-is-folder",
	  .run = scenario_textfile_is_folder,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ .name = "textfile-is-symlink",
	  .run = scenario_textfile_is_symlink,
	  .where = NATIVE,
	  .watch = WATCH_OWN },
	{ 0 },
};
