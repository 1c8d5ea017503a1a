/* SPDX-License-Identifier: GPL-2.0-only */
/* Text from other processes is hostile: what makes a comm, a command line or a path safe for
 * JSON, for a terminal and for a Prometheus label. */
#ifndef PORTCLASH_ESCAPE_H
#define PORTCLASH_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/* Room for any `len` bytes: in a label an invalid byte becomes the five characters \\xNN. */
#define PC_ESCAPE_SIZE(len) (5 * (len) + 1)

/* All three read exactly `len` bytes (a NUL ends nothing), end `out` with a NUL when `size` is
 * not 0, and return the bytes before it. What does not fit is left off from that character on:
 * no character and no escape is ever cut in half. `in` may be NULL when `len` is 0. */

/* Valid UTF-8 is copied; a NUL and each byte that is not part of valid UTF-8 becomes \xNN. */
size_t pc_utf8_clean(const char *in, size_t len, char *out, size_t size);

/* Cleans as pc_utf8_clean() does, and every byte of a control, line separator or invisible format
 * character (those that turn text round or hide it) becomes \xNN. A backslash stays as it is. */
size_t pc_escape_terminal(const char *in, size_t len, char *out, size_t size);

/* Gives what pc_utf8_clean() gives, with \ " and newline escaped for a Prometheus label value. */
size_t pc_escape_label(const char *in, size_t len, char *out, size_t size);

#endif
