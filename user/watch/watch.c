// SPDX-License-Identifier: GPL-2.0-only
/* One session of watching: opening, running, counting, closing. */
#include "watch/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "host/procfs.h"
#include "host/self.h"
#include "version.h"
#include "watch/watch_private.h"

/* Looking into a backlog of refusals: so long before the rings are read again, which fill within
 * 50 ms at the fastest; and so long at the end, before what is left is counted as lost. */
#define SLICE_NS 20000000
#define LAST_NS 500000000

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t pc_boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

void pc_clock_now(struct pc_clock *clock)
{
	clock->now_ns = pc_boot_ns();
	clock->wall_minus_boot_ns = clock_ns(CLOCK_REALTIME) - clock->now_ns;
}

int pc_watch_take_error(struct pc_watch *w)
{
	int error = w->sink_error;

	w->sink_error = 0;
	return error;
}

static void print_ready(struct pc_watch *w)
{
	struct utsname kernel;
	struct pc_ready ready = {
		.version = PC_VERSION,
		.backend = pc_monitor_backend(w->monitor),
		.why = pc_monitor_why(w->monitor),
		.blind = pc_monitor_blind(w->monitor),
		.kernel = kernel.release,
		.sockets = w->sockets_before,
	};

	uname(&kernel);
	pc_emit_ready(w, &ready);
}

static int allocate(struct pc_watch *w)
{
	w->ledger = pc_ledger_new();
	w->processes = pc_processes_new();
	w->batch = calloc(PC_BATCH_MAX, sizeof(*w->batch));
	if (w->options.with_claims)
		w->pending = calloc(PC_CLAIMS_PENDING_MAX, sizeof(*w->pending));
	if (pc_protect_open(w) || pc_watch_repeat(w, w->options.repeat_ns))
		return -ENOMEM;
	return w->ledger && w->processes && w->batch && (!w->options.with_claims || w->pending) ?
		       0 :
		       -ENOMEM;
}

/* What has a port now is older for certain. What has one only when the hooks are in place may
 * be older too: unless its claim was seen. */
static int before_hooks(void *context, struct pc_monitor *m)
{
	return pc_inventory(context, m, 0);
}

static int start(struct pc_watch *w, char *sentence)
{
	struct pc_record_handler handler = pc_ingest;
	int err = allocate(w);

	snprintf(sentence, PC_SENTENCE, "out of memory");
	if (err)
		return err;
	handler.context = w;
	w->options.monitor.before_hooks = before_hooks;
	w->options.monitor.context = w;
	pc_procfs_netns("/proc", (uint32_t)getpid(), &w->netns);
	w->options.monitor.netns = w->netns;
	w->options.monitor.with_protected = w->options.protect;
	err = pc_monitor_open(&w->options.monitor, &handler, &w->monitor, sentence);
	if (err)
		return err;
	pc_protect_start(w);
	err = pc_inventory(w, w->monitor, PC_ENTRY_LATE);
	w->started_ns = pc_boot_ns();
	if (err)
		snprintf(sentence, PC_SENTENCE, "could not list the sockets that are open: %s",
			 strerror(-err));
	return err;
}

int pc_watch_open(const struct pc_watch_options *options, struct pc_watch **out, char *sentence)
{
	struct pc_watch *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->options = *options;
	err = start(w, sentence);
	if (err) {
		pc_watch_close(w);
		return err;
	}
	pc_self_cpu(&w->cpu_start_ns);
	print_ready(w);
	*out = w;
	return 0;
}

void pc_watch_close(struct pc_watch *w)
{
	if (!w)
		return;
	pc_monitor_close(w->monitor);
	pc_ledger_free(w->ledger);
	pc_processes_free(w->processes);
	pc_protect_close(w);
	pc_repeats_free(w->repeats);
	pc_range_forget(w, true);
	pc_backlog_drop(w);
	free(w->batch);
	free(w->pending);
	free(w);
}

int pc_watch_fd(const struct pc_watch *w)
{
	return pc_monitor_fd(w->monitor);
}

/* Whoever is refused without end must not keep us from reading the rings and from ending. */
static void finish_until(struct pc_watch *w, uint64_t until_ns)
{
	pc_batch_finish(w);
	while (w->backlog && pc_boot_ns() < until_ns) {
		pc_backlog_to_batch(w);
		pc_batch_finish(w);
	}
}

bool pc_watch_busy(const struct pc_watch *w)
{
	return w->backlog;
}

int pc_watch_run(struct pc_watch *w)
{
	pc_resolve_begin(w);
	pc_monitor_read_claims(w->monitor);
	pc_protect_flush(w);
	pc_monitor_read_refusals(w->monitor);
	finish_until(w, pc_boot_ns() + SLICE_NS);
	if (w->pending_count)
		pc_claims_ask(w);
	pc_sweep_if_needed(w);
	pc_range_forget(w, false);
	pc_repeat_tick(w);
	return pc_emit_in_vain(w) ? -EPIPE : 0;
}

const struct pc_counters *pc_watch_counters(struct pc_watch *w)
{
	pc_monitor_stats(w->monitor, w->counters.lost);
	w->counters.lost[PC_STAT_REFUSALS_LOST] += w->refusals_dropped;
	w->counters.states_missed = pc_monitor_states_missed(w->monitor);
	w->counters.records_bad = pc_monitor_invalid(w->monitor) + w->processes_bad;
	w->counters.ledger_claims = pc_ledger_count(w->ledger);
	return &w->counters;
}

void pc_watch_cost(const struct pc_watch *w, struct pc_cost *out)
{
	memset(out, 0, sizeof(*out));
	pc_monitor_cost(w->monitor, out);
	pc_self_read("/proc", out);
	out->cpu_start_ns = w->cpu_start_ns;
}

static void finish_backlog(struct pc_watch *w)
{
	finish_until(w, pc_boot_ns() + LAST_NS);
	pc_backlog_drop(w);
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

	finish_backlog(w);
	pc_repeat_stop(w);
	summary.counters = pc_watch_counters(w);
	pc_claims_flush(w);
	pc_watch_cost(w, &cost);
	return pc_emit_summary(w, &summary);
}

int pc_watch_last_error(const struct pc_watch *w, unsigned outlet)
{
	return w->outlets[outlet].last;
}

void pc_watch_count_sink_error(struct pc_watch *w)
{
	w->counters.sink_errors++;
}

int pc_watch_tcp_ports(struct pc_watch *w, uint64_t *words)
{
	return pc_monitor_tcp_ports(w->monitor, words);
}

const char *pc_watch_backend(const struct pc_watch *w)
{
	return pc_monitor_backend(w->monitor);
}
