// SPDX-License-Identifier: GPL-2.0-only
/* The commands that scenarios run as `portclash trace -- live --command NAME`. Each is in the
 * network namespace of the monitor and makes one for itself first. */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "space.h"

#define COMMAND_PORT 8080

static int bind_it(struct io_socket *s, uint16_t port)
{
	struct io_name a = { .to = { "127.0.0.1", port } };

	act_socket(s);
	a.fd = s->fd;
	act_bind(&a);
	return a.error;
}

/* Two sockets on one port: refused once. 0 when it went so. */
static int collide(void)
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
		_exit(collide());
	}
	waitpid(pid, &status, 0);
	return status;
}

/* The classic daemon: its parent is gone, its session is its own. What it has done, it tells
 * by closing the pipe. */
static void become_daemon(void)
{
	setsid();
	if (fork())
		_exit(0);
	prctl(PR_SET_NAME, "daemon");
	/* Until the parent is really gone. */
	usleep(100000);
	_exit(collide());
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

static int fail(void)
{
	return 41;
}

static int crash(void)
{
	abort();
}

/* As on a terminal: the signal reaches both, and the command takes a moment to end. */
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
		{ "collide", collide },		 { "quiet", quiet }, { "child", collide_in_child },
		{ "daemon", collide_in_daemon }, { "fail", fail },   { "crash", crash },
		{ "interrupt", interrupt },
	};

	prctl(PR_SET_NAME, "command");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			return space_enter() ? 99 : commands[i].run();
	fprintf(stderr, "live: there is no command \"%s\"\n", name);
	return 98;
}
