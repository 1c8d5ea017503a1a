/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of the ports that portclash itself has reserved, by network namespace and by the part
 * of portclash that keeps them reserved. What the record does not have, somebody else reserved, and
 * portclash never removes it. Pure: text in, text out. */
#ifndef PORTCLASH_CURE_RECORD_H
#define PORTCLASH_CURE_RECORD_H

#include <stddef.h>

#include "core/base/ports.h"

/* A part of portclash that keeps ports reserved. A port stays reserved while one of them keeps it. */
enum pc_keeper {
	PC_KEEPER_INVALID = 0,
	PC_KEEPER_RESERVE, /* `portclash reserve` */
	PC_KEEPER_FREE,	   /* `portclash free`, until the server has the port */
	PC_KEEPER_GUARD,   /* `portclash guard` */
	PC_KEEPER_COUNT,
};

const char *pc_keeper_name(enum pc_keeper keeper);

/* The keeper of that name, which ends at `len`; PC_KEEPER_INVALID: there is none. */
enum pc_keeper pc_keeper_named(const char *name, size_t len);

/* A network namespace. The kernel uses an inode number again at once, a cookie never. */
struct pc_netns_id {
	uint32_t inode;
	uint64_t cookie; /* 0: not known (SO_NETNS_COOKIE, since Linux 5.14) */
};

/* The inode numbers decide when one cookie is not known. */
bool pc_netns_id_same(const struct pc_netns_id *a, const struct pc_netns_id *b);

struct pc_record_entry {
	struct pc_netns_id netns;
	enum pc_keeper keeper;
	uint64_t *ports; /* PC_PORT_WORDS words; owned; at least one port */
};

/* The kernel's random name of a boot (/proc/sys/kernel/random/boot_id), as a string. */
#define PC_BOOT_ID 37

struct pc_record {
	char boot[PC_BOOT_ID];
	struct pc_record_entry *list;
	size_t count;
	size_t room;
};

/* Entries of a record: 8 KiB of memory each. */
#define PC_RECORD_ENTRIES_MAX 4096

/* Reads the `len` bytes at `text`, which end in a NUL behind them. 0; -ESTALE: the record is of
 * another boot than `boot`, and nothing in it is true any more; -EPROTONOSUPPORT: a newer portclash
 * wrote it; -EBADMSG: it is damaged; -E2BIG: it has more than PC_RECORD_ENTRIES_MAX entries; or
 * -ENOMEM. `out` is written on success only. */
int pc_record_parse(const char *text, size_t len, const char *boot, struct pc_record *out);

/* The text of a record, malloc'd; NULL without memory. */
char *pc_record_format(const struct pc_record *r);

/* `keeper` keeps these ports in that namespace, besides those it has. Entries of an ended namespace
 * with the same inode number go. 0, -ENOMEM or -ENOSPC (PC_RECORD_ENTRIES_MAX), and then nothing
 * is added. */
int pc_record_add(struct pc_record *r, const struct pc_netns_id *netns, enum pc_keeper keeper,
		  const uint64_t *ports);

/* `keeper` does not keep these ports any more. With PC_KEEPER_INVALID no keeper does. */
void pc_record_take(struct pc_record *r, const struct pc_netns_id *netns, enum pc_keeper keeper,
		    const uint64_t *ports);

/* Unites `set` with the ports that `keeper` keeps in that namespace, or with PC_KEEPER_INVALID those
 * that any keeper does. */
void pc_record_ports(const struct pc_record *r, const struct pc_netns_id *netns,
		     enum pc_keeper keeper, uint64_t *set);

/* Forgets all ports of that namespace that are not in `reserved`: somebody else has removed them, and
 * whoever reserves them now is not portclash. Returns how many ports of any keeper were forgotten. */
unsigned pc_record_settle(struct pc_record *r, const struct pc_netns_id *netns,
			  const uint64_t *reserved);

void pc_record_free(struct pc_record *r);

#endif
