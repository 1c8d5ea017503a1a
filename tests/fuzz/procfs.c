// SPDX-License-Identifier: GPL-2.0-only
/* The files of /proc/PID: any bytes, and then what the kernel writes for a process that has the
 * input as its name. Such a process must not pass for another: pid, state, start time and user
 * are the kernel's words. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/identity.h"
#include "core/process/procfile.h"

#define TICKS 290019
#define THREADS 3
#define UID 1000
#define TGID 4120

/* proc_task_name() leaves any 15 bytes in `stat`. */
static void check_stat_of(const char *comm)
{
	struct pc_procfile_stat stat;
	char text[512];

	snprintf(text, sizeof(text),
		 "%d (%s) S 4232 4232 2929 0 -1 4194304 100 0 0 0 0 0 0 0 20 0 %d 0 %d 31 0\n",
		 TGID, comm, THREADS, TICKS);
	FUZZ_CHECK(pc_procfile_stat(text, &stat));
	FUZZ_CHECK(!strcmp(stat.comm, comm));
	FUZZ_CHECK(stat.parent == 4232 && stat.session == 2929 && !stat.reaped);
	FUZZ_CHECK(stat.state == 'S' && stat.threads == THREADS && stat.start_ticks == TICKS);
}

/* In `status` newlines and backslashes of the name are escaped. */
static void check_status_of(const char *comm)
{
	char text[512], name[2 * PC_COMM_LEN] = "";
	uint32_t tgid = 0, uid = 0;
	size_t len = 0;

	for (; *comm; comm++) {
		if (*comm == '\n' || *comm == '\\')
			name[len++] = '\\';
		name[len++] = *comm == '\n' ? 'n' : *comm;
	}
	snprintf(text, sizeof(text),
		 "Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n"
		 "PPid:\t1\nTracerPid:\t0\nUid:\t%d\t0\t0\t0\nGid:\t0\t0\t0\t0\n",
		 name, TGID, TGID, UID);
	FUZZ_CHECK(pc_procfile_status(text, "\nTgid:\t", &tgid) && tgid == TGID);
	FUZZ_CHECK(pc_procfile_status(text, "\nUid:\t", &uid) && uid == UID);
}

static void check_any(const char *text)
{
	struct pc_procfile_stat stat = { 0 }, before = stat;
	uint32_t number = UID;
	uint64_t bytes = UID;
	char again[32];

	if (pc_procfile_stat(text, &stat)) {
		FUZZ_CHECK(memchr(stat.comm, '\0', PC_COMM_LEN));
		FUZZ_CHECK(stat.threads <= UINT32_MAX);
	} else {
		FUZZ_CHECK(!memcmp(&stat, &before, sizeof(stat)));
	}
	if (!pc_procfile_status(text, "\nUid:\t", &number))
		FUZZ_CHECK(number == UID);
	if (!pc_procfile_memory(text, "VmRSS:", &bytes))
		FUZZ_CHECK(bytes == UID);
	else
		FUZZ_CHECK(!strncmp(text, "VmRSS:", 6) && bytes % 1024 == 0);
	number = UID;
	if (pc_procfile_netns(text, &number)) {
		snprintf(again, sizeof(again), "%" PRIu32 "]", number);
		FUZZ_CHECK(strstr(text, again));
	} else {
		FUZZ_CHECK(number == UID);
	}
}

static void check_arguments(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	pc_identity_join_args(text, size);
	FUZZ_CHECK(strlen(text) <= size);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), comm[PC_COMM_LEN] = "";

	check_any(text);
	check_arguments(data, size);
	strncpy(comm, text, sizeof(comm) - 1);
	check_stat_of(comm);
	check_status_of(comm);
	free(text);
	return 0;
}
