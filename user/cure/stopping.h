/* SPDX-License-Identifier: GPL-2.0-only */
/* Stopping the process that holds a port: by its unit, or by SIGTERM. */
#ifndef PORTCLASH_CURE_STOPPING_H
#define PORTCLASH_CURE_STOPPING_H

#include "core/cure/stop.h"
#include "cure/sentence.h"

/* Finds out what core/cure/stop.h needs to know, asking the service manager for the main process of the
 * unit (`systemctl show`), and judges. The owner is known (`owner->who`). */
void pc_stopping_judge(const char *proc, const struct pc_party *owner, struct pc_stop *out);

/* Does what was judged, if the owner still is that process and still has the socket open at its descriptor:
 * `systemctl stop`, if it still is the unit's main process, waiting up to `timeout_ms` for its end; or SIGTERM. 0;
 * -ENOENT: the owner changed, and nothing was done; or another negative errno, and the sentence. */
int pc_stopping_do(const char *proc, const struct pc_stop *stop, const struct pc_party *owner,
		   const struct pc_socket *socket, int timeout_ms, char *sentence);

#endif
