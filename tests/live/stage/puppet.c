// SPDX-License-Identifier: GPL-2.0-only
/* Starting puppets and calling functions in them. */
#include "stage/puppet.h"

#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage/space.h"

#define CONTROL_FD 3
#define CALL_SECONDS 20
#define FILES_MAX 16384

struct call {
	long fn; /* relative to puppet_main: the binary is loaded anew, and elsewhere */
	size_t size;
	char io[CALL_MAX];
};

struct io_fd {
	int fd;
};

struct io_setuid {
	uid_t uid;
	int error;
};

static void send_fd(int control, int fd)
{
	char byte = 'f', space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	sendmsg(control, &msg, 0);
}

static int receive_fd(int control)
{
	char byte, space[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(control, &msg, MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* The next functions run in the puppet. */

void puppet_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void act_who(void *io)
{
	person_self(io);
}

static void act_setuid(void *io)
{
	struct io_setuid *a = io;

	a->error =
		setresgid(a->uid, a->uid, a->uid) || setresuid(a->uid, a->uid, a->uid) ? errno : 0;
	/* A change of user clears the parent-death signal. */
	puppet_die_with_parent();
}

static void act_give(void *io)
{
	send_fd(CONTROL_FD, ((struct io_fd *)io)->fd);
}

static void act_take(void *io)
{
	((struct io_fd *)io)->fd = receive_fd(CONTROL_FD);
}

static void serve_one(void)
{
	static struct call call;
	ssize_t n = recv(CONTROL_FD, &call, sizeof(call), 0);

	if (n < (ssize_t)offsetof(struct call, io))
		_exit(0);
	((puppet_fn)((char *)puppet_main + call.fn))(call.io);
	if (send(CONTROL_FD, call.io, call.size, 0) < 0)
		_exit(1);
}

void puppet_main(int argc, char **argv)
{
	struct rlimit files = { FILES_MAX, FILES_MAX };

	puppet_die_with_parent();
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 2)
		prctl(PR_SET_NAME, argv[2]);
	for (;;)
		serve_one();
}

/* The next functions run in the scenario. */

static void become_puppet(const struct puppet_spec *spec, int control)
{
	char *argv[] = { (char *)(spec->argv0 ? spec->argv0 : "live"), "--puppet",
			 (char *)spec->name, (char *)spec->argument, NULL };
	const char *exe = spec->exe ? spec->exe : "/proc/self/exe";

	/* Moves the descriptor through a third number, because dup2() onto itself would leave it
	 * close-on-exec. */
	if (dup2(control, CONTROL_FD + 1) < 0 || dup2(CONTROL_FD + 1, CONTROL_FD) < 0)
		_exit(126);
	close_range(CONTROL_FD + 1, ~0U, 0);
	execv(exe, argv);
	_exit(127);
}

void puppet_become(struct puppet *p, uid_t uid)
{
	struct io_setuid a = { .uid = uid };

	puppet_call(p, act_setuid, &a, sizeof(a));
	if (a.error)
		test_abort(p->t, "stage: cannot become user %u: %s", uid, strerror(a.error));
}

static void act_enter_another(void *io)
{
	*(int *)io = space_enter();
}

void puppet_go_elsewhere(struct puppet *p)
{
	int err = 0;

	puppet_call(p, act_enter_another, &err, sizeof(err));
	if (err)
		test_abort(p->t, "stage: cannot make a network namespace");
	puppet_identify(p);
}

void puppet_identify(struct puppet *p)
{
	int64_t after = p->who.born_after, before = p->who.born_before;

	puppet_call(p, act_who, &p->who, sizeof(p->who));
	p->who.born_after = after;
	p->who.born_before = before;
}

/* Forks, into new namespaces if there are any to make, or with a pid that is free. */
static pid_t clone_as(const struct puppet_spec *spec)
{
	pid_t pid = spec->pid;
	struct clone_args args = {
		.flags = (uint64_t)spec->flags,
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};

	if (pid)
		return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	return (pid_t)syscall(SYS_clone, spec->flags | SIGCHLD, 0, 0, 0, 0);
}

struct puppet *puppet_start_as(struct test *t, const struct puppet_spec *spec)
{
	struct puppet *p = calloc(1, sizeof(*p));
	int ends[2], size = CALL_MAX * 4;
	int64_t before = wall_ns();

	if (!p || t->puppets_count == PUPPETS_MAX ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		test_abort(t, "stage: cannot start %s: %s", spec->name, strerror(errno));
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*p = (struct puppet){ .t = t, .control = ends[0] };
	p->pid = clone_as(spec);
	if (p->pid == 0)
		become_puppet(spec, ends[1]);
	if (p->pid < 0)
		test_skip(t, "a process of that kind cannot be made here: %s", strerror(errno));
	close(ends[1]);
	t->puppets[t->puppets_count++] = p;
	if (spec->uid)
		puppet_become(p, spec->uid);
	puppet_identify(p);
	p->who.born_after = before;
	p->who.born_before = wall_ns();
	return p;
}

struct puppet *puppet_start(struct test *t, const char *name)
{
	return puppet_start_as(t, &(struct puppet_spec){ .name = name });
}

void puppet_begin(struct puppet *p, puppet_fn fn, const void *io, size_t size)
{
	static struct call call;

	if (size > CALL_MAX || p->control < 0)
		test_abort(p->t, "stage: %s cannot be called", p->who.comm);
	call.fn = (char *)fn - (char *)puppet_main;
	call.size = size;
	memcpy(call.io, io, size);
	if (send(p->control, &call, offsetof(struct call, io) + size, MSG_NOSIGNAL) < 0)
		test_abort(p->t, "stage: %s does not listen: %s", p->who.comm, strerror(errno));
}

static void await_puppet(struct puppet *p, double seconds)
{
	struct pollfd fd = { .fd = p->control, .events = POLLIN };

	if (poll(&fd, 1, (int)(seconds * 1000 * p->t->settings->patience)) != 1)
		test_abort(p->t, "stage: no answer from %s[%d]", p->who.comm, p->pid);
}

void puppet_end(struct puppet *p, void *io, size_t size, double seconds)
{
	await_puppet(p, seconds);
	if (recv(p->control, io, size, 0) != (ssize_t)size)
		test_abort(p->t, "stage: %s[%d] has died", p->who.comm, p->pid);
}

void puppet_call(struct puppet *p, puppet_fn fn, void *io, size_t size)
{
	puppet_begin(p, fn, io, size);
	puppet_end(p, io, size, CALL_SECONDS);
}

static void wait_end(struct puppet *p)
{
	int64_t until = deadline_in(p->t, CALL_SECONDS);

	while (waitpid(p->pid, NULL, WNOHANG) == 0) {
		if (deadline_over(until))
			test_abort(p->t, "stage: %s[%d] does not end", p->who.comm, p->pid);
		sleep_ms(1);
	}
}

void puppet_call_last(struct puppet *p, puppet_fn fn, const void *io, size_t size)
{
	puppet_begin(p, fn, io, size);
	wait_end(p);
	close(p->control);
	p->control = -1;
}

void puppet_exit(struct puppet *p)
{
	close(p->control);
	p->control = -1;
	wait_end(p);
}

void puppet_kill(struct puppet *p)
{
	kill(p->pid, SIGKILL);
	puppet_exit(p);
}

int puppet_pass(struct puppet *from, int fd, struct puppet *to)
{
	struct io_fd give = { fd }, take = { -1 };
	int copy;

	puppet_begin(from, act_give, &give, sizeof(give));
	await_puppet(from, CALL_SECONDS);
	copy = receive_fd(from->control);
	puppet_end(from, &give, sizeof(give), CALL_SECONDS);
	puppet_begin(to, act_take, &take, sizeof(take));
	send_fd(to->control, copy);
	puppet_end(to, &take, sizeof(take), CALL_SECONDS);
	close(copy);
	if (copy < 0 || take.fd < 0)
		test_abort(from->t, "stage: a descriptor could not be passed on");
	return take.fd;
}
