/* SPDX-License-Identifier: GPL-2.0-only */
/* The subcommands and what they share. */
#ifndef PORTCLASH_CMD_H
#define PORTCLASH_CMD_H

#include <argp.h>
#include <signal.h>
#include <stdint.h>

#include "watch/watch.h"

/* Exit statuses, as in README.md. */
enum {
	PC_EXIT_OK = 0,
	PC_EXIT_FAILED = 1,
	PC_EXIT_USAGE = 2,
	PC_EXIT_REFUSED = 3, /* trace: something was refused; audit: something is exposed;
				 who: somebody holds the port */
};

int pc_cmd_trace(int argc, char **argv);
int pc_cmd_agent(int argc, char **argv);
int pc_cmd_features(int argc, char **argv);
int pc_cmd_audit(int argc, char **argv);
int pc_cmd_who(int argc, char **argv);
int pc_cmd_explain(int argc, char **argv);

/* Seconds as a positive decimal number into nanoseconds; ends the program with a usage
 * message that names `option` otherwise. */
uint64_t pc_parse_seconds(struct argp_state *state, const char *option, const char *text);

/* The name of a back end, checked the same way. */
const char *pc_parse_backend(struct argp_state *state, const char *name);

/* Both clocks, now. */
struct pc_clock pc_clock_read(void);

/* The port of a service by /etc/services. */
bool pc_service_port(const char *name, unsigned *port);

/* Adds the ports of `list`, numbers, ranges and names of services, to `set` (PC_PORT_WORDS words),
 * for --protect. */
void pc_parse_protect(struct argp_state *state, const char *list, uint64_t *set);

/* Claims are read this often. */
#define PC_TICK_MS 100

/* Blocks `signals` and returns a signalfd for them, or a negative errno. `before`, if not
 * NULL, gets the mask as it was, for a child. SIGPIPE and SIGXFSZ are ignored from here on:
 * a write that fails says so itself. */
int pc_signals_open(const int *signals, sigset_t *before);

/* Sentences are lost, and do not keep it from watching and ending, while standard error is a pipe
 * that nobody reads: often the same one as standard output. Not for a socket, nor for a terminal. */
void pc_errors_never_block(void);

/* Waits for the watch, a signal or the tick; at most until `deadline_ns` (boot clock; 0:
 * none). Returns the number of the signal that came, 0 for none, or a negative errno. */
int pc_wait(const struct pc_watch *w, int signals, uint64_t deadline_ns);

#endif
