// SPDX-License-Identifier: GPL-2.0-only
/* Makes an operation on ports round after round in one process. Prints how many rounds and what they took in nanoseconds, the
 * CPU time that a monitor (--pid) took for them afterwards, and what it took meanwhile. For a guest whose clock counts
 * instructions (instructions.sh). */
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

/* A resolver takes one of these for each query. */
#define RESOLVER_FIRST 10000
#define RESOLVER_PORTS 50000
#define RESOLVER_STEP 7919 /* a prime: no two queries near each other have the same port */

/* Each has the whole port range to itself, as in connect_rate.c. */
#define ADDRESSES 200

/* Rounds that warm up, for each that is measured. */
#define WARM_UP 10

/* Sockets in TIME_WAIT (60 s) make the next port harder to find. Sleeping costs nothing where the
 * clock counts instructions. */
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

static void loads_die(const char *what)
{
	fprintf(stderr, "loads: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		loads_die("the monitor is gone");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void loads_allow_files(int count)
{
	struct rlimit limit = { (rlim_t)count + 100, (rlim_t)count + 100 };

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		loads_die("cannot open so many files");
}

static int loads_open_socket(const struct world *w, int type)
{
	int fd = socket(w->address.sin6_family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		loads_die("socket");
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
	int one = 1;

	set_address(w, load->family, PORT);
	w->listener = loads_open_socket(w, SOCK_STREAM);
	setsockopt(w->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (load->family == AF_INET)
		v4->sin_addr.s_addr = 0;
	if (!try_bind(w, w->listener) || listen(w->listener, 128) != 0)
		loads_die("cannot listen");
	set_address(w, load->family, PORT);
	sleep(TIME_WAIT_S);
}

/* The client closes first, so that TIME_WAIT is its. */
static void round_connect(const struct world *w, unsigned nth)
{
	int client = loads_open_socket(w, SOCK_STREAM), server;
	struct sockaddr_in6 to;

	nth_address(w, nth, &to);
	if (connect(client, (struct sockaddr *)&to, w->address_len) != 0)
		loads_die("connect");
	server = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		loads_die("accept");
	close(client);
	close(server);
}

static void prepare_udp(struct world *w, const struct load *load)
{
	set_address(w, load->family, PORT);
	w->listener = loads_open_socket(w, SOCK_DGRAM);
	if (!try_bind(w, w->listener))
		loads_die("cannot bind the receiver");
}

static void round_udp_connect(const struct world *w, unsigned nth)
{
	int fd = loads_open_socket(w, SOCK_DGRAM);

	(void)nth;
	if (connect(fd, (const struct sockaddr *)&w->address, w->address_len) != 0)
		loads_die("connect");
	close(fd);
}

static void round_udp_send(const struct world *w, unsigned nth)
{
	int fd = loads_open_socket(w, SOCK_DGRAM);
	char byte = 0;

	(void)nth;
	if (sendto(fd, &byte, 1, 0, (const struct sockaddr *)&w->address, w->address_len) != 1 ||
	    recv(w->listener, &byte, 1, MSG_DONTWAIT) != 1)
		loads_die("send");
	close(fd);
}

/* A resolver's query: a socket of its own, on a port that the resolver itself chose by chance. */
static void round_resolver(const struct world *w, unsigned nth)
{
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(RESOLVER_FIRST + nth * RESOLVER_STEP % RESOLVER_PORTS)),
	};
	int fd = loads_open_socket(w, SOCK_DGRAM);
	char byte = 0;

	if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) != 0)
		loads_die("bind");
	if (sendto(fd, &byte, 1, 0, (const struct sockaddr *)&w->address, w->address_len) != 1 ||
	    recv(w->listener, &byte, 1, MSG_DONTWAIT) != 1)
		loads_die("send");
	close(fd);
}

/* The monitor's tables are swept twice by so many claims, and grow to what all loads need that follow (--rounds does not
 * change it). The sockets stay open until the process ends. */
#define FILL_ROUNDS 60000
#define FILL_PORTS 32768

static void prepare_fill(struct world *w, const struct load *load)
{
	loads_allow_files(FILL_ROUNDS + FILL_ROUNDS / WARM_UP);
	prepare_udp(w, load);
}

static void round_fill(const struct world *w, unsigned nth)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(RESOLVER_FIRST + nth % FILL_PORTS)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + nth % ADDRESSES),
	};

	if (bind(loads_open_socket(w, SOCK_DGRAM), (const struct sockaddr *)&to, sizeof(to)) != 0)
		loads_die("bind");
}

static void prepare_bind(struct world *w, const struct load *load)
{
	set_address(w, load->family, PORT_FREE);
}

static void round_bind(const struct world *w, unsigned nth)
{
	int fd = loads_open_socket(w, SOCK_STREAM);

	(void)nth;
	if (!try_bind(w, fd) || listen(fd, 128) != 0)
		loads_die("bind");
	close(fd);
}

/* Another process, all of whose sockets are bound to the port with SO_REUSEADDR. */
static void loads_hold(const struct world *w, int count, int ready)
{
	int one = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	loads_allow_files(count);
	for (int i = 0; i < count; i++) {
		int fd = loads_open_socket(w, SOCK_STREAM);

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (!try_bind(w, fd))
			loads_die("a holder cannot bind");
	}
	if (write(ready, "", 1) != 1)
		loads_die("write");
	pause();
	_exit(0);
}

static void prepare_refused(struct world *w, const struct load *load)
{
	int ready[2];
	char byte;

	set_address(w, load->family, PORT_HELD);
	if (pipe(ready) != 0)
		loads_die("pipe");
	w->holders = fork();
	if (w->holders < 0)
		loads_die("fork");
	if (w->holders == 0)
		loads_hold(w, load->holders, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		loads_die("the holders");
	close(ready[0]);
}

static void round_refused(const struct world *w, unsigned nth)
{
	int fd = loads_open_socket(w, SOCK_STREAM);

	(void)nth;
	if (try_bind(w, fd) || errno != EADDRINUSE)
		loads_die("the port was not refused");
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

static void round_idle(const struct world *w, unsigned nth)
{
	(void)w;
	(void)nth;
	sleep(1);
}

static const struct load loads[] = {
	{ "connect4", 3000, AF_INET, 0, true, prepare_connect, round_connect },
	{ "connect6", 3000, AF_INET6, 0, true, prepare_connect, round_connect },
	{ "udp-connect", 3000, AF_INET, 0, false, prepare_udp, round_udp_connect },
	{ "udp-send", 3000, AF_INET, 0, false, prepare_udp, round_udp_send },
	{ "resolver", 3000, AF_INET, 0, false, prepare_udp, round_resolver },
	{ "bind", 3000, AF_INET, 0, false, prepare_bind, round_bind },
	{ "fill", FILL_ROUNDS, AF_INET, 0, false, prepare_fill, round_fill },
	{ "refused-", 100, AF_INET, 0, false, prepare_refused, round_refused },
	{ "getppid", 100000, AF_INET, 0, false, prepare_nothing, round_getppid },
	{ "idle", 60, AF_INET, 0, false, prepare_nothing, round_idle },
	{ "settle", 1, AF_INET, 0, false, prepare_nothing, round_getppid },
	{ "connect4-long", 30000, AF_INET, 0, true, prepare_connect, round_connect },
};

static void loads_run(const struct load *load, const char *name, unsigned rounds, struct monitor *m)
{
	struct world w = { .listener = -1 };
	uint64_t before, start, took, meanwhile, after;
	unsigned n = 0;

	load->prepare(&w, load);
	while (n < rounds / WARM_UP)
		load->round(&w, n++);
	if (load->connects)
		sleep(TIME_WAIT_S);
	monitor_settle(m);
	before = monitor_cpu_ns(m);
	start = now_ns(CLOCK_MONOTONIC);
	for (unsigned i = 0; i < rounds; i++)
		load->round(&w, n++);
	took = now_ns(CLOCK_MONOTONIC) - start;
	meanwhile = monitor_cpu_ns(m) - before;
	after = load->round == round_idle ? meanwhile : monitor_finish(m);
	if (load->round == round_idle)
		took = 0;
	printf("%s %u %llu %llu %llu\n", name, rounds, (unsigned long long)took,
	       (unsigned long long)after, (unsigned long long)meanwhile);
	if (w.holders) {
		kill(w.holders, SIGKILL);
		waitpid(w.holders, NULL, 0);
	}
}

/* With many holders, a refusal is dear: fewer rounds of it. */
#define MANY_HOLDERS 1000
#define MANY_ROUNDS 20

/* The name of one, or "refused-" and the number of holders */
static bool find_load(const char *name, struct load *ret)
{
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		size_t len = strlen(loads[i].name);

		if (loads[i].name[len - 1] == '-' ? strncmp(loads[i].name, name, len) :
						    strcmp(loads[i].name, name))
			continue;
		*ret = loads[i];
		ret->holders = (int)strtol(name + len, NULL, 10);
		if (ret->holders >= MANY_HOLDERS)
			ret->rounds = MANY_ROUNDS;
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "pid", required_argument, NULL, 'p' },
						 { "rounds", required_argument, NULL, 'r' },
						 { 0 } };
	struct load load;
	unsigned long rounds = 0;
	struct monitor m = MONITOR_NONE;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p' && monitor_open(&m, (pid_t)strtol(optarg, NULL, 10)))
			loads_die("no such monitor");
		else if (c == 'r')
			rounds = strtoul(optarg, NULL, 10);
	}
	if (optind + 1 != argc || !find_load(argv[optind], &load)) {
		fprintf(stderr, "usage: loads [--pid MONITOR] [--rounds N] LOAD\n");
		return 2;
	}
	if (rounds && load.round != round_fill)
		load.rounds = (unsigned)rounds;
	loads_run(&load, argv[optind], load.rounds, &m);
	return 0;
}
