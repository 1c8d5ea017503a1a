/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice about sockets of the kernel itself: which tunnel has one, and on whose behalf the kernel asked for
 * one. */
#ifndef PORTCLASH_ADVICE_KERNEL_H
#define PORTCLASH_ADVICE_KERNEL_H

#include "core/verdict/advice_builder.h"

/* Did the kernel itself ask for the port, on behalf of a process that set up a tunnel or a service? No
 * option of such a socket can be set. */
bool pc_request_is_kernels(const struct pc_request *r);

/* Says which tunnels have or may have the holder's socket. */
void pc_advice_explain_tunnel(struct pc_advice *a);

/* Takes down the tunnels that keep the port, and says how to give one another port. */
void pc_advice_fix_tunnels(struct pc_advice *a);

/* The same for the side that was refused, if that is the kernel's. */
void pc_advice_explain_kernel_asked(struct pc_advice *a);
void pc_advice_fix_kernel_asked(struct pc_advice *a);

#endif
