// SPDX-License-Identifier: GPL-2.0-only
/* Ask terminfo about the terminal. <term.h> has macros like "lines" and "columns": it is included here alone. */
#include "term/terminfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "term/term.h"

#include <curses.h>
#include <term.h>

/* The caller's word goes back to his terminal: letters, digits and signs only. */
static void plain_name(char *name, size_t size)
{
	const char *wanted = getenv("TERM");
	size_t len = 0;

	for (; wanted && *wanted && len + 1 < size; wanted++)
		if (*wanted > ' ' && *wanted < 0x7f)
			name[len++] = *wanted;
	name[len] = '\0';
}

int pc_terminfo_check(char *sentence)
{
	char name[48];
	int found = 0;

	plain_name(name, sizeof(name));
	if (!*name) {
		snprintf(
			sentence, PC_TERM_SENTENCE, "%s",
			"TERM is not set: set it to the terminal's type, like TERM=xterm, or use portclash trace");
		return -ENOENT;
	}
	if (setupterm(NULL, STDOUT_FILENO, &found) == ERR) {
		snprintf(
			sentence, PC_TERM_SENTENCE,
			"terminfo has no entry for TERM=%s in /etc/terminfo, /lib/terminfo or /usr/share/terminfo: try TERM=xterm, install ncurses-base, or use portclash trace",
			name);
		return -ENOENT;
	}
	if (cursor_address && (clear_screen || clr_eos))
		return 0;
	snprintf(sentence, PC_TERM_SENTENCE,
		 "a terminal of the type TERM=%s cannot show a screen: use portclash trace", name);
	return -ENOTSUP;
}

void pc_terminfo_bytes(const char *capability, int (*put)(int byte))
{
	const char *text = tigetstr(capability);

	/* A pause is made of NULs, where the terminal wants one. */
	if (text && text != (const char *)-1)
		tputs(text, 1, put);
}
