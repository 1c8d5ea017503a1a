/* SPDX-License-Identifier: GPL-2.0-only */
/* A pipe, a FIFO or a socket, whose reader can stall: never waited for longer than is asked for, and
 * no line in it is half or mixed with another. */
#ifndef PORTCLASH_STREAM_H
#define PORTCLASH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The lines of a batch of refusals (64, of about 3 KiB): a burst costs none while a reader reads. */
#define PC_STREAM_HELD_MAX (256 * 1024)

/* The lines that are left when the session ends have so long, all of them together. */
#define PC_STREAM_LAST_MS 1000

struct pc_patience {
	int wait_ms;  /* without a byte taken, before a line is given up; 0: not at all */
	int round_ms; /* in all until the next pc_stream_round(); 0: no limit */
	int stop;     /* readable: the session is to end, see pc_stream_hurry(); -1: none */
};

struct pc_stream {
	int fd;
	bool own; /* `fd` is a file description of our own, to be closed */
	bool socket;
	bool blocking; /* no description of our own could be had */
	bool stalled;  /* it was waited for in vain, and not a byte was taken since */
	bool midline;  /* what was taken last is not the end of a line */
	bool torn;     /* the rest of a line was dropped: the next one begins with a newline */
	struct pc_patience patience;
	uint64_t waited_ns; /* in this round */
	uint64_t last_ns;   /* no waiting from here on; 0: as patience has it */
	char *held;  /* lines that are to be written, the first perhaps without its beginning */
	size_t from; /* where they begin in it */
	size_t len;
	size_t size;
	uint64_t late; /* lines that were accepted and then lost; for the caller to take */
};

/* Another, non-blocking file description of the pipe or FIFO behind `fd`: O_NONBLOCK on the one there is
 * would be that of all who share it. -1 with errno: it takes /proc and, for a pipe of another user's,
 * CAP_DAC_OVERRIDE. */
int pc_pipe_reopen(int fd);

/* *out is NULL when `fd` is nothing of the kind. `fd` stays the caller's and must stay open, and
 * whoever shares it does not notice. 0 or -ENOMEM. */
int pc_stream_open(int fd, const struct pc_patience *patience, struct pc_stream **out);

/* 0: written or held, to be written before anything else. -EAGAIN: there is no room, even after
 * waiting; other errors of the kernel's: what was held is lost as well. The line is lost then. */
int pc_stream_line(struct pc_stream *s, const char *line, size_t len);

/* Writes what is held and can be taken now. -EAGAIN: not all. */
int pc_stream_flush(struct pc_stream *s);

/* Writes what can be taken now, and a new round begins. */
void pc_stream_round(struct pc_stream *s);

/* Writes what is held, waiting as long as patience has it. */
int pc_stream_wait(struct pc_stream *s);

/* The session ends: from now on PC_STREAM_LAST_MS. */
void pc_stream_hurry(struct pc_stream *s);

/* Gives up what is held. */
void pc_stream_drop(struct pc_stream *s);

void pc_stream_close(struct pc_stream *s);

#endif
