// SPDX-License-Identifier: GPL-2.0-only
/* Network devices by rtnetlink, MPTCP endpoints by generic netlink. */
#include "stage/device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* <linux/mptcp.h> of an older system lacks some of them. */
enum {
	PM_CMD_ADD_ADDR = 1,
	PM_ATTR_ADDR = 1,
	PM_ADDR_FAMILY = 1,
	PM_ADDR_ID = 2,
	PM_ADDR_ADDR4 = 3,
	PM_ADDR_PORT = 5,
	PM_ADDR_FLAGS = 6,
	PM_FLAG_SIGNAL = 1,
};

union message {
	struct nlmsghdr head;
	char bytes[1024];
};

/* Appends to the message. All parts are padded, the last one too: a nest ends where its last part
 * does. */
static void *message_append(union message *m, size_t size)
{
	void *at = m->bytes + m->head.nlmsg_len;

	m->head.nlmsg_len += (unsigned)NLMSG_ALIGN(size);
	return at;
}

static struct nlattr *attribute(union message *m, unsigned type, const void *data, size_t size)
{
	struct nlattr *a = message_append(m, NLA_HDRLEN + size);

	a->nla_type = (unsigned short)type;
	a->nla_len = (unsigned short)(NLA_HDRLEN + size);
	if (size)
		memcpy((char *)a + NLA_HDRLEN, data, size);
	return a;
}

static void text_attribute(union message *m, unsigned type, const char *text)
{
	attribute(m, type, text, strlen(text) + 1);
}

static struct nlattr *nest(union message *m, unsigned type)
{
	return attribute(m, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(union message *m, struct nlattr *a)
{
	a->nla_len = (unsigned short)(m->bytes + m->head.nlmsg_len - (char *)a);
}

/* Sends the message and waits for the answer, which takes its place. */
static int ask_kernel(int protocol, union message *m)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	const struct nlmsgerr *answer = NLMSG_DATA(&m->head);
	ssize_t n = -1;

	if (fd < 0)
		return -errno;
	if (send(fd, m->bytes, m->head.nlmsg_len, 0) >= 0)
		n = recv(fd, m->bytes, sizeof(m->bytes), 0);
	close(fd);
	if (n < (ssize_t)NLMSG_HDRLEN)
		return -EIO;
	return m->head.nlmsg_type == NLMSG_ERROR ? answer->error : 0;
}

static struct nlattr *begin_link(union message *m, const char *name, const char *kind)
{
	struct ifinfomsg *info;
	struct nlattr *link;

	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_HDRLEN;
	m->head.nlmsg_type = RTM_NEWLINK;
	m->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	info = message_append(m, sizeof(*info));
	info->ifi_flags = info->ifi_change = IFF_UP;
	text_attribute(m, IFLA_IFNAME, name);
	link = nest(m, IFLA_LINKINFO);
	text_attribute(m, IFLA_INFO_KIND, kind);
	return link;
}

static int add_plain(const char *name, const char *kind)
{
	union message m;

	nest_end(&m, begin_link(&m, name, kind));
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_add(const char *name)
{
	int err = add_plain(name, "dummy");

	return err == -EOPNOTSUPP ? add_plain(name, "veth") : err;
}

int device_add_vrf(const char *name, uint32_t table)
{
	struct nlattr *link, *data;
	union message m;

	link = begin_link(&m, name, "vrf");
	data = nest(&m, IFLA_INFO_DATA);
	attribute(&m, IFLA_VRF_TABLE, &table, sizeof(table));
	nest_end(&m, data);
	nest_end(&m, link);
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_enslave(const char *name, const char *vrf)
{
	uint32_t master = if_nametoindex(vrf);
	struct ifinfomsg *info;
	union message m;

	memset(&m, 0, sizeof(m));
	m.head.nlmsg_len = NLMSG_HDRLEN;
	m.head.nlmsg_type = RTM_NEWLINK;
	m.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = message_append(&m, sizeof(*info));
	info->ifi_index = (int)if_nametoindex(name);
	attribute(&m, IFLA_MASTER, &master, sizeof(master));
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_add_pair(const char *name, const char *peer, pid_t pid)
{
	struct nlattr *link, *data, *other;
	struct ifinfomsg *info;
	union message m;

	link = begin_link(&m, name, "veth");
	/* veth_open() refuses without a peer, which is attached last. */
	info = NLMSG_DATA(&m.head);
	info->ifi_flags = info->ifi_change = 0;
	data = nest(&m, IFLA_INFO_DATA);
	other = nest(&m, VETH_INFO_PEER);
	message_append(&m, sizeof(*info));
	text_attribute(&m, IFLA_IFNAME, peer);
	if (pid)
		attribute(&m, IFLA_NET_NS_PID, &pid, sizeof(pid));
	nest_end(&m, other);
	nest_end(&m, data);
	nest_end(&m, link);
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_set_up(const char *name, bool up)
{
	struct ifinfomsg *info;
	union message m;

	memset(&m, 0, sizeof(m));
	m.head.nlmsg_len = NLMSG_HDRLEN;
	m.head.nlmsg_type = RTM_NEWLINK;
	m.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = message_append(&m, sizeof(*info));
	info->ifi_index = (int)if_nametoindex(name);
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_add_address(const char *name, const char *address, uint8_t prefix)
{
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	size_t size = family == AF_INET6 ? 16 : 4;
	struct ifaddrmsg *info;
	unsigned char bytes[16];
	union message m;

	if (inet_pton(family, address, bytes) != 1)
		return -EINVAL;
	memset(&m, 0, sizeof(m));
	m.head.nlmsg_len = NLMSG_HDRLEN;
	m.head.nlmsg_type = RTM_NEWADDR;
	m.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	info = message_append(&m, sizeof(*info));
	info->ifa_family = (unsigned char)family;
	info->ifa_prefixlen = prefix;
	info->ifa_index = if_nametoindex(name);
	attribute(&m, IFA_LOCAL, bytes, size);
	attribute(&m, IFA_ADDRESS, bytes, size);
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_route6(const char *name)
{
	uint32_t index = if_nametoindex(name);
	struct rtmsg *route;
	union message m;

	memset(&m, 0, sizeof(m));
	m.head.nlmsg_len = NLMSG_HDRLEN;
	m.head.nlmsg_type = RTM_NEWROUTE;
	m.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	route = message_append(&m, sizeof(*route));
	route->rtm_family = AF_INET6;
	route->rtm_table = RT_TABLE_MAIN;
	route->rtm_protocol = RTPROT_STATIC;
	route->rtm_type = RTN_UNICAST;
	attribute(&m, RTA_OIF, &index, sizeof(index));
	return ask_kernel(NETLINK_ROUTE, &m);
}

/* An address with a colon is of IPv6; NULL: the tunnel has none. */
static void remote_attribute(union message *m, const char *remote)
{
	unsigned char address[sizeof(struct in6_addr)];
	bool v6 = remote && strchr(remote, ':');

	if (remote && inet_pton(v6 ? AF_INET6 : AF_INET, remote, address) == 1)
		attribute(m, v6 ? IFLA_VXLAN_GROUP6 : IFLA_VXLAN_GROUP, address,
			  v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr));
}

static int add_vxlan_in_state(const char *name, uint16_t port, const char *remote, bool up)
{
	uint16_t wire_port = htons(port);
	struct nlattr *link, *data;
	struct ifinfomsg *info;
	uint32_t id = 7;
	union message m;

	link = begin_link(&m, name, "vxlan");
	info = NLMSG_DATA(&m.head);
	info->ifi_flags = up ? IFF_UP : 0;
	data = nest(&m, IFLA_INFO_DATA);
	attribute(&m, IFLA_VXLAN_ID, &id, sizeof(id));
	attribute(&m, IFLA_VXLAN_PORT, &wire_port, sizeof(wire_port));
	remote_attribute(&m, remote);
	nest_end(&m, data);
	nest_end(&m, link);
	return ask_kernel(NETLINK_ROUTE, &m);
}

int device_add_vxlan_to(const char *name, uint16_t port, const char *remote)
{
	return add_vxlan_in_state(name, port, remote, true);
}

int device_add_vxlan(const char *name, uint16_t port)
{
	return add_vxlan_in_state(name, port, NULL, true);
}

int device_add_vxlan_down(const char *name, uint16_t port)
{
	return add_vxlan_in_state(name, port, NULL, false);
}

static struct ifinfomsg *begin_change(union message *m, const char *name)
{
	struct ifinfomsg *info;

	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_HDRLEN;
	m->head.nlmsg_type = RTM_NEWLINK;
	m->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = message_append(m, sizeof(*info));
	info->ifi_index = (int)if_nametoindex(name);
	return info;
}

int device_set(const char *name, bool up)
{
	union message m;
	struct ifinfomsg *info = begin_change(&m, name);

	info->ifi_flags = up ? IFF_UP : 0;
	info->ifi_change = IFF_UP;
	return info->ifi_index ? ask_kernel(NETLINK_ROUTE, &m) : -ENODEV;
}

int device_move(const char *name, pid_t pid)
{
	uint32_t there = (uint32_t)pid;
	union message m;
	struct ifinfomsg *info = begin_change(&m, name);

	attribute(&m, IFLA_NET_NS_PID, &there, sizeof(there));
	return info->ifi_index ? ask_kernel(NETLINK_ROUTE, &m) : -ENODEV;
}

static void begin_generic(union message *m, unsigned type, unsigned flags, unsigned char command)
{
	struct genlmsghdr *head;

	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_HDRLEN;
	m->head.nlmsg_type = (unsigned short)type;
	m->head.nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags);
	head = message_append(m, sizeof(*head));
	head->cmd = command;
	head->version = 1;
}

/* Returns the number of a family of generic netlink, or a negative errno. */
static int family_of(const char *name)
{
	const struct nlattr *a;
	union message m;
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	int err;

	begin_generic(&m, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	text_attribute(&m, CTRL_ATTR_FAMILY_NAME, name);
	err = ask_kernel(NETLINK_GENERIC, &m);
	if (err)
		return err;
	for (; at + NLA_HDRLEN < m.head.nlmsg_len; at += NLA_ALIGN(a->nla_len)) {
		a = (const void *)(m.bytes + at);
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(const uint16_t *)((const char *)a + NLA_HDRLEN);
		if (a->nla_len < NLA_HDRLEN)
			break;
	}
	return -ENOENT;
}

int device_add_mptcp_endpoint(uint16_t port)
{
	int family = family_of("mptcp_pm");
	uint32_t address = htonl(INADDR_LOOPBACK), flags = PM_FLAG_SIGNAL;
	uint16_t inet = AF_INET;
	struct nlattr *addr;
	union message m;
	uint8_t id = 1;

	if (family < 0)
		return family == -ENOENT ? -EOPNOTSUPP : family;
	begin_generic(&m, (unsigned)family, NLM_F_ACK, PM_CMD_ADD_ADDR);
	addr = nest(&m, PM_ATTR_ADDR);
	attribute(&m, PM_ADDR_FAMILY, &inet, sizeof(inet));
	attribute(&m, PM_ADDR_ID, &id, sizeof(id));
	attribute(&m, PM_ADDR_ADDR4, &address, sizeof(address));
	attribute(&m, PM_ADDR_PORT, &port, sizeof(port));
	attribute(&m, PM_ADDR_FLAGS, &flags, sizeof(flags));
	nest_end(&m, addr);
	return ask_kernel(NETLINK_GENERIC, &m);
}
