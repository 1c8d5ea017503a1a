// SPDX-License-Identifier: GPL-2.0-only
/* Names of services in a list: the input is the list, a NUL, and then /etc/services. A name
 * becomes the number that stands beside it there and can be a port, or it is refused. */
#include "fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/services.h"

static int file_of(const struct fuzz_input *in, char *path, size_t size)
{
	int fd = memfd_create("services", MFD_CLOEXEC);

	FUZZ_CHECK(fd >= 0 && write(fd, in->data, in->size) == (ssize_t)in->size);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_number(const struct fuzz_input *file, const char *item, size_t len)
{
	char number[32];
	int n = snprintf(number, sizeof(number), "%.*s/", (int)len, item);

	FUZZ_CHECK(len && len <= 5 && strspn(item, "0123456789") == len && atol(item) < 65536);
	FUZZ_CHECK(memmem(file->data, file->size, number, (size_t)n));
}

/* Item by item: what does not begin with a letter is as it was. */
static void check_list(const struct fuzz_input *file, const char *list, const char *out)
{
	for (;;) {
		size_t len = strcspn(list, ","), got = strcspn(out, ",");

		if (isalpha((unsigned char)*list))
			check_number(file, out, got);
		else
			FUZZ_CHECK(got == len && !memcmp(list, out, len));
		FUZZ_CHECK(list[len] == out[got]);
		if (!list[len])
			return;
		list += len + 1;
		out += got + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *list = fuzz_take_string(&in), *out = NULL, *bad = NULL, path[64];
	int fd = file_of(&in, path, sizeof(path));
	int err = pc_services_expand(path, list, &out, &bad);

	if (err)
		FUZZ_CHECK(err == -ENOENT && bad && strstr(list, bad));
	else
		check_list(&in, list, out);
	free(err ? bad : out);
	close(fd);
	free(list);
	return 0;
}
