// SPDX-License-Identifier: GPL-2.0-only
/* The outlets of the agent. Under systemd a line goes to the journal once: as an entry with fields,
 * not as JSON on a standard output that ends in the journal too. */
#include "core/base/time.h"
#include "cmd/outlets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"

/* Within 50 ms the kernel's rings can be full, so that a round of the agent waits for its reader no
 * longer than it looks into refusals (watch.c): enough for one that reads to take a batch of 64 that
 * are more than the pipe and PC_STREAM_HELD_MAX hold. For more it is too slow, and lines are lost. */
static const struct pc_patience patience = { .wait_ms = 20, .round_ms = 20, .stop = -1 };

enum pc_journal_choice pc_journal_choice(const char *name)
{
	static const char *const names[] = { "auto", "on", "off" };
	int i = 0;

	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_JOURNAL_CHOICES, "names");
	while (i < PC_JOURNAL_CHOICES && strcmp(name, names[i]) != 0)
		i++;
	return i;
}

static bool is_socket(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode);
}

/* systemd names one stream; standard output can be another one of the journal's (with a log level
 * or an identifier of its own), and is a socket then, too. */
static bool output_is_journal(const char *stream)
{
	return pc_journal_is_stream(stream, STDOUT_FILENO) ||
	       (pc_journal_is_stream(stream, STDERR_FILENO) && is_socket(STDOUT_FILENO));
}

static void outlets_add(struct pc_outlets *o, const struct pc_sink *sink, void *to)
{
	o->list[o->count++] = (struct pc_outlet){ sink, to };
}

/* All outlets are opened in one way, for whatever is asked for later. */
static const char *target(const struct pc_outlets *o, const char *log_path)
{
	return !log_path && o->quiet ? "/dev/null" : log_path;
}

int pc_outlets_open(struct pc_outlets *o, const char *log_path, enum pc_journal_choice choice)
{
	const char *stream = getenv("JOURNAL_STREAM");
	bool service = pc_journal_is_stream(stream, STDOUT_FILENO) ||
		       pc_journal_is_stream(stream, STDERR_FILENO);
	bool journal = choice == PC_JOURNAL_ON || (choice == PC_JOURNAL_AUTO && service);
	int err;

	*o = (struct pc_outlets){
		.log = PC_LOG_INIT,
		.journal = PC_JOURNAL_INIT,
		.quiet = journal && output_is_journal(stream),
	};
	outlets_add(o, &pc_sink_json, &o->log);
	if (journal)
		outlets_add(o, &pc_sink_journal, &o->journal);
	err = pc_log_open(&o->log, target(o, log_path));
	return err ? err : pc_log_bound(&o->log, &patience);
}

int pc_outlets_switch(struct pc_outlets *o, const char *log_path)
{
	return pc_log_switch(&o->log, target(o, log_path));
}

void pc_outlets_give(struct pc_outlets *o, struct pc_watch_options *options)
{
	memcpy(options->outlets, o->list, sizeof(o->list));
	options->outlets_count = o->count;
}

static const char *log_name(const char *path)
{
	return path ? path : "standard output";
}

void pc_outlets_complain(const char *log_path, int err)
{
	fprintf(stderr, "portclash: cannot open %s for writing: %s\n", log_name(log_path),
		strerror(-err));
}

static const char *name_of(const struct pc_outlets *o, unsigned i)
{
	return o->list[i].sink == &pc_sink_journal ? "the journal" : log_name(o->log.path);
}

static uint64_t lost_of(const struct pc_outlets *o, unsigned i)
{
	return o->list[i].sink == &pc_sink_journal ? o->journal.lost : o->log.lost;
}

static void count_late(struct pc_outlets *o, struct pc_watch *w)
{
	for (; o->late < o->log.late; o->late++)
		pc_watch_count_sink_error(w);
}

void pc_outlets_flush(struct pc_outlets *o, struct pc_watch *w)
{
	pc_log_flush(&o->log);
	count_late(o, w);
}

void pc_outlets_hurry(struct pc_outlets *o)
{
	pc_log_hurry(&o->log);
	memset(o->said_ns, 0, sizeof(o->said_ns)); /* there is no later for what is left to say */
}

void pc_outlets_finish(struct pc_outlets *o, struct pc_watch *w)
{
	uint64_t before = o->log.late;

	pc_log_finish(&o->log);
	count_late(o, w);
	if (o->log.late > before)
		fprintf(stderr, "portclash: nobody read the last %lu lines written to %s\n",
			(unsigned long)(o->log.late - before), log_name(o->log.path));
}

void pc_outlets_report(struct pc_outlets *o, const struct pc_watch *w)
{
	uint64_t now = pc_clock_read().now_ns;

	for (unsigned i = 0; i < o->count; i++) {
		int error = pc_watch_last_error(w, i);

		if (error == o->errors[i] || (!error && now < o->said_ns[i] + PC_NS_PER_SECOND))
			continue;
		o->errors[i] = error;
		if (!error) {
			fprintf(stderr, "portclash: %s is written again; lines lost so far: %lu\n",
				name_of(o, i), (unsigned long)lost_of(o, i));
			continue;
		}
		o->said_ns[i] = now;
		fprintf(stderr,
			"portclash: cannot write to %s: %s; lines are lost and counted, watching goes on\n",
			name_of(o, i), strerror(error));
	}
}

void pc_outlets_close(struct pc_outlets *o)
{
	pc_log_close(&o->log);
	pc_journal_close(&o->journal);
}
