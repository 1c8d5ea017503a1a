// SPDX-License-Identifier: GPL-2.0-only
/* Tunnels: answers of the kernel taken in, whole and damaged, and what is said and advised about the sockets
 * that the kernel itself has or asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "host/tunnels.h"

union answer {
	struct nlmsghdr head;
	char bytes[512];
};

static void *answer_append(union answer *m, size_t size)
{
	void *at = m->bytes + m->head.nlmsg_len;

	m->head.nlmsg_len += (unsigned)NLMSG_ALIGN(size);
	return at;
}

/* Returns where the attribute begins. */
static size_t put_attribute(union answer *m, unsigned short type, const void *data, size_t size)
{
	struct rtattr a = { .rta_len = (unsigned short)RTA_LENGTH(size), .rta_type = type };
	char *at = answer_append(m, RTA_LENGTH(size));

	memcpy(at, &a, sizeof(a));
	if (size)
		memcpy(at + sizeof(a), data, size);
	return (size_t)(at - m->bytes);
}

static void end_nest(union answer *m, size_t begin)
{
	unsigned short len = (unsigned short)(m->head.nlmsg_len - begin);

	memcpy(m->bytes + begin, &len, sizeof(len));
}

/* `extra`: an attribute among those of the kind, of 16 bytes that are not 0; `moved`: it came from another network
 * namespace. */
static union answer device_showing(const char *name, const char *kind, unsigned short type,
				   uint16_t port, unsigned short extra, bool moved)
{
	static const uint8_t address[16] = { 1, 2, 3, 4 };
	union answer m = { .head = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = RTM_NEWLINK } };
	struct ifinfomsg info = { .ifi_flags = IFF_UP };
	int32_t nsid = 0;
	uint16_t wire = htons(port);
	size_t link, data;

	memcpy(answer_append(&m, sizeof(info)), &info, sizeof(info));
	put_attribute(&m, IFLA_IFNAME, name, strlen(name) + 1);
	if (moved)
		put_attribute(&m, IFLA_LINK_NETNSID, &nsid, sizeof(nsid));
	link = put_attribute(&m, IFLA_LINKINFO, NULL, 0);
	put_attribute(&m, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	data = put_attribute(&m, IFLA_INFO_DATA, NULL, 0);
	put_attribute(&m, type, &wire, sizeof(wire));
	if (extra)
		put_attribute(&m, extra, address, sizeof(address));
	end_nest(&m, data);
	end_nest(&m, link);
	return m;
}

static union answer device(const char *name, const char *kind, unsigned short type, uint16_t port)
{
	return device_showing(name, kind, type, port, 0, false);
}

struct found {
	struct pc_tunnel last;
	unsigned count;
};

static void on_tunnel(void *context, const struct pc_tunnel *t)
{
	struct found *f = context;

	f->last = *t;
	f->count++;
}

static void expect_device(const char *name, const char *kind, unsigned short type, unsigned count,
			  uint16_t port)
{
	union answer m = device(name, kind, type, 4789);
	struct found f = { .count = 0 };

	assert_int_equal(pc_tunnels_take(&m, m.head.nlmsg_len, on_tunnel, &f), 0);
	assert_int_equal(f.count, count);
	if (!count)
		return;
	assert_string_equal(f.last.name, name);
	assert_string_equal(pc_tunnel_kind_name(f.last.kind), kind);
	assert_int_equal(f.last.port, port);
	assert_true(f.last.up);
}

static void devices(void **state)
{
	(void)state;
	expect_device("vx7", "vxlan", IFLA_VXLAN_PORT, 1, 4789);
	expect_device("gn0", "geneve", IFLA_GENEVE_PORT, 1, 4789);
	expect_device("b0", "bareudp", 1, 1, 4789);
	expect_device("wg0", "wireguard", 1, 1, 0);
	expect_device("br0", "bridge", 1, 0, 0);
	expect_device("x\x1b[31m", "vxlan", IFLA_VXLAN_PORT, 0, 0);
	expect_device("\xff", "vxlan", IFLA_VXLAN_PORT, 0, 0);
	expect_device("", "vxlan", IFLA_VXLAN_PORT, 0, 0);
}

static void expect_sockets(const char *kind, unsigned short type, unsigned short extra,
			   uint8_t sockets, bool known)
{
	union answer m = device_showing("tun7", kind, type, 4789, extra, false);
	struct found f = { .count = 0 };

	assert_int_equal(pc_tunnels_take(&m, m.head.nlmsg_len, on_tunnel, &f), 0);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.last.sockets, sockets);
	assert_int_equal(f.last.sockets_known, known);
}

/* A vxlan without an address is of IPv4, unless it was made with the address `::`, which the kernel does not show. */
static void families(void **state)
{
	const uint8_t v4 = PC_TUNNEL_V4, v6 = PC_TUNNEL_V6, both = v4 | v6;

	(void)state;
	expect_sockets("vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP, v4, true);
	expect_sockets("vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_LOCAL, v4, true);
	expect_sockets("vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_GROUP6, v6, true);
	expect_sockets("vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_LOCAL6, v6, true);
	expect_sockets("vxlan", IFLA_VXLAN_PORT, IFLA_VXLAN_COLLECT_METADATA, both, true);
	expect_sockets("vxlan", IFLA_VXLAN_PORT, 0, both, false);
	expect_sockets("geneve", IFLA_GENEVE_PORT, IFLA_GENEVE_REMOTE, v4, true);
	expect_sockets("geneve", IFLA_GENEVE_PORT, IFLA_GENEVE_REMOTE6, v6, true);
	expect_sockets("geneve", IFLA_GENEVE_PORT, IFLA_GENEVE_COLLECT_METADATA, both, true);
	expect_sockets("geneve", IFLA_GENEVE_PORT, 0, both, false);
	expect_sockets("bareudp", 1, 0, v4 | PC_TUNNEL_DUAL, false);
	expect_sockets("wireguard", 1, 0, both, true);
}

/* A device's socket stays in the network namespace where the device was made. */
static void moved_here(void **state)
{
	union answer m =
		device_showing("vx3", "vxlan", IFLA_VXLAN_PORT, 4789, IFLA_VXLAN_LOCAL, true);
	struct found f = { .count = 0 };

	(void)state;
	assert_int_equal(pc_tunnels_take(&m, m.head.nlmsg_len, on_tunnel, &f), 0);
	assert_int_equal(f.count, 0);
}

/* Every length and every wrong byte: nothing is read behind the end (the address sanitizer looks on). */
static void damaged_answers(void **state)
{
	union answer good = device("vx7", "vxlan", IFLA_VXLAN_PORT, 4789);
	size_t size = good.head.nlmsg_len;

	(void)state;
	for (size_t len = 0; len <= size; len++) {
		for (size_t at = 0; at < len; at++) {
			char *bytes = malloc(len);
			struct found f = { .count = 0 };

			memcpy(bytes, &good, len);
			bytes[at] ^= 0x55;
			pc_tunnels_take(bytes, len, on_tunnel, &f);
			pc_tunnels_wireguard_port(bytes, len);
			assert_true(f.count <= 1);
			free(bytes);
		}
	}
}

static void wireguard_answer(void **state)
{
	union answer m = { .head = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = 30 } };
	uint16_t port = 51820;

	(void)state;
	answer_append(&m, GENL_HDRLEN);
	put_attribute(&m, 1, &port, sizeof(port));
	assert_int_equal(pc_tunnels_wireguard_port(&m, m.head.nlmsg_len), 0);
	put_attribute(&m, 6, &port, sizeof(port));
	assert_int_equal(pc_tunnels_wireguard_port(&m, m.head.nlmsg_len), 51820);
	m.head.nlmsg_type = NLMSG_ERROR;
	assert_int_equal(pc_tunnels_wireguard_port(&m, m.head.nlmsg_len), 0);
}

static bool has_fix(const struct pc_verdict *v, const char *part)
{
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (strstr(v->fixes[i].what, part) ||
		    (v->fixes[i].command && strstr(v->fixes[i].command, part)))
			return true;
	return false;
}

static void advise_tunnel(struct pc_verdict *v, enum pc_tunnel_kind kind, uint16_t port, bool up)
{
	v->tunnels = (struct pc_tunnels){ .list = { { "tun7", port, (uint8_t)kind, up,
						      PC_TUNNEL_V4 | PC_TUNNEL_V6, 1 } },
					  .count = 1,
					  .total = 1 };
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
}

/* Only a tunnel that is up, and of which the port is known, is blamed and taken down. */
static void holders(void **state)
{
	struct pc_verdict v;

	(void)state;
	for (int i = 0; i < 3; i++) {
		case_udp(&v);
		case_bound(&v)->socket.flags |= PC_SOCKET_NO_FILE;
		v.holders[0].owners_count = 0;
		advise_tunnel(&v, PC_TUNNEL_WIREGUARD, i == 1 ? 0 : CASE_PORT, i != 2);
		assert_int_equal(v.cause, PC_CAUSE_KERNEL_SOCKET);
		assert_int_equal(!!strstr(v.explanation, "tunnel tun7 (wireguard)"), !i);
		assert_int_equal(has_fix(&v, "ip link set dev tun7 down"), !i);
		assert_int_equal(has_fix(&v, "wg set tun7 listen-port 0"), !i);
		pc_verdict_clear(&v);
	}
}

static struct pc_holder *kernel_socket(struct pc_verdict *v, uint16_t family)
{
	struct pc_holder *h = case_bound(v);

	h->socket.flags = PC_SOCKET_NO_FILE | (family == PC_FAMILY_V6 ? PC_SOCKET_V6ONLY : 0);
	h->socket.family = family;
	h->owners_count = 0;
	return h;
}

static const struct pc_tunnel vx4 = { "vx4", CASE_PORT, PC_TUNNEL_VXLAN, 1, PC_TUNNEL_V4, 1 };
static const struct pc_tunnel vx6 = { "vx6", CASE_PORT, PC_TUNNEL_VXLAN, 1, PC_TUNNEL_V6, 1 };
static const struct pc_tunnel bare = {
	"vx0", CASE_PORT, PC_TUNNEL_VXLAN, 1, PC_TUNNEL_V4 | PC_TUNNEL_V6, 0
};
static const struct pc_tunnel wg = {
	"wg0", CASE_PORT, PC_TUNNEL_WIREGUARD, 1, PC_TUNNEL_V4 | PC_TUNNEL_V6, 1
};

/* The tunnels beside a socket of IPv4, or of both families; and which of them the advice takes down, or looks at. */
static void which_tunnel(void **state)
{
	static const struct {
		const struct pc_tunnel *all[2];
		bool v6_socket, more; /* sockets on the port */
		const char *down[2], *look, *not_down;
	} rows[] = {
		{ { &vx6, &vx4 }, true, false, { "vx4" }, NULL, "vx6" },
		{ { &vx6 }, true, false, { NULL }, NULL, "vx6" },
		{ { &vx4, &bare }, false, false, { "vx4", "vx0" }, NULL, NULL },
		{ { &bare }, false, false, { "vx0" }, NULL, NULL },
		{ { &bare }, false, true, { NULL }, "vx0", "vx0" },
		{ { &bare }, true, false, { NULL }, "vx0", "vx0" },
		{ { &wg }, true, false, { "wg0" }, NULL, NULL },
		{ { &wg, &vx4 }, true, false, { "vx4" }, "wg0", "wg0" },
	};
	char command[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pc_verdict v;

		case_udp(&v);
		kernel_socket(&v, PC_FAMILY_V4);
		if (rows[i].v6_socket)
			kernel_socket(&v, PC_FAMILY_V6);
		v.holders_total += rows[i].more;
		for (unsigned at = 0; at < 2 && rows[i].all[at]; at++)
			v.tunnels.list[v.tunnels.count++] = *rows[i].all[at];
		v.tunnels.total = v.tunnels.count;
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		for (unsigned at = 0; at < 2 && rows[i].down[at]; at++) {
			snprintf(command, sizeof(command), "ip link set dev %s down",
				 rows[i].down[at]);
			assert_true(has_fix(&v, command));
			assert_true(has_fix(&v, "when no other device shares it"));
			assert_non_null(strstr(v.explanation, "it is that of the tunnel"));
		}
		assert_int_equal(has_fix(&v, "other network namespaces:"), !rows[i].down[0]);
		if (rows[i].look) {
			snprintf(command, sizeof(command), "ip -d link show dev %s", rows[i].look);
			assert_true(has_fix(&v, command));
			assert_non_null(strstr(v.explanation, "it may be that of the tunnel"));
		}
		if (rows[i].not_down) {
			snprintf(command, sizeof(command), "set dev %s", rows[i].not_down);
			assert_false(has_fix(&v, command));
		}
		pc_verdict_clear(&v);
	}
}

/* A bind() of [::] is refused by both sockets: both tunnels are in the way, or one and a tunnel that is not here. */
static void both_families(void **state)
{
	struct pc_verdict v;

	(void)state;
	for (unsigned here = 1; here <= 2; here++) {
		case_udp(&v);
		v.request.wanted_family = v.request.socket.family = PC_FAMILY_V6;
		kernel_socket(&v, PC_FAMILY_V4);
		kernel_socket(&v, PC_FAMILY_V6);
		v.tunnels = (struct pc_tunnels){ .list = { vx6, vx4 }, here, here };
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		assert_true(has_fix(&v, "ip link set dev vx6 down"));
		assert_int_equal(has_fix(&v, "ip link set dev vx4 down"), here == 2);
		assert_int_equal(has_fix(&v, "other network namespaces:"), here == 1);
		pc_verdict_clear(&v);
	}
}

/* The kernel's own socket takes no options. */
static void kernel_asked(void **state)
{
	struct pc_verdict v;

	(void)state;
	for (int i = 0; i < 2; i++) {
		case_udp(&v);
		case_bound(&v)->socket.reuse = 1;
		if (!i)
			v.request.socket.flags |= PC_SOCKET_NO_FILE;
		advise_tunnel(&v, PC_TUNNEL_VXLAN, CASE_PORT, false);
		assert_int_equal(!!strstr(v.explanation, "the refused socket is the kernel's own"),
				 !i);
		assert_int_equal(!!strstr(v.explanation, "tun7"), !i);
		assert_int_equal(has_fix(&v, "SO_REUSEADDR"), i);
		assert_int_equal(has_fix(&v, "SO_REUSEPORT"), i);
		assert_int_equal(has_fix(&v, "make tun7 anew"), !i);
		assert_false(has_fix(&v, "ip link set dev tun7 down"));
		pc_verdict_clear(&v);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices),	    cmocka_unit_test(damaged_answers),
		cmocka_unit_test(wireguard_answer), cmocka_unit_test(holders),
		cmocka_unit_test(families),	    cmocka_unit_test(moved_here),
		cmocka_unit_test(which_tunnel),	    cmocka_unit_test(both_families),
		cmocka_unit_test(kernel_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
