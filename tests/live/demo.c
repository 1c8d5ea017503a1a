// SPDX-License-Identifier: GPL-2.0-only
/* The players of `make demo`: a back end, a client whose source port the kernel chooses, and a
 * server that wants exactly that port; and the network namespace they play in. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Nobody waits longer for a demonstration; whoever starts the players ends them before. */
#define LIFE_SECONDS 60

static int complain(const char *who, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", who, what, strerror(errno));
	return 1;
}

/* Runs a command in a new network namespace with nothing but lo. */
static int enter(char **argv)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		return complain("demo", "cannot make a network namespace (needs root)");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		return complain("demo", "cannot bring lo up");
	execvp(argv[0], argv);
	return complain("demo", argv[0]);
}

static struct sockaddr_in address_of(in_addr_t address, unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(address),
	};
}

static int serve(const char *name, in_addr_t address, unsigned port)
{
	struct sockaddr_in at = address_of(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return complain(name, "bind");
	if (listen(fd, 16))
		return complain(name, "listen");
	printf("listening\n");
	fflush(stdout);
	alarm(LIFE_SECONDS);
	for (;;)
		if (accept(fd, NULL, NULL) < 0)
			return complain(name, "accept");
}

/* Prints the port that the kernel chose, and keeps the connection. */
static int connect_to(unsigned port)
{
	struct sockaddr_in to = address_of(INADDR_LOOPBACK, port), own;
	socklen_t len = sizeof(own);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return complain("client", "connect");
	if (getsockname(fd, (struct sockaddr *)&own, &len))
		return complain("client", "getsockname");
	printf("%u\n", ntohs(own.sin_port));
	fflush(stdout);
	alarm(LIFE_SECONDS);
	for (;;)
		pause();
}

static int usage(void)
{
	fputs("usage: demo enter COMMAND [ARG…]\n"
	      "       demo server-backend|client|server PORT\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long port = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc > 2 && !strcmp(argv[1], "enter"))
		return enter(argv + 2);
	if (argc != 3 || !port || port > 65535)
		return usage();
	prctl(PR_SET_NAME, argv[1]);
	if (!strcmp(argv[1], "server-backend"))
		return serve("server-backend", INADDR_LOOPBACK, (unsigned)port);
	if (!strcmp(argv[1], "client"))
		return connect_to((unsigned)port);
	if (!strcmp(argv[1], "server"))
		return serve("server", INADDR_ANY, (unsigned)port);
	return usage();
}
