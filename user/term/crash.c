// SPDX-License-Identifier: GPL-2.0-only
/* Restore the terminal in the handler of a crash, with calls that a handler may make: the bytes are prepared. */
#include "term/crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "term/terminfo.h"

#define CRASH_BYTES 256

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP };

#define CRASH_SIGNALS (sizeof(crash_signals) / sizeof(crash_signals[0]))

/* A handler can reach nothing but what is static. */
static struct {
	struct termios mode;
	bool mode_known;
	char bytes[CRASH_BYTES];
	size_t len;
} crash;

static int keep_byte(int byte)
{
	if (crash.len < sizeof(crash.bytes))
		crash.bytes[crash.len++] = (char)byte;
	return byte;
}

static void keep_capability(const char *name)
{
	pc_terminfo_bytes(name, keep_byte);
}

void pc_crash_remember(void)
{
	crash.mode_known = !tcgetattr(STDIN_FILENO, &crash.mode);
	crash.len = 0;
	/* Attributes, keypad, cursor; then back to the screen from before. */
	keep_capability("sgr0");
	keep_capability("op");
	keep_capability("rmkx");
	keep_capability("cnorm");
	keep_capability("clear");
	keep_capability("rmcup");
}

static void crash_handle(int number)
{
	const char *at = crash.bytes;
	size_t left = crash.len;

	while (left) {
		ssize_t written = write(STDOUT_FILENO, at, left);

		if (written <= 0)
			break;
		at += written;
		left -= (size_t)written;
	}
	if (crash.mode_known)
		tcsetattr(STDIN_FILENO, TCSANOW, &crash.mode);
	/* The handler was taken away when it was called (SA_RESETHAND): the signal ends the process now. */
	raise(number);
}

static void crash_handlers(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < CRASH_SIGNALS; i++)
		sigaction(crash_signals[i], &action, NULL);
}

void pc_crash_restore_on_signals(void)
{
	crash_handlers(crash_handle);
}

void pc_crash_forget(void)
{
	crash_handlers(SIG_DFL);
}
