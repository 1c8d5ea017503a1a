// SPDX-License-Identifier: GPL-2.0-only
/* Make the recordings of the replay tests: load the real BPF programs, stage a collision in a network
 * namespace of its own, let the product's recorder write what goes into the product's join, and write
 * beside it what was staged. Records of other network namespaces are left out. */
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
#include "host/clock.h"
#include "stage.h"
#include "watch/watch_private.h"

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

/* The kernel side without what is not of this namespace: that is nobody's business but the machine's. */
struct own_only {
	struct stage *s;
	const struct pc_taker *taker;
	pc_owner_fn found;
	void *to;
};

static bool is_own(const struct stage *s, const void *data)
{
	switch (((const struct pc_header *)data)->type) {
	case PC_RECORD_PROCESS:
		return ((const struct pc_process_record *)data)->netns == s->netns;
	case PC_RECORD_CLAIM:
		return ((const struct pc_claim_record *)data)->netns == s->netns;
	case PC_RECORD_REFUSAL:
		return ((const struct pc_refusal_record *)data)->netns == s->netns;
	case PC_RECORD_END:
		return ((const struct pc_end_record *)data)->process.tgid == (__u32)s->server.pid;
	default:
		return false;
	}
}

static void take_own(void *context, const void *data, size_t size)
{
	struct own_only *o = context;

	if (!is_own(o->s, data))
		return;
	o->s->refusals += ((const struct pc_header *)data)->type == PC_RECORD_REFUSAL;
	o->taker->record(o->taker->to, data, size);
}

static int record_read_own(void *context, enum pc_ring ring, const struct pc_taker *taker)
{
	struct stage *s = context;
	struct own_only o = { .s = s, .taker = taker };

	return pc_monitor_read(s->monitor, ring,
			       &(struct pc_taker){ .to = &o, .record = take_own });
}

static void find_own(void *context, const struct pc_owner_record *owner)
{
	struct own_only *o = context;

	if (owner->socket.netns == o->s->netns)
		o->found(o->to, owner);
}

static int owners_own(void *context, const struct pc_wanted *wanted, pc_owner_fn found, void *to)
{
	struct stage *s = context;
	struct own_only o = { .s = s, .found = found, .to = to };

	return pc_monitor_owners(s->monitor, wanted, find_own, &o);
}

static int sweep_nothing(void *context, pc_cookie_fn alive, void *to)
{
	(void)context, (void)alive, (void)to;
	return 0;
}

static int reserved_here(void *context, uint64_t netns_key, uint64_t *words)
{
	return pc_monitor_reserved(((struct stage *)context)->monitor, netns_key, words);
}

static void losses_here(void *context, struct pc_losses *out)
{
	pc_monitor_losses(((struct stage *)context)->monitor, out);
}

static void forget_nothing(void *context)
{
	(void)context;
}

static void protect_nothing(void *context, uint16_t port, bool on)
{
	(void)context, (void)port, (void)on;
}

static int write_stream(void *context, const void *data, size_t size)
{
	struct stage *s = context;

	return fwrite(data, 1, size, s->stream) == size ? 0 : -EIO;
}

static void record_count_verdict(void *context, struct pc_verdict *v)
{
	(void)v;
	((struct stage *)context)->verdicts++;
}

static void record_count_outcome(void *context, const struct pc_outcome *o)
{
	(void)o;
	((struct stage *)context)->outcomes++;
}

static void collect(struct stage *s)
{
	s->refusals = s->verdicts = 0;
	pc_join_read(s->join, pc_boot_ns());
	pc_join_finish(s->join, pc_boot_ns());
	if (s->refusals != 1 || s->verdicts != 1)
		stage_fail("%u refusals and %u verdicts were seen, not one", s->refusals,
			   s->verdicts);
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

static void open_join(struct stage *s)
{
	struct pc_join_options options = { .netns = s->netns };
	const struct pc_join_output output = {
		.context = s,
		.verdict = record_count_verdict,
		.outcome = record_count_outcome,
	};
	struct pc_join_kernel kernel = {
		.context = s,
		.read = record_read_own,
		.owners = owners_own,
		.sweep = sweep_nothing,
		.sweep_files = sweep_nothing,
		.reserved = reserved_here,
		.losses = losses_here,
		.forget_processes = forget_nothing,
		.protect = protect_nothing,
	};
	struct pc_join_host host = pc_host_side;
	struct pc_clock clock;

	host.given = NULL; /* the containers of this machine have no part in a scene */
	pc_clock_now(&clock);
	s->recorder = pc_recorder_new(&options, &kernel, &host, clock.wall_minus_boot_ns,
				      write_stream, s);
	s->join = s->recorder ? pc_join_new(&options, &kernel, &host, &output) : NULL;
	if (!s->join)
		stage_fail("out of memory");
}

void stage_end_server(struct stage *s)
{
	uint64_t until_ns = pc_boot_ns() + 10 * PC_NS_PER_SECOND;

	actor_stop(&s->server);
	do {
		pc_join_read(s->join, pc_boot_ns());
		pc_join_finish(s->join, pc_boot_ns());
		pc_join_tidy(s->join, pc_boot_ns());
		if (pc_boot_ns() > until_ns)
			stage_fail("no outcome");
	} while (!s->outcomes);
	if (!actor_start(&s->server, "server"))
		stage_fail("no server");
}

static int take_inventory(void *context, struct pc_monitor *m)
{
	struct stage *s = context;

	s->monitor = m;
	return pc_join_inventory(s->join, pc_boot_ns(), false);
}

static void start_watching(struct stage *s)
{
	const struct pc_monitor_options options = {
		.backend = "auto",
		.netns = s->netns,
		.before_hooks = take_inventory,
		.context = s,
	};
	char sentence[PC_SENTENCE];
	struct utsname kernel;

	open_join(s);
	if (pc_monitor_open(&options, &s->monitor, sentence))
		stage_fail("%s", sentence);
	if (pc_join_inventory(s->join, pc_boot_ns(), true))
		stage_fail("cannot list the open sockets");
	uname(&kernel);
	fprintf(s->expect, "# Linux %s, back end %s\n", kernel.release,
		pc_monitor_backend(s->monitor));
}

static void stop_watching(struct stage *s)
{
	int err;

	pc_join_tidy(s->join, pc_boot_ns());
	pc_join_stop(s->join, pc_boot_ns());
	err = pc_recorder_error(s->recorder);
	if (err)
		stage_fail("cannot write: %s", strerror(-err));
	pc_join_free(s->join);
	pc_recorder_free(s->recorder);
	pc_monitor_close(s->monitor);
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
	start_actors(s);
	start_peer(s);
	if (scene->before)
		scene->before(s);
	start_watching(s);
	scene->play(s);
	stop_watching(s);
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
