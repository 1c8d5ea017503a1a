/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's list of reserved ports, net.ipv4.ip_local_reserved_ports, of one network namespace:
 * read, added to, removed from. */
#ifndef PORTCLASH_HOST_RESERVE_H
#define PORTCLASH_HOST_RESERVE_H

#include "core/cure/record.h"
#include "host/netns.h"

/* An open list. It goes on to mean its namespace, wherever the caller is, and does not keep the
 * namespace alive: when that has ended, every call is -ENOENT. */
struct pc_reserved {
	int fd;
	int cannot_write; /* a negative errno: only pc_reserved_read() works; 0 */
	struct pc_netns_id netns;
};

#define PC_RESERVED_INIT ((struct pc_reserved){ .fd = -1 })

/* Opens the list of the calling thread's namespace. A list that may be read and not written is
 * opened, too, and `cannot_write` says why. 0 or a negative errno. */
int pc_reserved_open(const char *proc, struct pc_reserved *out);

/* The same for another namespace, which a thread of its own enters. For `ns->own` nobody enters
 * anything. 0 or a negative errno, as pc_netns_call() has it. */
int pc_reserved_open_in(const char *proc, const struct pc_netns *ns, struct pc_reserved *out);

void pc_reserved_close(struct pc_reserved *r);

int pc_reserved_read(const struct pc_reserved *r, uint64_t *set);

/* Adds ports. Whatever else is reserved stays so: a write at a file position other than 0 makes the
 * kernel unite the list with what is written (proc_do_large_bitmap()). The kernel does so without a
 * lock: of two writers in the same nanoseconds one can lose its ports. That is seen and written
 * again; -EBUSY: lost each time. -EROFS, -EACCES, -EPERM: see `cannot_write`. */
int pc_reserved_add(const struct pc_reserved *r, const uint64_t *ports);

/* Removes ports. Only replacing the list can do that. What another program adds between the read and
 * the write, some microseconds, is lost. A list that is longer than PC_RESERVED_WRITE bytes takes
 * more than one write, and between them its higher ports are not reserved. -EBUSY: the list changed
 * each time it was looked at again before the write. */
int pc_reserved_remove(const struct pc_reserved *r, const uint64_t *ports);

/* The kernel takes one byte less than a page with one write, and nobody has smaller pages. */
#define PC_RESERVED_WRITE 4095

/* Why a call failed, for people: part of a sentence; static. */
const char *pc_reserved_why(int err);

#endif
