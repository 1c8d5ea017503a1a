// SPDX-License-Identifier: GPL-2.0-only
/* The cost of watching, as it is read from /proc and as each output has it. A number that is not
 * known, or not counted by the kernel, is nowhere a 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "core/process/procfile.h"
#include "core/base/text.h"
#include "host/self.h"
#include "out/json_parts.h"
#include "out/prometheus.h"
#include "out/text_block.h"
#include "promtext.h"

#define MIB (1024 * 1024)

static const struct pc_cost counted = {
	.cpu_ns = 1750000000,
	.cpu_start_ns = 500000000,
	.resident = 14 * MIB + MIB / 2,
	.resident_peak = 20 * MIB,
	.maps = 5 * MIB,
	.cpu_known = true,
	.memory_known = true,
	.maps_known = true,
	.programs_counted = true,
	.rings = { { 1 * MIB, 12 * 1024 + 512 }, { 2 * MIB, 0 } },
	.programs = { { "sys_exit_bind", 3, 4500, 1 }, { "sweep", 1, 1000000001, 0 } },
	.programs_count = 2,
};

static const struct pc_cost unknown = {
	.programs = { { "sys_exit_bind", 0, 0, 2 } },
	.programs_count = 1,
};

/* A folder that looks like /proc; "": the file is not there. */
static struct pc_cost read_fake(const char *status, const char *enabled)
{
	char folder[] = "/tmp/portclash-cost-XXXXXX", path[96];
	const char *names[] = { "self/status", "sys/kernel/bpf_stats_enabled" };
	const char *texts[] = { status, enabled };
	struct pc_cost cost = { .maps = 7 };
	char command[128];

	assert_non_null(mkdtemp(folder));
	snprintf(command, sizeof(command), "mkdir -p %s/self %s/sys/kernel", folder, folder);
	assert_int_equal(system(command), 0);
	for (int i = 0; i < 2; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (!*texts[i])
			continue;
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(texts[i], file);
		assert_int_equal(fclose(file), 0);
	}
	pc_self_read(folder, &cost);
	assert_int_equal(cost.maps, 7); /* what is not its own is left alone */
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	return cost;
}

static void read_from_proc(void **state)
{
	static const char status[] = "Name:\tVmRSS: 99 kB\nGroups:\t0 \nVmPeak:\t   90000 kB\n"
				     "VmHWM:\t   21504 kB\nVmRSS:\t    9216 kB\nThreads:\t1\n";
	struct pc_cost cost = read_fake(status, "1\n");

	(void)state;
	assert_true(cost.cpu_known && cost.memory_known && cost.programs_counted);
	assert_int_equal(cost.resident, 9 * MIB);
	assert_int_equal(cost.resident_peak, 21 * MIB);
	assert_false(read_fake(status, "0\n").programs_counted);
	assert_false(read_fake(status, "").programs_counted);
	assert_false(read_fake(status, "yes\n").programs_counted);
	assert_false(read_fake("", "1\n").memory_known);
	assert_false(read_fake("VmRSS:\t 9216 kB\n", "1\n").memory_known);
	assert_false(read_fake("VmRSS:\t kB\nVmHWM:\t-5 kB\n", "1\n").memory_known);
}

static void lines_about_memory(void **state)
{
	uint64_t bytes = 5;

	(void)state;
	assert_false(pc_procfile_memory("VmRSS:\t99999999999999999999 kB\n", "VmRSS:", &bytes));
	assert_false(pc_procfile_memory("VmRSS:\t18014398509481984 kB\n", "VmRSS:", &bytes));
	assert_false(pc_procfile_memory("VmRSS:\t12", "VmSize:", &bytes));
	assert_false(pc_procfile_memory("", "VmRSS:", &bytes));
	assert_int_equal(bytes, 5);
	assert_true(pc_procfile_memory("VmRSS:\t18014398509481983 kB\n", "VmRSS:", &bytes));
	assert_int_equal(bytes, 18446744073709550592UL);
}

/* The kernel's word, on this very process. */
static void read_of_oneself(void **state)
{
	struct pc_cost before = { 0 }, after = { 0 };
	char *memory = malloc(32 * MIB);
	volatile unsigned long spin = 0;

	(void)state;
	assert_non_null(memory);
	pc_self_read("/proc", &before);
	assert_true(before.cpu_known && before.memory_known);
	memset(memory, 1, 32 * MIB);
	do {
		for (int i = 0; i < 100000; i++)
			spin++;
		assert_int_equal(pc_self_cpu(&after.cpu_ns), 0);
	} while (after.cpu_ns < before.cpu_ns + 10000000 && spin < 1UL << 40);
	pc_self_read("/proc", &after);
	assert_true(after.cpu_ns >= before.cpu_ns + 10000000);
	assert_true(after.resident >= before.resident + 31 * MIB);
	assert_true(after.resident_peak >= after.resident);
	free(memory);
}

static void assert_json(const struct pc_cost *cost, const char *expected)
{
	json_t *have = pc_json_cost(cost), *want = json_loads(expected, JSON_DECODE_ANY, NULL);

	assert_non_null(want);
	if (!json_equal(have, want)) {
		print_error("%s\n", json_dumps(have, 0));
		fail();
	}
	json_decref(have);
	json_decref(want);
}

static void as_json(void **state)
{
	(void)state;
	assert_json(
		&counted,
		"{\"cpu_seconds\": 1.75, \"cpu_start_seconds\": 0.5,\"resident_bytes\": 15204352, \"resident_peak_bytes\": 20971520,\"map_bytes\": 5242880, \"rings\": {\"claims\": {\"size_bytes\": 1048576, \"peak_bytes\": 12800},\"refusals\": {\"size_bytes\": 2097152, \"peak_bytes\": 0}}, \"programs\": {\"sys_exit_bind\": {\"runs\": 3, \"seconds\": 4.5e-6, \"missed\": 1},\"sweep\": {\"runs\": 1, \"seconds\": 1.000000001, \"missed\": 0}}}");
	assert_json(
		&unknown,
		"{\"cpu_seconds\": null, \"cpu_start_seconds\": null,\"resident_bytes\": null, \"resident_peak_bytes\": null,\"map_bytes\": null, \"rings\": {\"claims\": {\"size_bytes\": 0, \"peak_bytes\": 0},\"refusals\": {\"size_bytes\": 0, \"peak_bytes\": 0}}, \"programs\": {\"sys_exit_bind\": {\"runs\": null, \"seconds\": null,\"missed\": 2}}}");
	assert_json(NULL, "null");
}

static void cost_assert_text(const struct pc_cost *cost, uint64_t watched_ns, const char *expected)
{
	struct pc_text text;
	char *have;

	assert_int_equal(pc_text_open(&text), 0);
	pc_put_cost(text.out, cost, watched_ns);
	have = pc_text_close(&text);
	assert_string_equal(have, expected);
	free(have);
}

static void as_text(void **state)
{
	struct pc_cost cost = counted;

	(void)state;
	cost_assert_text(
		&counted, 500000000000,
		"\n    cost         0.500 s of CPU to start, 1.250 s since (0.25 % of a core); 14.5 MiB resident (at most 20.0 MiB); 5.0 MiB of BPF maps\n                 most that waited in a ring: claims 12.5 KiB of 1.0 MiB, refusals 0.0 KiB of 2.0 MiB\n                 in the kernel: 4 runs of its programs, 1.000 s, 250001125 ns each");
	cost_assert_text(
		&unknown, 0,
		"\n    cost         memory of BPF maps not known\n                 most that waited in a ring: claims 0.0 KiB of 0.0 KiB, refusals 0.0 KiB of 0.0 KiB\n                 in the kernel: not counted (kernel.bpf_stats_enabled is not 1)");
	cost.programs_count = 0;
	cost.maps_known = cost.memory_known = false;
	cost_assert_text(
		&cost, 0,
		"\n    cost         0.500 s of CPU to start, 1.250 s since (0.00 % of a core); memory of BPF maps not known\n                 most that waited in a ring: claims 12.5 KiB of 1.0 MiB, refusals 0.0 KiB of 2.0 MiB\n                 in the kernel: 0 runs of its programs, 0.000 s");
}

static char *textfile_of(const struct pc_cost *cost, struct reading *reading)
{
	struct pc_counters counters = { 0 };
	struct pc_metrics *metrics = calloc(1, sizeof(*metrics));
	size_t len;
	char *text;

	assert_non_null(metrics);
	metrics->counters = &counters;
	metrics->cost = *cost;
	text = pc_prometheus_format(metrics, &len);
	assert_non_null(text);
	promtext_read(reading, text, len);
	free(metrics);
	return text;
}

static void as_metrics(void **state)
{
	static struct reading reading;
	char *text = textfile_of(&counted, &reading);

	(void)state;
	assert_sample(&reading, "portclash_process_cpu_seconds_total 1.750000000");
	assert_sample(&reading, "portclash_process_resident_memory_bytes 15204352");
	assert_sample(&reading, "portclash_bpf_map_memory_bytes 5242880");
	assert_sample(&reading, "portclash_ring_size_bytes{ring=\"claims\"} 1048576");
	assert_sample(&reading, "portclash_ring_peak_bytes{ring=\"claims\"} 12800");
	assert_sample(&reading, "portclash_ring_peak_bytes{ring=\"refusals\"} 0");
	assert_sample(&reading, "portclash_bpf_stats_enabled 1");
	assert_sample(&reading, "portclash_bpf_program_runs_total{program=\"sys_exit_bind\"} 3");
	assert_sample(&reading,
		      "portclash_bpf_program_seconds_total{program=\"sys_exit_bind\"} 0.000004500");
	assert_sample(&reading,
		      "portclash_bpf_program_seconds_total{program=\"sweep\"} 1.000000001");
	free(text);
}

static void metrics_that_are_not_known(void **state)
{
	static struct reading reading;
	char *text = textfile_of(&unknown, &reading);

	(void)state;
	assert_sample(&reading, "portclash_bpf_stats_enabled 0");
	assert_int_equal(promtext_count(&reading, "portclash_process_"), 0);
	assert_int_equal(promtext_count(&reading, "portclash_bpf_map_"), 0);
	assert_int_equal(promtext_count(&reading, "portclash_bpf_program_"), 0);
	assert_int_equal(promtext_count(&reading, "portclash_ring_"), 4);
	free(text);
}

/* The table is full: as many programs as there is room for, each with the highest numbers. */
static void all_is_bounded(void **state)
{
	static struct reading reading;
	static char names[PC_COST_PROGRAMS_MAX][32];
	struct pc_cost cost;
	char *text;

	(void)state;
	memset(&cost, 0xff, sizeof(cost));
	cost.cpu_known = cost.memory_known = cost.maps_known = cost.programs_counted = true;
	cost.programs_count = PC_COST_PROGRAMS_MAX;
	for (int i = 0; i < PC_COST_PROGRAMS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "program_%d", i);
		cost.programs[i].name = names[i];
	}
	text = textfile_of(&cost, &reading);
	assert_int_equal(promtext_count(&reading, "portclash_bpf_program_runs_total{"),
			 PC_COST_PROGRAMS_MAX);
	assert_sample(&reading, "portclash_process_cpu_seconds_total 18446744073.709551615");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_from_proc),
		cmocka_unit_test(lines_about_memory),
		cmocka_unit_test(read_of_oneself),
		cmocka_unit_test(as_json),
		cmocka_unit_test(as_text),
		cmocka_unit_test(as_metrics),
		cmocka_unit_test(metrics_that_are_not_known),
		cmocka_unit_test(all_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
