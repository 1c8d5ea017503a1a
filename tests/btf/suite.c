// SPDX-License-Identifier: GPL-2.0-only
/* Counting, and the files that the tests make. */
#include "btf/suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "btf/rewrite.h"

static unsigned passed, failed, skipped;
static char folder[] = "/tmp/portclash-btf.XXXXXX";

void report(bool ok, const char *name, const char *format, ...)
{
	va_list args;

	*(ok ? &passed : &failed) += 1;
	printf("%s %s", ok ? "ok" : "FAIL", name);
	if (!ok) {
		printf(": ");
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
	}
	printf("\n");
	fflush(stdout);
}

bool suite_begin(void)
{
	return mkdtemp(folder);
}

void suite_skip(const char *name, const char *missing)
{
	skipped++;
	printf("skip %s: no %s\n", name, missing);
}

int suite_end(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/edited.btf", folder);
	unlink(path);
	rmdir(folder);
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed != 0;
}

struct btf *edited(const char *edits, char *path, size_t size)
{
	struct btf *btf = btf__parse(OWN, NULL);
	char all[1024], *rest = all, *edit;
	const void *data;
	__u32 bytes;
	FILE *file;

	snprintf(all, sizeof(all), "%s", edits);
	while (btf && (edit = strsep(&rest, ",")))
		if (rewrite(btf, edit) <= 0) {
			btf__free(btf);
			return NULL;
		}
	snprintf(path, size, "%s/edited.btf", folder);
	file = btf ? fopen(path, "we") : NULL;
	if (!file)
		return NULL;
	data = btf__raw_data(btf, &bytes);
	fwrite(data, bytes, 1, file);
	fclose(file);
	return btf;
}
