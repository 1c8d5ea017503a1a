// SPDX-License-Identifier: GPL-2.0-only
/* portclash: a table of subcommands and nothing else. */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "version.h"

static const struct {
	const char *name;
	char *full_name; /* argv[0] of the subcommand: stands in its usage */
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "trace", "portclash trace", pc_cmd_trace,
	  "watch now, and explain each port that is refused" },
	{ "agent", "portclash agent", pc_cmd_agent,
	  "watch for good: JSON Lines, and a Prometheus textfile" },
	{ "features", "portclash features", pc_cmd_features,
	  "what this kernel lets portclash see, and what not" },
	{ "audit", "portclash audit", pc_cmd_audit,
	  "which servers the kernel may take the port from, before it does" },
	{ "who", "portclash who", pc_cmd_who,
	  "who holds a port right now, and what a server would get that bound it" },
	{ "explain", "portclash explain", pc_cmd_explain,
	  "what a cause means, and what to do about it" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out, int status)
{
	fputs("Usage: portclash COMMAND [OPTION...]\n"
	      "Who holds the port that bind() says is in use, since when, how, and what to do.\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\n  portclash COMMAND --help    the command's options\n"
	      "  portclash --version\n",
	      out);
	return status;
}

int main(int argc, char **argv)
{
	argp_err_exit_status = PC_EXIT_USAGE;
	argp_program_version = "portclash " PC_VERSION;
	if (argc < 2)
		return usage(stderr, PC_EXIT_USAGE);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = commands[i].full_name;
		return commands[i].run(argc - 1, argv + 1);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return usage(stdout, PC_EXIT_OK);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts(argp_program_version) < 0 ? PC_EXIT_FAILED : PC_EXIT_OK;
	fprintf(stderr, "portclash: there is no command \"%s\"\n", argv[1]);
	return usage(stderr, PC_EXIT_USAGE);
}
