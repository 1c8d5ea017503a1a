// SPDX-License-Identifier: GPL-2.0-only
/* Loopback connect + accept + close as fast as two processes can, in a network namespace of
 * its own; prints connections per second and how many there were. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Each address has the whole port range to itself, so that the ports of connections in
 * TIME_WAIT do not run out: 200 * 64,000 is more than a minute's connections. */
#define ADDRESSES 200

/* Connections made and not yet accepted. A full accept queue drops the SYN, and the client
 * would sit out the second until TCP repeats it; below somaxconn, that cannot happen. */
#define IN_FLIGHT 128

#define PORT 1000 /* below the port range: no client can be given it */

static void connect_rate_die(const char *what)
{
	fprintf(stderr, "connect_rate: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double connect_rate_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
		connect_rate_die("cannot bring lo up");
	close(fd);
}

static void widen_ports(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "we");

	if (!file || fputs("1024 65535", file) < 0 || fclose(file) != 0)
		connect_rate_die("cannot widen ip_local_port_range");
}

static int listen_any(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
	    listen(fd, 2 * IN_FLIGHT) != 0)
		connect_rate_die("cannot listen");
	return fd;
}

/* On a CPU of its own each: where the scheduler puts the two is not what is measured. */
static void pin(int nth)
{
	cpu_set_t allowed, one;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return;
	nth %= CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || nth-- > 0)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

/* Waits for the client's FIN before it closes, so that TIME_WAIT is always the client's. */
static void connect_rate_serve(int listener, sem_t *slots)
{
	char byte;

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			connect_rate_die("accept");
		if (read(fd, &byte, 1) != 0)
			connect_rate_die("the client did not close");
		close(fd);
		sem_post(slots);
	}
}

static pid_t start_server(int listener, sem_t *slots)
{
	pid_t pid = fork();

	if (pid < 0)
		connect_rate_die("fork");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pin(1);
	connect_rate_serve(listener, slots);
	_exit(1);
}

static void connect_once(unsigned long nth)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)(nth % ADDRESSES)),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		connect_rate_die("connect");
	close(fd);
}

/* Over only when the server has closed every connection too. A server that died posts no
 * more slots: the wait has an end. */
static void wait_slot(sem_t *slots)
{
	struct timespec until;

	if (sem_trywait(slots) == 0)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	if (sem_timedwait(slots, &until) != 0)
		connect_rate_die("the server takes no connections");
}

static unsigned long run_client(double seconds, sem_t *slots)
{
	double end = connect_rate_now() + seconds;
	unsigned long n = 0;

	while (connect_rate_now() < end) {
		wait_slot(slots);
		connect_once(n++);
	}
	for (int i = 0; i < IN_FLIGHT; i++)
		wait_slot(slots);
	return n;
}

static void connect_rate_measure(double seconds)
{
	sem_t *slots = mmap(NULL, sizeof(*slots), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long n;
	double start;
	pid_t server;

	if (slots == MAP_FAILED || sem_init(slots, 1, IN_FLIGHT) != 0)
		connect_rate_die("shared memory");
	server = start_server(listen_any(), slots);
	pin(0);
	start = connect_rate_now();
	n = run_client(seconds, slots);
	seconds = connect_rate_now() - start;
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	printf("%.1f connections/s, %lu in %.3f s\n", (double)n / seconds, n, seconds);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "for", required_argument, NULL, 'f' }, { 0 } };
	double seconds = 2;
	char *rest = "";
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		seconds = c == 'f' ? strtod(optarg, &rest) : 0;
		if (c != 'f' || *rest)
			seconds = 0;
	}
	if (!(seconds > 0 && seconds <= 3600) || optind != argc) {
		fprintf(stderr, "usage: connect_rate [--for SECONDS]\n");
		return 2;
	}
	if (unshare(CLONE_NEWNET) != 0)
		connect_rate_die("cannot make a network namespace (needs root)");
	loopback_up();
	widen_ports();
	connect_rate_measure(seconds);
	return 0;
}
