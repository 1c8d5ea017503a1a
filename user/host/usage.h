/* SPDX-License-Identifier: GPL-2.0-only */
/* The port settings, the ports in use and the exposed listeners of portclash's own network
 * namespace. */
#ifndef PORTCLASH_USAGE_H
#define PORTCLASH_USAGE_H

#include "core/base/model.h"

/* Fills `out` from the sysctls, from `tcp_ports` (PC_PORT_WORDS words; NULL: not known), from
 * /proc/net/udp and udp6, and from sock_diag. `proc` is "/proc", or a folder that looks like it. */
void pc_usage_read(const char *proc, const uint64_t *tcp_ports, struct pc_port_usage *out);

#endif
