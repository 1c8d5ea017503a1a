// SPDX-License-Identifier: GPL-2.0-only
/* The site of a Unix socket's path, with real sockets: what is there, and whether a socket is bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "host/looks.h"

static struct pc_site site_for(const char *path, int type)
{
	static char cwd[PATH_MAX];
	struct pc_path_question q = { .root = "/", .cwd = cwd, .path = path, .type = type };
	struct pc_site site;
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	q.mntns = (uint32_t)st.st_ino;
	q.process.tgid = (uint32_t)getpid();
	pc_looks_site("/proc", &q, pc_site_connect, &site);
	return site;
}

static struct pc_site site_of(const char *path)
{
	return site_for(path, SOCK_STREAM);
}

static int bound(int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int fd = socket(AF_UNIX, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void expect_bound(int type, enum pc_path_bound want)
{
	struct pc_site site = site_for("sock", type);
	struct stat st;

	assert_int_equal(site.kind, PC_PATH_SOCKET);
	assert_int_equal(site.bound, want);
	assert_int_equal(stat("sock", &st), 0);
	assert_int_equal(site.inode, st.st_ino);
	assert_int_equal(site.uid, getuid());
}

/* Every type of socket, before and after listen(); the server gets no connection by being asked about. */
static void sockets(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };

	(void)state;
	for (int i = 0; i < 3; i++) {
		int fd = bound(types[i] | SOCK_NONBLOCK);

		expect_bound(types[i], PC_BOUND_YES);
		if (types[i] != SOCK_DGRAM) {
			assert_int_equal(listen(fd, 5), 0);
			expect_bound(types[i], PC_BOUND_YES);
			assert_int_equal(accept(fd, NULL, NULL), -1);
			assert_int_equal(errno, EAGAIN);
		} else {
			char byte;

			assert_int_equal(recv(fd, &byte, 1, 0), -1);
			assert_int_equal(errno, EAGAIN);
		}
		close(fd);
		expect_bound(types[i], PC_BOUND_NO);
		unlink("sock");
	}
}

/* A connection outlives its listener, and the file is left behind all the same. */
static void accepted_only(void **state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int client = socket(AF_UNIX, SOCK_STREAM, 0), fd = bound(SOCK_STREAM), accepted;

	(void)state;
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(connect(client, (const struct sockaddr *)&to, sizeof(to)), 0);
	accepted = accept(fd, NULL, NULL);
	assert_true(accepted >= 0);
	close(fd);
	expect_bound(SOCK_STREAM, PC_BOUND_NO);
	close(accepted);
	close(client);
}

static void site_kinds(void **state)
{
	(void)state;
	folder_put("file", "x");
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(symlink("nowhere", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(site_of("file").kind, PC_PATH_FILE);
	assert_int_equal(site_of("folder").kind, PC_PATH_FOLDER);
	assert_int_equal(site_of("link").kind, PC_PATH_LINK);
	assert_int_equal(site_of("fifo").kind, PC_PATH_OTHER);
	assert_int_equal(site_of("none").kind, PC_PATH_GONE);
}

static void full_paths(void **state)
{
	char cwd[PATH_MAX], want[PATH_MAX + 8];
	struct pc_site site;

	(void)state;
	folder_put("file", "x");
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	snprintf(want, sizeof(want), "%s/file", cwd);
	site = site_of("file");
	assert_string_equal(site.path, want);
	assert_int_equal(site_of(want).kind, PC_PATH_FILE);
}

/* A mount namespace of which no process is left. */
static void no_way_in(void **state)
{
	struct pc_path_question q = { .mntns = 1, .root = "/", .cwd = "/", .path = "/etc" };
	struct pc_site site;

	(void)state;
	pc_looks_site("/proc", &q, pc_site_connect, &site);
	assert_int_equal(site.kind, PC_PATH_UNSEEN);
	assert_int_equal(site.error, ESRCH);
	assert_string_equal(site.path, "/etc");
}

/* A process that ends while it is looked at: the root directory is not there any more, which says nothing of the path. */
static void way_in_ends(void **state)
{
	struct pc_path_question q = { .root = "/nowhere", .cwd = "/nowhere", .path = "/etc" };
	struct pc_site site;
	struct stat st;

	(void)state;
	assert_int_equal(mkdir("proc", 0755) || mkdir("proc/50", 0755) || mkdir("proc/50/ns", 0755),
			 0);
	folder_put("proc/50/ns/mnt", "");
	assert_int_equal(symlink("/nowhere", "proc/50/root"), 0);
	assert_int_equal(stat("proc/50/ns/mnt", &st), 0);
	q.mntns = (uint32_t)st.st_ino;
	q.process.tgid = 50;
	pc_looks_site("proc", &q, pc_site_connect, &site);
	assert_int_equal(site.kind, PC_PATH_UNSEEN);
	assert_int_equal(site.error, ESRCH);
}

/* A process in a user namespace and a mount namespace of its own, with a file system that it mounted, and a
 * socket in it. Without `own_user` it stays in the user namespace. */
struct mounter {
	pid_t pid;
	int end; /* closed: it ends */
};

static void mounter_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		_exit(1);
	close(fd);
}

static void mounter_unshare(bool own_user)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", getuid());
	snprintf(groups, sizeof(groups), "0 %u 1", getgid());
	if (unshare(CLONE_NEWNS | (own_user ? CLONE_NEWUSER : 0)))
		_exit(1);
	if (own_user) {
		mounter_write("/proc/self/uid_map", users);
		mounter_write("/proc/self/setgroups", "deny");
		mounter_write("/proc/self/gid_map", groups);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(1);
}

__attribute__((noreturn)) static void be_mounter(const char *type, bool own_user, int ready,
						 int end)
{
	char byte = 0;

	mounter_unshare(own_user);
	if (mount("none", "work", "tmpfs", 0, NULL) || mkdir("work/u", 0755) ||
	    mkdir("work/w", 0755) || mkdir("work/l", 0755) ||
	    mount("none", "on", type, 0,
		  strcmp(type, "overlay") ? NULL :
					    "lowerdir=work/l,upperdir=work/u,workdir=work/w") ||
	    chdir("on"))
		_exit(1);
	bound(SOCK_STREAM);
	if (write(ready, &byte, 1) == 1)
		(void)!read(end, &byte, 1);
	_exit(0);
}

/* False: this machine cannot mount that. */
static bool mounter_start(struct mounter *m, const char *type, bool own_user)
{
	int ready[2], end[2];
	char byte;
	bool runs;

	assert_int_equal(pipe2(ready, O_CLOEXEC) | pipe2(end, O_CLOEXEC), 0);
	m->pid = fork();
	if (!m->pid) {
		close(end[1]);
		close(ready[0]);
		be_mounter(type, own_user, ready[1], end[0]);
	}
	close(ready[1]);
	close(end[0]);
	runs = read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	m->end = end[1];
	return runs;
}

static void mounter_end(struct mounter *m)
{
	close(m->end);
	waitpid(m->pid, NULL, 0);
}

static int connects;

static int count_connects(int file)
{
	connects++;
	return pc_site_connect(file);
}

/* Is the socket on this file system connected to? */
static bool is_asked(const char *type, bool own_user)
{
	struct pc_path_question q = { .root = "/", .path = "sock", .type = SOCK_STREAM };
	char cwd[PATH_MAX], path[64], proc[32];
	struct mounter m;
	struct pc_site site;
	struct stat st;

	if (!mounter_start(&m, type, own_user)) {
		mounter_end(&m);
		skip();
	}
	snprintf(proc, sizeof(proc), "/proc/%d", (int)m.pid);
	snprintf(path, sizeof(path), "%s/ns/mnt", proc);
	assert_int_equal(stat(path, &st), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	strncat(cwd, "/on", sizeof(cwd) - strlen(cwd) - 1);
	q.cwd = cwd;
	q.mntns = (uint32_t)st.st_ino;
	q.process.tgid = (uint32_t)m.pid;
	connects = 0;
	pc_looks_site("/proc", &q, count_connects, &site);
	assert_int_equal(site.kind, PC_PATH_SOCKET);
	assert_int_equal(site.bound, connects ? PC_BOUND_YES : PC_BOUND_UNSEEN);
	mounter_end(&m);
	return connects;
}

static int mounter_folders(void **state)
{
	return folder_enter(state) || mkdir("work", 0755) || mkdir("on", 0755);
}

static void file_systems_that_answer(void **state)
{
	(void)state;
	assert_true(is_asked("tmpfs", true));
	assert_true(is_asked("tmpfs", false));
}

/* A connect() to a file in an overlay waits for what is below: for a user's FUSE, if a user made the overlay. */
static void overlays(void **state)
{
	(void)state;
	assert_false(is_asked("overlay", true));
	assert_true(is_asked("overlay", false));
}

/* Not known to answer at once. */
static void other_file_systems(void **state)
{
	(void)state;
	assert_false(is_asked("hugetlbfs", false));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sockets, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(accepted_only, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(site_kinds, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(full_paths, folder_enter, folder_leave),
		cmocka_unit_test_setup_teardown(file_systems_that_answer, mounter_folders,
						folder_leave),
		cmocka_unit_test_setup_teardown(overlays, mounter_folders, folder_leave),
		cmocka_unit_test_setup_teardown(other_file_systems, mounter_folders, folder_leave),
		cmocka_unit_test(no_way_in),
		cmocka_unit_test_setup_teardown(way_in_ends, folder_enter, folder_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
