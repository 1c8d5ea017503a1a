// SPDX-License-Identifier: GPL-2.0-only
/* Where the agent writes. Under systemd a line goes to the journal once: as an entry with fields,
 * not as JSON on a standard output that ends in the journal too. */
#include "cmd/outlets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void add(struct pc_outlets *o, const struct pc_sink *sink, void *to)
{
	o->list[o->count++] = (struct pc_outlet){ sink, to };
}

int pc_outlets_open(struct pc_outlets *o, const char *log_path, enum pc_journal_choice choice)
{
	const char *stream = getenv("JOURNAL_STREAM");
	bool journal = choice == PC_JOURNAL_ON ||
		       (choice == PC_JOURNAL_AUTO && (pc_journal_is_stream(stream, STDOUT_FILENO) ||
						      pc_journal_is_stream(stream, STDERR_FILENO)));
	int err = 0;

	*o = (struct pc_outlets){
		.log_path = log_path,
		.log = PC_LOG_INIT,
		.journal = PC_JOURNAL_INIT,
	};
	if (log_path || !journal || !output_is_journal(stream)) {
		err = pc_log_open(&o->log, log_path);
		add(o, &pc_sink_json, &o->log);
	}
	if (journal)
		add(o, &pc_sink_journal, &o->journal);
	return err;
}

void pc_outlets_give(struct pc_outlets *o, struct pc_watch_options *options)
{
	memcpy(options->outlets, o->list, sizeof(o->list));
	options->outlets_count = o->count;
}

static const char *name_of(const struct pc_outlets *o, unsigned i)
{
	if (o->list[i].sink == &pc_sink_journal)
		return "the journal";
	return o->log_path ? o->log_path : "standard output";
}

static uint64_t lost_of(const struct pc_outlets *o, unsigned i)
{
	return o->list[i].sink == &pc_sink_journal ? o->journal.lost : o->log.lost;
}

void pc_outlets_report(struct pc_outlets *o, const struct pc_watch *w)
{
	for (unsigned i = 0; i < o->count; i++) {
		int error = pc_watch_last_error(w, i);

		if (error == o->errors[i])
			continue;
		if (error)
			fprintf(stderr,
				"portclash: cannot write to %s: %s; lines are lost and counted "
				"until this works again, watching goes on\n",
				name_of(o, i), strerror(error));
		else
			fprintf(stderr, "portclash: %s is written again; lines lost so far: %lu\n",
				name_of(o, i), (unsigned long)lost_of(o, i));
		o->errors[i] = error;
	}
}

void pc_outlets_reopen(struct pc_outlets *o)
{
	int err = pc_log_reopen(&o->log);

	if (err)
		fprintf(stderr, "portclash: cannot reopen %s: %s; the old file is written on\n",
			o->log_path, strerror(-err));
}

void pc_outlets_close(struct pc_outlets *o)
{
	pc_log_close(&o->log);
	pc_journal_close(&o->journal);
}
