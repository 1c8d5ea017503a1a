/* SPDX-License-Identifier: GPL-2.0-only */
/* The file that a session is recorded in, for `portclash replay`. */
#ifndef PORTCLASH_RECORD_FILE_H
#define PORTCLASH_RECORD_FILE_H

#include "core/recording/recording.h"
#include "out/sink.h"

/* A recording ends when it would be longer. A quiet machine writes some 2 KB a second, a busy one as much as
 * its claims: 88 bytes each. */
#define PC_RECORD_FILE_MAX (1ULL << 30)

struct pc_record_file;

/* Creates `path`, with mode 0600: it holds command lines. A file that exists already is not touched. On
 * failure a negative errno and the sentence (PC_SENTENCE bytes). */
int pc_record_file_open(const char *path, struct pc_record_file **out, char *sentence);

/* Puts the recorder between a join and its operations, as pc_recorder_new() has it. 0 or -ENOMEM. */
int pc_record_file_wrap(struct pc_record_file *f, struct pc_join_options *options,
			struct pc_join_kernel *kernel, struct pc_join_host *host,
			uint64_t wall_minus_boot_ns);

/* The session is ready, on the machine of this host name. With a command its refusals are those that are told. */
void pc_record_file_session(struct pc_record_file *f, const struct pc_ready *ready,
			    const char *machine, bool has_command);

/* The clock of the lines has moved, before a round. */
void pc_record_file_clock(struct pc_record_file *f, uint64_t wall_minus_boot_ns);

/* Writes what waits in memory: after each round, so that little is lost when portclash is killed. */
void pc_record_file_flush(struct pc_record_file *f);

/* The session has ended. */
void pc_record_file_end(struct pc_record_file *f, const struct pc_recorded_end *end);

/* The negative errno with which the recording stopped, the first time it is asked; -EOVERFLOW: it is
 * PC_RECORD_FILE_MAX long. 0: none. */
int pc_record_file_take_error(struct pc_record_file *f);

/* Did it stop before the end? */
bool pc_record_file_failed(const struct pc_record_file *f);

/* After the join was freed. A file without a session is removed. */
void pc_record_file_close(struct pc_record_file *f);

#endif
