/* SPDX-License-Identifier: GPL-2.0-only */
/* The rarer socket calls that puppets make: see stage/acts.h. */
#ifndef LIVE_STAGE_ACTS_RARE_H
#define LIVE_STAGE_ACTS_RARE_H

#include <net/if.h>

#include "stage/acts.h"

/* SO_BINDTODEVICE */
struct io_device {
	int fd;
	char name[IFNAMSIZ];
	int error;
};

/* An option with a number; ENOPROTOOPT: not in this kernel. */
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
void act_send_message(void *io);      /* sendmsg() */
void act_send_messages(void *io);     /* sendmmsg() */
void act_fast_open_message(void *io); /* sendmsg() that begins a TCP connection */
void act_write(void *io);	      /* to a connected socket: the address is not used */

#endif
