/* SPDX-License-Identifier: GPL-2.0-only */
/* The system calls of 32-bit programs, for puppets: see stage/acts.h. The error is ENOSYS where the
 * kernel has none. */
#ifndef LIVE_STAGE_ACTS_32BIT_H
#define LIVE_STAGE_ACTS_32BIT_H

void act_bind_32(void *io);	       /* struct io_name */
void act_bind_32_and_others(void *io); /* the same; then the thread binds sockets of other kinds */
void act_connect_32(void *io);	       /* struct io_name */
void act_listen_32(void *io);	       /* struct io_listen */

#endif
