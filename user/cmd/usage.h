/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines: options and help by argp, mistakes in sentences that say what to do. */
#ifndef PORTCLASH_CMD_USAGE_H
#define PORTCLASH_CMD_USAGE_H

#include <argp.h>

/* Parses a subcommand's line; argv[0] is its full name ("portclash who"). Adds -h, --help, --version. Ends
 * the program with PC_EXIT_USAGE at an option that the table lacks, or that lacks its value. Returns what
 * argp_parse() does. */
error_t pc_command_line(const struct argp *argp, int argc, char **argv, unsigned flags,
			void *input);

/* Ends the program with PC_EXIT_USAGE and the sentence. */
void pc_usage_error(const struct argp_state *state, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

#endif
