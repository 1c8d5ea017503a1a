/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP sockets that are bound and no more. */
#ifndef PORTCLASH_IDLE_SOCKETS_H
#define PORTCLASH_IDLE_SOCKETS_H

#include <stdbool.h>

/* Does sock_diag list them (TCP_BOUND_INACTIVE)? Asks for one that it makes. False, too, if it cannot try. */
bool pc_idle_sockets_are_listed(void);

#endif
