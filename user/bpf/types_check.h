/* SPDX-License-Identifier: GPL-2.0-only */
/* Are the types in a file those of the running kernel? */
#ifndef PORTCLASH_TYPES_CHECK_H
#define PORTCLASH_TYPES_CHECK_H

struct pc_kernel;

/* Makes sockets, reads them through the types of the file, and compares them with what the kernel says of them. 0: they
 * agree, or this process may not look; or -EINVAL, and `sentence` (PC_SENTENCE bytes) says what differs. The kernel
 * does not tell where the fields are that these sockets have no value in: another kernel's types can pass. */
int pc_types_check(const struct pc_kernel *k, char *sentence);

#endif
