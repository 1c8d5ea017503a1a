// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free` from the first look to the outcome. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/free.h"
#include "core/base/address.h"
#include "core/base/names.h"
#include "cure/hold.h"
#include "cure/keep.h"
#include "host/clock.h"
#include "host/try_bind.h"
#include "out/text_parts.h"

#define PROC "/proc"

/* How often a list without anything in the way is taken again while bind() is refused. */
#define LOOKS 5
#define LOOK_PAUSE_MS 20

static enum pc_keeper keeper_of(const struct pc_freeing *x)
{
	return x->reserve ? PC_KEEPER_RESERVE : PC_KEEPER_FREE;
}

/* A port that somebody else has reserved already needs nothing more. */
static int reserve_port(struct pc_freeing *x, char *sentence)
{
	uint64_t port[PC_PORT_WORDS] = { 0 };
	struct pc_reserved list = PC_RESERVED_INIT;
	struct pc_keep_change change = { 0 };
	struct pc_keep keep;
	int err;

	if (x->no_reserve)
		return 0;
	err = pc_reserved_open(PROC, &list);
	if (err)
		return pc_cure_say(sentence, err, "cannot read the reserved ports: %s",
				   pc_reserved_why(err));
	pc_ports_add(port, x->server.wanted_port);
	err = pc_keep_open(PROC, x->state, PC_KEEP_PATIENCE_MS, &keep, sentence);
	if (!err) {
		err = pc_keep_add(&keep, &list, keeper_of(x), port, &change, sentence);
		pc_keep_close(&keep);
	}
	pc_reserved_close(&list);
	x->is_reserved = !err && pc_ports_is_empty(change.others);
	return err;
}

static struct pc_hold hold_of(const struct pc_freeing *x)
{
	return (struct pc_hold){
		.proc = PROC,
		.folder = x->state,
		.proto = x->server.proto,
		.port = x->server.wanted_port,
		.wait_ns = x->wait_ns,
	};
}

static bool is_free_now(const struct pc_freeing *x)
{
	enum pc_free_result result = x->outcome.result;

	return result == PC_FREE_FREED || result == PC_FREE_NOTHING || result == PC_FREE_VANISHED;
}

/* For a moment, or not at all: where the server comes next, a process of its own waits for it. */
static void end_reservation(struct pc_freeing *x)
{
	char sentence[PC_CURE_SENTENCE];
	struct pc_hold hold = hold_of(x);

	if (!x->is_reserved)
		return;
	if (x->reserve) {
		x->outcome.reserved_for_good = true;
	} else if (is_free_now(x) && x->wait_ns && !pc_hold_start(&hold)) {
		x->outcome.reserved_ns = x->wait_ns;
	} else if (pc_hold_end(&hold, sentence)) {
		fprintf(stderr, "portclash: port %u stays reserved: %s\n", hold.port, sentence);
	}
	x->is_reserved = false;
}

static int show_plan(struct pc_freeing *x)
{
	struct pc_clock clock = pc_clock_read();
	const struct pc_free_report report = {
		.server = &x->server,
		.plan = &x->plan,
		.stops = x->stops,
		.stops_count = x->stops_count,
		.netns = x->ns->inode,
		.own = x->ns->own,
		.path = x->ns->path,
		.pid = x->ns->pid,
		.stop = x->stop,
	};

	if (!x->json)
		pc_freeing_name_peers(x, &x->plan);
	return x->json ? pc_free_json_plan(x->log, &clock, &report) :
			 pc_free_text_plan(x->log, &report);
}

/* False: a signal came first. */
static bool wait_for_answer(const struct pc_freeing *x)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = x->signals, .events = POLLIN },
	};

	return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

/* The whole line is read: its rest must not answer the question about the next port. */
static bool read_yes(void)
{
	char *line = NULL;
	size_t size = 0;
	bool yes = getline(&line, &size, stdin) > 0 && (*line == 'y' || *line == 'Y');

	free(line);
	return yes;
}

/* The owner of the one socket that would end; NULL: it has none, or there are several. */
static const struct pc_party *only_loser(const struct pc_freeing *x)
{
	for (size_t i = 0; i < x->plan.count && x->plan.counts[PC_FREE_END] == 1; i++)
		if (x->plan.list[i].kind == PC_FREE_END)
			return x->plan.list[i].owners_count ? &x->plan.list[i].owners[0] : NULL;
	return NULL;
}

static void put_question(FILE *out, const struct pc_freeing *x)
{
	const struct pc_party *loser = only_loser(x);
	size_t ends = x->plan.counts[PC_FREE_END];

	fprintf(out, "%s port %u: end %zu socket%s", pc_proto_name(x->server.proto),
		x->server.wanted_port, ends, ends == 1 ? "" : "s");
	if (loser) {
		fputs(" of ", out);
		pc_put_party(out, loser);
	}
	fprintf(out, "%s? [y/N] ", x->stops_count ? ", and stop what is named above" : "");
}

/* No answer is no. top has a question of its own. */
static bool ask(const struct pc_freeing *x)
{
	if (x->yes || (!x->plan.counts[PC_FREE_END] && !x->stops_count))
		return true;
	if (x->ask)
		fputc(PC_FREE_ASKS, stderr);
	else
		put_question(stderr, x);
	return wait_for_answer(x) && read_yes();
}

/* End no socket while a process has to go that is not to be stopped: it would not help. */
static bool is_held(struct pc_freeing *x)
{
	struct pc_free_outcome *o = &x->outcome;

	if (!pc_free_plan_blocked(&x->plan) || (x->stop && pc_freeing_can_stop(x)))
		return false;
	o->result = PC_FREE_HELD;
	snprintf(
		o->why, sizeof(o->why), "%s",
		x->stop ?
			"portclash cannot stop everything that is in the way, so it stopped nothing" :
			"a process must give the port up first; portclash ended nothing");
	return true;
}

/* bind() succeeds: there is nothing to do. */
static bool is_nothing(struct pc_freeing *x, bool *over)
{
	if (pc_try_bind(&x->server))
		return false;
	x->outcome.result = PC_FREE_NOTHING;
	*over = true;
	return true;
}

/* Between the list and bind() a client can have taken the port: the next list has it. */
static int look_until_seen(struct pc_freeing *x, bool *over, char *sentence)
{
	int err = 0;

	for (int i = 0; !err && i < LOOKS; i++) {
		pc_free_plan_free(&x->plan);
		err = pc_freeing_look(x, &x->plan, sentence);
		if (err || !pc_free_plan_is_clear(&x->plan) || is_nothing(x, over))
			break;
		poll(NULL, 0, LOOK_PAUSE_MS);
	}
	return err;
}

/* Looks and names. True in *over: there is nothing more to do. */
static int look_first(struct pc_freeing *x, bool *over, char *sentence)
{
	int err = look_until_seen(x, over, sentence);

	if (!err && !*over)
		err = pc_freeing_name(x, &x->plan, sentence);
	if (err || *over)
		return err;
	if (!pc_free_plan_is_clear(&x->plan))
		return pc_freeing_judge(x);
	if (is_nothing(x, over))
		return 0;
	*over = true;
	x->outcome.result = PC_FREE_STUCK;
	snprintf(x->outcome.why, sizeof(x->outcome.why), "%s",
		 "the kernel refuses bind(), but portclash sees nothing that has the port");
	return 0;
}

/* Shows and asks, until nobody new is in the way. */
static int end_agreed_plan(struct pc_freeing *x, char *sentence)
{
	bool ask_again = true;
	int err = 0;

	while (!err && ask_again) {
		pc_free_plan_agree(&x->plan);
		err = pc_freeing_end(x, &ask_again, sentence);
		if (err || !ask_again)
			break;
		err = show_plan(x);
		if (!err && !ask(x)) {
			x->outcome.result = PC_FREE_DECLINED;
			break;
		}
	}
	return err;
}

static int free_act(struct pc_freeing *x, char *sentence)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	uint64_t begin = pc_boot_ns();
	int err = 0;

	if (x->signals < 0)
		x->signals = pc_signals_open(ends, &x->mask);
	err = reserve_port(x, sentence);
	if (!err && x->stops_count)
		err = pc_freeing_stop(x, sentence);
	if (!err)
		err = end_agreed_plan(x, sentence);
	x->outcome.took_ns = pc_boot_ns() - begin;
	return err;
}

/* The errors of bind() that concern the address alone: bind() would say the same after all the ends. That no
 * port is free for it (EADDRINUSE) does not concern the address. */
static int check_address(const struct pc_freeing *x, char *sentence)
{
	struct pc_request any = x->server;
	char text[PC_ADDRESS_TEXT];
	int err;

	any.wanted_port = 0;
	err = pc_try_bind(&any);
	if (!err || err == -EADDRINUSE)
		return 0;
	return pc_cure_say(sentence, err, "no server can bind %s here: %s",
			   pc_address_text(any.wanted_family, any.wanted, text), strerror(-err));
}

/* A dry run. */
static void foretell(const struct pc_free_plan *plan, struct pc_free_outcome *o)
{
	o->result = plan->counts[PC_FREE_LEFT] ? PC_FREE_STUCK : PC_FREE_FREED;
	if (o->result == PC_FREE_STUCK)
		snprintf(o->why, sizeof(o->why), "%s", PC_FREE_LEFT_SENTENCE);
}

static int run_free(struct pc_freeing *x, char *sentence)
{
	bool over = false;
	int err = check_address(x, sentence);

	if (!err)
		err = look_first(x, &over, sentence);
	if (!err && over)
		return is_free_now(x) && !x->dry && (x->reserve || x->has_command) ?
			       reserve_port(x, sentence) :
			       0;
	if (!err)
		err = show_plan(x);
	if (err || is_held(x))
		return err;
	if (x->dry) {
		foretell(&x->plan, &x->outcome);
		return 0;
	}
	if (!ask(x)) {
		x->outcome.result = PC_FREE_DECLINED;
		return 0;
	}
	return free_act(x, sentence);
}

/* The reader of the outcome has seen it: the next port begins with nothing. */
static void forget_port(struct pc_freeing *x)
{
	pc_free_plan_free(&x->plan);
	free(x->stops);
	pc_lookup_free(&x->kernel);
	pc_owners_free(&x->owners);
	x->plan = (struct pc_free_plan){ 0 };
	x->stops = NULL;
	x->stops_count = 0;
	x->kernel = (struct pc_lookup){ 0 };
	x->asked_kernel = false;
	x->owners = (struct pc_owners){ 0 };
	x->is_reserved = false;
	x->outcome = (struct pc_free_outcome){ 0 };
}

int pc_freeing_run(struct pc_freeing *x, const struct pc_free_target *target, char *sentence)
{
	uint16_t family = target->family ? target->family : PC_FAMILY_V6;
	int err;

	forget_port(x);
	pc_free_request(target->proto, target->port, family, target->address, &x->server);
	err = run_free(x, sentence);
	x->outcome.dry = x->dry;
	end_reservation(x);
	return err;
}

bool pc_freeing_is_interrupted(const struct pc_freeing *x)
{
	struct pollfd fd = { .fd = x->signals, .events = POLLIN };

	return x->signals >= 0 && poll(&fd, 1, 0) > 0;
}

void pc_freeing_free(struct pc_freeing *x)
{
	forget_port(x);
	pc_netns_free(&x->namespaces);
	if (x->signals >= 0)
		close(x->signals);
}
