// SPDX-License-Identifier: GPL-2.0-only
/* Confines a child as the agent and its writer confine themselves, and lays out its prey. */
#include "intruder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config/capabilities.h"
#include "host/privileges.h"

/* In the child. */
static bool succeeded;

void intruder_succeeded(void)
{
	succeeded = true;
}

static void become_agent(const struct prey *p, int which, bool writer)
{
	struct pc_confinement c = { .writer = writer,
				    .enter_netns = which == ENTERING,
				    .socket = writer ? -1 : p->to_writer };
	struct rlimit none = { 0, 0 };
	uint64_t held = 0, keep = 0;

	setrlimit(RLIMIT_CORE, &none);
	if (!writer && !pc_privileges_read(&held))
		keep = pc_capabilities_kept(held, c.enter_netns);
	if (pc_privileges_drop(keep) || pc_syscalls_restrict(&c))
		_exit(99);
}

/* An attack that is not refused must do no harm to the machine that runs the test: it happens in mounts of its own. Without
 * CAP_SYS_ADMIN there are none, and no attack on mounts could succeed. */
static void leave_mounts(void)
{
	if (!unshare(CLONE_NEWNS) && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(98);
}

int intrude(struct prey *p, int which, bool writer, try_fn fn)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		leave_mounts();
		become_agent(p, which, writer);
		fn(p);
		_exit(succeeded);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void prey_was_spared(const struct prey *p)
{
	struct stat st;
	char byte;

	assert_int_equal(p->word, 42);
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(recv(p->server_fd, &byte, 1, MSG_DONTWAIT), -1);
}

int prey_setup(void **state)
{
	static struct prey p = { .word = 42, .folder = "/tmp/portclash-unit-XXXXXX" };
	int fd;

	p.pid = getpid();
	assert_non_null(mkdtemp(p.folder));
	snprintf(p.file, sizeof(p.file), "%s/file", p.folder);
	snprintf(p.outside, sizeof(p.outside), "/proc/%d/root%s", getpid(), p.file);
	fd = open(p.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	p.server.sun_family = AF_UNIX;
	snprintf(p.server.sun_path, sizeof(p.server.sun_path), "%s/socket", p.folder);
	p.server_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p.server_fd, (struct sockaddr *)&p.server, sizeof(p.server)), 0);
	p.datagrams = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	p.to_writer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*state = &p;
	return 0;
}

int prey_teardown(void **state)
{
	struct prey *p = *state;

	close(p->server_fd);
	close(p->datagrams);
	close(p->to_writer);
	unlink(p->server.sun_path);
	unlink(p->file);
	return rmdir(p->folder);
}
