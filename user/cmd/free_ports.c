// SPDX-License-Identifier: GPL-2.0-only
/* The ports of one `portclash free`: each is looked at, confirmed and freed as if it were alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/free.h"
#include "cmd/port_argument.h"
#include "core/base/names.h"

/* Exit statuses besides those of all subcommands; PC_EXIT_REFUSED: a process has to give way. */
enum {
	EXIT_NOTHING_HELD = 4,
	EXIT_CAME_BACK = 5,
	EXIT_VANISHED = 6,
	EXIT_STUCK = 7,
	EXIT_DECLINED = 8,
};

/* Without a protocol it is TCP's: whoever means UDP says so. */
static void add_target(const struct pc_port_item *item, unsigned port, struct pc_free_targets *out)
{
	struct pc_free_target *t = &out->list[out->count++];

	*t = (struct pc_free_target){
		.proto = item->tcp ? PC_PROTO_TCP : PC_PROTO_UDP,
		.port = (uint16_t)port,
		.family = item->family,
	};
	memcpy(t->address, item->address, PC_ADDR_LEN);
}

void pc_free_targets_add(struct argp_state *state, const char *list, struct pc_free_targets *out)
{
	struct pc_port_arguments ports = { 0 };

	pc_parse_port_arguments(state, list, &ports);
	for (size_t i = 0; i < ports.count; i++) {
		const struct pc_port_item *item = &ports.items[i];
		size_t more = item->high - item->low + 1u;

		if (more > PC_FREE_PORTS_MAX - out->count)
			pc_usage_error(state, "too many ports: free takes at most %d, not %zu",
				       PC_FREE_PORTS_MAX, out->count + more);
		for (unsigned port = item->low; port <= item->high; port++)
			add_target(item, port, out);
	}
}

static int free_status_of(const struct pc_free_outcome *o)
{
	static const int statuses[PC_FREE_RESULT_COUNT] = {
		[PC_FREE_RESULT_INVALID] = PC_EXIT_FAILED,
		[PC_FREE_FREED] = PC_EXIT_OK,
		[PC_FREE_HELD] = PC_EXIT_REFUSED,
		[PC_FREE_NOTHING] = EXIT_NOTHING_HELD,
		[PC_FREE_CAME_BACK] = EXIT_CAME_BACK,
		[PC_FREE_VANISHED] = EXIT_VANISHED,
		[PC_FREE_STUCK] = EXIT_STUCK,
		[PC_FREE_DECLINED] = EXIT_DECLINED,
	};

	return statuses[o->result];
}

/* Could a server have a port with this status? */
static bool is_free_status(int status)
{
	return status == PC_EXIT_OK || status == EXIT_NOTHING_HELD || status == EXIT_VANISHED;
}

/* The status of several ports: the first that is not free counts; else what was done for one of them. */
static int free_unite(int before, int status)
{
	if (!is_free_status(before))
		return before;
	if (!is_free_status(status))
		return status;
	if (before == PC_EXIT_OK || status == PC_EXIT_OK)
		return PC_EXIT_OK;
	return before == EXIT_VANISHED ? before : status;
}

static int print_outcome(const struct pc_freeing *x)
{
	struct pc_clock clock = pc_clock_read();

	if (x->json)
		return pc_free_json_outcome(x->log, &clock, &x->server, &x->outcome,
					    free_status_of(&x->outcome));
	return pc_free_text_outcome(x->log, &x->server, &x->outcome);
}

/* Standard output that nobody reads any more is no news to anybody. */
static void print_free_error(const struct pc_freeing *x, int err, const char *sentence)
{
	if (err != -EPIPE)
		fprintf(stderr, "portclash: %s port %u: %s\n", pc_proto_name(x->server.proto),
			x->server.wanted_port,
			*sentence ? sentence : "cannot write everything to standard output");
}

static int free_one(struct pc_freeing *x, const struct pc_free_target *target, bool *go_on)
{
	char sentence[PC_CURE_SENTENCE] = "";
	int err = pc_freeing_run(x, target, sentence);

	if (!err)
		err = print_outcome(x);
	if (err)
		print_free_error(x, err, sentence);
	*go_on = err != -EPIPE;
	return err ? PC_EXIT_FAILED : free_status_of(&x->outcome);
}

int pc_free_each(struct pc_freeing *x, const struct pc_free_targets *targets, bool *all_free)
{
	int status = EXIT_NOTHING_HELD;
	bool go_on = true;
	size_t i = 0;

	while (i < targets->count && go_on && !pc_freeing_is_interrupted(x))
		status = free_unite(status, free_one(x, &targets->list[i++], &go_on));
	if (go_on && i < targets->count)
		fprintf(stderr, "portclash: a signal ended it: %zu port%s not looked at\n",
			targets->count - i, targets->count - i == 1 ? " was" : "s were");
	*all_free = i == targets->count && is_free_status(status);
	/* All ports before the signal are free, and the others nobody knows about. */
	return i < targets->count && is_free_status(status) ? PC_EXIT_FAILED : status;
}
