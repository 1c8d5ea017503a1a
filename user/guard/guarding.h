/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard at work: it hears of listeners, reserves their ports in their network namespaces, keeps them
 * reserved whoever writes the list, and writes down what it learns. */
#ifndef PORTCLASH_GUARDING_H
#define PORTCLASH_GUARDING_H

#include "bpf/monitor.h"
#include "core/guard/notes.h"
#include "core/guard/told.h"
#include "cure/keep.h"

/* The guard's notes, in the folder of the record. */
#define PC_GUARD_NOTES_NAME "guard"

struct pc_guarding_options {
	struct pc_guard_policy policy;
	unsigned share_percent;
	uint64_t grace_ns;
	const uint64_t *protect; /* PC_PORT_WORDS words, of the own namespace; NULL: none */
	bool own_netns_only;	 /* may not enter others */
	bool persist;		 /* what is learnt is there at the next boot */
	const char *btf;	 /* a file of the kernel's type information; NULL: the kernel's own */
	bool verbose;
	bool dry;	   /* look once, tell, change nothing */
	const char *root;  /* where sysctl.d lies: "" for the machine's own */
	const char *state; /* PC_KEEP_FOLDER */
	void *context;
	void (*tell)(void *context, const struct pc_guard_told *told);
};

struct pc_guarding;

/* May what is learnt here be written into the sysctl files? They are read into the network namespace that
 * the machine boots with. `root`: see above; NULL: not given. */
bool pc_guarding_may_persist(const char *root);

/* Becomes the one guard of this machine: -EBUSY when there is one. Takes up what the guard before it
 * left, looks at all namespaces, and reserves. On failure returns a negative errno, and `sentence`
 * (PC_SENTENCE bytes) says what is wrong. The options are copied, but for `protect`, `root` and
 * `state`, which stay the caller's. */
int pc_guarding_open(const struct pc_guarding_options *options, struct pc_guarding **out,
		     char *sentence);

/* Ends the guard. What is reserved stays so: its next life finds no gap. */
void pc_guarding_close(struct pc_guarding *x);

/* Poll this for reading, and call pc_guarding_run() when it is readable and ten times a second. */
int pc_guarding_fd(const struct pc_guarding *x);
void pc_guarding_run(struct pc_guarding *x);

/* Another policy, share and grace from now on; ports that are guarded stay so until they expire. */
void pc_guarding_set(struct pc_guarding *x, const struct pc_guarding_options *options);

const struct pc_guard_counters *pc_guarding_counters(struct pc_guarding *x);

/* Why writes are not seen at once, and wiped ports come back within a second only; "": they are. */
const char *pc_guarding_blind(const struct pc_guarding *x);

/* Reads the notes. -ENOENT: there are none. `running`: the pid of the guard that runs, 0: none
 * does, -1: it takes root to know. */
int pc_guarding_look(const char *state, struct pc_guard_notes *out, int *running, char *sentence);

/* Takes away all that any guard reserved, here and in the sysctl.d file, and its notes. -EBUSY: a guard
 * runs. `released` counts ports. */
int pc_guarding_off(const char *root, const char *state, unsigned *released, char *sentence);

#endif
