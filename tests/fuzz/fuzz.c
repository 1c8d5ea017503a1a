// SPDX-License-Identifier: GPL-2.0-only
/* Parts that the fuzz targets share. */
#include "fuzz.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "out/escape.h"

_Noreturn void fuzz_fail(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
	abort();
}

void fuzz_take(struct fuzz_input *in, void *out, size_t size)
{
	size_t have = in->size < size ? in->size : size;

	memset(out, 0, size);
	if (have)
		memcpy(out, in->data, have);
	in->data += have;
	in->size -= have;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_CHECK(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

char *fuzz_take_string(struct fuzz_input *in)
{
	const uint8_t *nul = in->size ? memchr(in->data, '\0', in->size) : NULL;
	size_t len = nul ? (size_t)(nul - in->data) : in->size;
	char *text = fuzz_string(in->data, len);

	in->data += len + !!nul;
	in->size -= len + !!nul;
	return text;
}

void fuzz_log_begin(struct pc_log *log)
{
	*log = (struct pc_log){ .fd = memfd_create("fuzz", MFD_CLOEXEC) };
	FUZZ_CHECK(log->fd >= 0);
}

char *fuzz_log_end(struct pc_log *log)
{
	off_t size = lseek(log->fd, 0, SEEK_END);
	char *text = malloc((size_t)size + 1);

	FUZZ_CHECK(text && pread(log->fd, text, (size_t)size, 0) == size);
	text[size] = '\0';
	FUZZ_CHECK(strlen(text) == (size_t)size);
	close(log->fd);
	return text;
}

/* Text that pc_escape_terminal() would change was not escaped. Its own invariants are those of the
 * target `escape`. */
void fuzz_check_terminal(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		char *safe = malloc(PC_ESCAPE_SIZE(len));

		FUZZ_CHECK(safe);
		FUZZ_CHECK(pc_escape_terminal(text, len, safe, PC_ESCAPE_SIZE(len)) == len);
		FUZZ_CHECK(!memcmp(safe, text, len));
		free(safe);
		text += len + (text[len] == '\n');
	}
}

void fuzz_check_json_lines(char *text, const char *const *keys)
{
	char *rest, *line = strtok_r(text, "\n", &rest);

	FUZZ_CHECK(line);
	for (; line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		FUZZ_CHECK(json_is_object(object));
		for (const char *const *key = keys; *key; key++)
			FUZZ_CHECK(json_object_get(object, *key));
		json_decref(object);
	}
	free(text);
}

void fuzz_check_report(const struct pc_audit_report *report)
{
	static const char *const keys[] = { "schema", "type", "time", NULL };
	const struct pc_clock clock = { 0 };
	struct pc_log log;
	char *text;

	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_audit_json(&log, &clock, report));
	fuzz_check_json_lines(fuzz_log_end(&log), keys);
	fuzz_log_begin(&log);
	FUZZ_CHECK(!pc_audit_text(&log, &clock, report));
	text = fuzz_log_end(&log);
	fuzz_check_terminal(text);
	free(text);
}
