/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket tells about its other end, and why no process has it open. */
#ifndef PORTCLASH_PEER_H
#define PORTCLASH_PEER_H

#include "core/base/model.h"

/* Is the other end of this connection a socket on this machine? */
bool pc_socket_wants_peer(const struct pc_socket *s);

/* Are the two the ends of one connection? */
bool pc_socket_is_reverse(const struct pc_socket *a, const struct pc_socket *b);

/* The listener in whose queue the other end waits, or will, as long as nobody has accepted
 * it. Only in these states has the other end not been closed. */
bool pc_socket_is_listener_of(const struct pc_socket *s, const struct pc_socket *listener);

/* Why no process has this holder open, from the socket alone; NULL: it does not say. Reads
 * socket, how and owners_count; static. */
const char *pc_holder_note(const struct pc_holder *h);

#endif
