/* SPDX-License-Identifier: GPL-2.0-only */
/* A portclash in a pid or time namespace of its own. */
#ifndef LIVE_MONITOR_APART_H
#define LIVE_MONITOR_APART_H

/* Lets the caller, who is about to execute portclash, go on in namespaces of its own, by these flags of
 * unshare(). What was the caller passes signals on to it, and ends as it ends. */
void monitor_go_apart(int flags);

#endif
