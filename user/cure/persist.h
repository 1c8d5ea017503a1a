/* SPDX-License-Identifier: GPL-2.0-only */
/* Reservations that are there again after a reboot: portclash's own sysctl.d file, changed in one step.
 * It is about the network namespace that the machine boots with, and no other. */
#ifndef PORTCLASH_CURE_PERSIST_H
#define PORTCLASH_CURE_PERSIST_H

#include "core/audit/sysctls.h"
#include "core/cure/dropin.h"
#include "cure/keep.h"

/* The lines of the sysctl.d files about net.ipv4.ip_local_reserved_ports. */
struct pc_persist {
	char *path;		      /* of portclash's own file */
	struct pc_dropin file;	      /* as it is, or as it was written */
	struct pc_sysctl_lines lines; /* of all files, in the order in which they are read */
	/* The line of another file that is read later than portclash's own, and so replaces it; NULL:
	 * there is none. Points into `lines`. */
	const struct pc_sysctl_line *rival;
	uint64_t rival_ports[PC_PORT_WORDS];
	uint64_t others[PC_PORT_WORDS]; /* reserved by other files, or in this one by hand */
};

/* Reads the files below `root` ("" for the machine's own). 0 or a negative errno, and the sentence
 * (PC_CURE_SENTENCE bytes): -EBADMSG: portclash's file has a line that cannot be understood. */
int pc_persist_read(const char *root, struct pc_persist *out, char *sentence);

/* `keeper` keeps `add` and no more `take` at the next boot; either may be NULL. PC_KEEPER_INVALID
 * means the ports that somebody wrote into portclash's file by hand. Changes memory only. */
void pc_persist_edit(struct pc_persist *p, enum pc_keeper keeper, const uint64_t *add,
		     const uint64_t *take);

/* Writes the file if that changes its text, which *written tells; the other lines of it stay. With `dry`
 * nothing is written. The caller has the record open (pc_keep_open()), so that no other portclash
 * does the same. A link in the place of the file is an error: it masks the file (sysctl.d(5)), or
 * leads to where somebody else keeps it. 0 or a negative errno, and the sentence. */
int pc_persist_write(const struct pc_persist *p, bool dry, bool *written, char *sentence);

/* The ports that are reserved after a reboot, into `set`. */
void pc_persist_at_boot(const struct pc_persist *p, uint64_t *set);

void pc_persist_free(struct pc_persist *p);

#endif
