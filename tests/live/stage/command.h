/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands for `portclash trace -- COMMAND`: this binary with `--command NAME`. */
#ifndef LIVE_STAGE_COMMAND_H
#define LIVE_STAGE_COMMAND_H

/* Runs the command; returns its exit status. */
int command_main(const char *name);

#endif
