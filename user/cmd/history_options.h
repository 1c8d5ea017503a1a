/* SPDX-License-Identifier: GPL-2.0-only */
/* The options and operands that `history` and `report` share: which lines of which files. */
#ifndef PORTCLASH_CMD_HISTORY_OPTIONS_H
#define PORTCLASH_CMD_HISTORY_OPTIONS_H

#include "cmd/agent_options.h"
#include "cmd/cmd.h"
#include "core/history/history.h"
#include "host/log_files.h"
#include "host/log_lines.h"
#include "out/history.h"

enum {
	PC_OPT_SINCE = 512,
	PC_OPT_UNTIL,
	PC_OPT_CAUSE,
	PC_OPT_UNIT,
	PC_OPT_CONTAINER,
	PC_OPT_NETNS,
	PC_OPT_CONFIG,
};

#define PC_HISTORY_OPTIONS                                                                                                                              \
	{ "since",                                                                                                                                      \
	  PC_OPT_SINCE,                                                                                                                                 \
	  "TIME",                                                                                                                                       \
	  0,                                                                                                                                            \
	  "refusals from then on: \"2026-11-30 00:54:33\", 00:54 (the last one), -2h, today, yesterday, or RFC 3339",                                   \
	  0 },                                                                                                                                          \
		{ "until", PC_OPT_UNTIL, "TIME", 0, "refusals up to then", 0 },                                                                         \
		{ "port", 'p', "LIST", 0, "these ports alone, ranges and names of services too", 0 },                                                   \
		{ "cause",                                                                                                                              \
		  PC_OPT_CAUSE,                                                                                                                         \
		  "CAUSE",                                                                                                                              \
		  0,                                                                                                                                    \
		  "this cause alone (portclash explain lists them)",                                                                                    \
		  0 },                                                                                                                                  \
		{ "unit",                                                                                                                               \
		  PC_OPT_UNIT,                                                                                                                          \
		  "UNIT",                                                                                                                               \
		  0,                                                                                                                                    \
		  "refusals of this systemd unit, or that one of its processes is the cause of",                                                        \
		  0 },                                                                                                                                  \
		{ "container",                                                                                                                          \
		  PC_OPT_CONTAINER,                                                                                                                     \
		  "CONTAINER",                                                                                                                          \
		  0,                                                                                                                                    \
		  "refusals of a container, or that one of its processes is the cause of: its name, its id or the beginning, or its pod's name or uid", \
		  0 },                                                                                                                                  \
		{ "netns",                                                                                                                              \
		  PC_OPT_NETNS,                                                                                                                         \
		  "WHICH",                                                                                                                              \
		  0,                                                                                                                                    \
		  "refusals in a network namespace: self, a name in /run/netns, a path or an inode number",                                             \
		  0 },                                                                                                                                  \
	{                                                                                                                                               \
		"config", PC_OPT_CONFIG, "FILE", 0,                                                                                                     \
			"the agent's configuration, which names the log (default " PC_CONFIG_PATH                                                       \
			")",                                                                                                                            \
			0                                                                                                                               \
	}

struct pc_history_options {
	struct pc_history_filter filter;
	uint64_t ports[PC_PORT_WORDS];
	const char *port_list; /* as it was written; NULL: all */
	const char *config;    /* NULL: the standard one */
	struct pc_log_files files;
	bool standard_input;
};

/* Takes an option or a FILE; ARGP_ERR_UNKNOWN for all else. Ends the program with a usage message for a value
 * that is wrong. */
error_t pc_history_option(struct pc_history_options *o, int key, char *arg,
			  struct argp_state *state);

/* Reads the files that were named, or else the configured log and its older files, and gives each line to
 * pc_history_line(), with the log's name as host if there are several logs. What cannot be read is said on standard
 * error and counted in *sources. 0; -ENODATA, said: there is no log to read; or -ENOMEM. */
int pc_history_read(struct pc_history_options *o, struct pc_history *h,
		    struct pc_history_sources *sources);

/* Reads a time as `option` has it; *whole: it has no fraction of a second. Ends the program with a usage message for
 * anything else. */
uint64_t pc_history_when(struct argp_state *state, const char *option, const char *text,
			 bool *whole);

/* The agent's settings by its configuration. 0, or a negative errno after a sentence on standard error. */
int pc_history_settings(const struct pc_history_options *o, struct pc_settings *out);

void pc_history_options_free(struct pc_history_options *o);

#endif
