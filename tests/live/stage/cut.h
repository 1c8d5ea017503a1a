/* SPDX-License-Identifier: GPL-2.0-only */
/* Cutting a TCP connection as `ss -K` does, where there is no ss (an initramfs). */
#ifndef LIVE_STAGE_CUT_H
#define LIVE_STAGE_CUT_H

/* Cuts the connection that matches `filter`: "src ADDRESS:PORT dst ADDRESS:PORT". 0 or a negative
 * errno, from the kernel or for a malformed filter. */
int cut_connection(const char *filter);

#endif
