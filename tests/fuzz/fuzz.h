/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts that the fuzz targets share: a check that aborts, copies that end exactly where the input
 * does (so that a sanitizer sees every byte read behind it), and a sink that writes to memory. */
#ifndef PORTCLASH_TESTS_FUZZ_H
#define PORTCLASH_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "out/audit.h"

/* The one thing that each target defines; called for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert(), never compiled out. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_fail(const char *condition, const char *file, int line);

/* Input that is taken from the front on. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/* The next bytes; zeros where there are none any more. */
void fuzz_take(struct fuzz_input *in, void *out, size_t size);

/* All up to the next NUL, which goes too, or to the end; malloc'd, terminated. */
char *fuzz_take_string(struct fuzz_input *in);

/* All of it, terminated; malloc'd. */
char *fuzz_string(const uint8_t *data, size_t size);

/* A log in memory. fuzz_log_end() closes it and gives what was written, terminated, malloc'd. */
void fuzz_log_begin(struct pc_log *log);
char *fuzz_log_end(struct pc_log *log);

/* Valid UTF-8 without anything that a terminal acts upon, but newlines. */
void fuzz_check_terminal(const char *text);

/* Lines that are each one JSON object with all of `keys` (up to a NULL); frees `text`. */
void fuzz_check_json_lines(char *text, const char *const *keys);

/* The report as JSON and as text: both as above. */
void fuzz_check_report(const struct pc_audit_report *report);

#endif
