// SPDX-License-Identifier: GPL-2.0-only
/* Network devices and their addresses by NETLINK_ROUTE (net/core/rtnetlink.c). */
#include "host/addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/array.h"

/* IFF_LOWER_UP of linux/if.h, which net/if.h excludes: netif_carrier_ok() itself. IFF_RUNNING follows it late, at the next
 * round of the kernel's linkwatch. */
#define LOWER_UP 0x10000

/* The kernel fills at most 32 KiB at once (netlink_dump()). */
#define BUFFER (64 * 1024)

/* A machine with more is not looked at to the end. */
#define DEVICES_MAX 16384
#define ADDRESSES_MAX 65536

struct route_request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	};
};

/* Takes one message of a dump in. 0 or a negative errno. */
typedef int (*route_take_fn)(const struct nlmsghdr *header, struct pc_netdevs *out);

static const struct rtattr *next_attribute(const struct rtattr *at, size_t *left)
{
	size_t step = RTA_ALIGN(at->rta_len);

	if (step > *left)
		step = *left;
	*left -= step;
	return (const void *)((const char *)at + step);
}

static const struct rtattr *find_attribute(const void *first, size_t left, unsigned type)
{
	for (const struct rtattr *at = first; RTA_OK(at, left); at = next_attribute(at, &left))
		if ((at->rta_type & NLA_TYPE_MASK) == type)
			return at;
	return NULL;
}

static const struct rtattr *find_nested(const struct rtattr *in, unsigned type)
{
	return in ? find_attribute(RTA_DATA(in), RTA_PAYLOAD(in), type) : NULL;
}

static void copy_attribute(const struct rtattr *at, void *out, size_t size)
{
	if (at)
		memcpy(out, RTA_DATA(at), RTA_PAYLOAD(at) < size ? RTA_PAYLOAD(at) : size);
}

static bool is_of_kind(const struct rtattr *link, const char *kind)
{
	const struct rtattr *at = find_nested(link, IFLA_INFO_KIND);

	return at && RTA_PAYLOAD(at) >= strlen(kind) &&
	       !strncmp(RTA_DATA(at), kind, RTA_PAYLOAD(at));
}

/* IFLA_INET6_CONF is an array of 32-bit numbers (inet6_fill_ifla6_attrs()). */
static bool has_v6_off(const struct rtattr *families)
{
	const struct rtattr *conf = find_nested(find_nested(families, AF_INET6), IFLA_INET6_CONF);
	int32_t value = 0;

	if (!conf || RTA_PAYLOAD(conf) < (DEVCONF_DISABLE_IPV6 + 1) * sizeof(value))
		return false;
	memcpy(&value, (const char *)RTA_DATA(conf) + DEVCONF_DISABLE_IPV6 * sizeof(value),
	       sizeof(value));
	return value;
}

static int take_link(const struct nlmsghdr *header, struct pc_netdevs *out)
{
	const struct ifinfomsg *m = NLMSG_DATA(header);
	const struct rtattr *first = (const void *)(m + 1);
	size_t left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	struct pc_netdev d = { .ifindex = (uint32_t)m->ifi_index,
			       .up = m->ifi_flags & IFF_UP,
			       .carrier = m->ifi_flags & LOWER_UP };

	copy_attribute(find_attribute(first, left, IFLA_IFNAME), d.name, sizeof(d.name) - 1);
	copy_attribute(find_attribute(first, left, IFLA_MASTER), &d.master, sizeof(d.master));
	d.is_vrf = is_of_kind(find_attribute(first, left, IFLA_LINKINFO), "vrf");
	d.v6_off = has_v6_off(find_attribute(first, left, IFLA_AF_SPEC));
	if (out->devices_count == DEVICES_MAX)
		return -E2BIG;
	if (pc_array_reserve(&out->devices, &out->devices_room, out->devices_count + 1, sizeof(d)))
		return -ENOMEM;
	out->devices[out->devices_count++] = d;
	return 0;
}

/* IFA_LOCAL is the own end of a point-to-point link; IFA_ADDRESS is then the other one. */
static int take_netaddr(const struct nlmsghdr *header, struct pc_netdevs *out)
{
	const struct ifaddrmsg *m = NLMSG_DATA(header);
	const struct rtattr *first = (const void *)(m + 1), *at;
	size_t left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	struct pc_netaddr a = { .ifindex = m->ifa_index, .family = m->ifa_family };
	uint32_t flags = m->ifa_flags;

	at = find_attribute(first, left, IFA_LOCAL);
	if (!at)
		at = find_attribute(first, left, IFA_ADDRESS);
	copy_attribute(at, a.address, a.family == PC_FAMILY_V6 ? 16 : 4);
	copy_attribute(find_attribute(first, left, IFA_FLAGS), &flags, sizeof(flags));
	a.dadfailed = flags & IFA_F_DADFAILED;
	a.tentative = flags & IFA_F_TENTATIVE && !(flags & IFA_F_OPTIMISTIC);
	if (out->addresses_count == ADDRESSES_MAX)
		return -E2BIG;
	if (pc_array_reserve(&out->addresses, &out->addresses_room, out->addresses_count + 1,
			     sizeof(a)))
		return -ENOMEM;
	out->addresses[out->addresses_count++] = a;
	return 0;
}

/* Takes the messages of one buffer in. 1: the dump has ended. */
static int take_buffer(const void *buffer, size_t size, unsigned type, size_t head,
		       route_take_fn take, struct pc_netdevs *out)
{
	const struct nlmsghdr *header = buffer;
	int err = 0;

	while (!err && NLMSG_OK(header, size)) {
		size_t step = NLMSG_ALIGN(header->nlmsg_len);

		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (header->nlmsg_type == type && header->nlmsg_len >= NLMSG_LENGTH(head))
			err = take(header, out);
		size -= step < size ? step : size;
		header = (const void *)((const char *)header + step);
	}
	return err;
}

static int read_dump(int fd, void *buffer, unsigned type, size_t head, route_take_fn take,
		     struct pc_netdevs *out)
{
	struct route_request r = {
		.header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(head),
			    .nlmsg_type = (uint16_t)(type + (RTM_GETLINK - RTM_NEWLINK)),
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	int err = send(fd, &r, r.header.nlmsg_len, 0) < 0 ? -errno : 0;

	while (!err) {
		ssize_t n = TEMP_FAILURE_RETRY(recv(fd, buffer, BUFFER, 0));

		if (n <= 0)
			return n ? -errno : -EBADMSG;
		err = take_buffer(buffer, (size_t)n, type, head, take, out);
	}
	return err < 0 ? err : 0;
}

int pc_addresses_read(struct pc_netdevs *out)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	void *buffer = malloc(BUFFER);
	int err = fd < 0 ? -errno : buffer ? 0 : -ENOMEM;

	if (!err)
		err = read_dump(fd, buffer, RTM_NEWLINK, sizeof(struct ifinfomsg), take_link, out);
	if (!err)
		err = read_dump(fd, buffer, RTM_NEWADDR, sizeof(struct ifaddrmsg), take_netaddr,
				out);
	free(buffer);
	if (fd >= 0)
		close(fd);
	return err;
}
