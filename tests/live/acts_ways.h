/* SPDX-License-Identifier: GPL-2.0-only */
/* The rarer socket calls that puppets make: see acts.h. */
#ifndef LIVE_ACTS_WAYS_H
#define LIVE_ACTS_WAYS_H

#include <net/if.h>

#include "acts.h"

/* SO_BINDTODEVICE */
struct io_device {
	int fd;
	char name[IFNAMSIZ];
	int error;
};

/* One option with a number; ENOPROTOOPT: not in this kernel. */
struct io_option {
	int fd;
	int level;
	int option;
	unsigned value;
	int error;
};

void act_to_device(void *io);
void act_set_option(void *io);

/* struct io_name */
void act_send_message(void *io);  /* sendmsg() */
void act_send_messages(void *io); /* sendmmsg() */
void act_write(void *io);	  /* to a connected socket: the address is not used */

/* By the system calls of 32-bit programs (struct io_name, struct io_listen): ENOSYS where there
 * are none. */
void act_bind_32(void *io);
void act_connect_32(void *io);
void act_listen_32(void *io);

#endif
