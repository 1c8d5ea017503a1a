// SPDX-License-Identifier: GPL-2.0-only
/* The players of `make demo`: a back end, a client whose source port the kernel chooses, and a
 * server that wants exactly that port; and the network namespace they play in. A copy of the program
 * plays the part that its file is named after: `./server 8080` is `players server 8080`. */
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
#define DEFAULT_PORT 8080

static int players_complain(const char *who, const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", who, what, strerror(errno));
	return 1;
}

/* Runs a command in a new network namespace with nothing but lo. */
static int players_enter(char **argv)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		return players_complain("demo", "cannot make a network namespace (needs root)");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		return players_complain("demo", "cannot bring lo up");
	execvp(argv[0], argv);
	return players_complain("demo", argv[0]);
}

static struct sockaddr_in players_address_of(in_addr_t address, unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(address),
	};
}

static int players_serve(const char *name, in_addr_t address, unsigned port)
{
	struct sockaddr_in at = players_address_of(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return players_complain(name, "bind");
	if (listen(fd, 16))
		return players_complain(name, "listen");
	printf("listening\n");
	fflush(stdout);
	alarm(LIFE_SECONDS);
	for (;;)
		if (accept(fd, NULL, NULL) < 0)
			return players_complain(name, "accept");
}

/* Prints the port that the kernel chose, and keeps the connection. */
static int players_connect_to(unsigned port)
{
	struct sockaddr_in to = players_address_of(INADDR_LOOPBACK, port), own;
	socklen_t len = sizeof(own);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return players_complain("client", "connect");
	if (getsockname(fd, (struct sockaddr *)&own, &len))
		return players_complain("client", "getsockname");
	printf("%u\n", ntohs(own.sin_port));
	fflush(stdout);
	alarm(LIFE_SECONDS);
	for (;;)
		pause();
}

/* Holds as many connections as the kernel has ports for, of `count` at most, and prints their ports. */
static _Noreturn void players_crowd(unsigned port, unsigned count)
{
	struct sockaddr_in to = players_address_of(INADDR_LOOPBACK, port), own;
	socklen_t len = sizeof(own);

	for (unsigned i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
			break;
		if (!getsockname(fd, (struct sockaddr *)&own, &len))
			printf("%u ", ntohs(own.sin_port));
	}
	printf("\n");
	fflush(stdout);
	alarm(LIFE_SECONDS);
	for (;;)
		pause();
}

/* Is there a server on the port? The probe binds a port of its own: the kernel may have none to give. */
static int players_probe(unsigned port)
{
	struct sockaddr_in to = players_address_of(INADDR_LOOPBACK, port);
	struct sockaddr_in from = players_address_of(INADDR_LOOPBACK, 7999);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	const struct linger now = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return players_complain("probe", "connect");
	return 0;
}

static int players_usage(void)
{
	fputs("usage: demo enter COMMAND [ARG…]\n"
	      "       demo server-backend|client|server|probe PORT\n"
	      "       demo clients PORT COUNT\n",
	      stderr);
	return 2;
}

/* Plays the part after which a copy of the program is named, on this port. */
static int players_named(const char *part, const char *port_text)
{
	unsigned long port = port_text ? strtoul(port_text, NULL, 10) : DEFAULT_PORT;

	if (!port || port > 65535)
		return players_usage();
	if (!strcmp(part, "client"))
		return players_connect_to((unsigned)port);
	return players_serve(part, strcmp(part, "backend") ? INADDR_ANY : INADDR_LOOPBACK, (unsigned)port);
}

int main(int argc, char **argv)
{
	unsigned long port = argc == 3 || argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	const char *name = basename(argv[0]);

	if (strcmp(name, "players"))
		return players_named(name, argv[1]);
	if (argc > 2 && !strcmp(argv[1], "enter"))
		return players_enter(argv + 2);
	if (argc < 3 || !port || port > 65535)
		return players_usage();
	prctl(PR_SET_NAME, argv[1]);
	if (!strcmp(argv[1], "server-backend"))
		return players_serve("server-backend", INADDR_LOOPBACK, (unsigned)port);
	if (!strcmp(argv[1], "clients") && argc == 4)
		players_crowd((unsigned)port, (unsigned)strtoul(argv[3], NULL, 10));
	if (argc != 3)
		return players_usage();
	if (!strcmp(argv[1], "probe"))
		return players_probe((unsigned)port);
	if (!strcmp(argv[1], "client"))
		return players_connect_to((unsigned)port);
	if (!strcmp(argv[1], "server"))
		return players_serve("server", INADDR_ANY, (unsigned)port);
	return players_usage();
}
