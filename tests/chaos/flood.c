// SPDX-License-Identifier: GPL-2.0-only
/* The attackers of the chaos test, and a bystander: each does one thing in a loop until SIGTERM.
 *     flood MODE PORT
 * The attackers become uid 65534 first. The bystander prints its rounds and how often it was refused. */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define MANY_PORTS 500
#define ARGUMENT (100 * 1024)
#define PROCESSES 4 /* at a time, of an attacker who makes processes */

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

/* Binds a new TCP socket to the port of the loopback address. A descriptor, or a negative errno. */
static int bound_socket(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || !bind(fd, (const struct sockaddr *)&to, sizeof(to)))
		return fd < 0 ? -errno : fd;
	err = errno;
	close(fd);
	return -err;
}

static void be_refused(uint16_t first, unsigned ports, unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds && !ended; i++) {
		int fd = bound_socket((uint16_t)(first + i % ports));

		if (fd >= 0)
			close(fd);
	}
}

static void keep_ports(uint16_t first, unsigned ports)
{
	for (unsigned i = 0; i < ports; i++)
		bound_socket((uint16_t)(first + i));
}

static void flood_binds(uint16_t first)
{
	keep_ports(first, MANY_PORTS);
	while (!ended)
		be_refused(first, MANY_PORTS, 1000);
}

static void flood_claims(uint16_t unused)
{
	(void)unused;
	while (!ended) {
		int fd = bound_socket(0);

		if (fd >= 0)
			close(fd);
	}
}

/* Calls make(port) in new processes without an end, PROCESSES at a time. */
static void flood_processes(uint16_t port, void (*make)(uint16_t port))
{
	unsigned running = 0;

	while (!ended) {
		if (running == PROCESSES && wait(NULL) > 0)
			running--;
		if (running < PROCESSES && fork() == 0) {
			make(port);
			_exit(0);
		}
		running++;
	}
}

static void space_of_its_own(uint16_t port)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return;
	keep_ports(port, 1);
	be_refused(port, 1, 20);
}

static void flood_spaces(uint16_t port)
{
	flood_processes(port, space_of_its_own);
}

/* Runs this program again, with an argument as long as the kernel allows. */
static void long_arguments(uint16_t port)
{
	char number[8], *argument = malloc(ARGUMENT + 1);

	if (!argument)
		return;
	memset(argument, 'x', ARGUMENT);
	argument[ARGUMENT] = '\0';
	snprintf(number, sizeof(number), "%u", port);
	execl("/proc/self/exe", "flood", "refused", number, argument, NULL);
}

static void flood_arguments(uint16_t port)
{
	keep_ports(port, MANY_PORTS);
	flood_processes(port, long_arguments);
}

static void refused_once(uint16_t port)
{
	be_refused((uint16_t)(port + (unsigned)getpid() % MANY_PORTS), 1, 1);
}

/* A server that closes and binds a port of its own. */
static void bystander(uint16_t port)
{
	unsigned long rounds = 0, refused = 0;

	for (; !ended; rounds++) {
		int fd = bound_socket(port);

		if (fd >= 0)
			close(fd);
		else
			refused += fd == -EADDRINUSE;
		if (rounds % 64 == 0)
			usleep(1000);
	}
	printf("%lu %lu\n", rounds, refused);
}

static const struct mode {
	const char *name;
	bool attacks;
	void (*run)(uint16_t port);
} modes[] = {
	{ "binds", true, flood_binds },		{ "claims", true, flood_claims },
	{ "spaces", true, flood_spaces },	{ "arguments", true, flood_arguments },
	{ "refused", false, refused_once },	{ "bystander", false, bystander },
};

int main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[1] : "";

	signal(SIGTERM, on_end);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(modes[i].name, name))
			continue;
		if (modes[i].attacks && (setgid(NOBODY) || setuid(NOBODY)))
			return 1;
		modes[i].run((uint16_t)atoi(argv[2]));
		return 0;
	}
	fprintf(stderr, "Usage: flood binds|claims|spaces|arguments|bystander PORT\n");
	return 2;
}
