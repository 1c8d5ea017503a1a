/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket calls that puppets make: each a function for puppet_call(), with its arguments
 * and results in one structure. `error` is the errno, 0 for success. */
#ifndef LIVE_STAGE_ACTS_H
#define LIVE_STAGE_ACTS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* One end of a connection as the JSON has it. Port 0: there is none. */
struct end {
	char address[INET6_ADDRSTRLEN];
	uint16_t port;
};

/* Socket options to set before anything else. */
enum {
	OPT_REUSEADDR = 1 << 0,
	OPT_REUSEPORT = 1 << 1,
	OPT_V6ONLY = 1 << 2,
	OPT_LO = 1 << 3, /* SO_BINDTODEVICE "lo" */
	OPT_UDP = 1 << 4,
	OPT_V6 = 1 << 5, /* an AF_INET6 socket */
	OPT_MPTCP = 1 << 6,
	OPT_NO_PORT = 1 << 7, /* IP_BIND_ADDRESS_NO_PORT */
};

struct io_socket {
	unsigned options;
	int fd;
	int error;
};

/* bind(), connect(), sendto(). The call was made between the two readings of the clock. */
struct io_name {
	int fd;
	struct end to;
	int error;
	int64_t before;
	int64_t after;
};

struct io_listen {
	int fd;
	int backlog;
	int error;
	int64_t before;
	int64_t after;
};

struct io_accept {
	int fd;
	int accepted;
	int error;
};

struct io_close {
	int fd;
	bool reset; /* by RST: SO_LINGER 0 */
};

/* The kernel's account of a socket. */
struct io_look {
	int fd;
	bool with_cookie; /* asking gives the socket one */
	int family;
	struct end local;
	struct end remote;
	uint64_t cookie;
	uint64_t inode;
	uint32_t uid;
	bool reuseaddr;
	bool reuseport;
	bool v6only;
	int ifindex;
	int tcp_state; /* 0: not TCP */
	int error;
};

/* Makes or accepts so many connections; `done` is less if one fails. */
struct io_many {
	int fd; /* of the listener; -1: connect */
	int count;
	struct end to;
	int done;
	int first; /* descriptors are first, first + 1, … */
};

void act_socket(void *io);
void act_bind(void *io);
void act_connect(void *io);
void act_try_connect(void *io); /* does not wait for the answer */
void act_send_to(void *io);
void act_fast_open(void *io);  /* a TCP connection that begins with sendto() */
void act_disconnect(void *io); /* connect() to AF_UNSPEC */
void act_listen(void *io);
void act_accept(void *io);
void act_close(void *io);
void act_look(void *io);

/* Sends until the other side's window is full. */
void act_fill(void *io);
void act_shut(void *io);

void act_many(void *io);

/* Opens a socket and binds it: its descriptor, or a negative errno. */
int open_bound(unsigned options, const struct end *end);

/* Converts an address: "" and 0 for one of another family. */
void end_of(const struct sockaddr_storage *from, struct end *out);
socklen_t end_to_sockaddr(const struct end *end, struct sockaddr_storage *out);

#endif
