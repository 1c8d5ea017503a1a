/* SPDX-License-Identifier: GPL-2.0-only */
/* Network devices in the caller's network namespace, by rtnetlink; MPTCP endpoints by generic
 * netlink. 0 or a negative errno; -EOPNOTSUPP: the kernel has no such device. */
#ifndef LIVE_STAGE_DEVICE_H
#define LIVE_STAGE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Makes a device without a wire, up: dummy, or one of a pair where the kernel has no dummies. */
int device_add(const char *name);

/* Makes a pair of devices with a wire between them, both down; the peer in the network namespace of process
 * `pid`, unless that is 0. */
int device_add_pair(const char *name, const char *peer, pid_t pid);

int device_set_up(const char *name, bool up);

/* Gives the device an address, "192.0.2.1" or "fe80::1". */
int device_add_address(const char *name, const char *address, uint8_t prefix);

/* Makes a VRF with a routing table of its own, up. */
int device_add_vrf(const char *name, uint32_t table);

/* Makes the device part of the VRF. */
int device_enslave(const char *name, const char *vrf);

/* Makes this device the way to all IPv6 addresses. */
int device_route6(const char *name);

/* Makes a tunnel, up, for which the kernel binds 0.0.0.0:port (UDP). */
int device_add_vxlan(const char *name, uint16_t port);

/* The same of a tunnel to this address: with "fd00::2" the kernel binds [::]:port. */
int device_add_vxlan_to(const char *name, uint16_t port, const char *remote);

/* Makes the same, which stays down and has no port so far. */
int device_add_vxlan_down(const char *name, uint16_t port);

/* Moves a device to the network namespace of process `pid`, where it is down at first. */
int device_move(const char *name, pid_t pid);

/* Sets a device up or down. */
int device_set(const char *name, bool up);

/* Makes an MPTCP endpoint for which the kernel listens on 127.0.0.1:port (TCP). */
int device_add_mptcp_endpoint(uint16_t port);

#endif
