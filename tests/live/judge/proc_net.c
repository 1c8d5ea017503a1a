// SPDX-License-Identifier: GPL-2.0-only
/* Reading /proc/net/tcp and tcp6. */
#include "judge/proc_net.h"

#include <stdio.h>

static int state_in(const char *path, unsigned local, unsigned remote)
{
	unsigned have_local, have_remote, state;
	FILE *file = fopen(path, "re");
	char line[512];
	int found = 0;

	while (file && !found && fgets(line, sizeof(line), file))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x", &have_local, &have_remote,
			   &state) == 3 &&
		    have_local == local && have_remote == remote)
			found = (int)state;
	if (file)
		fclose(file);
	return found;
}

int proc_net_state(unsigned local, unsigned remote)
{
	int state = state_in("/proc/self/net/tcp", local, remote);

	return state ? state : state_in("/proc/self/net/tcp6", local, remote);
}

static unsigned count_in(const char *path, unsigned local, int state)
{
	unsigned have_local, have_state, count = 0;
	FILE *file = fopen(path, "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &have_local,
			   &have_state) == 2)
			count += have_local == local && have_state == (unsigned)state;
	if (file)
		fclose(file);
	return count;
}

unsigned proc_net_count(unsigned local, int state)
{
	return count_in("/proc/self/net/tcp", local, state);
}

void proc_net_await_count(struct test *t, unsigned local, int state, unsigned count)
{
	int64_t until = deadline_in(t, 5);
	unsigned have;

	while ((have = proc_net_count(local, state)) != count) {
		if (deadline_over(until))
			test_abort(t, "stage: %u sockets on port %u are in state %d, not %u", have,
				   local, state, count);
		sleep_ms(20);
	}
}

void proc_net_await(struct test *t, unsigned local, unsigned remote, int state)
{
	int64_t until = deadline_in(t, 5);

	while (proc_net_state(local, remote) != state) {
		if (deadline_over(until))
			test_abort(t, "stage: port %u to %u is in state %d, not %d", local, remote,
				   proc_net_state(local, remote), state);
		sleep_ms(1);
	}
}

void proc_net_socket(struct test *t, const char *name, unsigned local, unsigned remote,
		     uint64_t *inode, uint32_t *uid)
{
	unsigned have_local, have_remote, have_uid;
	unsigned long long have_inode;
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/net/%s", name);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line,
			       " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %*x %*x:%*x %*x:%*x %*x %u %*u %llu",
			       &have_local, &have_remote, &have_uid, &have_inode) == 4 &&
			have_local == local && have_remote == remote;
	if (file)
		fclose(file);
	if (!found)
		test_abort(t, "stage: no socket %u to %u in %s", local, remote, path);
	*inode = have_inode;
	*uid = have_uid;
}
