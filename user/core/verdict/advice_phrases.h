/* SPDX-License-Identifier: GPL-2.0-only */
/* Several causes share these clauses of their explanations. */
#ifndef PORTCLASH_ADVICE_PHRASES_H
#define PORTCLASH_ADVICE_PHRASES_H

#include "core/verdict/advice_builder.h"

/* Room for the name of a process. */
#define PC_ADVICE_NAME 64

/* "curl[4120]", or "a process that is not known". Returns `out`. */
const char *pc_advice_name(const struct pc_party *party, char out[PC_ADVICE_NAME]);

/* The holder in words: "an accepted connection, not a listener", "a UDP server". */
const char *pc_advice_holder_word(const struct pc_holder *h);

/* ", because 35000 is in the ephemeral range 32768–60999 ... and is not reserved" */
void pc_advice_why_chosen(struct pc_advice *a);

/* The refused socket has SO_REUSEADDR, and was refused all the same. */
void pc_advice_why_no_reuse(struct pc_advice *a);

/* "api[12] already listens on this port" */
void pc_advice_holding(struct pc_advice *a);

/* Only one of two UDP sockets has SO_REUSEADDR. */
void pc_advice_udp_sharing(struct pc_advice *a);

/* Both sides run one executable, or are processes of one instance of it. */
void pc_advice_same_program(struct pc_advice *a);

/* "; it is one of 4 sockets that keep the port, of 3 processes": where the holder is not all. */
void pc_advice_others(struct pc_advice *a);

#endif
