// SPDX-License-Identifier: GPL-2.0-only
/* Kinds of tunnels. */
#include "core/base/tunnel.h"

#include <stddef.h>
#include <string.h>

static const char *const tunnel_kinds[] = {
	[PC_TUNNEL_NONE] = NULL,
	[PC_TUNNEL_VXLAN] = "vxlan",
	[PC_TUNNEL_GENEVE] = "geneve",
	[PC_TUNNEL_BAREUDP] = "bareudp",
	[PC_TUNNEL_WIREGUARD] = "wireguard",
};
_Static_assert(sizeof(tunnel_kinds) / sizeof(tunnel_kinds[0]) == PC_TUNNEL_KIND_COUNT,
	       "each kind has a name");

const char *pc_tunnel_kind_name(enum pc_tunnel_kind kind)
{
	return (unsigned)kind < PC_TUNNEL_KIND_COUNT ? tunnel_kinds[kind] : NULL;
}

enum pc_tunnel_kind pc_tunnel_kind_of(const char *name)
{
	for (int i = PC_TUNNEL_NONE + 1; i < PC_TUNNEL_KIND_COUNT; i++)
		if (!strcmp(name, tunnel_kinds[i]))
			return i;
	return PC_TUNNEL_NONE;
}
