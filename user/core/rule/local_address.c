// SPDX-License-Identifier: GPL-2.0-only
/* The look for an address among the devices of a network namespace. */
#include "core/rule/local_address.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"

static const struct pc_netdev *device_of(const struct pc_netdevs *n, uint32_t ifindex)
{
	for (size_t i = 0; ifindex && i < n->devices_count; i++)
		if (n->devices[i].ifindex == ifindex)
			return &n->devices[i];
	return NULL;
}

/* The VRF of a device is itself or its master (l3mdev_master_ifindex_rcu()); NULL: none. */
static const struct pc_netdev *vrf_of(const struct pc_netdevs *n, const struct pc_netdev *d)
{
	const struct pc_netdev *master;

	if (!d || d->is_vrf)
		return d;
	master = device_of(n, d->master);
	return master && master->is_vrf ? master : NULL;
}

static bool is_v4(uint16_t family, const uint8_t *address)
{
	return family == PC_FAMILY_V4 || pc_address_is_mapped(family, address);
}

static const uint8_t *v4_part(uint16_t family, const uint8_t *address)
{
	return family == PC_FAMILY_V4 ? address : address + 12;
}

static enum pc_address_state state_of(const struct pc_netdevs *n, const struct pc_request *r,
				      const struct pc_netaddr *a, const struct pc_netdev *d)
{
	const struct pc_netdev *asked = device_of(n, r->socket.ifindex);

	if (vrf_of(n, d) != vrf_of(n, asked))
		return PC_ADDRESS_OTHER_VRF;
	if (pc_address_is_link_local(a->family, a->address) && asked && asked != d &&
	    !asked->is_vrf)
		return PC_ADDRESS_OTHER_DEVICE;
	/* IPv4 goes by the routing table, which keeps the address of a device that is down. */
	if (!d->up && a->family == PC_FAMILY_V6)
		return PC_ADDRESS_DOWN;
	return a->dadfailed ? PC_ADDRESS_DADFAILED :
	       a->tentative ? PC_ADDRESS_TENTATIVE :
			      PC_ADDRESS_USABLE;
}

static void take_device(const struct pc_netdevs *n, const struct pc_netdev *d,
			enum pc_address_state state, struct pc_address_look *out)
{
	const struct pc_netdev *vrf = vrf_of(n, d);

	if (state <= out->state)
		return;
	out->state = state;
	out->no_carrier = state == PC_ADDRESS_TENTATIVE && !d->carrier;
	memcpy(out->device, d->name, sizeof(out->device));
	memset(out->vrf, 0, sizeof(out->vrf));
	if (vrf)
		memcpy(out->vrf, vrf->name, sizeof(out->vrf));
}

/* The kernel gives lo its addresses when it is set up for the first time. */
static void look_at_loopback(const struct pc_netdevs *n, struct pc_address_look *out)
{
	for (size_t i = 0; i < n->devices_count; i++)
		if (!strcmp(n->devices[i].name, "lo") && !n->devices[i].up)
			take_device(n, &n->devices[i], PC_ADDRESS_DOWN, out);
}

/* 10/8, 172.16/12, 192.168/16, 100.64/10 (RFC 1918, 6598), 169.254/16 and 127/8. */
static bool is_private_v4(const uint8_t *a)
{
	return a[0] == 10 || a[0] == 127 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
	       (a[0] == 192 && a[1] == 168) || (a[0] == 100 && (a[1] & 0xc0) == 64) ||
	       (a[0] == 169 && a[1] == 254);
}

/* A cloud or a router translates its public IPv4 address outside of the machine. */
static bool all_are_private(const struct pc_netdevs *n, const struct pc_request *r)
{
	bool any = false;

	if (!is_v4(r->wanted_family, r->wanted) ||
	    is_private_v4(v4_part(r->wanted_family, r->wanted)))
		return false;
	for (size_t i = 0; i < n->addresses_count; i++) {
		const struct pc_netaddr *a = &n->addresses[i];

		if (a->family != PC_FAMILY_V4 || a->address[0] == 127)
			continue;
		if (!is_private_v4(a->address))
			return false;
		any = true;
	}
	return any;
}

/* A device that goes down loses its IPv6 addresses, unless keep_addr_on_down is set. */
static void look_for_down(const struct pc_netdevs *n, const struct pc_request *r,
			  struct pc_address_look *out)
{
	if (is_v4(r->wanted_family, r->wanted))
		return;
	for (size_t i = 0; i < n->devices_count; i++) {
		if (n->devices[i].up || !strcmp(n->devices[i].name, "lo"))
			continue;
		memcpy(out->down, n->devices[i].name, sizeof(out->down));
		return;
	}
}

/* lo is of concern to ::1 alone, and the other devices to all other addresses. */
static void look_for_v6_off(const struct pc_netdevs *n, const struct pc_request *r,
			    struct pc_address_look *out)
{
	bool loopback = pc_address_is_loopback(r->wanted_family, r->wanted);

	if (is_v4(r->wanted_family, r->wanted))
		return;
	for (size_t i = 0; i < n->devices_count; i++) {
		const struct pc_netdev *d = &n->devices[i];

		if (d->v6_off && d->up && loopback == !strcmp(d->name, "lo")) {
			memcpy(out->v6_off, d->name, sizeof(out->v6_off));
			return;
		}
	}
}

void pc_local_address(const struct pc_netdevs *n, const struct pc_request *r,
		      struct pc_address_look *out)
{
	const struct pc_netdev *asked = device_of(n, r->socket.ifindex);

	*out = (struct pc_address_look){ .state = PC_ADDRESS_MISSING };
	if (asked)
		memcpy(out->asked, asked->name, sizeof(out->asked));
	for (size_t i = 0; i < n->addresses_count; i++) {
		const struct pc_netaddr *a = &n->addresses[i];
		const struct pc_netdev *d = device_of(n, a->ifindex);

		if (d && pc_address_equal(a->family, a->address, r->wanted_family, r->wanted))
			take_device(n, d, state_of(n, r, a, d), out);
	}
	if (out->state == PC_ADDRESS_MISSING && pc_address_is_loopback(r->wanted_family, r->wanted))
		look_at_loopback(n, out);
	if (out->state != PC_ADDRESS_MISSING)
		return;
	out->only_private = all_are_private(n, r);
	look_for_v6_off(n, r, out);
	look_for_down(n, r, out);
}

const char *pc_address_state_name(enum pc_address_state state)
{
	static const char *const names[] = { "unknown", "missing",   "other-vrf", "other-device",
					     "down",	"dadfailed", "tentative", "usable" };
	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_ADDRESS_STATE_COUNT, "names");

	return names[state < PC_ADDRESS_STATE_COUNT ? state : 0];
}

void pc_netdevs_free(struct pc_netdevs *n)
{
	free(n->devices);
	free(n->addresses);
	*n = (struct pc_netdevs){ 0 };
}
