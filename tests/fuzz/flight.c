// SPDX-License-Identifier: GPL-2.0-only
/* A flight recorder's file, from anybody's hands: asked and printed as text and JSON, then taken up by an agent. A file
 * that is wrong has a sentence; what is whole has texts that end. The first byte says whether the checks are made to
 * fit, so that what is behind them is tried, too. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/flight/flight.h"
#include "out/flight.h"

#define NOW 1796045400000000000ULL

static void fit_checks(uint8_t *data, size_t size)
{
	struct pc_flight_head *head = (void *)data;
	struct pc_flight_slot *slots = (void *)(data + PC_FLIGHT_SLOTS_AT);

	memcpy(head->magic, PC_FLIGHT_MAGIC, sizeof(head->magic));
	head->version = PC_FLIGHT_VERSION;
	head->slot_size = PC_FLIGHT_SLOT;
	head->slots = pc_flight_slots(size);
	head->check = pc_flight_sum(head, offsetof(struct pc_flight_head, check));
	for (unsigned copy = 0; copy < 2; copy++) {
		struct pc_flight_state *s =
			(void *)(data + PC_FLIGHT_STATE_AT + copy * PC_FLIGHT_STATE_STEP);

		s->check = pc_flight_sum(s, offsetof(struct pc_flight_state, check));
	}
	for (uint64_t i = 0; i < head->slots; i++)
		slots[i].check =
			pc_flight_sum(&slots[i], offsetof(struct pc_flight_slot, check));
}

static void print_flight(const void *data, size_t size)
{
	static const char *const keys[] = { "schema", "type", "time", NULL };
	uint64_t ports[PC_PORT_WORDS];
	struct pc_flight_question q = { .ports = ports, .from_ns = NOW, .to_ns = NOW };
	struct pc_flight_answer a;
	const struct pc_flight_view v = { "1-65535", "flight", &q, &a };
	const struct pc_clock clock = { 0, NOW };
	struct pc_log log;
	char *text;

	memset(ports, 0xff, sizeof(ports));
	pc_flight_ask(data, size, &q, &a);
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_flight_text(&log, &v));
	text = fuzz_log_end(&log);
	fuzz_check_terminal(text);
	free(text);
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_flight_json(&log, &clock, &v));
	fuzz_check_json_lines(fuzz_log_end(&log), keys);
}

static void take_up_flight(void *data, size_t size)
{
	struct pc_claim c = { .time_ns = 1, .how = PC_HOW_BIND, .proto = PC_PROTO_TCP, .port = 80 };
	struct pc_flight *f = pc_flight_new(data, size, NOW / 2, NOW);

	if (!f)
		return;
	pc_flight_begin(f, NOW);
	for (c.cookie = 1; c.cookie < 100; c.cookie++)
		pc_flight_claim(f, &c, NOW);
	pc_flight_end(f, 99, 0, NOW);
	pc_flight_round(f, &(struct pc_flight_losses){ 1, 1 }, NOW);
	pc_flight_close(f, NOW);
	pc_flight_free(f);
	FUZZ_CHECK(!pc_flight_wrong(data, size));
	print_flight(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool fit = size && data[0] & 1;
	size_t all = size ? size - 1 : 0;
	uint8_t *copy = malloc(all ? all : 1); /* of exactly this size */

	if (all)
		memcpy(copy, data + 1, all);
	if (fit && pc_flight_slots(all))
		fit_checks(copy, all);
	if (!pc_flight_wrong(copy, all))
		print_flight(copy, all);
	take_up_flight(copy, all);
	free(copy);
	return 0;
}
