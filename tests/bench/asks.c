// SPDX-License-Identifier: GPL-2.0-only
/* Requests to a server as Debian has it, one after another, in a guest whose clock counts instructions (instructions.sh): starts the
 * server, and prints what `loads` prints. The client never waits for anything but the server, so no processor is idle. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loads.h"

/* Rounds that warm up, for each that is measured. */
#define ASKS_WARM_UP 10

/* The clock of an idle guest jumps: these seconds cost nothing. */
#define START_S 5
#define PAUSE_S 65 /* no earlier connection is in TIME_WAIT */

#define SERVERS_MAX 2
#define ARGUMENTS_MAX 8

struct service {
	const char *name;
	unsigned rounds;
	const char *servers[SERVERS_MAX][ARGUMENTS_MAX];
	uint16_t port;
	bool is_lasting; /* one connection for all requests */
	const char *request;
	const char *reply_end;
};

#define HTTP "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define NGINX                                                                        \
	{                                                                            \
		"/usr/sbin/nginx", "-e", "/tmp/nginx.error", "-c", "/etc/nginx.conf" \
	}

static const struct service services[] = {
	{ "nginx", 3000, { NGINX }, 8080, true, HTTP, "upstream\n" },
	{ "haproxy",
	  3000,
	  { NGINX, { "/usr/sbin/haproxy", "-db", "-f", "/etc/haproxy.cfg" } },
	  8090,
	  true,
	  HTTP,
	  "upstream\n" },
	{ "redis",
	  3000,
	  { { "/usr/bin/redis-server", "--port", "6379", "--save", "" } },
	  6379,
	  false,
	  "PING\r\n",
	  "+PONG\r\n" },
};

static void asks_die(const char *what)
{
	fprintf(stderr, "asks: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t asks_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static pid_t asks_start_server(const char *const *words)
{
	pid_t pid = fork();

	if (pid < 0)
		asks_die("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execv(words[0], (char *const *)words);
		asks_die(words[0]);
	}
	return pid;
}

static int open_connection(const struct service *s)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		asks_die("connect");
	return fd;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	return len >= strlen(end) && !memcmp(text + len - strlen(end), end, strlen(end));
}

static void ask_server(int fd, const struct service *s)
{
	char reply[4096];
	size_t len = 0;

	if (write(fd, s->request, strlen(s->request)) != (ssize_t)strlen(s->request))
		asks_die("write");
	while (!ends_with(reply, len, s->reply_end)) {
		ssize_t n = read(fd, reply + len, sizeof(reply) - len);

		if (n <= 0)
			asks_die("the server gives another reply");
		len += (size_t)n;
	}
}

static void run_requests(const struct service *s, unsigned rounds)
{
	int fd = s->is_lasting ? open_connection(s) : -1;

	for (unsigned i = 0; i < rounds; i++) {
		if (!s->is_lasting)
			fd = open_connection(s);
		ask_server(fd, s);
		if (!s->is_lasting)
			close(fd);
	}
	if (s->is_lasting)
		close(fd);
}

static void measure_service(const struct service *s, const char *name, struct monitor *m)
{
	uint64_t before, start, took, meanwhile;

	run_requests(s, s->rounds / ASKS_WARM_UP);
	sleep(PAUSE_S);
	monitor_settle(m);
	before = monitor_cpu_ns(m);
	start = asks_now_ns();
	run_requests(s, s->rounds);
	took = asks_now_ns() - start;
	meanwhile = monitor_cpu_ns(m) - before;
	printf("%s %u %llu %llu %llu\n", name, s->rounds, (unsigned long long)took,
	       (unsigned long long)monitor_finish(m), (unsigned long long)meanwhile);
}

static void run_service(struct service *s, const char *name, struct monitor *m)
{
	pid_t pids[SERVERS_MAX] = { 0 };

	for (int i = 0; i < SERVERS_MAX && s->servers[i][0]; i++) {
		pids[i] = asks_start_server(s->servers[i]);
		sleep(START_S);
	}
	measure_service(s, name, m);
	for (int i = 0; i < SERVERS_MAX && pids[i]; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

/* "real-" and the name of a service */
static bool find_service(const char *name, struct service *ret)
{
	const char *dash = strchr(name, '-');

	for (size_t i = 0; dash && i < sizeof(services) / sizeof(services[0]); i++)
		if (!strcmp(services[i].name, dash + 1)) {
			*ret = services[i];
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "pid", required_argument, NULL, 'p' },
						 { "rounds", required_argument, NULL, 'r' },
						 { 0 } };
	struct monitor m = MONITOR_NONE;
	struct service service;
	unsigned long rounds = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p' && monitor_open(&m, (pid_t)strtol(optarg, NULL, 10)))
			asks_die("no such monitor");
		else if (c == 'r')
			rounds = strtoul(optarg, NULL, 10);
	}
	if (optind + 1 != argc || !find_service(argv[optind], &service)) {
		fprintf(stderr, "usage: asks [--pid MONITOR] [--rounds N] real-SERVICE\n");
		return 2;
	}
	if (rounds)
		service.rounds = (unsigned)rounds;
	run_service(&service, argv[optind], &m);
	return 0;
}
