// SPDX-License-Identifier: GPL-2.0-only
/* Unix sockets of puppets. */
#include "stage/named.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct io_named {
	struct named name;
	int type;
	bool listens;
	int fd;
	int error;
	uint64_t inode;
};

struct io_folder {
	char path[512];
	int error;
};

struct named named_path(const char *path)
{
	struct named n = { .len = (unsigned)strlen(path) };

	memcpy(n.bytes, path, n.len < NAME_LEN ? n.len : NAME_LEN);
	return n;
}

/* A path of 108 bytes has no NUL. */
static int bind_named(int fd, const struct named *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name->len);

	memcpy(to.sun_path, name->bytes, name->len);
	return bind(fd, (const struct sockaddr *)&to, len) ? errno : 0;
}

static void act_named(void *io)
{
	struct io_named *a = io;
	struct stat st;

	a->fd = socket(AF_UNIX, a->type | SOCK_CLOEXEC, 0);
	a->error = a->fd < 0 ? errno : bind_named(a->fd, &a->name);
	if (!a->error && a->listens && listen(a->fd, 5))
		a->error = errno;
	if (!a->error && !fstat(a->fd, &st))
		a->inode = st.st_ino;
	if (a->error && a->fd >= 0)
		close(a->fd);
}

static void act_named_last(void *io)
{
	act_named(io);
	_exit(0);
}

static void act_unname(void *io)
{
	close(((struct io_named *)io)->fd);
}

static struct named_socket make_named(struct puppet *by, int type, const struct named *name,
				      bool listens)
{
	struct io_named a = { .name = *name, .type = type, .listens = listens };

	puppet_call(by, act_named, &a, sizeof(a));
	if (a.error)
		test_abort(by->t, "stage: a Unix socket: %s", strerror(a.error));
	return (struct named_socket){ by, *name, a.fd, a.inode };
}

struct named_socket named_bound(struct puppet *by, int type, const struct named *name)
{
	return make_named(by, type, name, false);
}

struct named_socket named_listener(struct puppet *by, int type, const struct named *name)
{
	return make_named(by, type, name, true);
}

void named_close(struct named_socket *s)
{
	struct io_named a = { .fd = s->fd };

	puppet_call(s->by, act_unname, &a, sizeof(a));
}

/* All scenarios of a shared portclash have one share of looks at paths. On a slow machine a look takes more of it, and it
 * needs time to fill again. */
static void let_share_fill(const struct test *t)
{
	if (t->settings->patience > 1)
		sleep_ms((unsigned)(200 * t->settings->patience));
}

/* The last refusal that was staged */
static struct {
	struct puppet *by;
	struct named name;
	int type;
} last_refused;

bool named_refused_again(struct puppet *by)
{
	struct named again;

	if (last_refused.by != by || by->t->settings->patience <= 1)
		return false;
	again = last_refused.name;
	sleep_ms((unsigned)(600 * by->t->settings->patience));
	named_refused(by, last_refused.type, &again);
	return true;
}

void named_refused(struct puppet *by, int type, const struct named *name)
{
	struct io_named a = { .name = *name, .type = type };

	last_refused.by = by;
	last_refused.name = *name;
	last_refused.type = type;
	let_share_fill(by->t);
	puppet_call(by, act_named, &a, sizeof(a));
	if (a.error != EADDRINUSE)
		test_abort(by->t, "stage: expected EADDRINUSE of a Unix socket, got %s",
			   strerror(a.error));
}

void named_free(struct puppet *by, int type, const struct named *name)
{
	int64_t until = deadline_in(by->t, 3);
	struct io_named a = { .name = *name, .type = type };

	by->t->retries = true;
	do {
		puppet_call(by, act_named, &a, sizeof(a));
		if (!a.error)
			puppet_call(by, act_unname, &a, sizeof(a));
		sleep_ms(10);
	} while (a.error && !deadline_over(until));
	if (a.error)
		test_fail(by->t, "expected that the name is free after the fix, got \"%s\"",
			  strerror(a.error));
}

void named_refused_last(struct puppet *by, const struct named *name)
{
	struct io_named a = { .name = *name, .type = SOCK_STREAM };

	puppet_call_last(by, act_named_last, &a, sizeof(a));
}

static void act_go_to(void *io)
{
	struct io_folder *a = io;

	a->error = chdir(a->path) ? errno : 0;
}

static void act_change_root(void *io)
{
	struct io_folder *a = io;

	a->error = chroot(a->path) || chdir("/") ? errno : 0;
}

static void act_hide(void *io)
{
	struct io_folder *a = io;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", a->path, "tmpfs", 0, NULL))
		a->error = errno;
}

static void call_with_folder(struct puppet *by, puppet_fn fn, const char *folder, const char *what)
{
	struct io_folder a = { .error = 0 };

	snprintf(a.path, sizeof(a.path), "%s", folder);
	puppet_call(by, fn, &a, sizeof(a));
	if (a.error)
		test_abort(by->t, "stage: %s %s: %s", what, folder, strerror(a.error));
}

void named_go_to(struct puppet *by, const char *folder)
{
	call_with_folder(by, act_go_to, folder, "go to");
}

void named_change_root(struct puppet *by, const char *folder)
{
	call_with_folder(by, act_change_root, folder, "change the root directory to");
}

void named_hide(struct puppet *by, const char *folder)
{
	call_with_folder(by, act_hide, folder, "mount an empty file system on");
}

const char *named_folder(struct test *t, const char *name, uid_t uid, char *path)
{
	test_path(t, name, path, 512);
	if (mkdir(path, 0755) || chown(path, uid, 0))
		test_abort(t, "stage: mkdir %s: %s", path, strerror(errno));
	return path;
}
