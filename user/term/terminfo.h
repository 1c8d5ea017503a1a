/* SPDX-License-Identifier: GPL-2.0-only */
/* The entry of the terminal's type in the terminfo database. */
#ifndef PORTCLASH_TERM_TERMINFO_H
#define PORTCLASH_TERM_TERMINFO_H

/* Has the type that TERM names what a screen needs? 0, or a negative errno with the sentence
 * (PC_TERM_SENTENCE bytes). */
int pc_terminfo_check(char *sentence);

/* Sends the bytes of a capability ("rmcup") to put(), without its pauses; nothing if there is none. */
void pc_terminfo_bytes(const char *capability, int (*put)(int byte));

#endif
