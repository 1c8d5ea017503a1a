// SPDX-License-Identifier: GPL-2.0-only
/* Ending one socket of another process. */
#include "host/sock_end.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/pidfd.h"

/* Older C libraries do not know it. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define ALL_STATES 0xffffffffU

struct destruction {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
	char room[512]; /* the kernel sends the request back */
};

static void fill_destruction(const struct pc_socket *s, struct destruction *out)
{
	struct inet_diag_sockid *id = &out->body.id;
	size_t len = s->family == PC_FAMILY_V6 ? 16 : 4;

	*out = (struct destruction){
		.header = { .nlmsg_len = sizeof(*out),
			    .nlmsg_type = SOCK_DESTROY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.body = { .sdiag_family = (uint8_t)s->family,
			  .sdiag_protocol = s->proto,
			  .idiag_states = ALL_STATES },
	};
	id->idiag_sport = htons(s->lport);
	id->idiag_dport = htons(s->rport);
	memcpy(id->idiag_src, s->local, len);
	memcpy(id->idiag_dst, s->remote, len);
	id->idiag_if = s->ifindex;
	id->idiag_cookie[0] = (uint32_t)s->cookie;
	id->idiag_cookie[1] = (uint32_t)(s->cookie >> 32);
}

static int request_destruction(int fd, const struct pc_socket *s)
{
	struct destruction d;
	struct answer a;
	ssize_t n;

	fill_destruction(s, &d);
	if (send(fd, &d, sizeof(d), 0) < 0)
		return -errno;
	n = TEMP_FAILURE_RETRY(recv(fd, &a, sizeof(a), 0));
	if (n < 0)
		return -errno;
	if (n < (ssize_t)(sizeof(a.header) + sizeof(a.error)) || a.header.nlmsg_type != NLMSG_ERROR)
		return -EBADMSG;
	return a.error.error;
}

/* A cookie of 0 would be found by its number, and one of all ones is "any" (INET_DIAG_NOCOOKIE). */
int pc_sock_destroy(const struct pc_socket *s)
{
	int fd, err;

	if (!s->cookie || s->cookie == UINT64_MAX)
		return -EINVAL;
	if (s->state == PC_STATE_LISTEN)
		return -EPERM;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return -errno;
	err = request_destruction(fd, s);
	close(fd);
	return err;
}

static bool has_inode(int fd, uint64_t inode)
{
	struct stat st;

	return inode && !fstat(fd, &st) && S_ISSOCK(st.st_mode) && st.st_ino == inode;
}

/* A process has an MPTCP socket open, and a subflow of it, with another cookie, has the port. The two have
 * one inode (mptcp_sock_graft()). */
static bool is_mptcp(int fd)
{
	int proto = 0;
	socklen_t len = sizeof(proto);

	return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len) && proto == IPPROTO_MPTCP;
}

/* The port stands at the same place in the addresses of both families. */
static bool has_port(int fd, uint16_t port)
{
	struct sockaddr_in6 name = { 0 };
	socklen_t len = sizeof(name);

	return !getsockname(fd, (struct sockaddr *)&name, &len) && ntohs(name.sin6_port) == port;
}

/* The kernel gives a socket its cookie when somebody first asks for it. Inode numbers have 32 bits and are
 * used again, so a socket that had no cookie must have the same port, too. */
static bool sock_end_is_socket(int fd, const struct pc_socket *s)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len))
		return false;
	if (s->cookie)
		return cookie == s->cookie || (has_inode(fd, s->inode) && is_mptcp(fd));
	return has_inode(fd, s->inode) && has_port(fd, s->lport);
}

static int copy_of_socket(const char *proc, const struct pc_socket *s,
			  const struct pc_process_key *owner, int fd)
{
	int pidfd = pc_pidfd_open(proc, owner), copy;

	if (pidfd < 0)
		return pidfd == -ESRCH ? -ENOENT : pidfd;
	copy = pc_pidfd_copy(pidfd, fd);
	close(pidfd);
	if (copy < 0)
		return copy == -EBADF || copy == -ESRCH ? -ENOENT : copy;
	if (sock_end_is_socket(copy, s))
		return copy;
	close(copy);
	return -ENOENT;
}

/* portclash ends no socket that has no cookie. */
int pc_sock_copy(const char *proc, const struct pc_socket *s, const struct pc_process_key *owner,
		 int fd)
{
	return s->cookie ? copy_of_socket(proc, s, owner, fd) : -ENOENT;
}

int pc_sock_is_at(const char *proc, const struct pc_socket *s, const struct pc_process_key *owner,
		  int fd)
{
	int copy = copy_of_socket(proc, s, owner, fd);

	if (copy < 0)
		return copy;
	close(copy);
	return 0;
}

static bool accepts(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) && value;
}

int pc_sock_disconnect(const char *proc, const struct pc_socket *s,
		       const struct pc_process_key *owner, int fd)
{
	static const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };
	int copy = pc_sock_copy(proc, s, owner, fd), err;

	if (copy < 0)
		return copy;
	if (accepts(copy))
		err = -EPERM;
	else
		err = connect(copy, &nowhere, sizeof(nowhere)) ? -errno : 0;
	close(copy);
	return err;
}
