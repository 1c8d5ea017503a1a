// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors and memory outlive libbpf's object: the kernel counts who uses a program or a map. */
#include "bpf/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static void kept_failed(struct pc_kept *k, int err)
{
	if (!k->err)
		k->err = err;
}

int pc_kept_fd(struct pc_kept *k, int fd)
{
	int own = -1;

	if (fd < 0)
		return -1;
	if (k->fds_count == PC_KEPT_MAX)
		errno = E2BIG;
	else
		own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		kept_failed(k, -errno);
	else
		k->fds[k->fds_count++] = own;
	return own;
}

void *pc_kept_memory(struct pc_kept *k, const struct bpf_map *map, int protection)
{
	size_t bytes = bpf_map__value_size(map);
	void *memory = MAP_FAILED;

	if (k->memory_count == PC_KEPT_MEMORY_MAX)
		errno = E2BIG;
	else
		memory = mmap(NULL, bytes, protection, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED) {
		kept_failed(k, -errno);
		return NULL;
	}
	k->memory[k->memory_count] = memory;
	k->bytes[k->memory_count++] = bytes;
	return memory;
}

void pc_kept_close(struct pc_kept *k)
{
	while (k->memory_count) {
		k->memory_count--;
		munmap(k->memory[k->memory_count], k->bytes[k->memory_count]);
	}
	while (k->fds_count)
		close(k->fds[--k->fds_count]);
}
