// SPDX-License-Identifier: GPL-2.0-only
/* A dump of network devices (net/core/rtnetlink.c). */
#include "host/tunnels.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel fills at most 32 KiB at once (netlink_dump()). */
#define BUFFER (64 * 1024)

/* Older headers lack IFLA_BAREUDP_PORT and <linux/wireguard.h>. */
#define BAREUDP_PORT 1
#define WIREGUARD_GET 0
#define WIREGUARD_NAME 2
#define WIREGUARD_PORT 6

_Static_assert(PC_TUNNEL_NAME == IFNAMSIZ, "a device's name");

/* The attributes behind one another in a message. */
struct attributes {
	const struct rtattr *at;
	size_t left;
};

/* RTA_NEXT() takes the padding off what is left even where the last one has none. */
static const struct rtattr *next_tunnel_attribute(struct attributes *a)
{
	const struct rtattr *at = a->at;
	size_t step;

	if (!RTA_OK(at, a->left))
		return NULL;
	step = RTA_ALIGN(at->rta_len);
	if (step > a->left)
		step = a->left;
	a->left -= step;
	a->at = (const void *)((const char *)at + step);
	return at;
}

static const struct rtattr *tunnel_attribute(struct attributes in, unsigned type)
{
	const struct rtattr *at;

	while ((at = next_tunnel_attribute(&in)))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

static struct attributes inside(const struct rtattr *at)
{
	return (struct attributes){ RTA_DATA(at), RTA_PAYLOAD(at) };
}

static void tunnel_text(const struct rtattr *at, char *out, size_t size)
{
	size_t len = at ? RTA_PAYLOAD(at) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(out, RTA_DATA(at), len);
	out[len] = '\0';
}

static uint16_t tunnel_number(const struct rtattr *at, bool wire)
{
	uint16_t number = 0;

	if (at && RTA_PAYLOAD(at) >= sizeof(number))
		memcpy(&number, RTA_DATA(at), sizeof(number));
	return wire ? ntohs(number) : number;
}

static uint16_t tunnel_port(enum pc_tunnel_kind kind, const struct rtattr *data)
{
	static const unsigned types[PC_TUNNEL_KIND_COUNT] = {
		[PC_TUNNEL_VXLAN] = IFLA_VXLAN_PORT,
		[PC_TUNNEL_GENEVE] = IFLA_GENEVE_PORT,
		[PC_TUNNEL_BAREUDP] = BAREUDP_PORT,
	};

	return data && types[kind] ?
		       tunnel_number(tunnel_attribute(inside(data), types[kind]), true) :
		       0;
}

/* An attribute of IPv4, one of IPv6, and the one of a device that has both. An address that is 0 shows none. */
struct tunnel_families {
	unsigned v4[2];
	unsigned v6[2];
	unsigned both;
};

static bool has_attribute(const struct rtattr *data, unsigned type)
{
	return data && type && tunnel_attribute(inside(data), type);
}

/* The kernel shows COLLECT_METADATA of a vxlan as a number, of a geneve as a flag. */
static bool has_flag(const struct rtattr *data, unsigned type)
{
	const struct rtattr *at = data ? tunnel_attribute(inside(data), type) : NULL;

	return at && (!RTA_PAYLOAD(at) || *(const uint8_t *)RTA_DATA(at));
}

static void sockets_by_attributes(struct pc_tunnel *t, const struct rtattr *data,
				  const struct tunnel_families *f)
{
	bool both = has_flag(data, f->both);
	bool v4 = has_attribute(data, f->v4[0]) || has_attribute(data, f->v4[1]);
	bool v6 = has_attribute(data, f->v6[0]) || has_attribute(data, f->v6[1]);

	t->sockets_known = both || v4 != v6;
	t->sockets = both || v4 == v6 ? PC_TUNNEL_V4 | PC_TUNNEL_V6 :
		     v6		      ? PC_TUNNEL_V6 :
					PC_TUNNEL_V4;
}

static void tunnel_sockets(struct pc_tunnel *t, const struct rtattr *data)
{
	static const struct tunnel_families vxlan = {
		.v4 = { IFLA_VXLAN_GROUP, IFLA_VXLAN_LOCAL },
		.v6 = { IFLA_VXLAN_GROUP6, IFLA_VXLAN_LOCAL6 },
		.both = IFLA_VXLAN_COLLECT_METADATA,
	};
	static const struct tunnel_families geneve = {
		.v4 = { IFLA_GENEVE_REMOTE },
		.v6 = { IFLA_GENEVE_REMOTE6 },
		.both = IFLA_GENEVE_COLLECT_METADATA,
	};

	switch (t->kind) {
	case PC_TUNNEL_VXLAN:
		sockets_by_attributes(t, data, &vxlan);
		break;
	case PC_TUNNEL_GENEVE:
		sockets_by_attributes(t, data, &geneve);
		break;
	case PC_TUNNEL_BAREUDP: /* IPv4 alone in a kernel that has IPv6 switched off */
		t->sockets = PC_TUNNEL_V4 | PC_TUNNEL_DUAL;
		break;
	default:
		t->sockets = PC_TUNNEL_V4 | PC_TUNNEL_V6;
		t->sockets_known = 1;
	}
}

/* A name with other bytes is left out: it could not be printed as it is, or typed. */
static bool is_plain_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (*at <= ' ' || *at >= 0x7f)
			return false;
	return *name;
}

static bool read_tunnel(const struct nlmsghdr *header, struct pc_tunnel *out)
{
	const struct ifinfomsg *info = NLMSG_DATA(header);
	struct attributes all = { IFLA_RTA(info), header->nlmsg_len - NLMSG_LENGTH(sizeof(*info)) };
	const struct rtattr *link = tunnel_attribute(all, IFLA_LINKINFO), *data;
	char kind[16];

	*out = (struct pc_tunnel){ .up = info->ifi_flags & IFF_UP ? 1 : 0 };
	/* The socket of a device that came from another network namespace is there. */
	if (!link || tunnel_attribute(all, IFLA_LINK_NETNSID))
		return false;
	tunnel_text(tunnel_attribute(inside(link), IFLA_INFO_KIND), kind, sizeof(kind));
	out->kind = (uint8_t)pc_tunnel_kind_of(kind);
	if (!out->kind)
		return false;
	tunnel_text(tunnel_attribute(all, IFLA_IFNAME), out->name, sizeof(out->name));
	data = tunnel_attribute(inside(link), IFLA_INFO_DATA);
	out->port = tunnel_port(out->kind, data);
	tunnel_sockets(out, data);
	return is_plain_name(out->name);
}

static int tunnels_error(const struct nlmsghdr *header)
{
	const struct nlmsgerr *e = NLMSG_DATA(header);

	return header->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || e->error >= 0 ? -EBADMSG : e->error;
}

int pc_tunnels_take(const void *data, size_t len,
		    void (*found)(void *context, const struct pc_tunnel *t), void *context)
{
	const struct nlmsghdr *header = data;
	struct pc_tunnel t;

	while (NLMSG_OK(header, len)) {
		size_t step = NLMSG_ALIGN(header->nlmsg_len);

		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR)
			return tunnels_error(header);
		if (header->nlmsg_type == RTM_NEWLINK &&
		    header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)) &&
		    read_tunnel(header, &t))
			found(context, &t);
		len -= step < len ? step : len;
		header = (const void *)((const char *)header + step);
	}
	return 0;
}

static struct attributes of_generic(const void *data, size_t len)
{
	const struct nlmsghdr *header = data;

	if (!NLMSG_OK(header, len) || header->nlmsg_type < NLMSG_MIN_TYPE ||
	    header->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return (struct attributes){ 0 };
	return (struct attributes){ (const void *)((const char *)NLMSG_DATA(header) + GENL_HDRLEN),
				    header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN) };
}

uint16_t pc_tunnels_wireguard_port(const void *data, size_t len)
{
	struct attributes all = of_generic(data, len);

	return all.at ? tunnel_number(tunnel_attribute(all, WIREGUARD_PORT), false) : 0;
}

/* Asks for what has this name: a family of generic netlink, or one device of a family. */
static ssize_t ask_generic(int fd, uint16_t type, uint8_t command, uint16_t attribute,
			   const char *name, int flags, void *buffer)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr generic;
		struct nlattr attribute;
		char name[32];
	} r = {
		.header = { .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) },
		.generic = { .cmd = command, .version = 1 },
		.attribute = { .nla_type = attribute },
	};
	size_t len = strnlen(name, sizeof(r.name) - 1);

	memcpy(r.name, name, len);
	r.attribute.nla_len = (uint16_t)(NLA_HDRLEN + len + 1);
	r.header.nlmsg_len = (uint32_t)(sizeof(r) - sizeof(r.name) + NLMSG_ALIGN(len + 1));
	if (send(fd, &r, r.header.nlmsg_len, 0) < 0)
		return -errno;
	return TEMP_FAILURE_RETRY(recv(fd, buffer, BUFFER, 0));
}

static uint16_t ask_wireguard(const char *device, void *buffer)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	uint16_t family = 0, port = 0;
	ssize_t n;

	if (fd < 0)
		return 0;
	n = ask_generic(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, "wireguard", 0,
			buffer);
	if (n > 0) {
		struct attributes all = of_generic(buffer, (size_t)n);

		family = all.at ? tunnel_number(tunnel_attribute(all, CTRL_ATTR_FAMILY_ID), false) :
				  0;
	}
	if (family)
		n = ask_generic(fd, family, WIREGUARD_GET, WIREGUARD_NAME, device, NLM_F_DUMP,
				buffer);
	if (family && n > 0)
		port = pc_tunnels_wireguard_port(buffer, (size_t)n);
	close(fd);
	return port;
}

struct tunnel_look {
	uint16_t port;
	struct pc_tunnels *out;
};

static void keep_tunnel(void *context, const struct pc_tunnel *t)
{
	struct tunnel_look *look = context;

	if (t->kind != PC_TUNNEL_WIREGUARD && t->port != look->port)
		return;
	look->out->total++;
	if (look->out->count < PC_TUNNELS_MAX)
		look->out->list[look->out->count++] = *t;
}

static int dump_devices(int fd, void *buffer, struct tunnel_look *look)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
	} r = {
		.header = { .nlmsg_len = sizeof(r),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	int err = send(fd, &r, sizeof(r), 0) < 0 ? -errno : 0;

	while (!err) {
		ssize_t n = TEMP_FAILURE_RETRY(recv(fd, buffer, BUFFER, 0));

		if (n <= 0)
			return n ? -errno : -EBADMSG;
		err = pc_tunnels_take(buffer, (size_t)n, keep_tunnel, look);
	}
	return err < 0 ? err : 0;
}

/* WireGuard's port is not among the attributes of the device. */
static void add_wireguard_ports(struct tunnel_look *look, void *buffer)
{
	struct pc_tunnels *out = look->out, all = *out;

	out->count = 0;
	for (uint32_t i = 0; i < all.count; i++) {
		struct pc_tunnel *t = &all.list[i];

		if (t->kind == PC_TUNNEL_WIREGUARD)
			t->port = ask_wireguard(t->name, buffer);
		if (t->port && t->port != look->port)
			out->total--;
		else
			out->list[out->count++] = *t;
	}
}

int pc_tunnels_read(uint16_t port, struct pc_tunnels *out)
{
	struct tunnel_look look = { port, out };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err;
	void *buffer = malloc(BUFFER);

	*out = (struct pc_tunnels){ 0 };
	err = fd < 0 ? -errno : buffer ? dump_devices(fd, buffer, &look) : -ENOMEM;
	if (!err)
		add_wireguard_ports(&look, buffer);
	free(buffer);
	if (fd >= 0)
		close(fd);
	return err;
}
