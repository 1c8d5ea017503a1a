/* SPDX-License-Identifier: GPL-2.0-only */
/* Network devices in the caller's network namespace, by rtnetlink; MPTCP endpoints by generic
 * netlink. 0 or a negative errno; -EOPNOTSUPP: the kernel has no such device. */
#ifndef LIVE_DEVICE_H
#define LIVE_DEVICE_H

#include <stdint.h>

/* A device without a wire, up: dummy, or one of a pair where the kernel has no dummies. */
int device_add(const char *name);

/* A VRF with a routing table of its own, up. */
int device_add_vrf(const char *name, uint32_t table);

/* Makes the device part of the VRF. */
int device_enslave(const char *name, const char *vrf);

/* A tunnel that makes the kernel bind 0.0.0.0:port (UDP), up. */
int device_add_vxlan(const char *name, uint16_t port);

/* An MPTCP endpoint that makes the kernel listen on 127.0.0.1:port (TCP). */
int device_add_mptcp_endpoint(uint16_t port);

#endif
