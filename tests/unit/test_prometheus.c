// SPDX-License-Identifier: GPL-2.0-only
/* The textfile: what is in it, what is left out, and that it is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/verdict/causes.h"

#include "out/prometheus.h"
#include "promtext.h"

struct fixture {
	struct pc_counters counters;
	struct pc_metrics metrics;
	struct reading reading;
	char *text;
};

static int prometheus_set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->metrics.counters = &f->counters;
	f->metrics.version = "0.1.0";
	f->metrics.backend = "tracepoint";
	f->metrics.kernel = "6.18.1";
	*state = f;
	return 0;
}

static int prometheus_tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->text);
	free(f);
	return 0;
}

static struct reading *format(struct fixture *f)
{
	size_t len = 0;

	free(f->text);
	f->text = pc_prometheus_format(&f->metrics, &len);
	assert_non_null(f->text);
	promtext_read(&f->reading, f->text, len);
	return &f->reading;
}

#define REFUSALS "portclash_refusals_total{cause="
#define PORTS "portclash_refused_ports_total{port="
#define LOST "portclash_records_lost_total{record="

#define REFUSAL(cause, op, proto, err) \
	REFUSALS "\"" cause "\",operation=\"" op "\",protocol=\"" proto "\",errno=\"" err "\"} "

static const struct pc_family root;

static void test_all_known_values_from_the_start(void **state)
{
	struct reading *reading = format(*state);
	char start[128];

	for (unsigned cause = 1; cause < PC_CAUSE_COUNT; cause++) {
		snprintf(start, sizeof(start), REFUSALS "\"%s\",", pc_cause_name(cause));
		assert_int_equal(promtext_count(reading, start), 1);
	}
	assert_int_equal(promtext_count(reading, REFUSALS), PC_CAUSE_COUNT - 1);
	assert_int_equal(promtext_count(reading, "portclash_claims_total{"), PC_HOW_COUNT);
	assert_int_equal(promtext_count(reading, LOST), 10);
	assert_sample(reading, REFUSAL("ephemeral-client", "bind", "tcp", "EADDRINUSE") "0");
	assert_sample(reading, REFUSAL("privileged-port", "bind", "tcp", "EACCES") "0");
	assert_sample(reading, REFUSAL("address-not-local", "bind", "tcp", "EADDRNOTAVAIL") "0");
	assert_sample(reading, PORTS "\"other\",protocol=\"tcp\"} 0");
	assert_sample(reading, "portclash_refused_ports_folded_total 0");
	assert_sample(reading, "portclash_up 0");
	assert_int_equal(promtext_count(reading, "portclash_ephemeral"),
			 0); /* not known: no zero */
}

static void test_refusals(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	pc_metrics_refusal(&f->metrics, PC_CAUSE_LISTENER, PC_OP_LISTEN, PC_PROTO_UDP, EADDRINUSE);
	pc_metrics_refusal(&f->metrics, PC_CAUSE_LISTENER, PC_OP_LISTEN, PC_PROTO_UDP, EADDRINUSE);
	pc_metrics_refusal(&f->metrics, PC_CAUSE_LISTENER, PC_OP_BIND, PC_PROTO_TCP, EADDRINUSE);
	reading = format(f);
	assert_int_equal(promtext_count(reading, REFUSALS "\"listener\","), 2);
	assert_sample(reading, REFUSAL("listener", "listen", "udp", "EADDRINUSE") "2");
	assert_sample(reading, REFUSAL("listener", "bind", "tcp", "EADDRINUSE") "1");
}

static void test_values_nobody_knows(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	pc_metrics_refusal(&f->metrics, 99, 77, 200, ENOMEM);
	pc_metrics_refusal(&f->metrics, -1, -1, 132, -EADDRINUSE);
	pc_metrics_refusal(&f->metrics, PC_CAUSE_INVALID, PC_OP_INVALID, 0, 0);
	pc_metrics_refused_port(&f->metrics, 80, 132, &root);
	reading = format(f);
	assert_sample(reading, REFUSAL("unknown", "invalid", "unknown", "other") "3");
	assert_sample(reading, PORTS "\"80\",protocol=\"unknown\"} 1");
}

static void test_ports_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	for (int round = 0; round < 2; round++) {
		for (unsigned port = 0; port < PC_PORTS; port++) {
			pc_metrics_refused_port(&f->metrics, port, PC_PROTO_UDP, &root);
			pc_metrics_refused_port(&f->metrics, port, PC_PROTO_TCP, &root);
		}
	}
	reading = format(f);
	assert_int_equal(promtext_count(reading, PORTS), PC_METRICS_PORTS_MAX + 2);
	assert_sample(reading, PORTS "\"0\",protocol=\"udp\"} 2");
	assert_sample(reading, PORTS "\"31\",protocol=\"tcp\"} 2");
	assert_sample(reading, PORTS "\"other\",protocol=\"tcp\"} 131008");
	assert_sample(reading, "portclash_refused_ports_folded_total 262016");
}

/* The number of series that this user gets by refusals on 1,000 ports. */
static int ports_of_user(struct fixture *f, uint32_t uid, uint16_t first)
{
	unsigned before = f->metrics.ports_count;
	struct pc_family by;

	pc_family_of(uid, NULL, &by);
	for (uint16_t port = first; port < first + 1000; port++)
		pc_metrics_refused_port(&f->metrics, port, PC_PROTO_TCP, &by);
	return (int)(f->metrics.ports_count - before);
}

/* One user, with ever so many subordinate ids, leaves series to others. */
static void test_ports_of_a_flood(void **state)
{
	struct fixture *f = *state;
	uint16_t port = 1024;
	struct reading *reading;

	assert_int_equal(ports_of_user(f, 65534, port), PC_METRICS_PORTS_MAX / 4);
	for (uint32_t uid = 100000; uid < 100020; uid++)
		ports_of_user(f, uid, port += 1000);
	assert_true(f->metrics.ports_count < PC_METRICS_PORTS_MAX / 2);
	assert_true(ports_of_user(f, 33, 50000) >= 8);
	pc_metrics_refused_port(&f->metrics, 443, PC_PROTO_TCP, &root);
	pc_metrics_refused_port(&f->metrics, 443, PC_PROTO_TCP, &root);
	reading = format(f);
	assert_sample(reading, PORTS "\"443\",protocol=\"tcp\"} 2");
	assert_sample(reading, PORTS "\"50000\",protocol=\"tcp\"} 1");
	assert_sample(reading, PORTS "\"1024\",protocol=\"tcp\"} 1");
}

/* A container that a runtime of the system named is a family, whatever its user is. */
static void test_ports_of_a_container(void **state)
{
	struct pc_identity who = { .container = "0123456789ab", .container_word = PC_WORD_SYSTEM };
	struct fixture *f = *state;
	struct pc_family by;

	pc_family_of(0, &who, &by);
	for (uint16_t port = 1; port < 1000; port++)
		pc_metrics_refused_port(&f->metrics, port, PC_PROTO_TCP, &by);
	assert_int_equal(f->metrics.ports_count, PC_METRICS_PORTS_MAX / 4);
}

/* Everything at once, as often as a counter can hold, is still a readable, bounded file. */
static void test_all_is_bounded(void **state)
{
	struct fixture *f = *state;
	int combinations = sizeof(f->metrics.refusals[0]) / sizeof(uint64_t);

	memset(&f->counters, 0xff, sizeof(f->counters));
	memset(f->metrics.refusals, 0xff, sizeof(f->metrics.refusals));
	f->metrics.start_ns = f->metrics.update_ns = UINT64_MAX;
	for (unsigned port = 0; port < PC_PORTS; port++)
		pc_metrics_refused_port(&f->metrics, port, port, &root);
	memset(&f->metrics.usage, 0xff, offsetof(struct pc_port_usage, known));
	f->metrics.usage.known = f->metrics.usage.in_use_known = f->metrics.usage.exposed_known =
		true;
	format(f);
	assert_int_equal(promtext_count(&f->reading, REFUSALS),
			 (PC_CAUSE_COUNT - 1) * combinations);
	assert_sample(&f->reading, "portclash_sink_errors_total 18446744073709551615");
	assert_sample(&f->reading, "portclash_start_time_seconds 18446744073.709");
}

static void prometheus_test_counters(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	for (int i = 0; i < PC_STAT_COUNT; i++)
		f->counters.lost[i] = 10 + i;
	f->counters.records_bad = 20, f->counters.claims[PC_HOW_BIND_ZERO] = 30;
	f->counters.ledger_refused = 40, f->counters.states_missed = 50;
	f->counters.merged = 60;
	f->counters.left_out = 61;
	f->counters.unwritten = 62;
	reading = format(f);
	assert_sample(reading, LOST "\"claim\"} 10");
	assert_sample(reading, LOST "\"endpoints\"} 12");
	assert_sample(reading, LOST "\"refusal\"} 13");
	assert_sample(reading, LOST "\"call\"} 14");
	assert_sample(reading, "portclash_claims_without_cookie_total 15");
	assert_sample(reading, LOST "\"argument\"} 16");
	assert_sample(reading, LOST "\"invalid\"} 20");
	assert_sample(reading, "portclash_claims_total{how=\"bind-zero\"} 30");
	assert_sample(reading, "portclash_ledger_refused_total 40");
	assert_sample(reading, "portclash_state_changes_missed_total 50");
	assert_sample(reading, "portclash_merged_total 60");
	assert_sample(reading, "portclash_refusals_left_out_total 61");
	assert_sample(reading, "portclash_unwritten_total 62");
}

static void test_flight(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	f->metrics.flight = (struct pc_metrics_flight){ true, { 70, 8, 1763718978123456789 } };
	reading = format(f);
	assert_sample(reading, "portclash_flight_recorder_active 1");
	assert_sample(reading, "portclash_flight_recorder_claims_total 70");
	assert_sample(reading, "portclash_flight_recorder_overwritten_total 8");
	assert_sample(reading, "portclash_flight_recorder_since_timestamp_seconds 1763718978.123");
}

static void test_gauges(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	f->metrics.usage = (struct pc_port_usage){ 32768, 60999, 3, 2, 5, 6,	7,    8,
						   28230, 2823,	 2, 9, 4, true, true, true };
	f->metrics.up = f->metrics.config.failed = true;
	f->metrics.start_ns = 1763718978123456789;
	f->metrics.update_ns = 5000000;
	f->metrics.interval_ns = 200000000;
	reading = format(f);
	assert_sample(reading, "portclash_ephemeral_range_low 32768");
	assert_sample(reading, "portclash_ephemeral_range_high 60999");
	assert_sample(reading, "portclash_ephemeral_ports 28232");
	assert_sample(reading, "portclash_reserved_ports 3");
	assert_sample(reading, "portclash_reserved_ephemeral_ports 2");
	assert_sample(reading, "portclash_ports_in_use{protocol=\"tcp\"} 5");
	assert_sample(reading, "portclash_ports_in_use{protocol=\"udp\"} 6");
	assert_sample(reading, "portclash_ephemeral_ports_in_use{protocol=\"udp\"} 8");
	assert_sample(reading, "portclash_ephemeral_range_use_ratio{protocol=\"tcp\"} 0.1000");
	assert_sample(reading, "portclash_ephemeral_range_use_ratio{protocol=\"udp\"} 0.0000");
	assert_sample(reading, "portclash_exposed_listeners{protocol=\"tcp\"} 9");
	assert_sample(reading, "portclash_exposed_listeners{protocol=\"udp\"} 4");
	assert_sample(reading, "portclash_textfile_interval_seconds 0.200");
	assert_sample(reading, "portclash_up 1");
	assert_sample(reading, "portclash_start_time_seconds 1763718978.123");
	assert_sample(reading, "portclash_last_update_timestamp_seconds 0.005");
	assert_sample(reading, "portclash_config_last_reload_successful 0");
}

#define RATIO(proto) "portclash_ephemeral_range_use_ratio{protocol=\"" proto "\"} "

/* Samples that nobody knows are left off; a range that offers nothing is used up. */
static void test_edges_of_the_use(void **state)
{
	struct fixture *f = *state;
	struct reading *reading;

	f->metrics.usage = (struct pc_port_usage){ .in_use_known = true, .tcp_in_use = 3 };
	reading = format(f);
	assert_sample(reading, "portclash_ports_in_use{protocol=\"tcp\"} 3");
	assert_int_equal(promtext_count(reading, "portclash_e"), 0);
	f->metrics.usage.known = true;
	reading = format(f);
	assert_sample(reading, RATIO("tcp") "1.0000");
	assert_int_equal(promtext_count(reading, "portclash_exposed"), 0);
	f->metrics.usage.offered = 30000;
	f->metrics.usage.tcp_offered = 30000;
	f->metrics.usage.udp_offered = 29999;
	reading = format(f);
	assert_sample(reading, RATIO("tcp") "1.0000");
	assert_sample(reading, RATIO("udp") "0.9999");
}

static void test_hostile_labels(void **state)
{
	struct fixture *f = *state;
	char endless[1000];
	struct reading *reading;

	memset(endless, '"', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	f->metrics.version = "1\"} 1\nnode_load1 99\\";
	f->metrics.backend = NULL;
	f->metrics.kernel = "\xff\xc3";
	reading = format(f);
	assert_sample(
		reading,
		"portclash_build_info{version=\"1\\\"} 1\\nnode_load1 99\\\\\",backend=\"\",kernel=\"\\\\xff\\\\xc3\"} 1");
	f->metrics.kernel = endless;
	assert_int_equal(promtext_count(format(f), "portclash_build_info{"), 1);
}

static void test_write(void **state)
{
	char folder[] = "/tmp/portclash-prometheus-XXXXXX", path[64], text[1 << 15] = "";
	struct fixture *f = *state;
	int fd;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/portclash.prom", folder);
	assert_int_equal(pc_prometheus_write(path, &f->metrics), 0);
	fd = open(path, O_RDONLY);
	promtext_read(&f->reading, text, read(fd, text, sizeof(text) - 1));
	close(fd);
	assert_int_equal(pc_prometheus_write(folder, &f->metrics), -EISDIR);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0); /* nothing else was left in it */
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, prometheus_set_up, prometheus_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRESH(test_all_known_values_from_the_start),
		FRESH(test_refusals),
		FRESH(test_values_nobody_knows),
		FRESH(test_ports_are_bounded),
		FRESH(test_ports_of_a_flood),
		FRESH(test_ports_of_a_container),
		FRESH(test_all_is_bounded),
		FRESH(prometheus_test_counters),
		FRESH(test_flight),
		FRESH(test_gauges),
		FRESH(test_edges_of_the_use),
		FRESH(test_hostile_labels),
		FRESH(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
