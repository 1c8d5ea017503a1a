// SPDX-License-Identifier: GPL-2.0-only
/* The commands that scenarios run as `portclash trace -- live --command NAME`. Each is in the
 * network namespace of the monitor and makes one for itself first. */
#include "stage/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage/acts.h"
#include "stage/space.h"

#define COMMAND_PORT 8080

static int bind_it(struct io_socket *s, uint16_t port)
{
	struct io_name a = { .to = { "127.0.0.1", port } };

	act_socket(s);
	a.fd = s->fd;
	act_bind(&a);
	return a.error;
}

/* Binds two sockets to one port: the second is refused. Returns 0 when it is. */
static int command_collide(void)
{
	struct io_socket one = { 0 }, two = { 0 };

	return !!bind_it(&one, COMMAND_PORT) || bind_it(&two, COMMAND_PORT) != EADDRINUSE;
}

static int quiet(void)
{
	struct io_socket one = { 0 };

	return bind_it(&one, COMMAND_PORT);
}

static int collide_in_child(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_NAME, "child");
		_exit(command_collide());
	}
	waitpid(pid, &status, 0);
	return status;
}

/* More than the kernel side follows a tree (TREE_DEPTH). */
#define COMMAND_DEPTH 300

/* Collides in a child of a child, and so on. */
static int collide_deep(void)
{
	int status = -1;

	for (int i = 0; i < COMMAND_DEPTH; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid) {
			waitpid(pid, &status, 0);
			return status != 0;
		}
	}
	prctl(PR_SET_NAME, "deep");
	return command_collide();
}

/* Becomes a classic daemon: its parent is gone, its session is its own. It closes the pipe when it
 * has collided. */
static void become_daemon(void)
{
	setsid();
	if (fork())
		_exit(0);
	prctl(PR_SET_NAME, "daemon");
	/* Waits until the parent is really gone. */
	usleep(100000);
	_exit(command_collide());
}

static int collide_in_daemon(void)
{
	int done[2];
	char byte;
	pid_t pid;

	if (pipe(done))
		return 1;
	pid = fork();
	if (pid == 0) {
		close(done[0]);
		become_daemon();
	}
	close(done[1]);
	waitpid(pid, NULL, 0);
	return read(done[0], &byte, 1) != 0;
}

/* A server as `portclash free -- COMMAND` starts it, on the port in $LIVE_PORT of all addresses. */
static int command_serve(void)
{
	const char *port = getenv("LIVE_PORT");
	struct io_socket s = { 0 };
	struct io_name a = { .to = { "0.0.0.0", (uint16_t)(port ? atoi(port) : 0) } };
	struct io_listen l = { .backlog = 8 };

	act_socket(&s);
	l.fd = a.fd = s.fd;
	act_bind(&a);
	act_listen(&l);
	return a.error || l.error ? 1 : 43;
}

static int fail(void)
{
	return 41;
}

static int crash(void)
{
	abort();
}

/* Interrupts as a terminal does: the signal reaches both, and the command takes a moment to end. */
static int interrupt(void)
{
	kill(getppid(), SIGINT);
	usleep(100000);
	return 42;
}

int command_main(const char *name)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} commands[] = {
		{ "collide", command_collide },	 { "quiet", quiet }, { "child", collide_in_child },
		{ "daemon", collide_in_daemon }, { "fail", fail },   { "crash", crash },
		{ "interrupt", interrupt },	 { "deep", collide_deep },
	};

	prctl(PR_SET_NAME, "command");
	if (!strcmp(name, "serve"))
		return command_serve();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return space_enter() ? 99 : commands[i].run();
	fprintf(stderr, "live: there is no command \"%s\"\n", name);
	return 98;
}
