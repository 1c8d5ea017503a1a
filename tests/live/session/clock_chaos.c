// SPDX-License-Identifier: GPL-2.0-only
/* The wall clock jumps by hours and days, forwards and backwards, while a user floods the agent with refusals and
 * claims and a server is robbed again and again. Each theft is named right, with its time by the clock of before or
 * after the jump beside it. The flood's lines go on, the log rotates, and the textfile is of the moment. The clock is
 * the whole machine's: only in a guest of `make check-kernels`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/expect.h"
#include "monitor/logfile.h"
#include "run/cases.h"
#include "stage/guest_clock.h"
#include "stage/space.h"
#include "stage/stage.h"

#define NS 1000000000LL
#define HOUR 3600
#define DAY 86400
#define NOBODY 65534
#define FLOOD_PORT 30000
#define FLOOD_PORTS 400
#define CLAIM_PORT 21000
#define FIRST_THEFT 25000
#define EPOCHS 7
#define THEFTS 3 /* between two jumps */
#define LOG_CAP (64 * 1024)
#define LOG_KEEP "99"
#define PATH_LEN 160

/* A loaded, emulated machine needs so long between a call and its two readings of the clock. */
#define CHAOS_SLACK_NS (2 * NS)
#define AGE_SLACK_NS (NS / 10)

/* The age is that at the verdict, which comes later beside a flood. The shortest jump is an hour. */
#define VERDICT_NS (60 * NS)

static const int64_t jumps[EPOCHS - 1] = { HOUR, -2 * HOUR, 3 * DAY, -5 * DAY, DAY + HOUR, DAY };

struct chaos_theft {
	uint16_t port;
	pid_t thief;
	pid_t victim;
	int64_t claimed[2]; /* boot clock, before and after */
	int64_t refused[2];
	unsigned epoch;
	bool told;
};

struct chaos {
	struct test *t;
	char log[PATH_LEN];
	char prom[PATH_LEN];
	struct puppet *backend;
	struct puppet *flooder;
	pid_t flood;
	struct prop listener;
	int64_t offsets[EPOCHS]; /* wall clock minus boot clock */
	struct chaos_theft thefts[EPOCHS * THEFTS];
	unsigned count;
	unsigned flood_lines[EPOCHS]; /* as the log has them between the thefts */
	unsigned merged_lines;
	unsigned rotated; /* files */
};

/* Ports so far from each other are no steps of a hunt. */
static uint16_t chaos_port(unsigned first, unsigned number)
{
	return (uint16_t)(first + 20 * number);
}

/* Is refused the ports that it has, without an end, and makes claims that end at once. */
static void flood_without_end(void)
{
	struct end taken = { "127.0.0.1", 0 }, claimed = { "127.0.0.1", 0 };

	puppet_die_with_parent();
	for (unsigned n = 0;; n++) {
		int fd;

		taken.port = chaos_port(FLOOD_PORT, n % FLOOD_PORTS);
		fd = open_bound(0, &taken);
		if (fd >= 0 && n >= FLOOD_PORTS)
			close(fd);
		claimed.port = (uint16_t)(CLAIM_PORT + n % 100);
		fd = open_bound(OPT_UDP, &claimed);
		if (fd >= 0)
			close(fd);
		if (n % 16 == 0)
			usleep(1000);
	}
}

static void act_begin_flood(void *io)
{
	pid_t *pid = io;

	*pid = fork();
	if (*pid == 0)
		flood_without_end();
}

static unsigned chaos_files(const struct chaos *c)
{
	char path[PATH_LEN + 16];
	struct stat st;
	unsigned n = 0;

	do {
		snprintf(path, sizeof(path), "%s.%u", c->log, n + 1);
		if (stat(path, &st))
			return n;
		if (st.st_size > LOG_CAP)
			test_fail(c->t, "expected %d bytes or fewer in %s, got %lld", LOG_CAP, path,
				  (long long)st.st_size);
	} while (++n < 99);
	return n;
}

/* The kernel gives a client the one port of the range, and a server wants it. */
static void chaos_steal(struct chaos *c, unsigned epoch)
{
	struct chaos_theft *theft = &c->thefts[c->count];
	struct puppet *client = puppet_start(c->t, "client"), *web = puppet_start(c->t, "web");
	char range[16];

	*theft = (struct chaos_theft){ .port = chaos_port(FIRST_THEFT, c->count++),
				       .thief = client->pid,
				       .victim = web->pid,
				       .epoch = epoch };
	snprintf(range, sizeof(range), "%u %u", theft->port, theft->port);
	space_set("ipv4/ip_local_port_range", range);
	theft->claimed[0] = guest_clock_now(CLOCK_BOOTTIME);
	stage_client(client, 0, "127.0.0.1", SERVER_PORT);
	theft->claimed[1] = theft->refused[0] = guest_clock_now(CLOCK_BOOTTIME);
	stage_refused(web, 0, "0.0.0.0", theft->port, EADDRINUSE);
	theft->refused[1] = guest_clock_now(CLOCK_BOOTTIME);
	puppet_exit(web);
	puppet_exit(client);
}

/* The textfile is of this moment, soon after a jump. */
static void chaos_textfile(struct chaos *c)
{
	static const char name[] = "\nportclash_last_update_timestamp_seconds ";
	int64_t until = guest_clock_now(CLOCK_BOOTTIME) + 30 * NS, off = 0;

	do {
		char *text = logfile_read(c->prom), *at = text ? strstr(text, name) : NULL;

		off = at ? (int64_t)(strtod(at + strlen(name), NULL) * 1e9) - wall_ns() : INT64_MAX;
		free(text);
		sleep_ms(50);
	} while (llabs(off) > CHAOS_SLACK_NS && guest_clock_now(CLOCK_BOOTTIME) < until);
	if (llabs(off) > CHAOS_SLACK_NS)
		test_fail(c->t, "expected a textfile of this moment, got one %.1f s off",
			  (double)off / 1e9);
}

/* The last theft comes right before the jump: it is told by the clock of before or of after. */
static void chaos_epoch(struct chaos *c, unsigned epoch)
{
	c->offsets[epoch] = wall_ns() - guest_clock_now(CLOCK_BOOTTIME);
	for (unsigned i = 0; i < THEFTS; i++) {
		sleep_ms(i ? 700 : 50);
		chaos_steal(c, epoch);
	}
	if (epoch < EPOCHS - 1)
		guest_clock_jump(c->t, jumps[epoch]);
	chaos_textfile(c);
}

static int64_t chaos_time(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	struct tm tm = { 0 };

	if (!text || !strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return 0;
	return timegm(&tm) * NS;
}

static int64_t chaos_off(int64_t have, const int64_t want[2], int64_t offset)
{
	int64_t boot = have - offset;

	return boot < want[0] ? boot - want[0] : boot > want[1] ? boot - want[1] : 0;
}

/* Compares a time with that of the boot clock, by the wall clock of this epoch or of the next one. */
static void chaos_check_time(struct chaos *c, const struct chaos_theft *theft, json_t *object,
			     const char *key, const int64_t want[2])
{
	unsigned later = theft->epoch + 1 < EPOCHS ? theft->epoch + 1 : theft->epoch;
	int64_t have = chaos_time(object, key);
	int64_t off = chaos_off(have, want, c->offsets[theft->epoch]);
	int64_t next = chaos_off(have, want, c->offsets[later]);

	if (llabs(off) > CHAOS_SLACK_NS && llabs(next) > CHAOS_SLACK_NS)
		test_fail(c->t, "expected the %s of port %u near, got it %.1f or %.1f s off", key,
			  theft->port, (double)off / 1e9, (double)next / 1e9);
}

static void chaos_check_theft(struct chaos *c, struct chaos_theft *theft, json_t *line)
{
	struct spot s = spot_of(c->t, line), holders = spot_below(&s, "holders");
	struct spot h = spot_at(&holders, 0), process = spot_below(&h, "process");
	const int64_t ages[2] = { theft->refused[0] - theft->claimed[1],
				  theft->refused[1] - theft->claimed[0] + VERDICT_NS };
	double age = json_number_value(json_object_get(h.json, "age_seconds"));

	if (theft->told)
		test_fail(c->t, "expected one line about port %u, got more", theft->port);
	theft->told = true;
	expect_string(&s, "cause", "ephemeral-client");
	expect_complete(&s);
	expect_int(&process, "pid", theft->thief);
	chaos_check_time(c, theft, line, "time", theft->refused);
	chaos_check_time(c, theft, h.json, "since", theft->claimed);
	if (llabs(chaos_off((int64_t)(age * 1e9), ages, 0)) > AGE_SLACK_NS)
		test_fail(c->t, "expected an age of %.3f to %.3f s on port %u, got %.3f",
			  (double)ages[0] / 1e9, (double)ages[1] / 1e9, theft->port, age);
}

/* Takes a line of the log. The epoch is that of the last theft that was told. */
static void chaos_take(struct chaos *c, json_t *line, unsigned *epoch)
{
	const char *type = json_string_value(json_object_get(line, "type"));
	json_t *requester = json_object_get(line, "requester");
	pid_t pid = (pid_t)json_integer_value(json_object_get(requester, "pid"));

	c->merged_lines += type && !strcmp(type, "merged");
	if (!type || strcmp(type, "refusal"))
		return;
	c->flood_lines[*epoch] += pid == c->flood;
	for (unsigned i = 0; i < c->count; i++)
		if (c->thefts[i].victim == pid) {
			*epoch = c->thefts[i].epoch;
			chaos_check_theft(c, &c->thefts[i], line);
		}
}

static void chaos_take_file(struct chaos *c, const char *path, unsigned *epoch)
{
	char *text = logfile_read(path), *line = text, *end;

	if (!text)
		test_fail(c->t, "expected a file %s, got none", path);
	for (; line && (end = strchr(line, '\n')); line = end + 1) {
		json_t *json = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);

		if (!json)
			test_fail(c->t, "expected whole lines, got \"%.100s\"", line);
		chaos_take(c, json, epoch);
		json_decref(json);
	}
	free(text);
}

static void chaos_judge(struct chaos *c)
{
	char path[PATH_LEN + 16];
	unsigned epoch = 0;

	for (unsigned n = chaos_files(c); n; n--) {
		snprintf(path, sizeof(path), "%s.%u", c->log, n);
		chaos_take_file(c, path, &epoch);
	}
	chaos_take_file(c, c->log, &epoch);
	for (unsigned i = 0; i < c->count; i++)
		if (!c->thefts[i].told)
			test_fail(c->t, "expected a line about port %u, %u jumps in, got none",
				  c->thefts[i].port, c->thefts[i].epoch);
	for (unsigned i = 0; i < EPOCHS; i++)
		if (!c->flood_lines[i])
			test_fail(c->t, "expected lines of the flood after %u jumps, got none", i);
	if (!c->merged_lines)
		test_fail(c->t, "expected counts of the flood, got none");
	test_note(
		c->t,
		"%u thefts in %u files of the log; %u lines of the flood after the last jump, %u counts",
		c->count, chaos_files(c) + 1, c->flood_lines[EPOCHS - 1], c->merged_lines);
}

/* The log rotates, also after the last jump. */
static void chaos_await_rotation(struct chaos *c)
{
	int64_t until = guest_clock_now(CLOCK_BOOTTIME) + 60 * NS;
	unsigned before = chaos_files(c);

	while (chaos_files(c) == before && guest_clock_now(CLOCK_BOOTTIME) < until)
		sleep_ms(100);
	if (chaos_files(c) == before)
		test_fail(c->t, "expected more than %u old logs after a minute, got no more",
			  before);
}

static void scenario_clock_jumps_under_load(struct test *t)
{
	static struct chaos c;
	const char *argv[] = { "agent", "--log",      c.log,	"--log-max-size",
			       "64K",	"--log-keep", LOG_KEEP, "--textfile",
			       c.prom,	"--interval", "0.5",	NULL };
	struct monitor *m;

	guest_clock_need(t);
	c = (struct chaos){ .t = t, .backend = puppet_start(t, "backend") };
	c.flooder = puppet_start_as(t, &(struct puppet_spec){ .name = "flood", .uid = NOBODY });
	test_path(t, "agent.log", c.log, PATH_LEN);
	test_path(t, "x.prom", c.prom, PATH_LEN);
	c.listener = stage_bound(c.backend, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&c.listener, 64);
	m = logfile_agent(t, argv, c.log);
	puppet_call(c.flooder, act_begin_flood, &c.flood, sizeof(c.flood));
	for (unsigned epoch = 0; epoch < EPOCHS; epoch++)
		chaos_epoch(&c, epoch);
	chaos_await_rotation(&c);
	puppet_exit(c.flooder);
	if (monitor_stop(t, m, SIGTERM, 30))
		test_fail(t, "expected 0, got %#x as exit status", m->status);
	chaos_judge(&c);
}

const struct scenario cases_session_clock_chaos[] = {
	{ .name = "clock-jumps-under-load",
	  .run = scenario_clock_jumps_under_load,
	  .seconds = 180,
	  .load = true,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
