/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of a log, as the agent writes them, for the tests of what reads them. */
#ifndef PORTCLASH_TESTS_LOGLINE_H
#define PORTCLASH_TESTS_LOGLINE_H

#include <stddef.h>

/* A refusal or a repeat of it; NULL and 0 stand for what a test does not care for. */
struct logline {
	const char *time; /* of day: "05:02:25" */
	const char *id;
	const char *server; /* comm, and exe below /usr/bin */
	const char *server_unit;
	const char *thief; /* NULL: no holder */
	const char *thief_unit;
	const char *cause;
	const char *cmdline; /* of the server, already a JSON string without its quotes */
	unsigned port;
	unsigned uid; /* of the server */
	unsigned pid;
	unsigned count; /* of a repeat */
	unsigned total;
};

/* Static; written anew by each call. */
const char *logline_refusal(const struct logline *l);
const char *logline_repeat(const struct logline *l);

/* `kind` is the word of the outcome; `count` of *l stands for its `folded`. */
const char *logline_outcome(const struct logline *l, const char *kind);
const char *logline_merged(const struct logline *l, const char *scope);

#endif
