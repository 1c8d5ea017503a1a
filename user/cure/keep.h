/* SPDX-License-Identifier: GPL-2.0-only */
/* Reserving ports so that portclash knows later which of them are its own: the kernel's list and the
 * record of it (core/cure/record.h) change together, under a lock that all of portclash respects. */
#ifndef PORTCLASH_CURE_KEEP_H
#define PORTCLASH_CURE_KEEP_H

#include "core/cure/change.h"
#include "core/cure/record.h"
#include "cure/sentence.h"
#include "host/reserve.h"

/* Reservations end with the boot, and so does this folder. A service with RuntimeDirectory=portclash
 * needs RuntimeDirectoryPreserve=yes: its end must not take the record away. */
#define PC_KEEP_FOLDER "/run/portclash"

/* The record and its lock there. */
#define PC_KEEP_FILE "reserved"
#define PC_KEEP_LOCK "reserved.lock"

/* An open record. While it is open no other portclash changes the record or, by it, a list. */
struct pc_keep {
	char *folder;
	int lock; /* -1: opened for reading only */
	struct pc_record record;
	/* The record that was found was of no use, and this one is empty: why, else "". The file of a
	 * damaged one is renamed to "reserved.damaged". */
	char lost[PC_CURE_SENTENCE];
};

/* Another portclash has the record open for some milliseconds. */
#define PC_KEEP_PATIENCE_MS 5000

/* Opens the record in `folder`, which is made if it is missing, and reads it. Another portclash that
 * has it open is waited for, `patience_ms` long: then -EBUSY. On failure returns a negative errno,
 * and `sentence` (PC_CURE_SENTENCE bytes) says what is wrong. */
int pc_keep_open(const char *proc, const char *folder, unsigned patience_ms, struct pc_keep *out,
		 char *sentence);

/* Opens it for reading: no lock, no folder made, nothing renamed. A record that is not there is empty. */
int pc_keep_look(const char *proc, const char *folder, struct pc_keep *out, char *sentence);

void pc_keep_close(struct pc_keep *k);

/* `keeper` reserves the ports. Those that nobody had reserved, or another keeper keeps, are the
 * keeper's own from now on, which is on file before the kernel is asked. 0 or a negative errno, with
 * the sentence, and the record is as before. -EIO: the kernel's list has the ports, the record
 * could not be mended. */
int pc_keep_add(struct pc_keep *k, const struct pc_reserved *list, enum pc_keeper keeper,
		const uint64_t *ports, struct pc_keep_change *out, char *sentence);

/* `keeper` gives up those of the ports that it keeps. What no other keeper keeps and is not in
 * `wanted`, which others have reserved for good (NULL: nothing), leaves the kernel's list. With
 * `force` all of `ports` leave the list, whoever reserved them. Errors as above. */
int pc_keep_remove(struct pc_keep *k, const struct pc_reserved *list, enum pc_keeper keeper,
		   const uint64_t *ports, const uint64_t *wanted, bool force,
		   struct pc_keep_change *out, char *sentence);

/* `keeper` keeps these ports from now on, which are in the kernel's list already: nobody else has them
 * there any more. 0 or a negative errno, and the sentence. */
int pc_keep_adopt(struct pc_keep *k, const struct pc_netns_id *netns, enum pc_keeper keeper,
		  const uint64_t *ports, char *sentence);

/* Make the record say that `keeper` keeps nothing in that namespace, which has ended. Errors as above. */
int pc_keep_forget(struct pc_keep *k, const struct pc_netns_id *netns, enum pc_keeper keeper,
		   char *sentence);

/* Write into `out` what add (or remove) would do; nothing is changed. */
int pc_keep_plan_add(const struct pc_keep *k, const struct pc_reserved *list, enum pc_keeper keeper,
		     const uint64_t *ports, struct pc_keep_change *out);
int pc_keep_plan_remove(const struct pc_keep *k, const struct pc_reserved *list,
			enum pc_keeper keeper, const uint64_t *ports, const uint64_t *wanted,
			bool force, struct pc_keep_change *out);

#endif
