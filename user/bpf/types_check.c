// SPDX-License-Identifier: GPL-2.0-only
/* Sockets of portclash's own are read through the types of a file, by the programs of `who`. */
#include "bpf/types_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/kernel.h"
#include "bpf/who.h"
#include "core/config/support.h"

#define SAMPLE_UID 1886413938 /* of no user */

/* A socket that portclash has made, and what the kernel says of it. */
struct sample {
	int fd;
	uint8_t proto;
	struct pc_socket_record says;
};

static int take_numbers(struct sample *s)
{
	struct pc_socket_record *says = &s->says;
	socklen_t cookie = sizeof(says->cookie);
	struct stat own, netns;

	if (getsockopt(s->fd, SOL_SOCKET, SO_COOKIE, &says->cookie, &cookie) ||
	    fstat(s->fd, &own) || stat("/proc/self/ns/net", &netns))
		return -errno;
	says->inode = own.st_ino;
	says->netns = (uint32_t)netns.st_ino;
	/* A number that is nowhere else: the kernel takes the owner of the file for the socket's user. */
	says->uid = fchown(s->fd, SAMPLE_UID, (gid_t)-1) ? geteuid() : SAMPLE_UID;
	says->reuse = 1;
	says->proto = s->proto;
	says->state = s->proto == PC_PROTO_TCP ? PC_STATE_LISTEN : PC_STATE_CLOSE;
	return 0;
}

static int bind_sample(struct sample *s, struct sockaddr *address, socklen_t len)
{
	int one = 1;

	if (setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(s->fd, address, len) || (s->proto == PC_PROTO_TCP && listen(s->fd, 1)) ||
	    getsockname(s->fd, address, &len))
		return -errno;
	return 0;
}

static int make_v4(struct sample *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int err = bind_sample(s, (struct sockaddr *)&a, sizeof(a));

	s->says.family = PC_FAMILY_V4;
	s->says.lport = ntohs(a.sin_port);
	memcpy(s->says.local, &a.sin_addr, sizeof(a.sin_addr));
	return err;
}

static int make_v6(struct sample *s)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int err = bind_sample(s, (struct sockaddr *)&a, sizeof(a));

	s->says.family = PC_FAMILY_V6;
	s->says.lport = ntohs(a.sin6_port);
	memcpy(s->says.local, &a.sin6_addr, sizeof(a.sin6_addr));
	return err;
}

/* Names the first field that was read at the wrong place, or gives NULL. */
static const char *difference(const struct pc_socket_record *says,
			      const struct pc_socket_record *read)
{
	if (says->inode != read->inode)
		return "its inode";
	if (says->netns != read->netns)
		return "its network namespace";
	if (says->uid != read->uid)
		return "its user";
	if (says->lport != read->lport)
		return "its port";
	if (says->family != read->family || says->proto != read->proto)
		return "its protocol";
	if (says->state != read->state)
		return "its state";
	if (says->reuse != read->reuse)
		return "its SO_REUSEADDR";
	if (memcmp(says->local, read->local, sizeof(says->local)))
		return "its address";
	return NULL;
}

struct owner_check {
	const struct sample *sample;
	char comm[PC_COMM_LEN];
	bool found;
};

static void see_owner(void *context, const struct pc_owner_record *owner)
{
	struct owner_check *check = context;

	check->found = check->found || (owner->fd == (uint32_t)check->sample->fd &&
					!strncmp(owner->comm, check->comm, PC_COMM_LEN));
}

static bool finds_owner(struct pc_who *w, const struct sample *s)
{
	const uint64_t key = s->says.cookie;
	const struct pc_wanted wanted = { .keys = &key, .count = 1 };
	struct owner_check check = { .sample = s };

	prctl(PR_GET_NAME, check.comm);
	pc_who_owners(w, &wanted, see_owner, &check);
	return check.found;
}

/* Gives what differs, or NULL. */
static const char *compare(struct pc_who *w, const struct sample *s)
{
	struct pc_who_sockets found;

	if (pc_who_ask(w, s->proto, s->says.lport, &found))
		return "the kernel's table of ports";
	for (uint32_t i = 0; i < found.count; i++) {
		const char *what = difference(&s->says, &found.sockets[i]);

		if (found.sockets[i].cookie != s->says.cookie)
			continue;
		return what || finds_owner(w, s) ? what : "the process that has it open";
	}
	return "the place of a socket in the kernel's table of ports";
}

/* A machine may have IPv6 switched off. */
static const char *check_one(struct pc_who *w, int family, int type)
{
	struct sample s = { .fd = socket(family, type | SOCK_CLOEXEC, 0),
			    .proto = type == SOCK_STREAM ? PC_PROTO_TCP : PC_PROTO_UDP };
	const char *what = NULL;

	if (s.fd < 0)
		return NULL;
	if (!(family == AF_INET ? make_v4 : make_v6)(&s) && !take_numbers(&s))
		what = compare(w, &s);
	close(s.fd);
	return what;
}

static const char *check_all(struct pc_who *w, bool with_v6)
{
	const char *what = check_one(w, AF_INET, SOCK_STREAM);

	if (!what)
		what = check_one(w, AF_INET, SOCK_DGRAM);
	if (!what && with_v6)
		what = check_one(w, AF_INET6, SOCK_STREAM);
	if (!what && with_v6)
		what = check_one(w, AF_INET6, SOCK_DGRAM);
	return what;
}

/* A process that may load no program is told so later. */
static bool may_check(const struct pc_kernel *k)
{
	return !pc_kernel_first_lack(&k->offer) && k->offer.has[PC_KERNEL_RUN] == PC_PRESENCE_YES;
}

int pc_types_check(const struct pc_kernel *k, char *sentence)
{
	const char *what;
	struct pc_who *w;
	int err;

	if (!may_check(k))
		return 0;
	err = pc_who_open_on(k, &w, sentence);
	if (err == -EPERM)
		return 0;
	if (err) {
		snprintf(
			sentence, PC_SENTENCE,
			"%s is not of the running kernel, which refuses the programs made by it: %s",
			k->types.file, strerror(-err));
		return -EINVAL;
	}
	what = check_all(w, pc_kernel_has(k, PC_KERNEL_IPV6));
	pc_who_close(w);
	if (!what)
		return 0;
	snprintf(
		sentence, PC_SENTENCE,
		"%s is not of the running kernel: read through it, a socket of portclash's own is not as the kernel says (%s)",
		k->types.file, what);
	return -EINVAL;
}
