// SPDX-License-Identifier: GPL-2.0-only
/* In this cause the refused socket is of a family that portclash does not look into. */
#include <errno.h>
#include <string.h>

#include "core/verdict/advice_builder.h"
#include "core/verdict/causes.h"

static void explain_other_family(struct pc_advice *a)
{
	char family[PC_FAMILY_TEXT];

	pc_advice_explain(
		a,
		"the address of a socket of another kind (%s) is in use; portclash looks into TCP, UDP and Unix sockets, so it does not know who has it",
		pc_foreign_family(&a->verdict->request.foreign, family));
}

/* Gives the command that lists the sockets of a family. */
static const char *list_command(const char *family)
{
	static const struct {
		const char *family, *command;
	} commands[] = {
		{ "vsock", "ss --vsock -anp" }, { "netlink", "ss -f netlink -anp" },
		{ "packet", "ss -0 -anp" },	{ "tipc", "ss --tipc -anp" },
		{ "xdp", "ss --xdp -anp" },	{ "sctp", "ss -S -anp" },
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].family, family))
			return commands[i].command;
	return NULL;
}

static void fix_other_family(struct pc_advice *a)
{
	char family[PC_FAMILY_TEXT];
	const char *command = list_command(pc_foreign_family(&a->verdict->request.foreign, family));

	if (!command)
		return;
	pc_advice_fix(
		a, PC_NOW,
		"see which sockets there are; the address stays taken until that one is closed");
	pc_advice_command_enter(a);
	pc_advice_command(a, "%s", command);
}

const struct pc_cause_row pc_cause_other_family = {
	.name = "other-family",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { PC_OP_BIND, EADDRINUSE, PC_PROTO_OTHER },
	.explain = explain_other_family,
	.fix = fix_other_family,
};
