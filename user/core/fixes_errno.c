// SPDX-License-Identifier: GPL-2.0-only
/* What to do where the errno alone says why, and nobody holds the port. */
#include <stdio.h>

#include "core/fixes_private.h"
#include "core/text.h"

void pc_fix_privileged(struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_identity *who = v->requester.who;
	const struct pc_refusal *r = &v->refusal;
	char enter[64];

	(void)h;
	pc_fix_enter_netns(v, enter, sizeof(enter));
	if (who && who->unit)
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("under systemd: add AmbientCapabilities=CAP_NET_BIND_SERVICE "
				      "to the unit"),
			   NULL);
	if (who && who->exe) {
		struct pc_text text;

		if (pc_text_open(&text))
			return;
		fputs("setcap cap_net_bind_service=+ep ", text.out);
		pc_text_quote(text.out, who->exe);
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("give the program the capability (an interpreter's scripts "
				      "would all get "
				      "it)"),
			   pc_text_close(&text));
	}
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("or let every user bind ports from %u on", r->wanted_port),
		   pc_fix_say("%ssysctl -w net.ipv4.ip_unprivileged_port_start=%u", enter,
			      r->wanted_port));
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("or listen on port %u or above", r->unprivileged_start), NULL);
}

void pc_fix_not_local(struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_refusal *r = &v->refusal;
	bool v6 = r->wanted_family == PC_FAMILY_V6;
	char enter[64];

	(void)h;
	pc_fix_enter_netns(v, enter, sizeof(enter));
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("bind to %s, or to an address that `ip address` shows in this "
			      "network namespace",
			      v6 ? "::" : "0.0.0.0"),
		   pc_fix_say("%sip address", enter));
	pc_fix_add(
		v, PC_LASTING,
		pc_fix_say("or, for an address that arrives later (a virtual IP), allow binding it "
			   "ahead of "
			   "time; a program can do the same for itself with IP_FREEBIND"),
		pc_fix_say("%ssysctl -w net.%s.ip_nonlocal_bind=1", enter, v6 ? "ipv6" : "ipv4"));
}
