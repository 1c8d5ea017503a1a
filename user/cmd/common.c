// SPDX-License-Identifier: GPL-2.0-only
/* What the subcommands share: numbers, signals, waiting. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "core/settings.h"
#include "host/services.h"

/* Ten years: beyond it the clock arithmetic is not worth trusting. */
#define SECONDS_MAX 315360000.0

uint64_t pc_parse_seconds(struct argp_state *state, const char *option, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0 && seconds <= SECONDS_MAX))
		argp_error(state, "%s takes a number of seconds above 0, not \"%s\"", option, text);
	return (uint64_t)(seconds * 1e9);
}

const char *pc_parse_backend(struct argp_state *state, const char *name)
{
	if (!pc_monitor_knows(name))
		argp_error(state, "--backend takes auto, fentry, kprobe or tracepoint, not \"%s\"",
			   name);
	return name;
}

struct pc_clock pc_clock_read(void)
{
	struct timespec boot, wall;
	uint64_t boot_ns, wall_ns;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	boot_ns = (uint64_t)boot.tv_sec * 1000000000 + (uint64_t)boot.tv_nsec;
	wall_ns = (uint64_t)wall.tv_sec * 1000000000 + (uint64_t)wall.tv_nsec;
	return (struct pc_clock){ wall_ns - boot_ns, boot_ns };
}

bool pc_service_port(const char *name, unsigned *port)
{
	return pc_services_port("/etc/services", name, port);
}

void pc_parse_protect(struct argp_state *state, const char *list, uint64_t *set)
{
	static const struct pc_settings_source source = { .service = pc_service_port };
	char reason[PC_SETTINGS_REASON];

	if (pc_settings_ports(list, &source, set, reason))
		argp_error(state, "--protect %s", reason);
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

/* Another description of the same pipe, as out/stream.c has one: descriptor 2 itself stays as it is
 * for those who share it, and for the command that is run. glibc's stderr can be assigned to. */
void pc_errors_never_block(void)
{
	struct stat st;
	FILE *file;
	int fd;

	if (fstat(STDERR_FILENO, &st) || !S_ISFIFO(st.st_mode))
		return;
	fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
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

static int until(uint64_t deadline_ns)
{
	struct timespec t;
	uint64_t now;

	if (!deadline_ns)
		return PC_TICK_MS;
	clock_gettime(CLOCK_BOOTTIME, &t);
	now = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	if (now >= deadline_ns)
		return 0;
	return deadline_ns - now < PC_TICK_MS * 1000000ULL ?
		       (int)((deadline_ns - now + 999999) / 1000000) :
		       PC_TICK_MS;
}

int pc_wait(const struct pc_watch *w, int signals, uint64_t deadline_ns)
{
	struct pollfd fds[] = {
		{ .fd = pc_watch_fd(w), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	int n = poll(fds, 2, pc_watch_busy(w) ? 0 : until(deadline_ns));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (!(fds[1].revents & POLLIN))
		return 0;
	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
