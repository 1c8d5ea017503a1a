// SPDX-License-Identifier: GPL-2.0-only
/* Tunnels: which of them has the port, where a socket of the kernel's own holds it or was refused it. */
#include <errno.h>

#include "core/join/join_private.h"
#include "core/process/party.h"
#include "core/verdict/advice_kernel.h"

static bool is_about_kernel(const struct pc_verdict *v)
{
	if (v->request.proto != PC_PROTO_UDP || v->request.error != EADDRINUSE)
		return false;
	return pc_request_is_kernels(&v->request) ||
	       (v->primary >= 0 && pc_holder_is_kernels(&v->holders[v->primary]));
}

void pc_tunnels_find(struct pc_join *j, struct pc_verdict *v)
{
	const struct pc_netns_ref netns = { .inode = v->request.netns, .pid = v->netns_pid };
	bool own = netns.inode == j->options.netns;

	if (is_about_kernel(v) && (own || (netns.pid && !j->options.own_netns_only)) &&
	    pc_look_begin(j, PC_LOOK_TUNNELS))
		pc_look_end(j, PC_LOOK_TUNNELS,
			    j->host.tunnels(j->host.context, &netns, v->request.wanted_port,
					    &v->tunnels));
}
