/* SPDX-License-Identifier: GPL-2.0-only */
/* The subcommands and what they share. */
#ifndef PORTCLASH_CMD_H
#define PORTCLASH_CMD_H

#include <limits.h>
#include <signal.h>
#include <stdint.h>

#include "cmd/usage.h"
#include "core/config/settings.h"
#include "out/escape.h"
#include "watch/watch.h"

/* Exit statuses, as in README.md. */
enum {
	PC_EXIT_OK = 0,
	PC_EXIT_FAILED = 1,
	PC_EXIT_USAGE = 2,
	PC_EXIT_REFUSED = 3, /* trace: something was refused; audit: something is exposed;
				 who: somebody holds a port */
	PC_EXIT_UNSEEN = 4,  /* who: nobody is seen to hold a port, but not everything was seen;
				history --at: somebody may have had it */
};

int pc_cmd_trace(int argc, char **argv);
int pc_cmd_top(int argc, char **argv);
int pc_cmd_agent(int argc, char **argv);
int pc_cmd_features(int argc, char **argv);
int pc_cmd_audit(int argc, char **argv);
int pc_cmd_who(int argc, char **argv);
int pc_cmd_free(int argc, char **argv);
int pc_cmd_guard(int argc, char **argv);
int pc_cmd_reserve(int argc, char **argv);
int pc_cmd_history(int argc, char **argv);
int pc_cmd_report(int argc, char **argv);
int pc_cmd_replay(int argc, char **argv);
int pc_cmd_explain(int argc, char **argv);

/* A time above 0, in seconds or with a unit (500ms, 30s, 5m, 2h, 1d), into nanoseconds; ends the program
 * with a usage message that names `option` otherwise. */
uint64_t pc_parse_duration(struct argp_state *state, const char *option, const char *text);

/* The name of a back end, checked the same way. */
const char *pc_parse_backend(struct argp_state *state, const char *name);

/* The value of --color, checked the same way; NULL is an option without a value, and means "always". */
enum pc_color pc_parse_color(struct argp_state *state, const char *when);

/* The path without what a terminal would obey, into `out` (PC_SHOWN bytes); returns `out`. */
#define PC_SHOWN PC_ESCAPE_SIZE(PATH_MAX)
const char *pc_shown(const char *path, char *out);

/* Reads the boot clock and the wall clock. */
struct pc_clock pc_clock_read(void);

/* The port of a service by /etc/services. */
bool pc_service_port(const char *name, unsigned *port);

/* Claims are read this often. */
#define PC_TICK_MS 100

/* Blocks `signals` and returns a signalfd for them, or a negative errno. `before`, if not
 * NULL, gets the mask as it was, for a child. SIGPIPE and SIGXFSZ are ignored from here on:
 * a write that fails says so itself. */
int pc_signals_open(const int *signals, sigset_t *before);

/* Sentences are lost, and do not keep it from watching and ending, while standard error is a
 * pipe that nobody reads: often the same one as standard output. Not for a socket, nor for a
 * terminal. */
void pc_errors_never_block(void);

/* Says on standard error that standard output could not be written. `err` is the negative errno of
 * the write, or 0. False: all was written, or the reader has gone away, which is no failure. */
bool pc_output_failed(int err);

/* Waits for the watch, a signal, the descriptor `also` (-1: none) or the tick; at most until
 * `deadline_ns` (boot clock; 0:
 * none). Returns the number of the signal that came, 0 for none, or a negative errno. */
int pc_wait(const struct pc_watch *w, int signals, int also, uint64_t deadline_ns);

#endif
