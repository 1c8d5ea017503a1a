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

static union answer device(const char *name, const char *kind, unsigned short type, uint16_t port,
			   bool up)
{
	union answer m = { .head = { .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = RTM_NEWLINK } };
	struct ifinfomsg info = { .ifi_flags = up ? IFF_UP : 0 };
	uint16_t wire = htons(port);
	size_t link, data;

	memcpy(answer_append(&m, sizeof(info)), &info, sizeof(info));
	put_attribute(&m, IFLA_IFNAME, name, strlen(name) + 1);
	link = put_attribute(&m, IFLA_LINKINFO, NULL, 0);
	put_attribute(&m, IFLA_INFO_KIND, kind, strlen(kind) + 1);
	data = put_attribute(&m, IFLA_INFO_DATA, NULL, 0);
	put_attribute(&m, type, &wire, sizeof(wire));
	end_nest(&m, data);
	end_nest(&m, link);
	return m;
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
	union answer m = device(name, kind, type, 4789, true);
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

/* Every length and every wrong byte: nothing is read behind the end (the address sanitizer looks on). */
static void damaged_answers(void **state)
{
	union answer good = device("vx7", "vxlan", IFLA_VXLAN_PORT, 4789, true);
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
	v->tunnels =
		(struct pc_tunnels){ .list = { { "tun7", port, (uint8_t)kind, up } }, .count = 1 };
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
		cmocka_unit_test(kernel_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
