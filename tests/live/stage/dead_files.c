// SPDX-License-Identifier: GPL-2.0-only
/* Mounting a file system that never answers, and what a puppet does with it. */
#include "stage/dead_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage/dead_server.h"

#define FUSE_MAJOR 10
#define FUSE_MINOR 229

/* The next functions run in the puppet. */

static struct {
	char folder[512];
	struct dead_server *server;
} dead;

struct io_dead {
	char node[512];
	char folder[512];
	uid_t uid;
	bool open_to_all;
	int error;
	unsigned waiting;
};

static bool write_map(const char *path, uid_t id)
{
	char text[64];
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int n = snprintf(text, sizeof(text), "%u %u 1", id, id);
	bool written = fd >= 0 && write(fd, text, (size_t)n) == n;

	if (fd >= 0)
		close(fd);
	return written;
}

/* A process that has changed its user belongs to root in /proc until it says that it may be dumped. */
static int go_where_users_mount(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	int fd;

	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return errno;
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "deny", 4) != 4)
		return errno;
	close(fd);
	return write_map("/proc/self/uid_map", uid) && write_map("/proc/self/gid_map", gid) ? 0 :
											      errno;
}

static int mount_dead(const struct io_dead *a)
{
	int fd = open(a->node, O_RDWR | O_CLOEXEC);
	char options[128];

	if (fd < 0)
		return errno;
	snprintf(dead.folder, sizeof(dead.folder), "%s", a->folder);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u%s", fd,
		 a->uid, getgid(), a->open_to_all ? ",allow_other" : "");
	if (mount("dead", a->folder, "fuse", MS_NOSUID | MS_NODEV, options))
		return errno;
	dead.server = dead_server_fork(fd, a->uid);
	return dead.server ? 0 : errno;
}

static void act_dead_mount(void *io)
{
	struct io_dead *a = io;

	if (!a->open_to_all)
		a->error = go_where_users_mount();
	else if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		a->error = errno;
	if (!a->error)
		a->error = mount_dead(a);
}

static void act_dead_silence(void *io)
{
	(void)io;
	dead.server->silent = true;
}

static void act_dead_waiting(void *io)
{
	((struct io_dead *)io)->waiting = dead.server->waiting;
}

/* The kernel says where it has the arguments: in the 48th and 49th field of the stat file. */
static bool find_arguments(unsigned long *start, unsigned long *end)
{
	char text[4096] = "";
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	char *at = n > 0 ? strrchr(text, ')') : NULL;

	close(fd);
	for (int field = 2; at && field < 48; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, "%lu %lu", start, end) == 2;
}

static int open_dead(void)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/file", dead.folder);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The first page stays: it can have what lies below the arguments. */
static void act_dead_arguments(void *io)
{
	struct io_dead *a = io;
	unsigned long start, end, size = (unsigned long)sysconf(_SC_PAGESIZE);
	int fd = open_dead();

	if (fd < 0 || !find_arguments(&start, &end)) {
		a->error = fd < 0 ? errno : EBADMSG;
		return;
	}
	start = (start + size - 1) / size * size;
	end = end / size * size;
	if (end <= start)
		a->error = ERANGE;
	else if (mmap((void *)start, end - start, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
		 MAP_FAILED)
		a->error = errno;
	close(fd);
}

/* The kernel keeps the lock of the memory while it reads this way (access_remote_vm()). */
static void *read_dead_page(void *page)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char byte;

	if (pread(fd, &byte, 1, (off_t)(uintptr_t)page) < 0)
		_exit(125);
	return NULL;
}

/* Waits for the reader of the page, and keeps further readers of the puppet's memory waiting. */
static void *change_memory(void *nothing)
{
	for (;;) {
		void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(page, 4096);
	}
	return nothing;
}

static bool read_is_waiting(void)
{
	for (int i = 0; i < 2000 && !dead.server->waiting; i++)
		usleep(1000);
	return dead.server->waiting;
}

static void act_dead_memory(void *io)
{
	pthread_t reader, changer;
	struct io_dead *a = io;
	int fd = open_dead();
	void *page = mmap(NULL, DEAD_FILE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

	a->error = page == MAP_FAILED ? errno : 0;
	/* The stack of a thread is a change of memory, too. So the one that changes it begins first. */
	if (!a->error)
		a->error = pthread_create(&changer, NULL, change_memory, NULL);
	if (!a->error)
		a->error = pthread_create(&reader, NULL, read_dead_page, page);
	if (!a->error && !read_is_waiting())
		a->error = ETIMEDOUT;
}

/* The next functions run in the scenario. */

void dead_files_mount(struct puppet *by, uid_t uid, char *folder)
{
	struct io_dead a = { .uid = uid, .open_to_all = by->who.uid != uid };

	test_path(by->t, "fuse", a.node, sizeof(a.node));
	test_path(by->t, "dead", a.folder, sizeof(a.folder));
	chmod(by->t->folder, 0755);
	/* Distributions open /dev/fuse to all users. */
	mknod(a.node, S_IFCHR | 0666, makedev(FUSE_MAJOR, FUSE_MINOR));
	chmod(a.node, 0666);
	if (mkdir(a.folder, 0755) && errno != EEXIST)
		test_abort(by->t, "stage: %s: %s", a.folder, strerror(errno));
	snprintf(folder, 512, "%s", a.folder);
	puppet_call(by, act_dead_mount, &a, sizeof(a));
	if (a.error == ENODEV || a.error == ENXIO)
		test_skip(by->t, "this kernel has no FUSE");
	if (a.error == EPERM || a.error == ENOSPC || a.error == EUSERS)
		test_skip(by->t, "users may not make a user namespace here, or not mount in it: %s",
			  strerror(a.error));
	if (a.error)
		test_abort(by->t, "stage: a FUSE mount: %s", strerror(a.error));
	if (a.open_to_all)
		puppet_become(by, uid);
}

static void dead_call(struct puppet *by, puppet_fn fn)
{
	struct io_dead a = { 0 };

	puppet_call(by, fn, &a, sizeof(a));
	if (a.error)
		test_abort(by->t, "stage: the file system that does not answer: %s",
			   strerror(a.error));
}

void dead_files_fall_silent(struct puppet *by)
{
	dead_call(by, act_dead_silence);
}

void dead_files_take_arguments(struct puppet *by)
{
	dead_call(by, act_dead_arguments);
}

void dead_files_hold_memory(struct puppet *by)
{
	dead_call(by, act_dead_memory);
}

unsigned dead_files_waiting(struct puppet *by)
{
	struct io_dead a = { 0 };

	puppet_call(by, act_dead_waiting, &a, sizeof(a));
	return a.waiting;
}

static void read_arguments(pid_t pid)
{
	char path[64], text[4096];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text)) < 0)
		_exit(1);
	_exit(0);
}

bool dead_files_block_arguments(const struct puppet *by)
{
	pid_t pid = fork();
	int status = 0;
	bool ended = false;

	if (pid == 0)
		read_arguments(by->pid);
	for (int i = 0; i < 30 && !ended; i++) {
		ended = waitpid(pid, &status, WNOHANG) == pid;
		sleep_ms(10);
	}
	if (!ended) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return !ended;
}
