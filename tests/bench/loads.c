// SPDX-License-Identifier: GPL-2.0-only
/* One operation on ports, round after round, in one process: prints how many rounds and what they
 * took in nanoseconds, and the CPU time that a monitor (--pid) took for them afterwards. For a
 * guest whose clock counts instructions (instructions.sh). */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loads.h"

/* Below the port range of the guest: the kernel gives them to nobody. */
#define PORT 1000
#define PORT_FREE 1001
#define PORT_HELD 1002

/* Each has the whole port range to itself, as in connect_rate.c. */
#define ADDRESSES 200

/* Rounds that warm up, for each that is measured. */
#define WARM_UP 10

/* What is in TIME_WAIT (60 s) makes the next port harder to find. Sleeping costs nothing where
 * the clock counts instructions. */
#define TIME_WAIT_S 65

struct world {
	struct sockaddr_in6 address;
	socklen_t address_len;
	int listener;
	pid_t holders;
};

struct load {
	const char *name;
	unsigned rounds;
	int family;
	int holders;
	bool connects;
	void (*prepare)(struct world *w, const struct load *load);
	void (*round)(const struct world *w, unsigned nth);
};

static void die(const char *what)
{
	fprintf(stderr, "loads: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		die("the monitor is gone");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int open_socket(const struct world *w, int type)
{
	int fd = socket(w->address.sin6_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

static void set_address(struct world *w, int family, uint16_t port)
{
	struct sockaddr_in *v4 = (void *)&w->address;

	memset(&w->address, 0, sizeof(w->address));
	w->address.sin6_family = (sa_family_t)family;
	w->address.sin6_port = htons(port);
	w->address_len = sizeof(w->address);
	if (family == AF_INET6) {
		w->address.sin6_addr = in6addr_loopback;
		return;
	}
	v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w->address_len = sizeof(*v4);
}

static bool try_bind(const struct world *w, int fd)
{
	return bind(fd, (const struct sockaddr *)&w->address, w->address_len) == 0;
}

/* 127.0.0.1 and those that follow; IPv6 has one loopback address. */
static void nth_address(const struct world *w, unsigned nth, struct sockaddr_in6 *to)
{
	struct sockaddr_in *v4 = (void *)to;

	*to = w->address;
	if (to->sin6_family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK + nth % ADDRESSES);
}

static void prepare_connect(struct world *w, const struct load *load)
{
	struct sockaddr_in *v4 = (void *)&w->address;

	set_address(w, load->family, PORT);
	w->listener = open_socket(w, SOCK_STREAM);
	if (load->family == AF_INET)
		v4->sin_addr.s_addr = 0;
	if (!try_bind(w, w->listener) || listen(w->listener, 128) != 0)
		die("cannot listen");
	set_address(w, load->family, PORT);
	sleep(TIME_WAIT_S);
}

/* The client closes first, so that TIME_WAIT is its. */
static void round_connect(const struct world *w, unsigned nth)
{
	int client = open_socket(w, SOCK_STREAM), server;
	struct sockaddr_in6 to;

	nth_address(w, nth, &to);
	if (connect(client, (struct sockaddr *)&to, w->address_len) != 0)
		die("connect");
	server = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		die("accept");
	close(client);
	close(server);
}

static void prepare_udp(struct world *w, const struct load *load)
{
	set_address(w, load->family, PORT);
	w->listener = open_socket(w, SOCK_DGRAM);
	if (!try_bind(w, w->listener))
		die("cannot bind the receiver");
}

static void round_udp_connect(const struct world *w, unsigned nth)
{
	int fd = open_socket(w, SOCK_DGRAM);

	(void)nth;
	if (connect(fd, (const struct sockaddr *)&w->address, w->address_len) != 0)
		die("connect");
	close(fd);
}

static void round_udp_send(const struct world *w, unsigned nth)
{
	int fd = open_socket(w, SOCK_DGRAM);
	char byte = 0;

	(void)nth;
	if (sendto(fd, &byte, 1, 0, (const struct sockaddr *)&w->address, w->address_len) != 1 ||
	    recv(w->listener, &byte, 1, MSG_DONTWAIT) != 1)
		die("send");
	close(fd);
}

static void prepare_bind(struct world *w, const struct load *load)
{
	set_address(w, load->family, PORT_FREE);
}

static void round_bind(const struct world *w, unsigned nth)
{
	int fd = open_socket(w, SOCK_STREAM);

	(void)nth;
	if (!try_bind(w, fd) || listen(fd, 128) != 0)
		die("bind");
	close(fd);
}

static void allow_files(int count)
{
	struct rlimit limit = { (rlim_t)count + 100, (rlim_t)count + 100 };

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		die("cannot open so many files");
}

/* Another process, all of whose sockets are bound to the port with SO_REUSEADDR. */
static void hold(const struct world *w, int count, int ready)
{
	int one = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	allow_files(count);
	for (int i = 0; i < count; i++) {
		int fd = open_socket(w, SOCK_STREAM);

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (!try_bind(w, fd))
			die("a holder cannot bind");
	}
	if (write(ready, "", 1) != 1)
		die("write");
	pause();
	_exit(0);
}

static void prepare_refused(struct world *w, const struct load *load)
{
	int ready[2];
	char byte;

	set_address(w, load->family, PORT_HELD);
	if (pipe(ready) != 0)
		die("pipe");
	w->holders = fork();
	if (w->holders < 0)
		die("fork");
	if (w->holders == 0)
		hold(w, load->holders, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("the holders");
	close(ready[0]);
}

static void round_refused(const struct world *w, unsigned nth)
{
	int fd = open_socket(w, SOCK_STREAM);

	(void)nth;
	if (try_bind(w, fd) || errno != EADDRINUSE)
		die("the port was not refused");
	close(fd);
}

static void prepare_nothing(struct world *w, const struct load *load)
{
	(void)w;
	(void)load;
}

static void round_getppid(const struct world *w, unsigned nth)
{
	(void)w;
	(void)nth;
	getppid();
}

static const struct load loads[] = {
	{ "connect4", 3000, AF_INET, 0, true, prepare_connect, round_connect },
	{ "connect6", 3000, AF_INET6, 0, true, prepare_connect, round_connect },
	{ "udp-connect", 3000, AF_INET, 0, false, prepare_udp, round_udp_connect },
	{ "udp-send", 3000, AF_INET, 0, false, prepare_udp, round_udp_send },
	{ "bind", 3000, AF_INET, 0, false, prepare_bind, round_bind },
	{ "refused-1", 300, AF_INET, 1, false, prepare_refused, round_refused },
	{ "refused-16", 300, AF_INET, 16, false, prepare_refused, round_refused },
	{ "refused-10000", 50, AF_INET, 10000, false, prepare_refused, round_refused },
	{ "getppid", 100000, AF_INET, 0, false, prepare_nothing, round_getppid },
	{ "settle", 1, AF_INET, 0, false, prepare_nothing, round_getppid },
	{ "connect4-long", 50000, AF_INET, 0, true, prepare_connect, round_connect },
};

static void run(const struct load *load, unsigned rounds, struct monitor *m)
{
	struct world w = { .listener = -1 };
	uint64_t start, took, after;
	unsigned n = 0;

	load->prepare(&w, load);
	while (n < rounds / WARM_UP)
		load->round(&w, n++);
	if (load->connects)
		sleep(TIME_WAIT_S);
	monitor_settle(m);
	start = now_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < rounds; i++)
		load->round(&w, n++);
	took = now_ns(CLOCK_MONOTONIC) - start;
	after = monitor_finish(m);
	printf("%s %u %llu %llu\n", load->name, rounds, (unsigned long long)took,
	       (unsigned long long)after);
	if (w.holders) {
		kill(w.holders, SIGKILL);
		waitpid(w.holders, NULL, 0);
	}
}

static const struct load *find_load(const char *name)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (!strcmp(loads[i].name, name))
			return &loads[i];
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "pid", required_argument, NULL, 'p' },
						 { "rounds", required_argument, NULL, 'r' },
						 { "list", no_argument, NULL, 'l' },
						 { 0 } };
	const struct load *load = NULL;
	unsigned long rounds = 0;
	struct monitor m = MONITOR_NONE;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p' && monitor_open(&m, (pid_t)strtol(optarg, NULL, 10)))
			die("no such monitor");
		else if (c == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (c == 'l')
			for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
				puts(loads[i].name);
	}
	if (optind + 1 == argc)
		load = find_load(argv[optind]);
	if (!load) {
		fprintf(stderr, "usage: loads [--pid MONITOR] [--rounds N] LOAD\n");
		return 2;
	}
	run(load, rounds ? (unsigned)rounds : load->rounds, &m);
	return 0;
}
