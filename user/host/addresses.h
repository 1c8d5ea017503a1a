/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads network devices and their addresses by NETLINK_ROUTE. */
#ifndef PORTCLASH_ADDRESSES_H
#define PORTCLASH_ADDRESSES_H

#include "core/rule/local_address.h"

/* Reads those of the caller's network namespace into `out`, which is empty. 0, or a negative errno: then
 * `out` may have some, and is to be freed all the same. */
int pc_addresses_read(struct pc_netdevs *out);

#endif
