// SPDX-License-Identifier: GPL-2.0-only
/* Records the streams of the replay tests: loads the real BPF programs, stages a collision in
 * a network namespace of its own, writes the records as they come out of the rings, and
 * beside them what was staged. Records of other network namespaces are left out. */
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "damage.h"
#include "stage.h"
#include "stream.h"

void stage_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("record: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void enter_namespace(struct stage *s)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct stat st;
	int fd;

	if (unshare(CLONE_NEWNET))
		stage_fail("no network namespace: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &lo) || stat("/proc/self/ns/net", &st))
		stage_fail("lo: %s", strerror(errno));
	close(fd);
	s->netns = (uint32_t)st.st_ino;
}

static void write_record(struct stage *s, const void *record)
{
	if (stream_append(s->stream, record))
		stage_fail("cannot write: %s", strerror(errno));
}

static void on_process(void *context, const struct pc_process *p)
{
	struct stage *s = context;

	if (p->netns == s->netns)
		write_record(s, p);
}

static void on_claim(void *context, const struct pc_claim *c)
{
	struct stage *s = context;

	if (c->netns == s->netns)
		write_record(s, c);
}

static void on_endpoints(void *context, const struct pc_endpoints *e)
{
	(void)context, (void)e; /* not asked for */
}

static void on_refusal(void *context, const struct pc_refusal *r)
{
	struct stage *s = context;

	if (r->netns != s->netns)
		return;
	s->refusals++;
	write_record(s, r);
}

static void on_owner(void *context, const struct pc_owner *o)
{
	struct stage *s = context;

	if (o->socket.netns == s->netns && (!s->owners_port || o->socket.lport == s->owners_port))
		write_record(s, o);
}

void stage_owners(struct stage *s, uint16_t port)
{
	struct pc_wanted all = { .all = true };

	s->owners_port = port;
	if (pc_monitor_owners(s->monitor, &all, on_owner, s))
		stage_fail("cannot list the open sockets");
}

static void collect(struct stage *s)
{
	s->refusals = 0;
	pc_monitor_read_claims(s->monitor);
	pc_monitor_read_refusals(s->monitor);
	if (s->refusals != 1)
		stage_fail("%u refusals were seen, not one", s->refusals);
}

struct reply stage_do(struct actor *a, struct order order)
{
	struct reply reply = actor_do(a, order);

	if (reply.error)
		stage_fail("%s: order %d: %s", a->name, order.act, strerror(reply.error));
	return reply;
}

void stage_refuse(struct stage *s, uint8_t proto, const char *address, uint16_t port, int error)
{
	struct order order = {
		.act = ACT_SOCKET, .proto = proto, .address = address, .port = port
	};
	struct reply reply = stage_do(&s->server, order);

	order.act = ACT_BIND;
	order.fd = reply.fd;
	reply = actor_do(&s->server, order);
	if (reply.error != error)
		stage_fail("bind to port %u: %s", port, strerror(reply.error));
	collect(s);
	order.act = ACT_CLOSE;
	stage_do(&s->server, order);
}

void stage_expect(struct stage *s, uint16_t port, const char *cause, const struct actor *who,
		  const char *how, unsigned blocking)
{
	if (who)
		fprintf(s->expect, "%u %s %d %s %s %u\n", port, cause, who->pid, who->name, how,
			blocking);
	else
		fprintf(s->expect, "%u %s - - %s %u\n", port, cause, how, blocking);
}

static void start_actors(struct stage *s)
{
	if (!actor_start(&s->peer, "peer") || !actor_start(&s->thief, "thief") ||
	    !actor_start(&s->holder, "holder") || !actor_start(&s->server, "server"))
		stage_fail("cannot start the actors");
}

static void stop_actors(struct stage *s)
{
	actor_stop(&s->peer);
	actor_stop(&s->thief);
	actor_stop(&s->holder);
	actor_stop(&s->server);
}

static void start_peer(struct stage *s)
{
	struct order order = { .act = ACT_SOCKET,
			       .proto = PC_PROTO_TCP,
			       .address = "::",
			       .port = PEER_PORT,
			       .reuse = true };

	s->listener = order.fd = stage_do(&s->peer, order).fd;
	order.act = ACT_BIND;
	stage_do(&s->peer, order);
	order.act = ACT_LISTEN;
	stage_do(&s->peer, order);
}

static void start_watching(struct stage *s)
{
	const struct pc_monitor_options options = { .backend = "auto" };
	const struct pc_record_handler handler = {
		.context = s,
		.process = on_process,
		.claim = on_claim,
		.endpoints = on_endpoints,
		.refusal = on_refusal,
	};
	char sentence[PC_SENTENCE];
	struct utsname kernel;

	if (pc_monitor_open(&options, &handler, &s->monitor, sentence))
		stage_fail("%s", sentence);
	uname(&kernel);
	fprintf(s->expect, "# Linux %s, back end %s\n", kernel.release,
		pc_monitor_backend(s->monitor));
	stage_owners(s, 0);
}

static FILE *open_file(const char *folder, const char *name, const char *suffix)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, name, suffix);
	file = fopen(path, "we");
	if (!file)
		stage_fail("%s: %s", path, strerror(errno));
	return file;
}

static void record(struct stage *s, const struct scene *scene, const char *folder)
{
	s->stream = open_file(folder, scene->name, "pcrec");
	s->expect = open_file(folder, scene->name, "expect");
	if (stream_begin(s->stream))
		stage_fail("cannot write: %s", strerror(errno));
	start_actors(s);
	start_peer(s);
	if (scene->before)
		scene->before(s);
	start_watching(s);
	scene->play(s);
	pc_monitor_close(s->monitor);
	stop_actors(s);
	if (fclose(s->stream) || fclose(s->expect))
		stage_fail("cannot write: %s", strerror(errno));
	printf("recorded %s\n", scene->name);
}

int main(int argc, char **argv)
{
	struct stage s = { .next_port = 20000 };

	if (argc != 2) {
		fputs("usage: record FOLDER\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	enter_namespace(&s);
	for (const struct scene *scene = scenes; scene->name; scene++)
		record(&s, scene, argv[1]);
	if (damage_all(argv[1], "listener"))
		stage_fail("cannot damage a stream");
	return 0;
}
