// SPDX-License-Identifier: GPL-2.0-only
/* A session of watching: opening, running, counting, closing. It owns the monitor, the clock and
 * the outputs, and hands the join what the join asks for. */
#include "watch/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/verdict/advice.h"
#include "host/clock.h"
#include "host/first_ns.h"
#include "host/name_sockets.h"
#include "host/given.h"
#include "host/procfs.h"
#include "host/self.h"
#include "version.h"
#include "watch/record_file.h"
#include "watch/watch_private.h"

/* A backlog of refusals becomes verdicts for so long before the rings are read again, which fill
 * within 50 ms at the fastest; and for so long at the end, before the rest is counted as lost. */
#define SLICE_NS 20000000
#define LAST_NS 500000000

/* A bind() that began so shortly before the end may not have been decided yet. */
#define LATE_AT_END_NS 1000000

/* Lines about a step have its time, so that a recording has the same. */
static uint64_t watch_now(struct pc_watch *w)
{
	return w->outputs.now_ns = pc_boot_ns();
}

static void count_verdict(struct pc_metrics *metrics, const struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;
	struct pc_family by;

	pc_metrics_refusal(metrics, v->cause, r->op, r->proto, r->error);
	if (r->foreign.family)
		return;
	pc_family_of(r->uid, v->requester.who, &by);
	pc_metrics_refused_port(metrics, r->wanted_port, r->proto, &by);
}

static void tell_verdict(void *context, struct pc_verdict *v)
{
	struct pc_watch *w = context;

	if (w->metrics)
		count_verdict(w->metrics, v);
	pc_repeating_verdict(&w->repeating, &w->outputs, v);
}

static void tell_merged(void *context, const struct pc_merged *m)
{
	struct pc_watch *w = context;

	pc_outputs_merged(&w->outputs, m);
}

static void tell_outcome(void *context, const struct pc_outcome *o)
{
	struct pc_watch *w = context;

	if (pc_outcome_has_line(o))
		pc_outputs_outcome(&w->outputs, o);
}

static void tell_claim(void *context, const struct pc_claim *c)
{
	struct pc_watch *w = context;

	pc_outputs_claim(&w->outputs, c);
}

static void tell_warning(void *context, struct pc_warning *warning)
{
	struct pc_watch *w = context;

	if (w->foreign_pids)
		pc_advice_drop_ids(warning->fixes, &warning->fixes_count);
	pc_outputs_warning(&w->outputs, warning);
}

static void tell_recorded_claim(void *context, const struct pc_claim *c)
{
	struct pc_watch *w = context;

	pc_flight_claim(w->flight, c, w->outputs.wall_minus_boot_ns);
}

static void tell_recorded_change(void *context, uint64_t cookie, uint8_t state, uint8_t change)
{
	struct pc_watch *w = context;

	if (change == PC_ENDPOINTS_LISTENS || change == PC_ENDPOINTS_KEEPS_PORT)
		pc_flight_listens(w->flight, cookie, change == PC_ENDPOINTS_LISTENS);
	else
		pc_flight_end(w->flight, cookie, state,
			      w->outputs.now_ns + w->outputs.wall_minus_boot_ns);
}

/* A recording has the line in any case: without it, it is no recording of a session. */
static void tell_ready(struct pc_watch *w, const char *invitation)
{
	static const char pids[] =
		"whether a process still runs, and its id here (portclash is in a pid namespace of its own; ids are the machine's)";
	const char *blind = pc_monitor_blind(w->monitor);
	char all[2 * PC_SENTENCE];
	struct utsname kernel;
	struct pc_ready ready = {
		.invitation = invitation,
		.version = PC_VERSION,
		.backend = pc_monitor_backend(w->monitor),
		.why = pc_monitor_why(w->monitor),
		.blind = w->foreign_pids ? all : blind,
		.kernel = kernel.release,
		.sockets = pc_join_sockets_before(w->join),
	};

	snprintf(all, sizeof(all), "%s%s%s", blind, *blind ? "; " : "", pids);
	uname(&kernel);
	if (w->record)
		pc_record_file_session(w->record, &ready, kernel.nodename, w->has_command);
	if (!w->quiet)
		pc_outputs_ready(&w->outputs, &ready);
}

/* The first process stays in the namespace that the kernel made for it. */
static bool boots_in(uint32_t netns)
{
	uint32_t first;

	return !pc_procfs_netns("/proc", 1, &first) && first == netns;
}

static int watch_open_join(struct pc_watch *w, const struct pc_watch_options *options,
			   uint32_t netns)
{
	struct pc_join_options join = {
		.filter = options->filter,
		.netns = netns,
		.boots = boots_in(netns),
		.patience_ns = options->patience_ns,
		.with_claims = options->with_claims,
		.recorded = options->flight,
		.own_netns_only = options->own_netns_only,
		.each = options->each,
		.protect = options->protect,
	};
	const struct pc_join_output output = {
		.context = w,
		.verdict = tell_verdict,
		.merged = tell_merged,
		.outcome = tell_outcome,
		.claim = tell_claim,
		.warning = tell_warning,
		.recorded_claim = options->flight ? tell_recorded_claim : NULL,
		.recorded_change = options->flight ? tell_recorded_change : NULL,
	};
	struct pc_join_kernel kernel = pc_kernel_side(&w->monitor);
	struct pc_join_host host = w->foreign_pids ? pc_host_side_apart : pc_host_side;
	const struct pc_given_place place = { .root = "" };

	if (options->given_names)
		w->machine.given = pc_given_new(&place);
	w->machine.wall_minus_boot_ns = w->outputs.wall_minus_boot_ns;
	host.context = &w->machine;
	if (!w->machine.given)
		host.given = NULL;
	if (w->record &&
	    pc_record_file_wrap(w->record, &join, &kernel, &host, w->outputs.wall_minus_boot_ns))
		return -ENOMEM;
	w->join = pc_join_new(&join, &kernel, &host, &output);
	return w->join ? pc_watch_repeat(w, options->repeat_ns) : -ENOMEM;
}

/* A socket that has a port now is older for certain. A socket that has one only when the hooks are in
 * place may be older too: unless its claim was seen. */
static int before_hooks(void *context, struct pc_monitor *m)
{
	struct pc_watch *w = context;
	int err;

	w->monitor = m;
	pc_name_sockets(PC_WATCH_PROC);
	err = pc_join_inventory(w->join, watch_now(w), false);
	w->monitor = NULL;
	return err;
}

static int watch_start(struct pc_watch *w, const struct pc_watch_options *options, char *sentence)
{
	struct pc_monitor_options monitor = options->monitor;
	int err;

	snprintf(sentence, PC_SENTENCE, "out of memory");
	monitor.before_hooks = before_hooks;
	monitor.context = w;
	monitor.with_protected = options->protect;
	monitor.each = options->each;
	monitor.with_ends = options->flight;
	monitor.with_endpoints |= options->flight != NULL;
	pc_procfs_netns(PC_WATCH_PROC, pc_first_ns_self(PC_WATCH_PROC), &monitor.netns);
	err = watch_open_join(w, options, monitor.netns);
	if (!err)
		err = pc_monitor_open(&monitor, &w->monitor, sentence);
	if (err)
		return err;
	pc_join_protect_start(w->join, watch_now(w));
	err = pc_join_inventory(w->join, watch_now(w), true);
	w->started_ns = w->outputs.now_ns;
	if (err)
		snprintf(sentence, PC_SENTENCE, "could not list the sockets that are open: %s",
			 strerror(-err));
	return err;
}

/* The programs in the kernel speak of the machine's process ids and times. */
static int check_own_namespaces(struct pc_watch *w, const struct pc_watch_options *options,
				char *sentence)
{
	w->foreign_pids = !pc_first_ns_pids(PC_WATCH_PROC);
	w->repeating.without_ids = w->foreign_pids;
	if (w->foreign_pids && options->machine_pids_only)
		snprintf(
			sentence, PC_SENTENCE,
			"this is a pid namespace of its own, where the ids of the machine's processes are not known: run it outside, or give the container the host's (docker run --pid=host, hostPID: true)");
	else if (!pc_first_ns_clock(PC_WATCH_PROC))
		snprintf(
			sentence, PC_SENTENCE,
			"this is a time namespace whose clocks differ from the machine's, so all times would be wrong: run it outside");
	else
		return 0;
	return -EXDEV;
}

int pc_watch_open(const struct pc_watch_options *options, struct pc_watch **out, char *sentence)
{
	struct pc_watch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->metrics = options->metrics;
	w->flight = options->flight;
	pc_outputs_tick(&w->outputs);
	w->outputs.count = options->outlets_count;
	memcpy(w->outputs.list, options->outlets, sizeof(w->outputs.list));
	w->has_command = options->filter.tree;
	err = check_own_namespaces(w, options, sentence);
	if (!err && options->record)
		err = pc_record_file_open(options->record, &w->record, sentence);
	if (!err)
		err = watch_start(w, options, sentence);
	if (err) {
		pc_watch_close(w);
		return err;
	}
	pc_self_cpu(&w->cpu_start_ns);
	w->quiet = options->quiet;
	if (w->flight)
		pc_flight_begin(w->flight, w->started_ns + w->outputs.wall_minus_boot_ns);
	tell_ready(w, options->invitation);
	*out = w;
	return 0;
}

void pc_watch_close(struct pc_watch *w)
{
	if (!w)
		return;
	pc_monitor_close(w->monitor);
	pc_join_free(w->join);
	pc_record_file_close(w->record);
	pc_given_free_all(w->machine.given);
	pc_repeats_free(w->repeating.table);
	pc_told_quota_free(w->repeating.quota);
	free(w);
}

int pc_watch_fd(const struct pc_watch *w)
{
	return pc_monitor_fd(w->monitor);
}

/* A process that is refused without end must not keep the driver from reading the rings and from
 * ending. */
static void finish_for(struct pc_watch *w, uint64_t ns)
{
	uint64_t until_ns = pc_boot_ns() + ns;

	while (pc_join_finish(w->join, watch_now(w)) && pc_boot_ns() < until_ns)
		;
}

bool pc_watch_busy(const struct pc_watch *w)
{
	return pc_join_waits(w->join);
}

static void watch_tick(struct pc_watch *w)
{
	if (pc_outputs_tick(&w->outputs) && w->record)
		pc_record_file_clock(w->record, w->outputs.wall_minus_boot_ns);
}

static void flight_round(struct pc_watch *w)
{
	const struct pc_counters *c = pc_watch_counters(w);
	const struct pc_flight_losses lost = {
		.records = pc_lost_total(c) + c->states_missed + c->ends_missed,
		.ends = pc_lost_ends(c),
	};

	pc_flight_round(w->flight, &lost, w->outputs.now_ns + w->outputs.wall_minus_boot_ns);
}

int pc_watch_run(struct pc_watch *w)
{
	watch_tick(w);
	pc_join_read(w->join, watch_now(w));
	finish_for(w, SLICE_NS);
	pc_join_tidy(w->join, watch_now(w));
	if (w->record)
		pc_record_file_flush(w->record);
	if (w->flight)
		flight_round(w);
	pc_repeating_tell(&w->repeating, &w->outputs, false);
	return pc_outputs_in_vain(&w->outputs) ? -EPIPE : 0;
}

int pc_watch_repeat(struct pc_watch *w, uint64_t interval_ns)
{
	return pc_repeating_set(&w->repeating, &w->outputs, interval_ns);
}

void pc_watch_filter(struct pc_watch *w, const struct pc_whose_filter *whose)
{
	pc_join_filter(w->join, whose);
}

void pc_watch_patience(struct pc_watch *w, uint64_t patience_ns)
{
	pc_join_patience(w->join, patience_ns);
}

int pc_watch_summary(struct pc_watch *w, bool has_command, int command_status)
{
	struct pc_cost cost;
	struct pc_summary summary = {
		.cost = &cost,
		.watched_ns = pc_boot_ns() - w->started_ns,
		.has_command = has_command,
		.command_status = command_status,
	};

	pc_monitor_tell_late(w->monitor, LATE_AT_END_NS);
	pc_monitor_tell_merged(w->monitor, true);
	pc_join_read(w->join, watch_now(w));
	finish_for(w, LAST_NS);
	pc_join_stop(w->join, watch_now(w));
	if (w->flight)
		pc_flight_close(w->flight, w->outputs.now_ns + w->outputs.wall_minus_boot_ns);
	pc_repeating_tell(&w->repeating, &w->outputs, true);
	summary.counters = pc_watch_counters(w);
	summary.outcomes = pc_watch_outcomes(w);
	pc_watch_cost(w, &cost);
	if (w->record)
		pc_record_file_end(w->record,
				   &(struct pc_recorded_end){ summary.watched_ns, command_status });
	if (w->quiet && !pc_lost_total(summary.counters))
		return 0;
	return pc_outputs_summary(&w->outputs, &summary);
}

int pc_watch_protect(struct pc_watch *w, const uint64_t *listed)
{
	return pc_join_protect(w->join, watch_now(w), listed);
}

int pc_watch_tcp_ports(struct pc_watch *w, uint64_t *words)
{
	return pc_monitor_tcp_ports(w->monitor, words);
}

const char *pc_watch_backend(const struct pc_watch *w)
{
	return pc_monitor_backend(w->monitor);
}
