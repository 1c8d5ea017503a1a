/* SPDX-License-Identifier: GPL-2.0-only */
/* Asking another program. */
#ifndef PORTCLASH_HOST_COMMAND_H
#define PORTCLASH_HOST_COMMAND_H

#include <stddef.h>

/* Runs argv[0], found in PATH, with nothing to read, and takes down the first `size` - 1 bytes that it
 * prints, standard error included, without newlines at the end. Its exit status, or a negative errno:
 * -ENOENT: there is no such program; -ETIMEDOUT: it was killed after `timeout_ms`; -EINTR: a signal
 * killed it. */
int pc_command_run(char *const *argv, int timeout_ms, char *out, size_t size);

#endif
