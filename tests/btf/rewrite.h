/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernels that are not at hand: the types of one that is, rewritten. */
#ifndef PORTCLASH_TESTS_REWRITE_H
#define PORTCLASH_TESTS_REWRITE_H

#include <bpf/btf.h>

/* Takes something away, by giving it another name. An edit is one of
 *     field STRUCT.MEMBER     in unnamed structures within, too
 *     type NAME               structures, unions and type definitions
 *     function NAME
 *     value NAME              of an enum
 *     move STRUCT.MEMBER      64 bytes further back
 *     argument FUNCTION       its last argument
 * Returns how many places it has changed, or a negative errno. */
int rewrite(struct btf *btf, const char *edit);

#endif
