// SPDX-License-Identifier: GPL-2.0-only
/* portclash: a table of subcommands and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/mistake.h"
#include "cmd/port_argument.h"
#include "core/base/nearest.h"
#include "version.h"

static const struct {
	const char *name;
	char *full_name; /* argv[0] of the subcommand: stands in its usage */
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "who", "portclash who", pc_cmd_who,
	  "show who holds a port now, and what a server would get there" },
	{ "trace", "portclash trace", pc_cmd_trace,
	  "watch now, and explain each port that is refused" },
	{ "top", "portclash top", pc_cmd_top,
	  "show ranges, claims, exposed servers and refusals on a live screen" },
	{ "free", "portclash free", pc_cmd_free,
	  "end what keeps a server from its port, and nothing else" },
	{ "audit", "portclash audit", pc_cmd_audit,
	  "find servers whose port the kernel may give to a client" },
	{ "reserve", "portclash reserve", pc_cmd_reserve,
	  "keep ports from clients, now and after a reboot" },
	{ "guard", "portclash guard", pc_cmd_guard,
	  "keep the ports of servers reserved through their restarts" },
	{ "agent", "portclash agent", pc_cmd_agent,
	  "watch permanently: JSON lines, the journal, Prometheus metrics" },
	{ "history", "portclash history", pc_cmd_history,
	  "show from the agent's log who was refused which port, and by whom" },
	{ "report", "portclash report", pc_cmd_report,
	  "write the same as one page: HTML, or Markdown for a ticket" },
	{ "replay", "portclash replay", pc_cmd_replay,
	  "explain again what portclash trace --record recorded" },
	{ "features", "portclash features", pc_cmd_features,
	  "show what portclash can and cannot see on this kernel" },
	{ "explain", "portclash explain", pc_cmd_explain,
	  "explain a cause, an error or a socket state" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int usage(FILE *out, int status)
{
	fputs("Usage: portclash PORT...\n"
	      "       portclash COMMAND [OPTION...]\n"
	      "Show who holds the port that bind() says is in use, since when, how, and what\n"
	      "to do.\n\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].help);
	fputs("\nExamples:\n"
	      "  sudo portclash 8080               show who holds port 8080\n"
	      "  sudo portclash trace -- ./server  explain why the server cannot have its port\n"
	      "  sudo portclash audit              find servers that may lose their port\n"
	      "  sudo portclash free 8080          free port 8080 for its server\n"
	      "  portclash explain EADDRINUSE      explain the error\n"
	      "\n"
	      "`portclash help COMMAND` shows its options and examples.\n"
	      "`explain` and `replay` need no root; `who` and `audit` see less without it.\n",
	      out);
	return status;
}

static const char *command_name_at(const void *context, size_t index)
{
	(void)context;
	return commands[index].name;
}

/* The index, or COMMANDS. */
static size_t find_command(const char *name)
{
	size_t i = 0;

	while (i < COMMANDS && strcmp(name, commands[i].name))
		i++;
	return i;
}

static void say_unknown_word(const char *word, const char *reason)
{
	const char *near = pc_nearest(word, command_name_at, NULL, COMMANDS);

	if (near)
		fprintf(stderr, "portclash: unknown command \"%s\"; did you mean %s?\n", word,
			near);
	else if (*word == '-')
		fprintf(stderr, "portclash: unknown option %s; options follow the command\n", word);
	else if (strpbrk(word, "0123456789:/"))
		fprintf(stderr, "portclash: %s\n", reason);
	else
		fprintf(stderr, "portclash: \"%s\" is neither a command nor a service\n", word);
}

static int unknown_command(const char *word, const char *next, const char *reason)
{
	if (!pc_say_mistake(word, next))
		say_unknown_word(word, reason);
	fputs("See `portclash --help`.\n", stderr);
	return PC_EXIT_USAGE;
}

static int unknown_topic(const char *word)
{
	const char *near = pc_nearest(word, command_name_at, NULL, COMMANDS);

	fprintf(stderr, "portclash: unknown command \"%s\"", word);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	fputs("\n`portclash --help` lists the commands.\n", stderr);
	return PC_EXIT_USAGE;
}

/* `portclash help [COMMAND]` */
static int help(int argc, char **argv)
{
	char *line[] = { NULL, "--help", NULL };
	size_t i;

	if (argc < 3)
		return usage(stdout, PC_EXIT_OK);
	i = find_command(argv[2]);
	if (i == COMMANDS)
		return unknown_topic(argv[2]);
	line[0] = commands[i].full_name;
	return commands[i].run(2, line);
}

/* `portclash 8080` is `portclash who 8080`. */
static int who(int argc, char **argv)
{
	argv[0] = commands[0].full_name;
	return pc_cmd_who(argc, argv);
}

int main(int argc, char **argv)
{
	char reason[PC_PORT_REASON];
	size_t i;

	argp_err_exit_status = PC_EXIT_USAGE;
	argp_program_version = "portclash " PC_VERSION;
	if (argc < 2)
		return usage(stderr, PC_EXIT_USAGE);
	i = find_command(argv[1]);
	if (i < COMMANDS) {
		argv[1] = commands[i].full_name;
		return commands[i].run(argc - 1, argv + 1);
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argc, argv);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return puts(argp_program_version) < 0 ? PC_EXIT_FAILED : PC_EXIT_OK;
	if (*argv[1] != '-' && pc_is_port_list(argv[1], reason))
		return who(argc, argv);
	return unknown_command(argv[1], argv[2], reason);
}
