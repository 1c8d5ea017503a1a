// SPDX-License-Identifier: GPL-2.0-only
/* Command lines that other tools would take, or that lack a word: say the line that was meant. */
#include "cmd/mistake.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/port_argument.h"

static bool is_port(const char *word)
{
	char reason[PC_PORT_REASON];

	return word && *word != '-' && pc_is_port_list(word, reason);
}

/* The value of `-p 80`, `-p80`, `--port 80` or `--port=80`; NULL: the word is another option. */
static const char *port_of_option(const char *word, const char *next)
{
	if (!strcmp(word, "-p") || !strcmp(word, "--port"))
		return next;
	if (!strncmp(word, "--port=", 7))
		return word + 7;
	return !strncmp(word, "-p", 2) ? word + 2 : NULL;
}

/* Users of other tools type these words for a command of portclash. */
static const char *command_meant(const char *word)
{
	static const char *const others[][2] = {
		{ "kill", "free" },    { "stop", "free" },	 { "release", "free" },
		{ "show", "who" },     { "watch", "trace" },	 { "log", "history" },
		{ "logs", "history" }, { "doctor", "features" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(word, others[i][0]))
			return others[i][1];
	return NULL;
}

static bool is_program(const char *word)
{
	struct stat st;

	return (*word == '.' || *word == '/') && strchr(word, '/') && !stat(word, &st) &&
	       S_ISREG(st.st_mode) && !access(word, X_OK);
}

bool pc_say_mistake(const char *word, const char *next)
{
	const char *port = port_of_option(word, next), *command = command_meant(word);

	if (is_port(port))
		fprintf(stderr, "portclash: write the port alone: portclash %s\n", port);
	else if ((!strcmp(word, "tcp") || !strcmp(word, "udp")) && is_port(next) &&
		 !strchr(next, '/'))
		fprintf(stderr, "portclash: write the protocol behind the port: portclash %s/%s\n",
			next, word);
	else if (command)
		fprintf(stderr,
			"portclash: unknown command \"%s\"; did you mean portclash %s%s%s?\n", word,
			command, is_port(next) ? " " : "", is_port(next) ? next : "");
	else if (is_program(word))
		fprintf(stderr,
			"portclash: to start a program and explain its refusals, write portclash trace -- %s\n",
			word);
	else if (*word == '/' && strchr(word + 1, '/'))
		fprintf(stderr, "portclash: " PC_PATH_SENTENCE "\n", word);
	else
		return false;
	return true;
}
