// SPDX-License-Identifier: GPL-2.0-only
/* Fills a machine, says "ready" and stays until it is killed: so many sockets, network namespaces
 * or processes, to see what the monitor's cost grows with. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Below the port range. Not one of those of loads.c. */
#define PORT 900

/* Connections to one address: far fewer than there are ports. */
#define PER_ADDRESS 10000

static void stage_die(const char *what)
{
	fprintf(stderr, "stage: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void stage_allow_files(unsigned count)
{
	struct rlimit limit = { count + 100, count + 100 };

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		stage_die("cannot open so many files");
}

static int listen_at(uint32_t address, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(address),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0 || listen(fd, 16) != 0)
		stage_die("cannot listen");
	return fd;
}

/* Both ends of connections, all in this process */
static void open_sockets(unsigned count)
{
	int listener = listen_at(INADDR_ANY, PORT);

	for (unsigned i = 0; i < count / 2; i++) {
		struct sockaddr_in to = {
			.sin_family = AF_INET,
			.sin_port = htons(PORT),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i / PER_ADDRESS),
		};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
		    accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
			stage_die("cannot connect");
	}
}

/* Each kept by a listener in it */
static void open_namespaces(unsigned count)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < count; i++) {
		if (unshare(CLONE_NEWNET) != 0)
			stage_die("cannot make a network namespace");
		listen_at(INADDR_ANY, PORT);
	}
	if (own < 0 || setns(own, CLONE_NEWNET) != 0)
		stage_die("cannot come back");
}

/* Each with a socket of its own */
static void start_processes(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			stage_die("cannot fork");
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0)
			stage_die("socket");
		pause();
		_exit(0);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fill)(unsigned count);
	} kinds[] = {
		{ "sockets", open_sockets },
		{ "namespaces", open_namespaces },
		{ "processes", start_processes },
	};
	unsigned count = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	for (size_t i = 0; count && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[1]) != 0)
			continue;
		stage_allow_files(count);
		kinds[i].fill(count);
		puts("ready");
		fflush(stdout);
		pause();
		return 0;
	}
	fprintf(stderr, "usage: stage sockets|namespaces|processes N\n");
	return 2;
}
