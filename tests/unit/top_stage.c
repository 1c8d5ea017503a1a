// SPDX-License-Identifier: GPL-2.0-only
/* Staging for the tests of top. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/base/time.h"
#include "top_stage.h"

static struct pc_clock stage_clock(uint64_t seconds)
{
	return (struct pc_clock){ .now_ns = seconds * PC_NS_PER_SECOND };
}

struct pc_top *topstage_top(void)
{
	const struct pc_clock clock = stage_clock(TOPSTAGE_SECOND);
	struct pc_top *top = pc_top_new(&clock);

	assert_non_null(top);
	return top;
}

void topstage_seconds(struct pc_top *top, uint64_t seconds)
{
	struct pc_clock clock = top->clock;

	clock.now_ns += seconds * PC_NS_PER_SECOND;
	pc_top_tick(top, &clock);
}

const struct pc_identity *topstage_process(uint32_t pid, const char *comm)
{
	static struct pc_identity processes[16];
	struct pc_identity *who = &processes[pid % 16];

	*who = (struct pc_identity){ .key = { .tgid = pid, .start_ns = pid } };
	strncpy(who->comm, comm, sizeof(who->comm));
	return who;
}

static struct pc_party stage_party(uint32_t pid, const char *comm)
{
	const struct pc_identity *who = topstage_process(pid, comm);

	return (struct pc_party){ .who = who, .key = who->key, .fd = -1 };
}

void topstage_refusal(struct pc_top *top, uint16_t port, const char *server, const char *client)
{
	struct pc_verdict *v = calloc(1, sizeof(*v));

	assert_non_null(v);
	v->time_ns = top->clock.now_ns;
	v->request = (struct pc_request){ .op = PC_OP_BIND,
					  .error = 98,
					  .proto = PC_PROTO_TCP,
					  .wanted_family = PC_FAMILY_V4,
					  .wanted_port = port,
					  .netns = TOPSTAGE_NETNS };
	v->requester = stage_party(7, server);
	v->holders_count = 1;
	v->holders[0].claimer = stage_party(8, client);
	snprintf(v->id, sizeof(v->id), "%u", port);
	v->cause = PC_CAUSE_EPHEMERAL_CLIENT;
	v->explanation = (char *)"the kernel chose this port";
	assert_int_equal(pc_sink_top.verdict(top, &top->clock, v), 0);
	free(v);
}

/* The server that was refused the port gave up. */
void topstage_outcome(struct pc_top *top, uint16_t port, const char *server)
{
	struct pc_outcome o = { .of = "",
				.kind = PC_OUTCOME_GAVE_UP,
				.time_ns = top->clock.now_ns,
				.refusals = 1,
				.total = 1,
				.requester = stage_party(7, server) };

	snprintf(o.of, sizeof(o.of), "%u", port);
	assert_int_equal(pc_sink_top.outcome(top, &top->clock, &o), 0);
}

void topstage_claim(struct pc_top *top, uint32_t pid, const char *comm)
{
	const struct pc_claim claim = { .time_ns = top->clock.now_ns,
					.netns = TOPSTAGE_NETNS,
					.port = 40000,
					.proto = PC_PROTO_TCP,
					.claimer = stage_party(pid, comm) };

	assert_int_equal(pc_sink_top.claim(top, &top->clock, &claim), 0);
}

void topstage_look(struct pc_top *top, uint16_t port, const char *server)
{
	struct pc_top_look *look = &top->look;
	struct pc_top_listener *l = &look->listeners[0];

	look->time_ns = top->clock.now_ns;
	look->spaces_count = look->listeners_count = 1;
	look->spaces[0] = (struct pc_top_space){ .inode = TOPSTAGE_NETNS,
						 .own = true,
						 .name = "own",
						 .low = 32768,
						 .high = 60999,
						 .offered = 28232,
						 .tcp = 14116 };
	*l = (struct pc_top_listener){ .inode = TOPSTAGE_NETNS,
				       .port = port,
				       .proto = PC_PROTO_TCP,
				       .family = PC_FAMILY_V4,
				       .taken = 1,
				       .of = 4 };
	snprintf(l->server, sizeof(l->server), "%s", server);
}

bool topstage_shows(const struct pc_cells *cells, const char *text)
{
	bool found = false;

	for (int row = 0; !found && row < cells->rows; row++) {
		char *line = pc_cells_row(cells, row);

		assert_non_null(line);
		found = strstr(line, text);
		free(line);
	}
	return found;
}

static int stage_columns(const struct pc_cell *cell)
{
	for (int i = 0; i < PC_CELL_MARKS && cell->marks[i]; i++)
		assert_int_equal(wcwidth((wchar_t)cell->marks[i]), 0);
	assert_true(cell->code >= ' ' && cell->code != 0x7f);
	return cell->code < 0x80 ? 1 : wcwidth((wchar_t)cell->code);
}

void topstage_assert_whole(const struct pc_cells *cells)
{
	for (int row = 0; row < cells->rows; row++) {
		const struct pc_cell *cell = &cells->list[row * cells->columns];

		for (int column = 0; column < cells->columns;) {
			int width = stage_columns(&cell[column]);

			assert_true(width == 1 || width == 2);
			assert_true(column + width <= cells->columns);
			if (width == 2)
				assert_int_equal(cell[column + 1].code, 0);
			column += width;
		}
	}
}
