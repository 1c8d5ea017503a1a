/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal for which the text of a log is laid out, if there is one. */
#ifndef PORTCLASH_TERMINAL_H
#define PORTCLASH_TERMINAL_H

#include "out/layout.h"

struct pc_log;

enum pc_color {
	PC_COLOR_AUTO = 0, /* on a terminal, unless NO_COLOR is set or TERM is dumb */
	PC_COLOR_ALWAYS,
	PC_COLOR_NEVER,
	PC_COLOR_COUNT,
};

/* "auto", "always", "never"; PC_COLOR_COUNT for anything else. */
enum pc_color pc_color_choice(const char *name);

/* The layout now: terminals change their width. */
struct pc_layout pc_terminal_layout(const struct pc_log *log);

#endif
