/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions make libbpf strict and its messages visible or not, and say what failed. */
#ifndef PORTCLASH_MESSAGES_H
#define PORTCLASH_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Sends libbpf's own messages to standard error if `verbose`; otherwise they are dropped. */
void pc_messages(bool verbose);

/* Gives the field that the kernel's types lack, and for which the kernel refused a program since
 * pc_messages(); "": none. */
void pc_messages_field(char *out, size_t size);

/* Says in `sentence` (PC_SENTENCE bytes) why records cannot be read from the kernel. */
void pc_messages_no_reading(int err, char *sentence);

#endif
