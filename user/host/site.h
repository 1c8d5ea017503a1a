/* SPDX-License-Identifier: GPL-2.0-only */
/* The place of a Unix socket's path: what is there, whether a socket is bound to it, and how to remove it
 * without harm. */
#ifndef PORTCLASH_SITE_H
#define PORTCLASH_SITE_H

#include "core/join/host.h"

/* Connects to the Unix socket whose file is open (O_PATH), and hangs up. 0 or a negative errno: whether a
 * socket is bound to the file, and to which end. */
int pc_site_connect(int file);

typedef int (*pc_site_connect_fn)(int file);

/* Looks at the path as the process that asked for it saw it: with its root directory, in its mount
 * namespace. `proc` is "/proc". Fills `out`, also where it finds nothing, but for `bound`. Returns the file of
 * a socket, open (O_PATH); negative: there is none that may be asked. Any file system on the way can block. */
int pc_site_find(const char *proc, const struct pc_path_question *q, struct pc_site *out);

/* Finds out whether a socket is bound to the file that pc_site_find() returned. `ask` is pc_site_connect(), or
 * has another process call it. */
void pc_site_ask(const char *proc, const struct pc_path_question *q, int file,
		 pc_site_connect_fn ask, struct pc_site *site);

#endif
