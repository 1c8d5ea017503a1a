/* SPDX-License-Identifier: GPL-2.0-only */
/* Why an address cannot be bound: where it is in a network namespace, and in what state. The kernel asks
 * inet_addr_type_table() and ipv6_chk_addr(). Pure. */
#ifndef PORTCLASH_LOCAL_ADDRESS_H
#define PORTCLASH_LOCAL_ADDRESS_H

#include <stddef.h>

#include "core/base/address_look.h"
#include "core/base/request.h"

/* A network device. */
struct pc_netdev {
	uint32_t ifindex;
	uint32_t master; /* 0: none */
	char name[PC_DEVICE_NAME];
	bool up;
	bool carrier;
	bool is_vrf;
	bool v6_off; /* net.ipv6.conf.NAME.disable_ipv6 */
};

/* An address of a device. */
struct pc_netaddr {
	uint32_t ifindex;
	uint16_t family;
	uint8_t address[PC_ADDR_LEN];
	bool tentative; /* duplicate address detection has not ended */
	bool dadfailed; /* it has, and another machine has the address */
};

struct pc_netdevs {
	struct pc_netdev *devices; /* owned, as the addresses */
	size_t devices_count;
	size_t devices_room;
	struct pc_netaddr *addresses;
	size_t addresses_count;
	size_t addresses_room;
};

/* Looks the request's address up among the devices of its namespace. */
void pc_local_address(const struct pc_netdevs *n, const struct pc_request *r,
		      struct pc_address_look *out);

void pc_netdevs_free(struct pc_netdevs *n);

#endif
