// SPDX-License-Identifier: GPL-2.0-only
/* The collisions that are staged for the replay tests. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stage.h"

#define V4 "127.0.0.1"
#define V6 "::1"

static struct reply tcp_socket(struct actor *a, const char *address)
{
	return stage_do(
		a, (struct order){ .act = ACT_SOCKET, .proto = PC_PROTO_TCP, .address = address });
}

static struct reply udp_socket(struct actor *a, const char *address)
{
	return stage_do(
		a, (struct order){ .act = ACT_SOCKET, .proto = PC_PROTO_UDP, .address = address });
}

static struct reply bind_to(struct actor *a, struct reply socket, const char *address,
			    uint16_t port)
{
	return stage_do(
		a, (struct order){
			   .act = ACT_BIND, .fd = socket.fd, .address = address, .port = port });
}

static struct reply scenes_connect_to(struct actor *a, struct reply socket, const char *address,
				      uint16_t port)
{
	return stage_do(
		a, (struct order){
			   .act = ACT_CONNECT, .fd = socket.fd, .address = address, .port = port });
}

static struct reply listen_on(struct actor *a, const char *address, uint16_t port)
{
	struct reply socket = bind_to(a, tcp_socket(a, address), address, port);

	return stage_do(a, (struct order){ .act = ACT_LISTEN, .fd = socket.fd });
}

static struct reply accept_at(struct actor *a, int fd)
{
	return stage_do(a, (struct order){ .act = ACT_ACCEPT, .fd = fd });
}

static void close_at(struct actor *a, int fd)
{
	stage_do(a, (struct order){ .act = ACT_CLOSE, .fd = fd });
}

static void set_range(const char *range)
{
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, range, strlen(range)) < 0)
		stage_fail("port range: %s", strerror(errno));
	close(fd);
}

static void refuse_tcp(struct stage *s, uint16_t port)
{
	stage_refuse(s, PC_PROTO_TCP, "0.0.0.0", port, EADDRINUSE);
}

static void theft_from(struct stage *s, const char *address)
{
	struct reply client =
		scenes_connect_to(&s->thief, tcp_socket(&s->thief, address), address, PEER_PORT);
	struct reply accepted = accept_at(&s->peer, s->listener);

	refuse_tcp(s, client.port);
	stage_expect(s, client.port, "ephemeral-client", &s->thief, "connect", 1);
	close_at(&s->peer, accepted.fd); /* first: its side keeps the TIME_WAIT */
	close_at(&s->thief, client.fd);
}

static void theft(struct stage *s)
{
	theft_from(s, V4);
}

static void theft_v6(struct stage *s)
{
	theft_from(s, V6);
}

static void scenes_time_wait(struct stage *s)
{
	struct reply client =
		scenes_connect_to(&s->thief, tcp_socket(&s->thief, V4), V4, PEER_PORT);
	struct reply accepted = accept_at(&s->peer, s->listener);

	close_at(&s->thief, client.fd);
	close_at(&s->peer, accepted.fd);
	refuse_tcp(s, client.port);
	stage_expect(s, client.port, "time-wait", &s->thief, "connect", 1);
}

static void scenes_listener(struct stage *s)
{
	struct reply socket = listen_on(&s->holder, V4, s->next_port++);

	refuse_tcp(s, socket.port);
	stage_expect(s, socket.port, "wildcard-overlap", &s->holder, "bind", 1);
	close_at(&s->holder, socket.fd);
}

/* With a connection that it has accepted: two block, and the scenes_listener is spoken of. */
static void busy_listener(struct stage *s)
{
	struct reply socket = listen_on(&s->holder, V6, s->next_port++);
	struct reply client =
		scenes_connect_to(&s->thief, tcp_socket(&s->thief, V6), V6, socket.port);
	struct reply accepted = accept_at(&s->holder, socket.fd);

	stage_refuse(s, PC_PROTO_TCP, "::", socket.port, EADDRINUSE);
	stage_expect(s, socket.port, "wildcard-overlap", &s->holder, "bind", 2);
	close_at(&s->thief, client.fd);
	close_at(&s->holder, accepted.fd);
	close_at(&s->holder, socket.fd);
}

static void lingering(struct stage *s)
{
	struct reply socket = listen_on(&s->holder, V4, s->next_port++);
	struct reply client =
		scenes_connect_to(&s->thief, tcp_socket(&s->thief, V4), V4, socket.port);
	struct reply accepted = accept_at(&s->holder, socket.fd);

	close_at(&s->holder, socket.fd);
	refuse_tcp(s, socket.port);
	stage_expect(s, socket.port, "lingering-connection", &s->holder, "accept", 1);
	close_at(&s->thief, client.fd);
	close_at(&s->holder, accepted.fd);
}

static void scenes_bound(struct stage *s)
{
	struct reply socket = bind_to(&s->holder, tcp_socket(&s->holder, V4), V4, s->next_port++);

	refuse_tcp(s, socket.port);
	stage_expect(s, socket.port, "bound-not-listening", &s->holder, "bind", 1);
	close_at(&s->holder, socket.fd);
}

static void bound_zero(struct stage *s)
{
	struct reply socket = bind_to(&s->thief, tcp_socket(&s->thief, V4), V4, 0);

	refuse_tcp(s, socket.port);
	stage_expect(s, socket.port, "ephemeral-bind", &s->thief, "bind-zero", 1);
	close_at(&s->thief, socket.fd);
}

static void explicit_client(struct stage *s)
{
	struct reply socket = bind_to(&s->thief, tcp_socket(&s->thief, V4), V4, s->next_port++);
	struct reply client = scenes_connect_to(&s->thief, socket, V4, PEER_PORT);
	struct reply accepted = accept_at(&s->peer, s->listener);

	refuse_tcp(s, client.port);
	stage_expect(s, client.port, "explicit-client", &s->thief, "bind", 1);
	close_at(&s->peer, accepted.fd);
	close_at(&s->thief, client.fd);
}

static void udp_autobind(struct stage *s)
{
	struct reply socket = udp_socket(&s->thief, V4);

	socket = stage_do(
		&s->thief,
		(struct order){ .act = ACT_SEND, .fd = socket.fd, .address = V4, .port = 9 });
	stage_refuse(s, PC_PROTO_UDP, "0.0.0.0", socket.port, EADDRINUSE);
	stage_expect(s, socket.port, "ephemeral-bind", &s->thief, "autobind", 1);
	close_at(&s->thief, socket.fd);
}

static void udp_server(struct stage *s)
{
	struct reply socket = bind_to(&s->holder, udp_socket(&s->holder, V6), V6, s->next_port++);

	stage_refuse(s, PC_PROTO_UDP, "::", socket.port, EADDRINUSE);
	stage_expect(s, socket.port, "wildcard-overlap", &s->holder, "bind", 1);
	close_at(&s->holder, socket.fd);
}

/* One port in the range: the kernel has no other choice. */
static void scenes_self_connect(struct stage *s)
{
	struct reply client;

	set_range("40000 40000");
	client = scenes_connect_to(&s->thief, tcp_socket(&s->thief, V4), V4, 40000);
	refuse_tcp(s, 40000);
	stage_expect(s, 40000, "self-connect", &s->thief, "connect", 1);
	close_at(&s->thief, client.fd);
	set_range("32768 60999");
}

/* Refusals that no holder is to blame for. */
static void without_holder(struct stage *s)
{
	struct reply socket;

	stage_refuse(s, PC_PROTO_TCP, "203.0.113.9", 20001, EADDRNOTAVAIL);
	stage_expect(s, 20001, "address-not-local", NULL, "-", 0);
	set_range("40001 40001");
	socket = bind_to(&s->holder, tcp_socket(&s->holder, V4), V4, 40001);
	stage_refuse(s, PC_PROTO_TCP, V4, 0, EADDRINUSE);
	stage_expect(s, 0, "range-exhausted", NULL, "-", 0);
	close_at(&s->holder, socket.fd);
	set_range("32768 60999");
	stage_do(&s->server, (struct order){ .act = ACT_BECOME, .port = 1000 });
	stage_refuse(s, PC_PROTO_TCP, "0.0.0.0", 80, EACCES);
	stage_expect(s, 80, "privileged-port", NULL, "-", 0);
}

/* The server that is refused is killed. */
static void gave_up(struct stage *s)
{
	scenes_listener(s);
	stage_end_server(s);
	fprintf(s->expect, "%u outcome gave-up 9\n", s->next_port - 1);
}

static void older_before(struct stage *s)
{
	s->kept = scenes_connect_to(&s->thief, tcp_socket(&s->thief, V4), V4, PEER_PORT);
}

/* No claim was seen: the socket's own flags say how, an open descriptor who. */
static void older(struct stage *s)
{
	refuse_tcp(s, s->kept.port);
	stage_expect(s, s->kept.port, "ephemeral-client", &s->thief, "connect", 1);
}

static void burst(struct stage *s)
{
	static void (*const kinds[])(struct stage * s) = {
		theft,	  scenes_listener, udp_autobind,    scenes_time_wait, scenes_bound,
		theft_v6, lingering,	   explicit_client, bound_zero,	      busy_listener,
	};

	for (int i = 0; i < 100; i++)
		kinds[i % (sizeof(kinds) / sizeof(kinds[0]))](s);
}

const struct scene scenes[] = {
	{ "ephemeral-client", NULL, theft },
	{ "ephemeral-client-v6", NULL, theft_v6 },
	{ "time-wait", NULL, scenes_time_wait },
	{ "listener", NULL, scenes_listener },
	{ "busy-listener", NULL, busy_listener },
	{ "lingering-connection", NULL, lingering },
	{ "explicit-client", NULL, explicit_client },
	{ "udp-autobind", NULL, udp_autobind },
	{ "udp-server", NULL, udp_server },
	{ "self-connect", NULL, scenes_self_connect },
	{ "without-holder", NULL, without_holder },
	{ "older", older_before, older },
	{ "gave-up", NULL, gave_up },
	{ "burst", NULL, burst },
	{ 0 },
};
