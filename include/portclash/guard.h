/* SPDX-License-Identifier: GPL-2.0-only */
/* Records that cross from bpf/guard.bpf.c to user space: listeners that appear, and writes to the list of
 * reserved ports. Fixed widths, largest members first, sizes asserted. */
#ifndef PORTCLASH_GUARD_RECORD_H
#define PORTCLASH_GUARD_RECORD_H

#include "portclash/values.h"

enum pc_guard_event_type {
	PC_GUARD_EVENT_INVALID = 0,
	PC_GUARD_EVENT_LISTEN, /* a TCP socket listens on a port that it asked for by number */
	PC_GUARD_EVENT_WRITE,  /* a program is about to write ip_local_reserved_ports */
	PC_GUARD_EVENT_COUNT,
};

struct pc_guard_listen_event {
	__u32 type;
	__u32 netns; /* inode number */
	struct pc_process_key process;
	__u32 uid;
	__u16 port;
	__u16 pad;
	char comm[PC_COMM_LEN];
};

/* The ring of these events. */
#define PC_GUARD_EVENTS_BYTES (1024 * 1024)
_Static_assert(PC_IS_RING_SIZE(PC_GUARD_EVENTS_BYTES), "guard_events");

/* The kernel takes one byte less than a page with one write. Where a page is larger than 4 KiB (arm64), a longer write
 * is one that does not fit. */
#define PC_GUARD_TEXT 4096

/* Most lists are short, and so are most events. */
#define PC_GUARD_TEXT_SHORT 512

struct pc_guard_write_event {
	__u32 type;
	__u32 netns;
	struct pc_process_key process;
	__u32 uid;
	__u16 len;    /* of `text`, which does not end in a NUL */
	__u8 adds;    /* the write adds to the list by itself (its file position is not 0) */
	__u8 changed; /* it was to replace the list, and the guard made it add */
	char comm[PC_COMM_LEN];
	char text
		[PC_GUARD_TEXT]; /* the event ends behind PC_GUARD_TEXT_SHORT where that is enough */
};

/* Network namespaces whose lists are guarded. */
#define PC_GUARD_NETNS_MAX 512

/* Copied into .rodata before the programs are loaded. */
struct pc_guard_config {
	__u32 own_tgid; /* the guard's own writes are meant as they are */
};

_Static_assert(sizeof(struct pc_guard_listen_event) == 48, "pc_guard_listen_event");
_Static_assert(sizeof(struct pc_guard_write_event) == 48 + PC_GUARD_TEXT, "pc_guard_write_event");

#endif
