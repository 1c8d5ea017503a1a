// SPDX-License-Identifier: GPL-2.0-only
/* Dumps of sockets by NETLINK_SOCK_DIAG (net/ipv4/inet_diag.c). */
#include "host/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/address.h"
#include "core/base/array.h"
#include "core/base/time.h"
#include "host/clock.h"

/* The kernel fills at most 32 KiB at once (netlink_dump()). */
#define BUFFER (64 * 1024)

/* Sets of states. The kernel walks its table of connections (millions of slots on a large
 * machine, of all network namespaces) unless LISTENING is all that is asked for. ALL has also
 * TCP_BOUND_INACTIVE, bit 13: bound and no more, since 6.8. */
#define LISTENING (1U << PC_STATE_LISTEN)
#define ALL 0xffffffffU
/* TCP_NEW_SYN_RECV: a connection that is being made; has the port of its listener. */
#define NEW_SYN_RECV 12

/* sk_rcv_saddr of a socket on a specific IPv6 address (LOOPBACK4_IPV6). */
#define V6_AS_V4 0x7f000006

/* idiag_timer of a TIME_WAIT; idiag_expires is when it ends, in ms (inet_twsk_diag_fill()). */
#define TIMER_TIME_WAIT 3

/* A filter for a dump by INET_DIAG_BC_AUTO: "the port was not asked for by number" (no
 * SOCK_BINDPORT_LOCK). The kernel accepts a program that ends exactly at its end; JMP always goes
 * by `no`. */
enum chosen { ANY, BY_NUMBER, BY_KERNEL };

static const struct inet_diag_bc_op by_kernel[] = {
	{ INET_DIAG_BC_AUTO, 4, 8 },
};
static const struct inet_diag_bc_op by_number[] = {
	{ INET_DIAG_BC_AUTO, 4, 8 },
	{ INET_DIAG_BC_JMP, 4, 8 },
};

struct dump {
	uint8_t family;
	uint8_t proto;
	uint32_t states;
	enum chosen chosen;
	uint16_t port; /* 0: any */
};

struct request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
	struct nlattr attribute;
	struct inet_diag_bc_op program[2];
};

static int sockdiag_ask(int fd, const struct dump *d)
{
	struct request r = {
		.header = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .sdiag_family = d->family,
			  .sdiag_protocol = d->proto,
			  .idiag_states = d->states,
			  .id.idiag_sport = htons(d->port) },
		.attribute = { .nla_type = INET_DIAG_REQ_BYTECODE },
	};
	size_t program = d->chosen == ANY	? 0 :
			 d->chosen == BY_KERNEL ? sizeof(by_kernel) :
						  sizeof(by_number);

	memcpy(r.program, d->chosen == BY_KERNEL ? by_kernel : by_number, program);
	r.attribute.nla_len = (uint16_t)(sizeof(r.attribute) + program);
	r.header.nlmsg_len = sizeof(r.header) + sizeof(r.body);
	if (program)
		r.header.nlmsg_len += r.attribute.nla_len;
	return send(fd, &r, r.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

static uint32_t v4_address(const struct pc_socket *s)
{
	uint32_t v4 = htonl(V6_AS_V4);

	if (s->family == PC_FAMILY_V4)
		memcpy(&v4, s->local, sizeof(v4));
	else if (pc_address_is_any(s->family, s->local))
		v4 = 0;
	else if (pc_address_is_mapped(s->family, s->local))
		memcpy(&v4, s->local + 12, sizeof(v4));
	return v4;
}

/* Steps from one message or attribute to the next. RTA_NEXT() and NLMSG_NEXT() take the padding off
 * what is left even where the last one has none, and an unsigned rest is endless then. Both align
 * to 4. */
_Static_assert(NLMSG_ALIGNTO == RTA_ALIGNTO, "one step for both");

static const void *sockdiag_next(const void *at, size_t len, size_t *left)
{
	size_t step = NLMSG_ALIGN(len);

	if (step > *left)
		step = *left;
	*left -= step;
	return (const char *)at + step;
}

static void read_attributes(const struct nlmsghdr *header, struct pc_listed_socket *out)
{
	const struct inet_diag_msg *m = NLMSG_DATA(header);
	const struct rtattr *at = (const void *)(m + 1);
	size_t left = header->nlmsg_len - NLMSG_LENGTH(sizeof(*m));

	for (; RTA_OK(at, left); at = sockdiag_next(at, at->rta_len, &left)) {
		if (at->rta_type == INET_DIAG_SKV6ONLY && RTA_PAYLOAD(at) &&
		    *(const uint8_t *)RTA_DATA(at))
			out->socket.flags |= PC_SOCKET_V6ONLY;
		if (at->rta_type == INET_DIAG_CGROUP_ID &&
		    RTA_PAYLOAD(at) >= sizeof(out->cgroup_id))
			memcpy(&out->cgroup_id, RTA_DATA(at), sizeof(out->cgroup_id));
	}
}

static void read_socket(const struct nlmsghdr *header, uint8_t proto, bool kernel_chose,
			struct pc_listed_socket *out)
{
	const struct inet_diag_msg *m = NLMSG_DATA(header);
	struct pc_socket *s = &out->socket;

	*out = (struct pc_listed_socket){ .kernel_chose = kernel_chose };
	s->cookie = m->id.idiag_cookie[0] | (uint64_t)m->id.idiag_cookie[1] << 32;
	s->inode = m->idiag_inode;
	memcpy(s->local, m->id.idiag_src, m->idiag_family == PC_FAMILY_V6 ? 16 : 4);
	memcpy(s->remote, m->id.idiag_dst, m->idiag_family == PC_FAMILY_V6 ? 16 : 4);
	s->uid = m->idiag_uid;
	s->ifindex = m->id.idiag_if;
	s->lport = ntohs(m->id.idiag_sport);
	s->rport = ntohs(m->id.idiag_dport);
	s->family = m->idiag_family;
	s->proto = proto;
	s->state = m->idiag_state == NEW_SYN_RECV  ? PC_STATE_SYN_RECV :
		   m->idiag_state < PC_STATE_COUNT ? m->idiag_state :
						     PC_STATE_CLOSE;
	/* A timer that is late has 0 ms left: the socket is there all the same. */
	if (m->idiag_timer == TIMER_TIME_WAIT)
		s->seconds_left = m->idiag_expires ? (uint8_t)((m->idiag_expires + 999) / 1000) : 1;
	s->v4_address = v4_address(s);
	read_attributes(header, out);
	if (s->proto == PC_PROTO_TCP && s->state == PC_STATE_LISTEN) {
		out->waiting = m->idiag_rqueue;
		out->backlog = m->idiag_wqueue;
	}
}

static struct pc_listed_socket *new_socket(struct pc_socket_list *sockets)
{
	if (pc_array_reserve(&sockets->list, &sockets->room, sockets->count + 1,
			     sizeof(*sockets->list)))
		return NULL;
	return &sockets->list[sockets->count++];
}

static int error_of(const struct nlmsghdr *header)
{
	const struct nlmsgerr *e = NLMSG_DATA(header);

	return header->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || e->error > 0 ? -EBADMSG : e->error;
}

int pc_sockdiag_take(const void *data, size_t len, uint8_t proto, bool kernel_chose,
		     struct pc_socket_list *out)
{
	const struct nlmsghdr *header = data;

	for (; NLMSG_OK(header, len); header = sockdiag_next(header, header->nlmsg_len, &len)) {
		struct pc_listed_socket *s;

		if (header->nlmsg_type == NLMSG_DONE)
			return 1;
		if (header->nlmsg_type == NLMSG_ERROR)
			return error_of(header);
		if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			continue;
		s = new_socket(out);
		if (!s)
			return -ENOMEM;
		read_socket(header, proto, kernel_chose, s);
	}
	return 0;
}

/* A look: the socket to ask on, and its purpose. */
struct look {
	int fd;
	void *buffer;
	const char *proc; /* NULL: servers only */
	bool with_bound;
	struct pc_socket_list *out;
	const struct pc_sockdiag_visit *visit; /* NULL: the sockets stay in `out` */
	uint64_t until_ns;		       /* of a visit, on the monotonic clock */
};

/* Hands the sockets over and forgets them: a user can have any number. */
static int hand_to_visit(const struct look *l)
{
	for (size_t i = 0; i < l->out->count; i++)
		l->visit->take(l->visit->context, &l->out->list[i]);
	l->out->count = 0;
	return pc_clock_ns(CLOCK_MONOTONIC) < l->until_ns ? 0 : -EOVERFLOW;
}

static int sockdiag_run(const struct look *l, const struct dump *d)
{
	int err = sockdiag_ask(l->fd, d);

	while (!err) {
		ssize_t n = TEMP_FAILURE_RETRY(recv(l->fd, l->buffer, BUFFER, 0));

		if (n <= 0)
			return n ? -errno : -EBADMSG;
		err = pc_sockdiag_take(l->buffer, (size_t)n, d->proto, d->chosen == BY_KERNEL,
				       l->out);
		if (l->visit && err >= 0 && hand_to_visit(l))
			return -EOVERFLOW;
	}
	return err < 0 ? err : 0;
}

/* Finds the number behind `key` in a line "TCP: inuse 5 orphan 0 tw 2 ..." that begins with
 * `name`. */
static unsigned long number_in(const char *proc, const char *file, const char *name,
			       const char *key)
{
	char path[PATH_MAX], line[256], *at;
	unsigned long number = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/self/net/%s", proc, file);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, name, strlen(name)) && (at = strstr(line, key)))
			number = strtoul(at + strlen(key), NULL, 10);
	if (in)
		fclose(in);
	return number;
}

/* Are there sockets of this family in the table of connections? Its listeners are counted in the
 * same number; TIME_WAITs of both families are in one. */
static bool has_connections(const char *proc, uint8_t family, const struct pc_socket_list *sockets)
{
	bool v6 = family == AF_INET6;
	unsigned long listeners = 0;

	for (size_t i = 0; i < sockets->count; i++)
		listeners += sockets->list[i].socket.family == family &&
			     sockets->list[i].socket.proto == PC_PROTO_TCP;
	return number_in(proc, "sockstat", "TCP:", " tw ") ||
	       number_in(proc, v6 ? "sockstat6" : "sockstat", v6 ? "TCP6:" : "TCP:", " inuse ") >
		       listeners;
}

static bool sockdiag_is_wanted(const struct look *l, const struct dump *d)
{
	if (!l->proc)
		return d->chosen == BY_NUMBER;
	return d->chosen != ANY || l->with_bound || has_connections(l->proc, d->family, l->out);
}

static int read_family(const struct look *l, uint8_t family)
{
	const struct dump dumps[] = {
		{ family, PC_PROTO_TCP, LISTENING, BY_NUMBER, 0 },
		{ family, PC_PROTO_TCP, LISTENING, BY_KERNEL, 0 },
		{ family, PC_PROTO_TCP, ALL & ~LISTENING, ANY, 0 },
		{ family, PC_PROTO_UDP, ALL, BY_NUMBER, 0 },
		{ family, PC_PROTO_UDP, ALL, BY_KERNEL, 0 },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(dumps) / sizeof(dumps[0]); i++)
		if (sockdiag_is_wanted(l, &dumps[i]))
			err = sockdiag_run(l, &dumps[i]);
	return err;
}

static int begin_look(struct look *l)
{
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	l->buffer = malloc(BUFFER);
	return l->fd < 0 ? -errno : l->buffer ? 0 : -ENOMEM;
}

static void end_look(struct look *l)
{
	free(l->buffer);
	if (l->fd >= 0)
		close(l->fd);
}

static int read_both(struct look *l)
{
	int err = begin_look(l);

	if (!err)
		err = read_family(l, AF_INET);
	if (!err)
		err = read_family(l, AF_INET6);
	end_look(l);
	return err;
}

int pc_sockdiag_read(const char *proc, bool with_bound, struct pc_socket_list *out)
{
	return read_both(&(struct look){ .proc = proc, .with_bound = with_bound, .out = out });
}

int pc_sockdiag_read_servers(struct pc_socket_list *out)
{
	return read_both(&(struct look){ .out = out });
}

int pc_sockdiag_visit_all(const struct pc_sockdiag_visit *visit)
{
	struct pc_socket_list some = { 0 };
	int err = read_both(&(struct look){
		.proc = visit->proc,
		.with_bound = true,
		.out = &some,
		.visit = visit,
		.until_ns = pc_clock_ns(CLOCK_MONOTONIC) + visit->limit_ns,
	});

	pc_sockdiag_free(&some);
	return err;
}

int pc_sockdiag_read_port(uint8_t proto, uint16_t port, struct pc_socket_list *out)
{
	const struct dump dumps[] = {
		{ AF_INET, proto, ALL, BY_NUMBER, port },
		{ AF_INET, proto, ALL, BY_KERNEL, port },
		{ AF_INET6, proto, ALL, BY_NUMBER, port },
		{ AF_INET6, proto, ALL, BY_KERNEL, port },
	};
	struct look l = { .out = out };
	int err = begin_look(&l);

	for (size_t i = 0; !err && i < sizeof(dumps) / sizeof(dumps[0]); i++)
		err = sockdiag_run(&l, &dumps[i]);
	end_look(&l);
	return err;
}

void pc_sockdiag_free(struct pc_socket_list *sockets)
{
	free(sockets->list);
	*sockets = (struct pc_socket_list){ 0 };
}
