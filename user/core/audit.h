/* SPDX-License-Identifier: GPL-2.0-only */
/* What an audit finds in one network namespace: from its sockets and settings to exposed
 * listeners, full queues, claims of protected ports and busy destinations. Pure. */
#ifndef PORTCLASH_AUDIT_H
#define PORTCLASH_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/exposure.h"
#include "core/model.h"

/* A socket as NETLINK_SOCK_DIAG tells of it. In `socket`, the options reuse and reuseport and the
 * bind bucket are not known, and 0; `inode` is 0 when no process can have it open. */
struct pc_audit_socket {
	struct pc_socket socket;
	uint32_t waiting;  /* LISTEN: connections that accept() has not taken yet */
	uint32_t backlog;  /* LISTEN: as many may wait */
	bool kernel_chose; /* the port was not asked for by number; told of LISTEN and UDP only */
};

struct pc_audit_sockets {
	struct pc_audit_socket *list;
	size_t count;
	size_t room;
};

/* The port settings of a network namespace. */
struct pc_netns_settings {
	bool known; /* false: nothing below */
	uint16_t low;
	uint16_t high;
	uint64_t reserved[PC_PORT_WORDS];
	uint16_t unprivileged_start;
	uint32_t somaxconn;	   /* net.core.somaxconn */
	int tcp_tw_reuse;	   /* -1: not known */
	int autobind_reuse;	   /* net.ipv4.ip_autobind_reuse; -1: not known */
	uint64_t listen_overflows; /* TcpExt ListenOverflows, since the namespace was made */
};

/* A socket that is worth a line. */
struct pc_audit_entry {
	struct pc_audit_socket s;
	bool listens;	  /* a TCP listener or a UDP server */
	bool exposed;	  /* it listens on a port by number, and the kernel may choose that port */
	bool claims;	  /* it holds a protected port, and is no server that was given it */
	bool queue_full;  /* the next connection is dropped */
	bool backlog_cut; /* its backlog is net.core.somaxconn: it asked for that, or for more */
	struct pc_chance chance; /* exposed */
	struct pc_party owners[PC_OWNERS_MAX];
	unsigned owners_count;
	const char *process_note; /* why no process is named; static */
};

#define PC_DESTINATIONS_MAX 5

/* Clients of one destination: of these, each needs a port of its own. */
struct pc_destination {
	struct pc_socket socket; /* one of them */
	unsigned ports;		 /* local ports in the range that they hold */
};

struct pc_netns_audit {
	uint32_t inode;
	uint32_t pid;	  /* some process in it; 0: none known */
	bool own;	  /* the one portclash runs in */
	const char *path; /* where it is mounted, "/run/netns/blue"; NULL: nowhere known */
	const struct pc_identity *who; /* of `pid`; NULL: not read */
	const char *unseen;	       /* why it was not looked at; NULL: it was; static */
	struct pc_netns_settings settings;
	size_t sockets;
	unsigned tcp_ports[PC_STATE_COUNT]; /* different local ports, by state */
	unsigned udp_ports;
	unsigned offered;      /* ports the kernel chooses from */
	unsigned tcp_in_range; /* of those, held by anything */
	unsigned udp_in_range;
	struct pc_destination destinations[PC_DESTINATIONS_MAX]; /* the busiest first */
	unsigned destinations_count;
	struct pc_audit_entry *entries; /* owned */
	size_t entries_count;
	unsigned exposed;		 /* entries that are */
	unsigned claims;		 /* entries that are */
	uint64_t protect[PC_PORT_WORDS]; /* protected ports that the kernel may choose */
	unsigned protect_count;
	uint64_t reserve[PC_PORT_WORDS]; /* what is reserved today and what should be, too */
};

/* Does it listen on a port that it asked for by number, and that the kernel may choose? */
bool pc_audit_is_exposed(const struct pc_offer *offer, const struct pc_audit_socket *s);

/* Fills `a` from `a->settings` and the sockets; `protect` (PC_PORT_WORDS words) are ports that
 * must stay free. 0 or -ENOMEM. */
int pc_audit_netns(const struct pc_audit_sockets *sockets, const uint64_t *protect,
		   struct pc_netns_audit *a);

/* Frees what pc_audit_netns() allocated. */
void pc_audit_free(struct pc_netns_audit *a);

/* Is there something here that `audit` ends with status 3 for? */
bool pc_audit_exposed(const struct pc_netns_audit *a);

/* The busiest destinations of sockets whose port lies in the range and is not a server's
 * (`servers`: PC_PORT_WORDS words). 0 or -ENOMEM. In core/destinations.c. */
int pc_audit_destinations(const struct pc_audit_sockets *sockets, const uint64_t *servers,
			  struct pc_netns_audit *a);

/* The content of the sysctl.d file that reserves `a->reserve`; malloc'd, NULL without memory.
 * The list alone: pc_ports_format(). */
char *pc_audit_dropin(const struct pc_netns_audit *a);

#endif
