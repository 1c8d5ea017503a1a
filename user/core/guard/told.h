/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard's news: each change that it made, and each that it could not make. */
#ifndef PORTCLASH_GUARD_TOLD_H
#define PORTCLASH_GUARD_TOLD_H

#include "core/guard/guard.h"

/* One piece of news. */
enum pc_guard_deed {
	PC_GUARD_DEED_INVALID = 0,
	PC_GUARD_RESERVED,
	PC_GUARD_RELEASED,
	PC_GUARD_RESTORED, /* another program's write would have wiped the ports, or had */
	PC_GUARD_REFUSED,  /* by a limit */
	PC_GUARD_FAILED,   /* a list or a file could not be written; the guard tries again */
	PC_GUARD_DEED_COUNT,
};

const char *pc_guard_deed_name(enum pc_guard_deed deed);

struct pc_guard_told {
	enum pc_guard_deed deed;
	uint32_t netns;	       /* inode number; 0: not about one */
	const uint64_t *ports; /* PC_PORT_WORDS words; NULL: not about ports */
	/* RESERVED: who listens there, of a single port; RESTORED: who wrote; NULL: not known */
	const struct pc_guard_who *who;
	uint32_t pid;		     /* RESTORED: of who wrote */
	enum pc_guard_answer answer; /* REFUSED: by which limit */
	unsigned share;		     /* REFUSED: so many ports may be guarded there */
	const char *sentence;	     /* FAILED */
};

#endif
