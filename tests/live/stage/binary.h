/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies of this binary: puppets of another executable file. */
#ifndef LIVE_STAGE_BINARY_H
#define LIVE_STAGE_BINARY_H

#include "run/test.h"

/* Copies the binary to this name in the scenario's own folder, at the first call; returns
 * `path`. */
const char *binary_copy(struct test *t, const char *name, char *path, size_t size);

#endif
