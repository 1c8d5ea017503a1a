// SPDX-License-Identifier: GPL-2.0-only
/* Parts that the subcommands share: numbers, signals, waiting. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/clock.h"
#include "cmd/cmd.h"
#include "core/config/settings.h"
#include "core/config/units.h"
#include "host/port_names.h"
#include "out/stream.h"
#include "out/terminal.h"

/* Ten years: beyond it the clock arithmetic is not worth trusting. */
#define DURATION_MAX_NS (315360000.0 * (double)PC_NS_PER_SECOND)

uint64_t pc_parse_duration(struct argp_state *state, const char *option, const char *text)
{
	double ns;

	if (!pc_units_duration(text, &ns) || !(ns >= 1 && ns <= DURATION_MAX_NS))
		pc_usage_error(state,
			       "%s: expected a time above 0 like 90, 500ms, 5m or 2h, not \"%s\"",
			       option, text);
	return (uint64_t)ns;
}

const char *pc_parse_backend(struct argp_state *state, const char *name)
{
	static const struct pc_settings_source source = { .relative_paths = true };
	char reason[PC_SETTINGS_REASON];
	struct pc_settings settings;

	if (pc_settings_set(&settings, pc_settings_find("backend"), name, false, &source, reason))
		pc_usage_error(state, "--backend: %s", reason);
	return settings.backend;
}

enum pc_color pc_parse_color(struct argp_state *state, const char *when)
{
	enum pc_color color = pc_color_choice(when ? when : "always");

	if (color == PC_COLOR_COUNT)
		pc_usage_error(state, "--color: expected auto, always or never, not \"%s\"", when);
	return color;
}

const char *pc_shown(const char *path, char *out)
{
	pc_escape_terminal(path, strlen(path), out, PC_SHOWN);
	return out;
}

struct pc_clock pc_clock_read(void)
{
	struct pc_clock clock;

	pc_clock_now(&clock);
	return clock;
}

bool pc_service_port(const char *name, unsigned *port)
{
	return pc_port_names_port("/etc/services", name, port);
}

int pc_signals_open(const int *signals, sigset_t *before)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (; *signals; signals++)
		sigaddset(&set, *signals);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, before))
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Descriptor 2 itself stays as it is, for the command that is run, too. glibc's stderr can be assigned
 * to. */
void pc_errors_never_block(void)
{
	struct stat st;
	FILE *file;
	int fd;

	if (fstat(STDERR_FILENO, &st) || !S_ISFIFO(st.st_mode))
		return;
	fd = pc_pipe_reopen(STDERR_FILENO);
	if (fd < 0)
		return;
	file = fdopen(fd, "w");
	if (!file) {
		close(fd);
		return;
	}
	setvbuf(file, NULL, _IONBF, 0);
	stderr = file;
}

bool pc_output_failed(int err)
{
	if (!err || err == -EPIPE)
		return false;
	fprintf(stderr, "portclash: cannot write everything to standard output: %s\n", strerror(-err));
	return true;
}

static int until(uint64_t deadline_ns)
{
	uint64_t now = pc_boot_ns();

	if (!deadline_ns)
		return PC_TICK_MS;
	if (now >= deadline_ns)
		return 0;
	return deadline_ns - now < PC_TICK_MS * PC_NS_PER_MS ?
		       (int)((deadline_ns - now + PC_NS_PER_MS - 1) / PC_NS_PER_MS) :
		       PC_TICK_MS;
}

int pc_wait(const struct pc_watch *w, int signals, int also, uint64_t deadline_ns)
{
	struct pollfd fds[] = {
		{ .fd = pc_watch_fd(w), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = also, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	int n = poll(fds, 3, pc_watch_busy(w) ? 0 : until(deadline_ns));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!(fds[1].revents & POLLIN))
		return 0;
	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
