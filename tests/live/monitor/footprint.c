// SPDX-License-Identifier: GPL-2.0-only
/* Reading /proc/PID. */
#include "monitor/footprint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STOP_SECONDS 20

static unsigned open_descriptors(pid_t pid)
{
	struct dirent *entry;
	unsigned n = 0;
	char path[64];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		n += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return n;
}

struct footprint footprint_of(struct test *t, pid_t pid)
{
	struct footprint f = { .descriptors = open_descriptors(pid) };
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "VmRSS: %ld", &f.rss_kib);
		sscanf(line, "RssAnon: %ld", &f.anon_kib);
		sscanf(line, "VmHWM: %ld", &f.peak_kib);
	}
	if (file)
		fclose(file);
	if (!f.rss_kib || !f.descriptors)
		test_abort(t, "expected a running portclash[%d], got none", pid);
	return f;
}

void footprint_forget_peak(struct test *t, pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "5", 1) != 1)
		test_abort(t, "stage: %s: %s", path, strerror(errno));
	close(fd);
}

void footprint_compare(struct test *t, const char *what, const struct footprint *start,
		       const struct footprint *end, long kib)
{
	test_note(t, "%s: own memory %ld to %ld KiB, resident %ld to %ld KiB, descriptors %u to %u",
		  what, start->anon_kib, end->anon_kib, start->rss_kib, end->rss_kib,
		  start->descriptors, end->descriptors);
	if (end->descriptors > start->descriptors)
		test_fail(t, "expected %u, got %u descriptors of portclash", start->descriptors,
			  end->descriptors);
	if (end->anon_kib > start->anon_kib + kib)
		test_fail(t, "expected %ld KiB of memory and no more than %ld on top, got %ld KiB",
			  start->anon_kib, kib, end->anon_kib);
}

static char process_state(pid_t pid)
{
	char path[64], line[512] = "", state = '?';
	const char *name_end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return state;
	name_end = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	fclose(file);
	if (name_end)
		sscanf(name_end + 1, " %c", &state);
	return state;
}

void footprint_stop(struct test *t, pid_t pid)
{
	int64_t until = deadline_in(t, STOP_SECONDS);

	kill(pid, SIGSTOP);
	while (process_state(pid) != 'T') {
		if (deadline_over(until))
			test_abort(t, "stage: portclash[%d] does not stop, it is in state %c", pid,
				   process_state(pid));
		sleep_ms(1);
	}
}

char footprint_state(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return strrchr(text, ')') ? strrchr(text, ')')[2] : 0;
}
