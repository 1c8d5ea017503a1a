/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal is restored when portclash crashes: ncurses does not do that. */
#ifndef PORTCLASH_TERM_CRASH_H
#define PORTCLASH_TERM_CRASH_H

/* Remembers how the terminal is, after setupterm() and before ncurses changes it. */
void pc_crash_remember(void);

/* From now on the signals of a crash restore the terminal, and then do what they did before. */
void pc_crash_restore_on_signals(void);
void pc_crash_forget(void);

#endif
