/* SPDX-License-Identifier: GPL-2.0-only */
/* An audit of one network namespace: from its sockets and settings to exposed listeners, full
 * queues, holders of protected ports and busy destinations. Pure. */
#ifndef PORTCLASH_AUDIT_H
#define PORTCLASH_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rule/exposure.h"
#include "core/base/model.h"
#include "core/base/socket_list.h"
#include "core/rule/destinations.h"

/* A socket that is worth a line. */
struct pc_audit_entry {
	struct pc_listed_socket s;
	bool listens; /* a TCP listener or a UDP server */
	bool exposed; /* it listens on a port by number, and the kernel may choose that port */
	bool holds_protected; /* it holds a protected port, and is no server that was given it */
	bool queue_full;      /* the next connection is dropped */
	bool backlog_cut; /* its backlog is net.core.somaxconn: it asked for that, or for more */
	bool shared;	  /* another server has the same address and port */
	bool only_shared; /* it is worth a line for no other reason */
	bool judged;
	bool families_cut; /* there may be more of them */
	unsigned
		families; /* strangers that share it, once they are judged: 2 or more are a mistake */
	struct pc_chance chance; /* exposed */
	struct pc_party owners[PC_OWNERS_MAX];
	unsigned owners_count;
	const char *process_note; /* why no process is named; static */
};

struct pc_netns_audit {
	uint32_t inode;
	uint32_t pid;	  /* some process in it; 0: none known */
	bool own;	  /* the one portclash runs in */
	bool boots;	  /* the one that the machine boots with */
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
	struct pc_destinations destinations;
	struct pc_audit_entry *entries; /* owned */
	size_t entries_count;
	unsigned exposed;		 /* entries that are */
	unsigned protected_held;	 /* entries that hold a protected port */
	unsigned shared;		 /* addresses with a port that strangers share */
	uint64_t protect[PC_PORT_WORDS]; /* protected ports that the kernel may choose */
	unsigned protect_count;
	uint64_t reserve[PC_PORT_WORDS]; /* what is reserved today and what should be, too */
	bool too_many; /* with the exposed ports reserved, clients would have less than half of what is offered now */
};

/* A UDP socket listens, too, that was given its port by number and takes datagrams from anywhere. */
bool pc_audit_listens(const struct pc_listed_socket *s);

/* Does it listen on a port that it asked for by number, and that the kernel may choose? */
bool pc_audit_is_exposed(const struct pc_offer *offer, const struct pc_listed_socket *s);

/* Fills `a` from `a->settings` and the sockets; `protect` (PC_PORT_WORDS words) are ports that
 * must stay free. 0 or -ENOMEM. */
int pc_audit_netns(const struct pc_socket_list *sockets, const uint64_t *protect,
		   struct pc_netns_audit *a);

/* Frees what pc_audit_netns() allocated. */
void pc_audit_free(struct pc_netns_audit *a);

/* Is there something here that `audit` ends with status 3 for? */
bool pc_audit_exposed(const struct pc_netns_audit *a);

/* The content of the sysctl.d file that reserves `a->reserve`; malloc'd, NULL without memory.
 * The list alone: pc_ports_format(). */
char *pc_audit_dropin(const struct pc_netns_audit *a);

#endif
