/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that belong to the kernel itself: whose they are, where the port tells. */
#ifndef PORTCLASH_KERNEL_SOCKET_H
#define PORTCLASH_KERNEL_SOCKET_H

#include <stdint.h>

struct pc_kernel_service {
	uint8_t proto;
	uint16_t port;
	const char *name;
	const char *command; /* shows what it is and can be told to give up */
};

/* The service whose own port this is; NULL: the port says nothing. */
const struct pc_kernel_service *pc_kernel_service(uint8_t proto, uint16_t port);

/* Shows the candidates when the port says nothing. */
const char *pc_kernel_find_command(uint8_t proto);

#endif
