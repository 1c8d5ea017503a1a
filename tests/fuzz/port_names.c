// SPDX-License-Identifier: GPL-2.0-only
/* Ports as a person writes them: the input is a list, a NUL, and then /etc/services. A name becomes the
 * number that stands beside it there and can be a port, or it is rejected with a reason. */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/port_item.h"
#include "host/port_names.h"

static int file_of(const struct fuzz_input *in, char *path, size_t size)
{
	int fd = memfd_create("services", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && write(fd, in->data, in->size) == (ssize_t)in->size);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

/* The service callback has no context. */
static const struct fuzz_input *services;
static char services_path[64];

static bool fuzzed_service(const char *name, unsigned *port)
{
	char number[32];
	int n;

	if (!pc_port_names_port(services_path, name, port))
		return false;
	n = snprintf(number, sizeof(number), "%u/", *port);
	FUZZ_CHECK(*port < 65536);
	FUZZ_CHECK(memmem(services->data, services->size, name, strlen(name)));
	FUZZ_CHECK(memmem(services->data, services->size, number, (size_t)n) || *port < 10000);
	return true;
}

static int check_item(void *context, const struct pc_port_item *item)
{
	(void)context;
	FUZZ_CHECK(item->low && item->low <= item->high && (item->tcp || item->udp));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pc_port_reader reader = { .service = fuzzed_service, .least = 1 };
	struct fuzz_input in = { data, size };
	char *list = fuzz_take_string(&in), reason[PC_PORT_REASON] = "";
	int fd = file_of(&in, services_path, sizeof(services_path)), err;

	services = &in;
	err = pc_port_items_parse(list, &reader, check_item, NULL, reason);
	FUZZ_CHECK(err == 0 || (err == -EINVAL && *reason));
	close(fd);
	free(list);
	return 0;
}
