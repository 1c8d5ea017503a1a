// SPDX-License-Identifier: GPL-2.0-only
/* Advice about sockets of the kernel itself. */
#include "core/verdict/advice_kernel.h"

#include "core/process/kernel_socket.h"
#include "core/verdict/advice_phrases.h"

bool pc_request_is_kernels(const struct pc_request *r)
{
	return r->socket.flags & PC_SOCKET_NO_FILE;
}

bool pc_advice_explain_tunnel(struct pc_advice *a)
{
	const struct pc_tunnels *all = &a->verdict->tunnels;
	const char *before = "; it is that of the tunnel ";
	uint16_t port = a->holder->socket.lport;

	for (uint32_t i = 0; i < all->count; i++) {
		const struct pc_tunnel *t = &all->list[i];

		if (t->port != port || !t->up)
			continue;
		pc_advice_explain(a, "%s%s (%s)", before, t->name, pc_tunnel_kind_name(t->kind));
		before = " and of ";
	}
	return pc_tunnel_with(all, port, true);
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

void pc_advice_fix_tunnels(struct pc_advice *a)
{
	const struct pc_tunnels *all = &a->verdict->tunnels;
	uint16_t port = a->holder->socket.lport;

	for (uint32_t i = 0; i < all->count; i++) {
		const struct pc_tunnel *t = &all->list[i];

		if (t->port != port || !t->up)
			continue;
		pc_advice_fix(
			a, PC_NOW,
			"take the tunnel %s down, which gives the port back: nothing passes through it until it is set up again",
			t->name);
		pc_advice_command_enter(a);
		pc_advice_command(a, "ip link set dev ");
		pc_advice_command_word(a, t->name);
		pc_advice_command(a, " down");
	}
	if (pc_tunnel_with(all, port, true))
		fix_other_tunnel_port(a, pc_tunnel_with(all, port, true));
}

void pc_advice_explain_kernel_asked(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_tunnel *t = pc_tunnel_with(&a->verdict->tunnels, r->wanted_port, false);
	const struct pc_kernel_service *s = pc_kernel_service(r->proto, r->wanted_port);
	char name[PC_ADVICE_NAME];

	if (!pc_request_is_kernels(r))
		return;
	pc_advice_explain(
		a,
		"; the refused socket is the kernel's own, which %s told it to open for a tunnel or a service of the kernel",
		pc_advice_name(&a->verdict->requester, name));
	if (t)
		pc_advice_explain(a, ", the tunnel %s (%s)", t->name, pc_tunnel_kind_name(t->kind));
	else if (s)
		pc_advice_explain(a, ", and the port is that of %s", s->name);
}

void pc_advice_fix_kernel_asked(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_tunnel *t = pc_tunnel_with(&a->verdict->tunnels, r->wanted_port, false);

	if (!pc_request_is_kernels(r))
		return;
	if (t)
		fix_other_tunnel_port(a, t);
	else
		pc_advice_fix(
			a, PC_LASTING,
			"or give the tunnel or service another port: dstport of vxlan and geneve, listen-port of WireGuard (wg set), the configuration of NFS; no option of the kernel's socket can be set");
}
