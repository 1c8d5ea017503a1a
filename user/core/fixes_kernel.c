// SPDX-License-Identifier: GPL-2.0-only
/* What to do about a port that the kernel itself holds: there is no process to end. */
#include "core/decide.h"
#include "core/fixes_private.h"
#include "core/kernel_socket.h"

static void fix_find_out(struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_kernel_service *s = pc_kernel_service(h->socket.proto, h->socket.lport);
	char enter[64];

	pc_fix_enter_netns(v, enter, sizeof(enter));
	pc_fix_add(v, PC_NOW,
		   s ? pc_fix_say("see what it is, then end it with the tools of %s", s->name) :
		       pc_fix_say("find out which part of the kernel it is (RPC and NFS, tunnels, "
				  "WireGuard), and end it there; no process can be killed for it"),
		   s ? pc_fix_say("%s%s", enter, s->command) :
		       pc_fix_say("%ssh -c '%s'", enter, pc_kernel_find_command(h->socket.proto)));
}

void pc_fix_kernel_socket(struct pc_verdict *v, const struct pc_holder *h)
{
	fix_find_out(v, h);
	pc_fix_reuseaddr(v);
	if (pc_holder_kernel_chosen(h)) {
		pc_fix_reserve(v);
		pc_fix_other_port(v);
		return;
	}
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("give that service of the kernel another port in its configuration, "
			      "or listen on another one"),
		   NULL);
}
