// SPDX-License-Identifier: GPL-2.0-only
/* Ask a terminal for its width, and the environment for colours. */
#include "out/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "out/log.h"

/* A serial console does not know its width, and has this one. */
#define WIDTH_UNKNOWN 80

enum pc_color pc_color_choice(const char *name)
{
	static const char *const names[] = { "auto", "always", "never" };
	unsigned i = 0;

	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_COLOR_COUNT, "a name for each");
	while (i < PC_COLOR_COUNT && strcmp(name, names[i]))
		i++;
	return i;
}

/* https://no-color.org: set and not empty. */
static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no_color && *no_color) && term && strcmp(term, "dumb");
}

struct pc_layout pc_terminal_layout(const struct pc_log *log)
{
	bool terminal = !log->path && isatty(log->fd);
	struct pc_layout layout = {
		.color = log->color == PC_COLOR_ALWAYS ||
			 (log->color == PC_COLOR_AUTO && terminal && wants_color()),
	};
	struct winsize size;

	if (terminal)
		layout.width = !ioctl(log->fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col :
										    WIDTH_UNKNOWN;
	return layout;
}
