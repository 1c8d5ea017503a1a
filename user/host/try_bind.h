/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own answer to "may a server have this port?". */
#ifndef PORTCLASH_TRY_BIND_H
#define PORTCLASH_TRY_BIND_H

#include "core/base/request.h"

/* Makes the bind() of `server` without options, in the calling thread's network namespace, and closes the
 * socket at once. Where there is no IPv6, [::] stands for 0.0.0.0. 0, or a negative errno: that of bind(),
 * such as -EADDRINUSE, -EADDRNOTAVAIL and -EACCES, or of socket(). */
int pc_try_bind(const struct pc_request *server);

#endif
