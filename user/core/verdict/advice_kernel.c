// SPDX-License-Identifier: GPL-2.0-only
/* Advice about sockets of the kernel itself. */
#include "core/verdict/advice_kernel.h"

#include "core/process/kernel_socket.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/tunnel_match.h"

bool pc_request_is_kernels(const struct pc_request *r)
{
	return r->socket.flags & PC_SOCKET_NO_FILE;
}

static void name_tunnels(struct pc_advice *a, enum pc_tunnel_match match, const char *before)
{
	const struct pc_tunnels *all = &a->verdict->tunnels;

	for (uint32_t i = 0; i < all->count; i++) {
		const struct pc_tunnel *t = &all->list[i];

		if (pc_tunnel_match(a->verdict, a->holder, t) != match)
			continue;
		pc_advice_explain(a, "%s%s (%s)", before, t->name, pc_tunnel_kind_name(t->kind));
		before = match == PC_TUNNEL_SURE ? " and of " : " or of ";
	}
}

void pc_advice_explain_tunnel(struct pc_advice *a)
{
	name_tunnels(a, PC_TUNNEL_SURE, "; it is that of the tunnel ");
	name_tunnels(a, PC_TUNNEL_PERHAPS, "; it may be that of the tunnel ");
}

/* A WireGuard device takes another port while it runs; the others get theirs when they are made. */
static void fix_other_tunnel_port(struct pc_advice *a, const struct pc_tunnel *t)
{
	if (t->kind == PC_TUNNEL_WIREGUARD) {
		pc_advice_fix(
			a, PC_LASTING,
			"or give %s another port, which all its peers must learn: here a free one",
			t->name);
		pc_advice_command_enter(a);
		pc_advice_command(a, "wg set ");
		pc_advice_command_word(a, t->name);
		pc_advice_command(a, " listen-port 0");
		return;
	}
	pc_advice_fix(a, PC_LASTING,
		      "or make %s anew with another %s; the other ends of the tunnel need the same",
		      t->name,
		      t->kind == PC_TUNNEL_BAREUDP ? "dstport" :
						     "dstport (`ip link add … dstport`)");
}

static void fix_tunnel(struct pc_advice *a, const struct pc_tunnel *t, bool sure)
{
	if (sure)
		pc_advice_fix(
			a, PC_NOW,
			"then take the tunnel %s down: nothing passes through it until it is set up again; the port is free when no other device shares it, such as one that was moved to another network namespace",
			t->name);
	else
		pc_advice_fix(
			a, PC_NOW,
			"then see whether the tunnel %s has the port, and take it down if so: whether its socket is that of the refusal, IPv4 or IPv6, its attributes do not tell",
			t->name);
	pc_advice_command_enter(a);
	pc_advice_command(a, sure ? "ip link set dev " : "ip -d link show dev ");
	pc_advice_command_word(a, t->name);
	if (sure)
		pc_advice_command(a, " down");
}

void pc_advice_fix_tunnels(struct pc_advice *a)
{
	const struct pc_tunnels *all = &a->verdict->tunnels;
	const struct pc_tunnel *sure = NULL;

	for (uint32_t i = 0; i < all->count; i++) {
		enum pc_tunnel_match match = pc_tunnel_match_blocker(a->verdict, &all->list[i]);

		if (match != PC_TUNNEL_OTHER)
			fix_tunnel(a, &all->list[i], match == PC_TUNNEL_SURE);
		if (match == PC_TUNNEL_SURE && !sure)
			sure = &all->list[i];
	}
	if (sure)
		fix_other_tunnel_port(a, sure);
}

void pc_advice_explain_kernel_asked(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_tunnel *t = pc_tunnel_refused(a->verdict);
	const struct pc_kernel_service *s = pc_kernel_service(r->proto, r->wanted_port);
	char name[PC_ADVICE_NAME];

	if (!pc_request_is_kernels(r))
		return;
	pc_advice_explain(
		a,
		"; the refused socket is the kernel's own, which %s told it to open for a tunnel or a service of the kernel",
		pc_advice_name(&a->verdict->requester, name));
	if (t)
		pc_advice_explain(a, "; the tunnel %s (%s), which is down, is set to this port",
				  t->name, pc_tunnel_kind_name(t->kind));
	else if (s)
		pc_advice_explain(a, ", and the port is that of %s", s->name);
}

void pc_advice_fix_kernel_asked(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_tunnel *t = pc_tunnel_refused(a->verdict);

	if (!pc_request_is_kernels(r))
		return;
	if (t)
		fix_other_tunnel_port(a, t);
	else
		pc_advice_fix(
			a, PC_LASTING,
			"or give the tunnel or service another port: dstport of vxlan and geneve, listen-port of WireGuard (wg set), the configuration of NFS; no option of the kernel's socket can be set");
}
