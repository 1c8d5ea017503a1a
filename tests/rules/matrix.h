/* SPDX-License-Identifier: GPL-2.0-only */
/* All combinations of one kind of holder. */
#ifndef PORTCLASH_RULES_MATRIX_H
#define PORTCLASH_RULES_MATRIX_H

#include "ask.h"

struct matrix; /* the sockets that ask */

/* NULL: no memory. Asks every `sample`-th combination, so that each holder and each way to
 * ask has its turn. */
struct matrix *matrix_new(unsigned sample);
void matrix_free(struct matrix *m);

/* Every holder of that kind with everyone who could ask. 0 or a negative errno. */
int matrix_ask(struct matrix *m, struct asker *a, enum kind kind);

/* Every kind on every address, without options, beside a socket that is in nobody's way. */
int matrix_ask_bystanders(struct asker *a);

/* SO_BINDTODEVICE: two devices only meet where one side has none. `devices`: how many of enum
 * device there are. */
int matrix_ask_devices(struct asker *a, unsigned devices);

#endif
