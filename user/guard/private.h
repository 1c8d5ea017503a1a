/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of user/guard only. */
#ifndef PORTCLASH_GUARDING_PRIVATE_H
#define PORTCLASH_GUARDING_PRIVATE_H

#include "bpf/guard.h"
#include "core/base/socket_list.h"
#include "core/base/time.h"
#include "guard/guarding.h"

#define PC_GUARD_PROC "/proc"

/* A network namespace in which the guard has ports to keep. */
struct pc_guard_space {
	struct pc_guard_netns *ns; /* of the table */
	struct pc_reserved list;
	uint32_t pid;	   /* some process that was there */
	bool dirty;	   /* the kernel's list is to be compared with the table */
	bool ended;	   /* the namespace is gone */
	uint64_t retry_ns; /* not before */
	/* Another program wanted the list to be `meant` (PC_PORT_WORDS words), and its write was made an
	 * addition: the rest is to go. NULL: nothing of that kind. */
	uint64_t *meant;
	enum pc_guard_answer told; /* the limit that was told of last … */
	uint64_t told_ns;	   /* … and when */
};

/* A process whose identity was read lately: a server that listens a thousand times is read once. */
#define PC_GUARD_KNOWN_MAX 64

struct pc_guard_known {
	struct pc_process_key key;
	struct pc_guard_who who;
};

/* A socket that a look at a namespace found and whose port is not guarded. */
struct pc_guard_candidate {
	uint64_t inode; /* of the socket */
	uint32_t netns;
	uint16_t port;
	uint8_t proto;
	uint8_t looks; /* in so many looks in a row */
};

struct pc_guard_candidates {
	struct pc_guard_candidate *list; /* by inode, owned */
	size_t count;
	size_t room;
};

struct pc_guarding {
	struct pc_guarding_options options;
	struct pc_guard guard;
	struct pc_guard_hooks *hooks; /* NULL: a dry run */
	struct pc_guard_counters counters;
	struct pc_guard_space **spaces; /* owned, and each of them */
	size_t count;
	size_t room;
	uint32_t own_netns;
	char boot[PC_BOOT_ID];
	int lock; /* -1: not the guard */
	bool notes_changed;
	bool file_changed; /* the sysctl.d file is to be written */
	uint64_t lost;	   /* events that were lost at the last round */
	uint64_t notes_ns; /* when they were written last */
	uint64_t file_ns;
	uint64_t look_ns; /* when the next look at the namespaces is due */
	uint64_t poll_ns; /* the same of the lists, where writes are not seen */
	unsigned looks;
	struct pc_guard_known known[PC_GUARD_KNOWN_MAX];
	unsigned known_next;
	uint64_t second_ns; /* when the second began in which so many processes were read */
	unsigned read_in_second;
	struct pc_guard_candidates candidates; /* of the last look */
	char failed[PC_CURE_SENTENCE];	       /* told already */
};

/* events.c */
void pc_guard_on_listen(void *context, const struct pc_guard_listen_event *e);
void pc_guard_on_write(void *context, const struct pc_guard_write_event *e);
/* A server was found: what becomes of it. */
void pc_guard_on_server(struct pc_guarding *x, uint32_t netns, uint32_t pid, uint16_t port,
			const struct pc_guard_who *who);

/* pc_guard_who_of(), without the names that a user gave: he can call a group of his own like any unit. */
void pc_guard_look_at_who(const struct pc_identity *identity, struct pc_guard_who *out);

/* Counts a refusal, and tells of it once an hour for each namespace and limit. */
void pc_guard_tell_limit(struct pc_guarding *x, struct pc_guard_space *s, uint32_t netns,
			 uint16_t port, const struct pc_guard_who *who,
			 enum pc_guard_answer answer);

/* spaces.c */
struct pc_guard_space *pc_guard_space_find(struct pc_guarding *x, uint32_t netns);
/* Made if need be: enters it once, and reads its range. NULL: it cannot be, which is told. `who` NULL:
 * nobody's listener is the reason. */
struct pc_guard_space *pc_guard_space_get(struct pc_guarding *x, uint32_t netns, uint32_t pid,
					  const struct pc_guard_who *who);
void pc_guard_space_end(struct pc_guard_space *s);
void pc_guard_spaces_sweep(struct pc_guarding *x); /* those that have ended go */
void pc_guard_spaces_free(struct pc_guarding *x);

/* apply.c: the kernel's lists and the record become what the table says. */
void pc_guard_apply(struct pc_guarding *x);
void pc_guard_release(struct pc_guarding *x, struct pc_guard_space *s, const uint64_t *gone);

/* look.c: which servers there are now. */
void pc_guard_look(struct pc_guarding *x);

/* paper.c: lock, notes and the sysctl.d file. */
int pc_guard_lock(const char *state, int *out, char *sentence);
int pc_guard_read_notes(const char *state, const char *boot, struct pc_guard_notes *out);
void pc_guard_write_paper(struct pc_guarding *x, bool now);

/* remember.c: what the guard before this one left. */
void pc_guard_remember(struct pc_guarding *x);
/* Gives up the ports on record that are not in the table any more; what fails is tried at the next look. */
void pc_guard_release_stale(struct pc_guarding *x);

/* guarding.c */
void pc_guard_tell(struct pc_guarding *x, const struct pc_guard_told *told);
void pc_guard_tell_failure(struct pc_guarding *x, uint32_t netns, const char *sentence);

#endif
