// SPDX-License-Identifier: GPL-2.0-only
/* In this cause the kernel refuses the address itself. It may be on a device all the same. */
#include <errno.h>

#include "core/base/address.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/causes.h"

static const struct pc_address_look *look_of(const struct pc_advice *a)
{
	return &a->verdict->address;
}

static bool wants_v6(const struct pc_advice *a)
{
	return a->verdict->request.wanted_family == PC_FAMILY_V6;
}

static void explain_missing(struct pc_advice *a)
{
	const struct pc_address_look *l = look_of(a);

	pc_advice_explain(a, " is not an address of any interface of this network namespace");
	if (l->state == PC_ADDRESS_UNKNOWN && wants_v6(a))
		pc_advice_explain(
			a,
			" (or is still tentative: duplicate address detection takes a second or two)");
	if (l->netns)
		pc_advice_explain(
			a,
			", but one of %s in network namespace %u, portclash's own: a container cannot bind its host's address",
			l->device, l->netns);
	else if (l->v6_off[0])
		pc_advice_explain(a, "; IPv6 is switched off on %s (net.ipv6.conf.%s.disable_ipv6)",
				  l->v6_off, l->v6_off);
	else if (l->down[0])
		pc_advice_explain(
			a,
			"; %s is down, and a device that goes down loses its IPv6 addresses (net.ipv6.conf.%s.keep_addr_on_down)",
			l->down, l->down);
	else if (l->only_private)
		pc_advice_explain(
			a,
			"; it is a public address and all addresses here are private, as behind a cloud's or a router's NAT, which translates the public one outside of this machine");
}

static void explain_vrf(struct pc_advice *a)
{
	const struct pc_address_look *l = look_of(a);

	if (l->vrf[0])
		pc_advice_explain(
			a,
			" is an address of %s, which belongs to the VRF %s; a socket has its addresses only when it is bound to that device",
			l->device, l->vrf);
	else
		pc_advice_explain(
			a,
			" is an address of %s, which belongs to no VRF; the socket is bound to %s, and so has the addresses of that VRF alone",
			l->device, l->asked);
}

static void explain_not_local(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_address_look *l = look_of(a);
	char address[PC_ADDRESS_TEXT];

	pc_advice_explain(a, "%s", pc_address_text(r->wanted_family, r->wanted, address));
	switch (l->state) {
	case PC_ADDRESS_OTHER_VRF:
		explain_vrf(a);
		break;
	case PC_ADDRESS_OTHER_DEVICE:
		pc_advice_explain(
			a,
			" is a link-local address of %s, but was asked for on %s: the scope (%%DEVICE, sin6_scope_id) names the device",
			l->device, l->asked);
		break;
	case PC_ADDRESS_DOWN:
		pc_advice_explain(a, " is an address of %s, which is down", l->device);
		break;
	case PC_ADDRESS_DADFAILED:
		pc_advice_explain(
			a,
			" is an address of %s, but another machine on that network has it, too (dadfailed): it does not become usable by waiting",
			l->device);
		break;
	case PC_ADDRESS_TENTATIVE:
		pc_advice_explain(
			a,
			" is an address of %s that is still tentative: duplicate address detection takes a second or two",
			l->device);
		if (l->no_carrier)
			pc_advice_explain(
				a, "; it begins when the link is there, and %s has no carrier",
				l->device);
		break;
	case PC_ADDRESS_USABLE:
		pc_advice_explain(
			a,
			" is an address of %s and usable by now: it was not a moment ago, when the call was made",
			l->device);
		break;
	default:
		explain_missing(a);
	}
	if (r->late)
		pc_advice_explain(
			a,
			"; portclash did not see the kernel's answer, but no socket was in the way and no program of the cgroup refused");
}

static void fix_vrf(struct pc_advice *a)
{
	const struct pc_address_look *l = look_of(a);

	if (!l->vrf[0]) {
		pc_advice_fix(a, PC_LASTING,
			      "do not bind the socket to %s, or bind it to an address of that VRF",
			      l->asked);
		return;
	}
	pc_advice_fix(
		a, PC_LASTING,
		"bind the socket to the device %s before bind() (SO_BINDTODEVICE), or start the program with it: `ip vrf exec %s PROGRAM`",
		l->vrf, l->vrf);
	pc_advice_fix(
		a, PC_LASTING,
		"or bind any address and let sockets outside of a VRF take its connections, too (UDP: udp_l3mdev_accept)");
	pc_advice_command_enter(a);
	pc_advice_command(a, "sysctl -w net.ipv4.tcp_l3mdev_accept=1");
}

static void fix_up(struct pc_advice *a)
{
	pc_advice_fix(a, PC_NOW, "set the device up");
	pc_advice_command_enter(a);
	pc_advice_command(a, "ip link set dev ");
	pc_advice_command_word(a, look_of(a)->device);
	pc_advice_command(a, " up");
	pc_advice_fix(
		a, PC_LASTING,
		"start the service after the network (systemd: After= and Wants=network-online.target), or bind any address");
}

static void fix_dadfailed(struct pc_advice *a)
{
	pc_advice_fix(
		a, PC_LASTING,
		"give one of the two machines another address; then delete the address here and add it again, for the kernel does not look a second time");
}

static void fix_tentative(struct pc_advice *a)
{
	if (look_of(a)->no_carrier)
		pc_advice_fix(a, PC_NOW, "connect the link of %s, then try again after two seconds",
			      look_of(a)->device);
	else
		pc_advice_fix(a, PC_NOW, "try again in two seconds");
	pc_advice_fix(
		a, PC_LASTING,
		"start the service when the addresses are ready (systemd: network-online.target), or bind it with IPV6_FREEBIND, which does not wait");
}

/* An address that is on no device can be bound with ip_nonlocal_bind; nobody reaches it there. */
static void fix_missing(struct pc_advice *a)
{
	bool v6 = wants_v6(a);

	pc_advice_fix(
		a, PC_LASTING,
		"bind to %s, or to an address that `ip address` shows in this network namespace",
		v6 ? "::" : "0.0.0.0");
	pc_advice_command_enter(a);
	pc_advice_command(a, "ip address");
	if (look_of(a)->netns || look_of(a)->only_private || look_of(a)->v6_off[0])
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"or, for an address that arrives later (a virtual IP), allow binding it ahead of time: the server then starts, and nobody reaches it at that address until it has arrived; a program can do the same for itself with IP_FREEBIND");
	pc_advice_command_enter(a);
	pc_advice_command(a, "sysctl -w net.%s.ip_nonlocal_bind=1", v6 ? "ipv6" : "ipv4");
}

/* The kernel gives the device no address back that it had: whoever configured it adds it again. */
static void fix_v6_off(struct pc_advice *a)
{
	if (!look_of(a)->v6_off[0])
		return;
	pc_advice_fix(
		a, PC_LASTING,
		"or switch IPv6 on there, then give the device its address again (lo gets ::1 by itself)");
	pc_advice_command_enter(a);
	pc_advice_command(a, "sysctl -w net/ipv6/conf/");
	pc_advice_command_word(a, look_of(a)->v6_off);
	pc_advice_command(a, "/disable_ipv6=0");
}

static void fix_not_local(struct pc_advice *a)
{
	switch (look_of(a)->state) {
	case PC_ADDRESS_OTHER_VRF:
		fix_vrf(a);
		break;
	case PC_ADDRESS_OTHER_DEVICE:
		pc_advice_fix(a, PC_LASTING, "ask for the address on its device: %%%s behind it",
			      look_of(a)->device);
		break;
	case PC_ADDRESS_DOWN:
		fix_up(a);
		break;
	case PC_ADDRESS_DADFAILED:
		fix_dadfailed(a);
		break;
	case PC_ADDRESS_TENTATIVE:
		fix_tentative(a);
		break;
	case PC_ADDRESS_USABLE:
		pc_advice_fix(a, PC_NOW, "try again");
		break;
	default:
		fix_missing(a);
		fix_v6_off(a);
	}
}

const struct pc_cause_row pc_cause_address_not_local = {
	.name = "address-not-local",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_BIND, .error = EADDRNOTAVAIL },
	.explain = explain_not_local,
	.fix = fix_not_local,
};
