// SPDX-License-Identifier: GPL-2.0-only
/* `portclash trace`: the one-shot session during an incident. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/first_ns.h"
#include "cmd/child.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/trace.h"

#define COMMAND_ENDS_NS 500000000ULL

/* A person, or a filter that is slower than what it is told, is waited for as long as it goes on
 * reading: losing lines at once would be worse than telling them late. When not a byte was taken for
 * so long, and the pipe and PC_STREAM_HELD_MAX are full, lines are lost, until it reads again. */
#define READER_WAIT_MS 1000

static bool ends_it(int number)
{
	return number > 0 && number != SIGCHLD;
}

/* True when the session is over. A Ctrl-C is the command's, too: it is given a moment to end, so that
 * its status is known. */
static bool on_signal(struct pc_trace *t, int number, uint64_t *deadline)
{
	if (number == SIGCHLD)
		return t->child > 0 && pc_child_reap(t->child, &t->child_status);
	if (number != SIGINT || t->child <= 0 || t->interrupted)
		return ends_it(number);
	t->interrupted = true;
	*deadline = pc_boot_ns() + COMMAND_ENDS_NS;
	return false;
}

/* The end of a recording that could not go on, said once. */
static void tell_record_error(const struct pc_trace *t, struct pc_watch *w)
{
	int err = pc_watch_take_record_error(w);
	char shown[PC_SHOWN];

	if (err)
		fprintf(stderr,
			"portclash: the recording stopped, and can be replayed until now: %s: %s\n",
			pc_shown(t->watch.record, shown),
			err == -EOVERFLOW ? "it has 1 GiB, where every recording ends" :
					    strerror(-err));
}

/* A person who sends the file is to know. */
static void tell_recorded(const struct pc_trace *t, struct pc_watch *w)
{
	char shown[PC_SHOWN];

	bool by_hand = t->watch.outlets[0].sink == &pc_sink_text && !t->watch.quiet;

	if (t->watch.record && by_hand && !pc_watch_record_failed(w))
		fprintf(stderr,
			"portclash: to explain the recording again: portclash replay %s\nportclash: %s holds command lines, paths and addresses of all processes that used a port; `portclash replay --anonymize` replaces them\n",
			pc_shown(t->watch.record, shown), shown);
}

static void loop(struct pc_trace *t, struct pc_watch *w, int signals)
{
	uint64_t deadline = t->for_ns ? pc_boot_ns() + t->for_ns : 0;

	while (!deadline || pc_boot_ns() < deadline) {
		int number = pc_wait(w, signals, -1, deadline);

		if (ends_it(number))
			pc_log_hurry(&t->log);
		if (number < 0 || pc_watch_run(w))
			break;
		pc_log_flush(&t->log);
		tell_record_error(t, w);
		if (on_signal(t, number, &deadline))
			break;
	}
	/* The last acts of the command are in the rings by now. */
	pc_watch_run(w);
}

/* The statuses that env(1) and timeout(1) have: with a command, 1 and 2 are the command's. */
enum { COMMAND_NOT_WATCHED = 125, COMMAND_NOT_RUN, COMMAND_NOT_FOUND, COMMAND_SIGNALED };

static int failed_status(const struct pc_trace *t)
{
	return t->command ? COMMAND_NOT_WATCHED : PC_EXIT_FAILED;
}

/* 0, or the exit status. */
static int start_command(struct pc_trace *t)
{
	if (!t->command)
		return 0;
	t->child = pc_child_start(t->command, &t->mask_before);
	if (t->child > 0)
		return 0;
	fprintf(stderr, "portclash: cannot run \"%s\": %s\n", t->command[0], strerror(-t->child));
	return t->child == -ENOENT ? COMMAND_NOT_FOUND : COMMAND_NOT_RUN;
}

static int command_status(int how)
{
	if (WIFSIGNALED(how))
		return COMMAND_SIGNALED + WTERMSIG(how);
	return WIFEXITED(how) ? WEXITSTATUS(how) : PC_EXIT_OK;
}

static int finish(struct pc_trace *t, struct pc_watch *w)
{
	int err, error;

	pc_watch_summary(w, t->command && t->child > 0, t->child_status);
	err = pc_log_finish(&t->log);
	error = pc_watch_take_error(w);
	tell_record_error(t, w);
	tell_recorded(t, w);
	if (pc_output_failed(error ? -error : err) || pc_watch_record_failed(w))
		return failed_status(t);
	if (pc_watch_counters(w)->verdicts)
		return PC_EXIT_REFUSED;
	return t->command ? command_status(t->child_status) : PC_EXIT_OK;
}

static int watch(struct pc_trace *t, struct pc_watch *w, int signals)
{
	int status = start_command(t);

	if (status)
		return status;
	loop(t, w, signals);
	return finish(t, w);
}

static int run(struct pc_trace *t)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD, 0 };
	/* The summary has a time limit of its own: the end of the command is no reason to hurry. */
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, 0 };
	char sentence[PC_SENTENCE] = "";
	struct pc_watch *w = NULL;
	int signals = pc_signals_open(numbers, &t->mask_before);
	struct pc_patience patience = { .wait_ms = READER_WAIT_MS,
					.stop = pc_signals_open(ending, NULL) };
	int err, status = failed_status(t);

	if (t->command)
		pc_child_prepare();
	err = pc_log_bound(&t->log, &patience);
	if (err) {
		fprintf(stderr, "portclash: out of memory\n");
		return status;
	}
	t->watch.machine_pids_only = true;
	err = pc_watch_open(&t->watch, &w, sentence);
	if (err) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return status;
	}
	if (!pc_output_failed(-pc_watch_take_error(w)))
		status = watch(t, w, signals);
	pc_watch_close(w);
	close(patience.stop);
	close(signals);
	return status;
}

int pc_cmd_trace(int argc, char **argv)
{
	struct pc_trace t = {
		.log = PC_LOG_INIT,
		.watch = { .monitor = { .backend = "auto" },
			   .given_names = true,
			   .outlets = { { &pc_sink_text, &t.log } },
			   .outlets_count = 1 },
		.child_status = -1,
	};
	char *invitation;
	int status;

	pc_trace_parse(&t, argc, argv);
	if (pc_filter_resolve(&t.watch.filter.whose, true, "portclash: ")) {
		pc_settings_free(&t.settings);
		return failed_status(&t);
	}
	pc_errors_never_block();
	if (pc_log_open(&t.log, NULL)) {
		fprintf(stderr, "portclash: standard output is closed\n");
		return failed_status(&t);
	}
	t.watch.invitation = invitation = pc_trace_invitation(&t);
	status = run(&t);
	free(invitation);
	pc_settings_free(&t.settings);
	pc_log_close(&t.log);
	return status;
}
