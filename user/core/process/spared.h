/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs and units that must not end for a port: many others end with them, or nobody can log in
 * any more. Pure. */
#ifndef PORTCLASH_SPARED_H
#define PORTCLASH_SPARED_H

#include "core/base/model.h"

/* Does the process hold ports for others, or does more than its own service end with it: a container's
 * runtime or proxy, a service manager, a log-in? Any user can name a process like one of these: then its
 * file must have that name, too, and be where only root writes. */
bool pc_spared_process(const struct pc_identity *who);

/* The length of the part of `name` by which a program is known here: all of it, or its beginning; 0: it is not. */
size_t pc_spared_known(const char *name);

/* Is it the unit of a container runtime, of log-ins, jobs or sessions, or of the system itself? The same
 * names count for the units of a user's manager. */
bool pc_spared_unit(const char *unit);

/* The length of the folder at the beginning of `path` that only root writes to; 0: there is none. */
size_t pc_spared_folder(const char *path);

/* Is the file in a folder that only root writes to, as far as its path tells? */
bool pc_spared_path(const char *exe);

/* Does the name end in ".service"? */
bool pc_unit_is_service(const char *unit);

#endif
