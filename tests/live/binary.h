/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies of this binary: puppets of another executable file. */
#ifndef LIVE_BINARY_H
#define LIVE_BINARY_H

#include "test.h"

/* The copy of this name in the scenario's own folder, made at the first call; returns `path`. */
const char *binary_copy(struct test *t, const char *name, char *path, size_t size);

#endif
