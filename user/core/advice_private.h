/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the advice*.c only: explanations print one sentence about the primary holder. */
#ifndef PORTCLASH_ADVICE_PRIVATE_H
#define PORTCLASH_ADVICE_PRIVATE_H

#include <stdio.h>

#include "core/advice.h"

/* "curl[4120]", or who it is not known to be. */
const char *pc_advice_name(const struct pc_party *party, char *out, size_t size);

/* ", because 35000 is in the ephemeral range 32768-60999 ... and is not reserved" */
void pc_advice_why_chosen(FILE *out, const struct pc_refusal *r);

/* NULL: the verdict speaks of no holder. */
const struct pc_holder *pc_advice_primary(const struct pc_verdict *v);

/* advice_server.c: of the causes that are about servers. */
void pc_explain_listener(FILE *out, const struct pc_verdict *v);
void pc_explain_duplicate(FILE *out, const struct pc_verdict *v);
void pc_explain_inherited(FILE *out, const struct pc_verdict *v);
void pc_explain_reuseport(FILE *out, const struct pc_verdict *v);
void pc_explain_wildcard(FILE *out, const struct pc_verdict *v);
void pc_explain_dual_stack(FILE *out, const struct pc_verdict *v);
void pc_explain_listen_race(FILE *out, const struct pc_verdict *v);
void pc_explain_kernel_socket(FILE *out, const struct pc_verdict *v);

#endif
