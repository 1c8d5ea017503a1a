/* SPDX-License-Identifier: GPL-2.0-only */
/* What libbpf is to be like: strict, and silent or not. */
#ifndef PORTCLASH_MESSAGES_H
#define PORTCLASH_MESSAGES_H

#include <stdbool.h>

/* libbpf's own messages go to standard error, or nowhere. */
void pc_messages(bool verbose);

#endif
