/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors of the cure as sentences for the caller. */
#ifndef PORTCLASH_CURE_SENTENCE_H
#define PORTCLASH_CURE_SENTENCE_H

/* Room for one; a longer one is cut. */
#define PC_CURE_SENTENCE 512

/* Prints it into `sentence` (PC_CURE_SENTENCE bytes) and returns `err`. */
int pc_cure_say(char *sentence, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
