/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording of all that went into a join: the steps that its driver took, the records of the rings,
 * and the answers of the kernel side and the host. The same join, on another machine or years later,
 * makes the same verdicts of it. Byte order is little-endian. */
#ifndef PORTCLASH_RECORDING_H
#define PORTCLASH_RECORDING_H

#include "core/join/join.h"

/* "\r\n\x1a" shows what a transfer as text has done to the file. */
#define PC_RECORDING_MAGIC "pcrec\r\n\x1a"

/* Raised when the meaning of an entry changes; a new operation or step needs no new version. */
#define PC_RECORDING_VERSION 1

#define PC_RECORDING_SENTENCE 160

struct pc_recording_header {
	char magic[8];		 /* PC_RECORDING_MAGIC, without its NUL */
	uint32_t version;	 /* PC_RECORDING_VERSION */
	uint32_t record_version; /* PC_RECORD_VERSION */
	uint64_t wall_minus_boot_ns;
	uint32_t netns; /* of the join's options */
	uint8_t with_claims;
	uint8_t own_netns_only;
	uint8_t protects; /* the step PC_STEP_PROTECT_START says which ports */
	uint8_t boots;
};
_Static_assert(sizeof(struct pc_recording_header) == 32, "pc_recording_header");

/* An entry is a step of the driver, or the answer to one question of the join. */
enum pc_recorded_kind {
	PC_RECORDED_INVALID = 0,
	PC_RECORDED_STEP,   /* code: enum pc_step; key: the time; payload: a list of ports */
	PC_RECORDED_READ,   /* code: enum pc_ring; payload: records */
	PC_RECORDED_OWNERS, /* payload: owner records */
	PC_RECORDED_SWEEP,  /* payload: cookies */
	PC_RECORDED_SWEEP_FILES,
	PC_RECORDED_RESERVED, /* key: the namespace's; payload: up to PC_PORT_WORDS words */
	PC_RECORDED_LOSSES,   /* payload: numbers in the order of struct pc_losses */
	PC_RECORDED_IDENTITY, /* key: pid; payload: struct pc_recorded_identity and its strings */
	PC_RECORDED_RUNNING,  /* key: of the process; result: yes or no; so are the next three */
	PC_RECORDED_SAME,
	PC_RECORDED_DAEMON,    /* key: pid and claimer */
	PC_RECORDED_KIN,       /* key: both pids */
	PC_RECORDED_NETNS_PID, /* key: inode number; result: the pid */
	PC_RECORDED_SETTINGS,  /* key: inode number; payload: struct pc_recorded_settings */
	PC_RECORDED_LOOK,      /* key: inode number; payload: settings, times, sockets */
	PC_RECORDED_PLACE,     /* key: of the process; payload: struct recorded_place */
	PC_RECORDED_SITE,      /* key: of the process; payload: the time, struct pc_site */
	PC_RECORDED_SOCKET_UNIT, /* key: the socket's inode number; payload: the name, perhaps empty */
	PC_RECORDED_GIVEN, /* key: of the process; payload: its given names, each behind its length, and the runtime */
	PC_RECORDED_ADDRESS,   /* key: of the question; payload: struct pc_address_look */
	PC_RECORDED_TUNNELS, /* key: inode number and port; payload: the time, struct pc_tunnels */
	PC_RECORDED_PARENT, /* key: pid; result: its parent's */
	PC_RECORDED_SESSION, /* key: sockets at the start; code: with a command; payload: texts */
	PC_RECORDED_CLOCK, /* key: the wall clock minus the boot clock from the next step on */
	PC_RECORDED_END, /* key: nanoseconds watched; result: the command's status; code: the check */
	PC_RECORDED_FOLDER, /* key: of the process; payload: its working directory */
	PC_RECORDED_KIND_COUNT,
};

struct pc_recorded {
	uint32_t kind; /* enum pc_recorded_kind */
	uint32_t size; /* of the payload behind this, bytes, without what pads it to 8 */
	uint64_t key;
	int32_t result;
	uint32_t code;
};
_Static_assert(sizeof(struct pc_recorded) == 24, "pc_recorded");

/* An entry's payload has at most so many bytes: the sweep of a table of 16 million sockets. */
#define PC_RECORDED_BYTES_MAX (128u << 20)

/* A session: this portclash watched this machine. The texts of a recording point into its data. */
struct pc_recorded_session {
	uint64_t sockets; /* open before the start */
	bool has_command; /* a command was watched: its refusals are those of the session */
	const char *version;
	const char *backend;
	const char *why; /* not a better one */
	const char *blind;
	const char *kernel;
	const char *machine; /* host name */
};

/* How the session ended. */
struct pc_recorded_end {
	uint64_t watched_ns;
	int command_status; /* as wait() has it; -1: it still ran */
};

struct pc_recorder;

/* Writes `size` bytes. 0 or a negative errno, after which nothing is written any more. */
typedef int (*pc_recorder_write)(void *context, const void *data, size_t size);

/* A recorder between a join and its operations. Pass `options`, `kernel` and `host` to it before
 * pc_join_new(): it replaces them by its own, which ask the given ones and write down the answers.
 * `options` and all that the operations need must stay until pc_recorder_free(). NULL: no memory. */
struct pc_recorder *pc_recorder_new(struct pc_join_options *options, struct pc_join_kernel *kernel,
				    struct pc_join_host *host, uint64_t wall_minus_boot_ns,
				    pc_recorder_write write, void *context);
void pc_recorder_free(struct pc_recorder *r);

/* Once, when the session is ready; and once as the last entry, with a check sum (CRC-32) of all before it. */
void pc_recorder_session(struct pc_recorder *r, const struct pc_recorded_session *session);
void pc_recorder_end(struct pc_recorder *r, const struct pc_recorded_end *end);

/* The wall clock was set, or has drifted: what it is ahead of the boot clock from the next step on. */
void pc_recorder_clock(struct pc_recorder *r, uint64_t wall_minus_boot_ns);

/* The first error of writing, negative; 0: none. */
int pc_recorder_error(const struct pc_recorder *r);

struct pc_playback;

/* Checks the whole recording before any of it is believed: `size` bytes at `data`, which is aligned to
 * 8 and stays. 0, -ENOMEM, or -EBADMSG with the reason in `sentence` (PC_RECORDING_SENTENCE bytes).
 * A recording whose last entry is cut off, because its writer was killed, is played to there. */
int pc_playback_open(const void *data, size_t size, struct pc_playback **out, char *sentence);
void pc_playback_free(struct pc_playback *p);

const struct pc_recording_header *pc_playback_header(const struct pc_playback *p);

/* NULL: the recording has none. Valid until pc_playback_free(). */
const struct pc_recorded_session *pc_playback_session(const struct pc_playback *p);
const struct pc_recorded_end *pc_playback_end(const struct pc_playback *p);

/* Bytes of an entry that is cut off at the end. */
uint64_t pc_playback_cut(const struct pc_playback *p);

/* Writes the recording again with pseudonyms in place of names, command lines, paths and addresses: the same one for
 * the same original, and one of its kind, so that it makes verdicts of the same causes. Ports, process and user ids,
 * times, settings, and the words that portclash's rules look for stay. 0, or the negative errno of the write, or
 * -ENOMEM: what was written is of no use then. */
int pc_recording_anonymize(const struct pc_playback *p, pc_recorder_write write, void *context);

/* The part of the recording that is told. All zero: everything that the recorded session could have told. */
struct pc_playback_view {
	struct pc_filter filter;
	struct pc_join_observer observer; /* is told of each step; `step` NULL: none */
	bool each;			  /* the verdicts of hunts are told, too */
};

/* The counts at the end of a run. */
struct pc_playback_counts {
	struct pc_counters counters;
	struct pc_outcomes_counters outcomes;
};

/* Runs a join on the recording, with outputs as pc_join_new() takes them. The counts of its end are
 * copied to `counts` unless that is NULL. 0 or -ENOMEM. A question whose answer the recording lacks
 * is answered with "not known": a later join may ask more than the one that was recorded. */
int pc_playback_run(struct pc_playback *p, const struct pc_playback_view *view,
		    const struct pc_join_output *output, struct pc_playback_counts *counts);

/* The wall clock minus the boot clock at the step under way. */
uint64_t pc_playback_wall_minus_boot(const struct pc_playback *p);

/* Questions of the last run that the recording had no answer to. */
uint64_t pc_playback_unanswered(const struct pc_playback *p);

#endif
