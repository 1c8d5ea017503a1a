/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of the record, for cure/keep.c alone. */
#ifndef PORTCLASH_CURE_KEEP_FILE_H
#define PORTCLASH_CURE_KEEP_FILE_H

#include "cure/keep.h"

/* Replaces the file in one step. 0 or a negative errno, and the sentence. */
int pc_keep_file_write(const struct pc_keep *k, char *sentence);

#endif
