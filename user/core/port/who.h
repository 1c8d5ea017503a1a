/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of `who` for one port in one network namespace: the sockets, the most telling of them as
 * holders, and what a server would get that bound the port now. */
#ifndef PORTCLASH_CORE_WHO_H
#define PORTCLASH_CORE_WHO_H

#include "core/base/request.h"
#include "core/base/model.h"

enum pc_who_option {
	PC_WHO_PLAIN = 0,
	PC_WHO_REUSEADDR,
	PC_WHO_REUSEPORT,
	PC_WHO_OPTIONS,
};

/* The most answers: for 0.0.0.0 and for [::] with IPV6_V6ONLY off, with each option. About one address
 * there are half as many. */
#define PC_WHO_ANSWERS (2 * PC_WHO_OPTIONS)

/* Holders beyond the first PC_HOLDERS_MAX fill pages of as many. */
#define PC_WHO_PAGES_MAX 16

/* The answer to a server that binds the port now, with this one option set. */
struct pc_who_answer {
	uint16_t family;
	uint8_t address[PC_ADDR_LEN];
	enum pc_who_option option;
	bool known; /* false: the options of the sockets were not seen, or do not decide */
	bool refused;
	enum pc_cause cause; /* of the refusal: privileged-port, or from pc_decide() */
	int holder;	     /* the index of the holder that the cause speaks of, or -1 */
};

/* The sockets of one protocol on the port in one network namespace. The caller fills the first
 * part. */
struct pc_who_entry {
	uint16_t port;
	uint8_t proto;
	uint32_t uid;		/* of the server that would bind the port */
	uint16_t wanted_family; /* of the one address that the server would bind; 0: any address */
	uint8_t wanted[PC_ADDR_LEN];
	bool blind;	/* the sockets came without options and bind bucket */
	uint32_t netns; /* inode number; 0: nobody holds the port in any namespace looked at */
	bool own;	/* portclash runs in this namespace */
	bool elsewhere; /* nobody holds it in the own namespace, and entries of other ones follow: no line of JSON */
	uint32_t pid;		     /* some process of the namespace; 0: none is known */
	const char *path;	     /* where the namespace is mounted; NULL: nowhere known */
	uint16_t unprivileged_start; /* net.ipv4.ip_unprivileged_port_start; 0: not known */

	/* Filled by pc_who_begin() and pc_who_decide(). */
	struct pc_verdict verdict;		    /* has as holders the sockets that are shown */
	struct pc_verdict *pages[PC_WHO_PAGES_MAX]; /* further holders; owned */
	unsigned pages_count;
	size_t total;
	unsigned states[PC_STATE_COUNT]; /* all sockets, by state */
	unsigned rest[PC_STATE_COUNT];	 /* the sockets that are not shown, by state */
	struct pc_who_answer answers[PC_WHO_ANSWERS];
	unsigned answers_count;
};

/* Sorts sockets by network namespace. Within one come servers, then bound sockets, connections, and
 * TIME_WAIT. */
void pc_who_sort(struct pc_socket *sockets, size_t count);

/* Returns how many sockets, from the first on, are of the first one's network namespace. */
size_t pc_who_same_netns(const struct pc_socket *sockets, size_t count);

/* Takes in the sorted sockets of one network namespace: counts them, answers, and shows the first
 * PC_HOLDERS_MAX as holders, with one that blocks for each refusal; further ones are in pages, as far as
 * these and memory go. A socket that is not (or no
 * longer) of this port and protocol is left out, and so is one that the wanted address does not concern. The caller has set the range of verdict.settings,
 * and all else of the verdict is 0. */
void pc_who_begin(struct pc_who_entry *e, const struct pc_socket *sockets, size_t count);

/* Does the kernel refuse the port to the server's user, as long as the server lacks CAP_NET_BIND_SERVICE? */
bool pc_who_is_privileged(const struct pc_who_entry *e);

/* Finds the cause of each refusal, by pc_decide(), and how each holder got its port, from the
 * owners of the holders. `blocking` of a holder is then about a plain bind() to [::]. */
void pc_who_decide(struct pc_who_entry *e);

/* Returns the verdict with the holders of page `index`, the first of which is the entry's own; NULL: there are
 * no more pages. */
struct pc_verdict *pc_who_page(struct pc_who_entry *e, unsigned index);
const struct pc_verdict *pc_who_page_of(const struct pc_who_entry *e, unsigned index);

/* Frees the pages. */
void pc_who_end(struct pc_who_entry *e);

/* Says how old a holder can be: since when the oldest of its owners runs (boot clock, ns). A
 * process that handed the socket on and closed it may have had it longer. 0: the socket has no
 * owner, or its owners' age is not known. */
uint64_t pc_who_oldest_owner(const struct pc_holder *h);

/* Returns "plain", "reuseaddr" or "reuseport". */
const char *pc_who_option_name(enum pc_who_option option);

#endif
