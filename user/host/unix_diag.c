// SPDX-License-Identifier: GPL-2.0-only
/* A dump of Unix sockets (net/unix/diag.c). */
#include "host/unix_diag.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel fills at most 32 KiB at once (netlink_dump()). */
#define BUFFER (64 * 1024)

static int unix_diag_ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req body;
	} r = {
		.header = { .nlmsg_len = sizeof(r),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = AF_UNIX,
			  .udiag_states = -1U,
			  .udiag_show = UDIAG_SHOW_VFS },
	};

	return send(fd, &r, sizeof(r), 0) < 0 ? -errno : 0;
}

/* RTA_NEXT() and NLMSG_NEXT() take the padding off what is left even where the last one has none. */
static const void *unix_diag_next(const void *at, size_t len, size_t *left)
{
	size_t step = NLMSG_ALIGN(len);

	if (step > *left)
		step = *left;
	*left -= step;
	return (const char *)at + step;
}

/* The kernel tells the low 32 bits of the number. A connection that was accepted has its listener's file,
 * and does not count. */
static bool is_bound_to(const struct nlmsghdr *header, uint64_t inode)
{
	const struct unix_diag_msg *m = NLMSG_DATA(header);
	const struct rtattr *at = (const void *)(m + 1);
	size_t left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	struct unix_diag_vfs vfs;

	if (m->udiag_type != SOCK_DGRAM && m->udiag_state == 1 /* TCP_ESTABLISHED */)
		return false;
	for (; RTA_OK(at, left); at = unix_diag_next(at, at->rta_len, &left)) {
		if (at->rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(at) < sizeof(vfs))
			continue;
		memcpy(&vfs, RTA_DATA(at), sizeof(vfs));
		return vfs.udiag_vfs_ino == (uint32_t)inode;
	}
	return false;
}

static int unix_diag_error(const struct nlmsghdr *header)
{
	const struct nlmsgerr *e = NLMSG_DATA(header);

	return header->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || e->error >= 0 ? -EBADMSG : e->error;
}

int pc_unix_diag_take(const void *data, size_t len, uint64_t inode)
{
	const struct nlmsghdr *header = data;

	for (; NLMSG_OK(header, len); header = unix_diag_next(header, header->nlmsg_len, &len)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return -ENODATA;
		if (header->nlmsg_type == NLMSG_ERROR)
			return unix_diag_error(header);
		if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct unix_diag_msg)) &&
		    is_bound_to(header, inode))
			return 1;
	}
	return 0;
}

static int unix_diag_read(int fd, void *buffer, uint64_t inode)
{
	int found = 0;

	while (!found) {
		ssize_t n = TEMP_FAILURE_RETRY(recv(fd, buffer, BUFFER, 0));

		if (n <= 0)
			return n ? -errno : -EBADMSG;
		found = pc_unix_diag_take(buffer, (size_t)n, inode);
	}
	return found == -ENODATA ? 0 : found;
}

int pc_unix_diag_has(uint64_t inode)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), err;
	void *buffer = malloc(BUFFER);

	err = fd < 0 ? -errno : buffer ? unix_diag_ask(fd) : -ENOMEM;
	if (!err)
		err = unix_diag_read(fd, buffer, inode);
	free(buffer);
	if (fd >= 0)
		close(fd);
	return err;
}
