// SPDX-License-Identifier: GPL-2.0-only
/* One network namespace full of trouble: servers that restart at random on ports of the range, and clients
 * that connect at full rate. A bind() that a client's port stands in the way of is a collision. With --wait
 * the servers first wait until their ports are reserved. Prints one line of numbers at the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOW 32768
#define SINK 8080
#define HELD 96
#define SERVERS_MAX 64
#define CLIENTS 2
#define LIST "/proc/sys/net/ipv4/ip_local_reserved_ports"

struct settings {
	unsigned servers;
	unsigned range;
	double seconds;
	bool wait;	     /* until the ports are reserved */
	unsigned rewrite_ms; /* another program replaces the list so often; 0: none does */
	const char *pause;   /* a file: while it is locked, nobody rewrites */
};

static struct settings settings = { .servers = 24, .range = 1024, .seconds = 3 };
static atomic_bool over, all_there;
static atomic_uint listening;
static atomic_ulong restarts, collisions, connects, rewrites;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(unsigned us)
{
	struct timespec t = { us / 1000000, us % 1000000 * 1000L };

	nanosleep(&t, NULL);
}

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "chaos: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	close(fd);
}

static void chaos_enter_namespace(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	char text[32];
	int fd;

	if (unshare(CLONE_NEWNET))
		fail("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo))
		fail("lo");
	close(fd);
	snprintf(text, sizeof(text), "%d %d", LOW, LOW + (int)settings.range - 1);
	put("/proc/sys/net/ipv4/ip_local_port_range", text);
}

static struct sockaddr_in address(unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Listens; -1 and EADDRINUSE when somebody has the port. */
static int chaos_listen_on(unsigned port)
{
	struct sockaddr_in a = address(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, (void *)&a, sizeof(a)) && !listen(fd, 64))
		return fd;
	close(fd);
	return -1;
}

/* Even ports: connect() tries those first where the range begins with one (__inet_hash_connect()). */
static unsigned port_of(unsigned index)
{
	return LOW + index * (settings.range / SERVERS_MAX) + 2;
}

/* One collision, however often it is tried. */
static int listen_at_last(unsigned port)
{
	int fd = chaos_listen_on(port);

	if (fd < 0)
		atomic_fetch_add(&collisions, 1);
	while (fd < 0 && !over) {
		nap(500);
		fd = chaos_listen_on(port);
	}
	return fd;
}

static void *serve(void *argument)
{
	unsigned index = (unsigned)(size_t)argument, seed = index + 1;
	int fd = chaos_listen_on(port_of(index));

	if (fd < 0)
		fail("the first listen()");
	atomic_fetch_add(&listening, 1);
	while (!all_there)
		nap(1000);
	while (!over) {
		close(fd);
		nap((unsigned)rand_r(&seed) % 4000);
		fd = listen_at_last(port_of(index));
		atomic_fetch_add(&restarts, 1);
		nap((unsigned)rand_r(&seed) % 8000);
	}
	close(fd);
	return NULL;
}

static void *sink(void *argument)
{
	int fd = *(int *)argument;

	while (!over) {
		int one = accept(fd, NULL, NULL);

		if (one >= 0)
			close(one);
	}
	return NULL;
}

/* Holds some connections, so that ports are taken, and has the kernel choose a port for each new one. */
static void *chaos_connect_all(void *argument)
{
	struct linger off = { 1, 0 };
	int held[HELD];
	unsigned at = 0;

	(void)argument;
	memset(held, -1, sizeof(held));
	for (; !over; at = (at + 1) % HELD) {
		struct sockaddr_in a = address(SINK);

		if (held[at] >= 0)
			close(held[at]);
		held[at] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		setsockopt(held[at], SOL_SOCKET, SO_LINGER, &off, sizeof(off));
		if (!connect(held[at], (void *)&a, sizeof(a)))
			atomic_fetch_add(&connects, 1);
	}
	return NULL;
}

/* Replace the whole list, as `sysctl --system` does. */
static void *rewrite_list(void *argument)
{
	static const char *const lists[] = { "6000\n", "\n", "7000-7010,9999\n" };

	int lock = open(settings.pause, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)argument;
	if (lock < 0)
		fail(settings.pause);
	for (unsigned i = 0; !over; i++) {
		nap(settings.rewrite_ms * 1000);
		flock(lock, LOCK_SH);
		put(LIST, lists[i % 3]);
		flock(lock, LOCK_UN);
		atomic_fetch_add(&rewrites, 1);
	}
	return NULL;
}

static bool list_has(const char *list, unsigned port)
{
	for (const char *at = list; *at; at += *at == ',') {
		unsigned low, high;
		int n = sscanf(at, "%u-%u", &low, &high);

		if (n >= 1 && port >= low && port <= (n == 2 ? high : low))
			return true;
		at += strcspn(at, ",\n");
		if (*at == '\n')
			break;
	}
	return false;
}

static bool is_reserved(void)
{
	char list[4096] = "";
	int fd = open(LIST, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, list, sizeof(list) - 1);

	close(fd);
	for (unsigned i = 0; i < settings.servers && n >= 0; i++)
		if (!list_has(list, port_of(i)))
			return false;
	return true;
}

/* Seconds until all ports are reserved. */
static double wait_reserved(double since)
{
	while (!is_reserved()) {
		if (now() - since > 20) {
			fprintf(stderr, "chaos: the ports are not reserved after 20 s\n");
			exit(1);
		}
		nap(200);
	}
	return now() - since;
}

static void start_thread(pthread_t *out, void *(*fn)(void *), void *argument)
{
	if (pthread_create(out, NULL, fn, argument))
		fail("pthread_create");
}

static void read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "n:r:s:wm:p:")) >= 0) {
		switch (option) {
		case 'n':
			settings.servers = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			settings.range = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			settings.seconds = strtod(optarg, NULL);
			break;
		case 'w':
			settings.wait = true;
			break;
		case 'm':
			settings.rewrite_ms = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'p':
			settings.pause = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (!settings.servers || settings.servers > SERVERS_MAX || settings.range < SERVERS_MAX * 4)
		exit(2);
}

int main(int argc, char **argv)
{
	pthread_t servers[SERVERS_MAX], clients[CLIENTS], others;
	double began, reserved = 0;
	int fd;

	read_options(argc, argv);
	chaos_enter_namespace();
	fd = chaos_listen_on(SINK);
	if (fd < 0)
		fail("the sink");
	began = now();
	for (size_t i = 0; i < settings.servers; i++)
		start_thread(&servers[i], serve, (void *)i);
	while (listening < settings.servers)
		nap(200);
	if (settings.wait)
		reserved = wait_reserved(began);
	start_thread(&others, sink, &fd);
	for (size_t i = 0; i < CLIENTS; i++)
		start_thread(&clients[i], chaos_connect_all, NULL);
	if (settings.rewrite_ms)
		start_thread(&others, rewrite_list, NULL);
	all_there = true;
	began = now();
	while (now() - began < settings.seconds)
		nap(10000);
	over = true;
	for (size_t i = 0; i < settings.servers; i++)
		pthread_join(servers[i], NULL);
	printf("restarts=%lu collisions=%lu connects=%lu rewrites=%lu reserved_ms=%.1f seconds=%.1f\n",
	       restarts, collisions, connects, rewrites, reserved * 1000, now() - began);
	fflush(stdout);
	_exit(0);
}
