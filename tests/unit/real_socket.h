/* SPDX-License-Identifier: GPL-2.0-only */
/* Real sockets in a network namespace of their own, made as an oracle_side says, to ask the
 * running kernel whether one keeps out the other. */
#ifndef PORTCLASH_TESTS_REAL_SOCKET_H
#define PORTCLASH_TESTS_REAL_SOCKET_H

#include "oracle.h"

/* Devices of the namespace, as oracle_side.device has them. */
enum { DEVICE_NONE, DEVICE_LO, DEVICE_SECOND, DEVICES };

/* A new network namespace for this process, with lo up. 0 or a negative errno. */
int real_enter(void);

/* Makes the second device. 0 or a negative errno. */
int real_second_device(void);

/* A socket with all options set; `device` is one of the above, `uid` is who makes it. */
int real_open(uint8_t proto, const struct oracle_side *s);

/* bind() to the side's address. 0 or the errno. */
int real_bind(int fd, const struct oracle_side *s, uint16_t port);

/* Connects to a peer over loopback, the kernel chooses the port; with `wait` it is closed
 * again, which leaves a TIME_WAIT. Returns the port or a negative errno; *fd is -1 then, and
 * after `wait`. */
int real_connect(uint8_t proto, const struct oracle_side *s, bool wait, int *fd);

/* Closes without a TIME_WAIT. */
void real_close(int fd);

#endif
