// SPDX-License-Identifier: GPL-2.0-only
/* Text on a real terminal of 40, 80 and 200 columns, and in a pipe: width, colours, commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "out/layout.h"
#include "out/log.h"
#include "out/text_parts.h"

#define COMMAND "portclash reserve 49686 --persist --netns /run/netns/a-long-name-of-a-network-namespace"

static const char block[] =
	PC_MARK_TITLE "tcp bind 127.0.0.1:49686 refused: EADDRINUSE" PC_MARK_END "   web[7]\n"
	"    held by      " PC_MARK_CULPRIT "thief[9]" PC_MARK_END "   127.0.0.1:49686 LISTEN\n"
	"    why          the port is held by an outgoing connection, not by a listener: the kernel gave it to thief[9] at connect(), because 49686 is in the ephemeral range of this network namespace and is not reserved\n"
	"                   " PC_MARK_COMMAND COMMAND PC_MARK_END;

/* A terminal, of which `log` has one end and the test the other. */
static int terminal(struct pc_log *log)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;

	if (master < 0)
		skip();
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	*log = PC_LOG_INIT;
	log->fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(log->fd >= 0);
	assert_int_equal(tcgetattr(log->fd, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(log->fd, TCSANOW, &raw), 0);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	return master;
}

/* Writes the block and returns what its reader sees, up to the last line, which is the command. */
static const char *written(struct pc_log *log, int reader)
{
	static char text[8192];
	size_t len = 0;

	assert_int_equal(pc_text_write(log, block, sizeof(block) - 1), 0);
	do {
		ssize_t n = read(reader, text + len, sizeof(text) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
		text[len] = '\0';
	} while (!strstr(text, COMMAND) || text[len - 1] != '\n');
	return text;
}

static const char *at_width(struct pc_log *log, int master, unsigned short columns)
{
	struct winsize size = { .ws_row = 24, .ws_col = columns };

	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	return written(log, master);
}

static size_t widest_prose(const char *text)
{
	char copy[8192], *save;
	size_t widest = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t columns = pc_layout_columns(line, strlen(line));

		if (!strstr(line, COMMAND) && columns > widest)
			widest = columns;
	}
	return widest;
}

/* The same terminal becomes wider: the next text fits the new width. */
static void fits_the_terminal(void **state)
{
	static const unsigned short widths[] = { 40, 80, 200, 40, 0 };
	struct pc_log log;
	int master = terminal(&log);

	(void)state;
	log.color = PC_COLOR_NEVER;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		unsigned width = widths[i] ? widths[i] : 80;
		const char *text = at_width(&log, master, widths[i]);

		assert_true(widest_prose(text) <= width);
		assert_true(widest_prose(text) > width / 2);
		assert_null(strchr(text, '\033'));
	}
	close(log.fd);
	close(master);
}

static void color_on_a_terminal(void **state)
{
	struct pc_log log;
	int master = terminal(&log);

	(void)state;
	assert_non_null(strstr(at_width(&log, master, 80), "\033[1;31mthief[9]\033[0m"));
	assert_non_null(strstr(written(&log, master), "\033[1;32m" COMMAND "\033[0m"));
	setenv("NO_COLOR", "1", 1);
	assert_null(strchr(written(&log, master), '\033'));
	setenv("NO_COLOR", "", 1);
	assert_non_null(strchr(written(&log, master), '\033'));
	setenv("TERM", "dumb", 1);
	assert_null(strchr(written(&log, master), '\033'));
	log.color = PC_COLOR_ALWAYS;
	assert_non_null(strchr(written(&log, master), '\033'));
	close(log.fd);
	close(master);
}

/* One line stays one line, for grep and for tools. */
static void nothing_in_a_pipe(void **state)
{
	struct pc_log log = PC_LOG_INIT;
	char plain[sizeof(block)];
	int ends[2];

	(void)state;
	memcpy(plain, block, sizeof(plain));
	pc_layout_plain(plain);
	assert_int_equal(pipe(ends), 0);
	log.fd = ends[1];
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_int_equal(strncmp(written(&log, ends[0]), plain, strlen(plain)), 0);
	assert_null(strchr(plain, '\033'));
	log.color = PC_COLOR_ALWAYS;
	assert_non_null(strstr(written(&log, ends[0]), "\033[1;31mthief[9]\033[0m"));
	close(ends[0]);
	close(ends[1]);
}

static void choices(void **state)
{
	(void)state;
	assert_int_equal(pc_color_choice("auto"), PC_COLOR_AUTO);
	assert_int_equal(pc_color_choice("always"), PC_COLOR_ALWAYS);
	assert_int_equal(pc_color_choice("never"), PC_COLOR_NEVER);
	assert_int_equal(pc_color_choice("yes"), PC_COLOR_COUNT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_the_terminal),
		cmocka_unit_test(color_on_a_terminal),
		cmocka_unit_test(nothing_in_a_pipe),
		cmocka_unit_test(choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
