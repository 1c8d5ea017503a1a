/* SPDX-License-Identifier: GPL-2.0-only */
/* The result of `portclash reserve`. */
#ifndef PORTCLASH_OUT_RESERVE_H
#define PORTCLASH_OUT_RESERVE_H

#include "core/audit/sysctls.h"
#include "core/cure/change.h"
#include "core/cure/record.h"
#include "core/base/time.h"
#include "out/log.h"

enum pc_reserve_action {
	PC_RESERVE_INVALID = 0,
	PC_RESERVE_ADD,
	PC_RESERVE_REMOVE,
	PC_RESERVE_LIST,
};

/* The struct describes one network namespace. */
struct pc_reserve_space {
	uint32_t inode;
	bool own;
	uint32_t pid;		      /* some process in it; 0: none known */
	const char *path;	      /* where it is mounted; NULL: nowhere known */
	struct pc_keep_change change; /* of a list: `before` alone */
	/* LIST: what each part of portclash keeps reserved there. */
	uint64_t kept[PC_KEEPER_COUNT][PC_PORT_WORDS];
	char *failed; /* nothing was changed there, and why; NULL: it was done; owned */
};

/* The sysctl files. */
struct pc_reserve_boot {
	const char *path;	       /* portclash's own */
	bool written;		       /* it was changed, or would be */
	uint64_t ports[PC_PORT_WORDS]; /* reserved after a reboot, when all is done */
	/* Ports that were asked for, or that portclash keeps, and that are not in `ports`. */
	uint64_t missing[PC_PORT_WORDS];
	uint64_t staying[PC_PORT_WORDS];    /* to be removed, and in `ports` all the same */
	const struct pc_sysctl_line *rival; /* replaces portclash's line; NULL: nothing does */
};

struct pc_reserve_report {
	enum pc_reserve_action action;
	bool dry;
	bool force;
	const struct pc_reserve_space *spaces;
	size_t count;
	const struct pc_reserve_boot *boot; /* NULL: the files have no part in it */
	const char *lost;		    /* the record was of no use, and why; "" */
};

/* Each writes all of it; 0 or the negative errno of the write. */
int pc_reserve_text(struct pc_log *log, const struct pc_reserve_report *report);
int pc_reserve_json(struct pc_log *log, const struct pc_clock *clock,
		    const struct pc_reserve_report *report, int status);

#endif
