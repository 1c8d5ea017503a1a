// SPDX-License-Identifier: GPL-2.0-only
/* BPF objects by /proc/PID/fdinfo and bpf(2). */
#include "monitor/bpf_objects.h"

#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GONE_SECONDS 10

static void bpf_objects_add(struct test *t, struct bpf_objects *out, uint32_t command, uint32_t id)
{
	if (out->count == BPF_OBJECTS_MAX)
		test_abort(t, "stage: more than %d BPF objects", BPF_OBJECTS_MAX);
	out->each[out->count].command = command;
	out->each[out->count++].id = id;
	out->programs += command == BPF_PROG_GET_FD_BY_ID;
	out->maps += command == BPF_MAP_GET_FD_BY_ID;
	out->links += command == BPF_LINK_GET_FD_BY_ID;
}

static void read_info(struct test *t, const char *path, struct bpf_objects *out)
{
	FILE *file = fopen(path, "re");
	char line[256];
	bool link = false;
	unsigned long missed;
	unsigned id;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "link_id: %u", &id) == 1) {
			link = true;
			bpf_objects_add(t, out, BPF_LINK_GET_FD_BY_ID, id);
		} else if (sscanf(line, "map_id: %u", &id) == 1) {
			bpf_objects_add(t, out, BPF_MAP_GET_FD_BY_ID, id);
		} else if (!link && sscanf(line, "prog_id: %u", &id) == 1) {
			bpf_objects_add(t, out, BPF_PROG_GET_FD_BY_ID, id);
		} else if (sscanf(line, "recursion_misses: %lu", &missed) == 1) {
			out->missed += missed;
		}
	}
	if (file)
		fclose(file);
}

void bpf_objects_of(struct test *t, pid_t pid, struct bpf_objects *out)
{
	struct dirent *entry;
	char path[320];
	DIR *folder;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	folder = opendir(path);
	if (!folder)
		test_abort(t, "stage: cannot read %s: %s", path, strerror(errno));
	while ((entry = readdir(folder))) {
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, entry->d_name);
		if (entry->d_name[0] != '.')
			read_info(t, path, out);
	}
	closedir(folder);
}

unsigned long bpf_objects_missed(struct test *t, pid_t pid)
{
	struct bpf_objects all;

	bpf_objects_of(t, pid, &all);
	return all.missed;
}

/* The command that gives the id after a given one, for the command that opens an object of the same kind */
static uint32_t next_id_command(uint32_t open_command)
{
	switch (open_command) {
	case BPF_PROG_GET_FD_BY_ID:
		return BPF_PROG_GET_NEXT_ID;
	case BPF_MAP_GET_FD_BY_ID:
		return BPF_MAP_GET_NEXT_ID;
	default:
		return BPF_LINK_GET_NEXT_ID;
	}
}

/* Looks for the id without opening the object. An array of programs that is opened and closed just after its last descriptor was
 * closed is never freed: prog_array_map_clear() takes a reference each time, and the work that drops it runs once. */
static bool bpf_object_is_there(struct test *t, uint32_t command, uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = id - 1;
	if (!syscall(SYS_bpf, next_id_command(command), &attr, sizeof(attr)))
		return attr.next_id == id;
	if (errno != ENOENT)
		test_abort(t, "stage: cannot ask for BPF object %u: %s", id, strerror(errno));
	return false;
}

static unsigned alive(struct test *t, const struct bpf_objects *o)
{
	unsigned n = 0;

	for (unsigned i = 0; i < o->count; i++)
		n += bpf_object_is_there(t, o->each[i].command, o->each[i].id);
	return n;
}

void bpf_objects_expect_gone(struct test *t, const struct bpf_objects *objects)
{
	int64_t until = deadline_in(t, GONE_SECONDS);
	unsigned left;

	while ((left = alive(t, objects))) {
		if (deadline_over(until)) {
			test_fail(t,
				  "expected that the kernel freed all %u BPF objects, got %u left",
				  objects->count, left);
			return;
		}
		sleep_ms(5);
	}
}
