/* SPDX-License-Identifier: GPL-2.0-only */
/* The result of a look for an address that could not be bound. */
#ifndef PORTCLASH_ADDRESS_LOOK_H
#define PORTCLASH_ADDRESS_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#define PC_DEVICE_NAME 16 /* IFNAMSIZ */

/* The states stand in order: the address is farthest from usable first. */
enum pc_address_state {
	PC_ADDRESS_UNKNOWN = 0,	 /* nobody looked */
	PC_ADDRESS_MISSING,	 /* no device has it */
	PC_ADDRESS_OTHER_VRF,	 /* its device is in another VRF than the socket */
	PC_ADDRESS_OTHER_DEVICE, /* a link-local one, of another device than the socket asked for */
	PC_ADDRESS_DOWN,	 /* its device is down */
	PC_ADDRESS_DADFAILED,	 /* another machine has it */
	PC_ADDRESS_TENTATIVE,	 /* duplicate address detection has not ended */
	PC_ADDRESS_USABLE,	 /* by now it can be bound */
	PC_ADDRESS_STATE_COUNT,
};

/* A name is "" where there is none. */
struct pc_address_look {
	enum pc_address_state state;
	uint32_t netns; /* MISSING: another namespace in which a device has it; 0: none is known */
	char device[PC_DEVICE_NAME]; /* that has it */
	char vrf[PC_DEVICE_NAME];    /* of that device */
	char asked[PC_DEVICE_NAME];  /* device to which the socket is bound, also by a scope id */
	char v6_off[PC_DEVICE_NAME]; /* MISSING: a device without IPv6, which is switched off there */
	char down[PC_DEVICE_NAME];   /* MISSING, IPv6: a device that is down */
	bool no_carrier; /* TENTATIVE: the device has nothing at the other end, and so does not ask */
	/* MISSING: it is a public address, and all of its family here are private. */
	bool only_private;
};

/* "tentative"; static. "unknown" for a value out of range. */
const char *pc_address_state_name(enum pc_address_state state);

#endif
