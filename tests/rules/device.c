// SPDX-License-Identifier: GPL-2.0-only
/* A second network device, of a kind that this kernel has. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "socket.h"

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char attributes[64];
};

static struct rtattr *device_put(struct request *r, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static int transact(int fd, struct request *r)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char text[256];
	} reply;

	if (send(fd, r, r->header.nlmsg_len, 0) < 0 || recv(fd, &reply, sizeof(reply), 0) < 0)
		return -errno;
	return reply.header.nlmsg_type == NLMSG_ERROR ? reply.error.error : -EBADMSG;
}

static int make_dummy(void)
{
	struct request r = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.link)),
			    .nlmsg_type = RTM_NEWLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err;
	struct rtattr *info;

	if (fd < 0)
		return -errno;
	device_put(&r, IFLA_IFNAME, SECOND_DEVICE, sizeof(SECOND_DEVICE));
	info = device_put(&r, IFLA_LINKINFO, "", 0);
	device_put(&r, IFLA_INFO_KIND, "dummy", 6);
	info->rta_len = (uint16_t)((char *)&r + r.header.nlmsg_len - (char *)info);
	err = transact(fd, &r);
	close(fd);
	return err;
}

/* The device lives as long as the descriptor: to the end of the program. */
static int make_tun(void)
{
	struct ifreq tun = { .ifr_name = SECOND_DEVICE, .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	return fd < 0 || ioctl(fd, TUNSETIFF, &tun) ? -errno : 0;
}

int space_second_device(void)
{
	return make_dummy() ? make_tun() : 0;
}
