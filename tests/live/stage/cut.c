// SPDX-License-Identifier: GPL-2.0-only
/* SOCK_DESTROY over netlink (inet_diag's tcp_abort). */
#include "stage/cut.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
};

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

/* Parses "127.0.0.1:80" or "[::1]:80"; returns the family, 0 for other text. */
static int parse_end(const char *text, void *address, __be16 *port)
{
	char copy[128], *colon, *first = copy;
	int family = *text == '[' ? AF_INET6 : AF_INET;

	snprintf(copy, sizeof(copy), "%s", text);
	colon = strrchr(copy, ':');
	if (!colon)
		return 0;
	*port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	*colon = '\0';
	if (family == AF_INET6) {
		first++;
		colon[-1] = '\0';
	}
	return inet_pton(family, first, address) == 1 ? family : 0;
}

static int exchange(const struct request *request)
{
	struct answer answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int err = 0;

	if (fd < 0 || send(fd, request, sizeof(*request), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		err = -errno;
	else
		err = answer.header.nlmsg_type == NLMSG_ERROR ? answer.error.error : -EPROTO;
	if (fd >= 0)
		close(fd);
	return err;
}

int cut_connection(const char *filter)
{
	struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = SOCK_DESTROY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.diag = { .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0U },
	};
	struct inet_diag_sockid *id = &request.diag.id;
	char src[128], dst[128];
	int family;

	if (sscanf(filter, "src %127s dst %127s", src, dst) != 2)
		return -EINVAL;
	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	family = parse_end(src, id->idiag_src, &id->idiag_sport);
	if (!family || parse_end(dst, id->idiag_dst, &id->idiag_dport) != family)
		return -EINVAL;
	request.diag.sdiag_family = (uint8_t)family;
	return exchange(&request);
}
