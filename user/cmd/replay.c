// SPDX-License-Identifier: GPL-2.0-only
/* `portclash replay`: a session that `trace --record` wrote is told again. */
#include "watch/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/anonymize.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "core/base/array.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/config/settings.h"
#include "out/text_parts.h"
#include "watch/record_file.h"

#define READ_AT_ONCE (1u << 20)

struct replay_command {
	struct pc_replay_options replay;
	struct pc_settings settings;
	struct pc_log log;
	const char *path;		  /* "-": standard input */
	const char *anonymized;		  /* the new file; NULL: the session is told */
	bool shaped;			  /* an option says what is told, and how */
	struct pc_port_scope ports_scope; /* of --port */
};

enum {
	REPLAY_JSON = 256,
	REPLAY_ALL,
	REPLAY_EVERYONE,
	REPLAY_COLOR,
	REPLAY_VERBOSE,
	REPLAY_ANONYMIZE
};

static const struct argp_option replay_options[] = {
	{ "port", 'p', "LIST", 0, "only these ports, like 80,8000-8010 or 8080/tcp", 0 },
	{ "json", REPLAY_JSON, NULL, 0, "one JSON object a line instead of text", 0 },
	{ "all", REPLAY_ALL, NULL, 0,
	  "print every refusal, also repeats and those of a program that looks for any free port",
	  0 },
	{ "everyone", REPLAY_EVERYONE, NULL, 0,
	  "also print what other processes than the recorded COMMAND were refused", 0 },
	{ "color", REPLAY_COLOR, "WHEN", OPTION_ARG_OPTIONAL,
	  "auto (the default), always or never; auto: on a terminal, unless NO_COLOR is set", 0 },
	{ "verbose", REPLAY_VERBOSE, NULL, 0,
	  "also print what the recorded session could not see, and the plain command beside each command of portclash",
	  0 },
	{ "anonymize", REPLAY_ANONYMIZE, "FILE", 0,
	  "print nothing; write the recording to a new FILE, with pseudonyms for names, command lines, paths and addresses",
	  0 },
	{ 0 },
};

static const char doc[] =
	"Print again what happened in a session that portclash trace --record FILE recorded, on any machine, with other filters if you like. FILE - is standard input. Commands in the verdicts are for the machine of the recording. It does not need root.\vExamples:\n"
	"  portclash replay incident.pcrec          explain the recorded refusals again\n"
	"  portclash replay incident.pcrec -p 8080  only those of port 8080\n"
	"  portclash replay incident.pcrec --anonymize to-send.pcrec  leave out names\n"
	"\n"
	"Exit status:\n"
	"  0  nothing was refused, or the new file is written\n"
	"  1  FILE cannot be replayed, or the new one not written\n"
	"  2  the command line is wrong\n"
	"  3  something was refused\n";

/* Only the machine of the recording knows names of network namespaces. */
static void check_netns_words(struct argp_state *state, const struct pc_whose *list)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->words[i].kind == PC_WHOSE_NETNS && !list->words[i].number)
			pc_usage_error(
				state,
				"a recording has inode numbers of network namespaces, not \"%s\"",
				list->words[i].name);
}

/* The new file has the whole recording, which no filter may make seem less. */
static void check_anonymized(struct argp_state *state, const struct replay_command *c)
{
	const struct pc_whose_filter *whose = &c->settings.whose;
	bool shaped = c->shaped || whose->ignore.count;

	for (unsigned i = 0; i < PC_WHOSE_KINDS; i++)
		shaped = shaped || whose->only[i].count;
	if (c->anonymized && shaped)
		pc_usage_error(
			state,
			"--anonymize writes the whole recording and prints nothing: leave the filters and options of the output out");
	if (c->anonymized && !strcmp(c->anonymized, "-"))
		pc_usage_error(state, "--anonymize needs the name of a new file, not \"-\"");
}

static error_t parse_replay(int key, char *arg, struct argp_state *state)
{
	struct replay_command *c = state->input;

	c->shaped = c->shaped || key == 'p' || key == REPLAY_JSON || key == REPLAY_ALL ||
		    key == REPLAY_EVERYONE || key == REPLAY_VERBOSE;
	switch (key) {
	case 'p':
		pc_filter_ports(state, arg, &c->replay.filter, &c->ports_scope);
		return 0;
	case REPLAY_JSON:
		c->replay.outlet.sink = &pc_sink_json;
		return 0;
	case REPLAY_ALL:
		c->replay.each = true;
		return 0;
	case REPLAY_EVERYONE:
		c->replay.filter.tree = false;
		return 0;
	case REPLAY_COLOR:
		c->log.color = pc_parse_color(state, arg);
		return 0;
	case REPLAY_ANONYMIZE:
		c->anonymized = arg;
		return 0;
	case REPLAY_VERBOSE:
		c->log.verbose = true;
		return 0;
	case ARGP_KEY_INIT:
		if (pc_settings_init(&c->settings))
			argp_failure(state, PC_EXIT_FAILED, ENOMEM, "cannot start");
		state->child_inputs[0] = &c->settings;
		return 0;
	case ARGP_KEY_ARG:
		if (c->path)
			pc_usage_error(state, "unexpected \"%s\": replay takes one FILE", arg);
		c->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (!c->path)
			pc_usage_error(state,
				       "expected the FILE that portclash trace --record wrote");
		pc_filter_scope(state, &c->ports_scope, &c->replay.filter);
		check_netns_words(state, &c->settings.whose.only[PC_WHOSE_NETNS]);
		check_netns_words(state, &c->settings.whose.ignore);
		check_anonymized(state, c);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Reads all of it into a malloc'd buffer. 0 or a negative errno. */
static int read_recording(const char *path, uint8_t **data, size_t *size)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t room = 0, n = 1;
	int err = in ? 0 : -errno;
	struct stat st;

	if (!err && !fstat(fileno(in), &st) && S_ISREG(st.st_mode) &&
	    (uint64_t)st.st_size > PC_RECORD_FILE_MAX)
		err = -EFBIG;
	while (!err && n) {
		err = *size > PC_RECORD_FILE_MAX ?
			      -EFBIG :
			      pc_array_reserve(data, &room, *size + READ_AT_ONCE, 1);
		if (err)
			break;
		errno = 0;
		n = fread(*data + *size, 1, READ_AT_ONCE, in);
		*size += n;
		if (!n && ferror(in))
			err = errno ? -errno : -EIO;
	}
	if (in && in != stdin)
		fclose(in);
	return err;
}

/* The first line of text. Malloc'd; NULL: no memory. */
static char *replay_banner(const struct pc_playback *p)
{
	const struct pc_recorded_session *s = pc_playback_session(p);
	struct pc_text text;

	if (!s || pc_text_open(&text))
		return NULL;
	fputs("Recorded on ", text.out);
	pc_put_text(text.out, s->machine, strlen(s->machine));
	fputs(", Linux ", text.out);
	pc_put_text(text.out, s->kernel, strlen(s->kernel));
	fputs(", by portclash ", text.out);
	pc_put_text(text.out, s->version, strlen(s->version));
	fputs(".", text.out);
	return pc_text_close(&text);
}

static void say_not_read(const char *path, int err)
{
	char shown[PC_SHOWN];

	if (err == -EFBIG)
		fprintf(stderr,
			"portclash: cannot replay %s: it is longer than 1 GiB, where every recording ends\n",
			pc_shown(path, shown));
	else
		fprintf(stderr, "portclash: cannot read %s: %s\n", pc_shown(path, shown),
			strerror(-err));
}

static void say_what_lacks(const char *path, const struct pc_playback *p)
{
	uint64_t unanswered = pc_playback_unanswered(p);
	char shown[PC_SHOWN];

	pc_shown(path, shown);
	if (!pc_playback_end(p))
		fprintf(stderr,
			"portclash: %s ends early: its writer was killed, or had no room; %lu bytes at its end are left out\n",
			shown, (unsigned long)pc_playback_cut(p));
	if (unanswered && pc_playback_end(p))
		fprintf(stderr,
			"portclash: another version recorded %s: %lu facts that this version asks for are not in it\n",
			shown, (unsigned long)unanswered);
}

static int replay_played(struct replay_command *c, struct pc_playback *p)
{
	char *banner = replay_banner(p);
	uint64_t verdicts = 0;
	int err, late;

	c->replay.invitation = banner;
	err = pc_replay(p, &c->replay, &verdicts);
	late = pc_log_finish(&c->log);
	free(banner);
	if (err == -ENOMEM)
		fprintf(stderr, "portclash: out of memory\n");
	if (err == -ENOMEM || pc_output_failed(err ? err : late))
		return PC_EXIT_FAILED;
	say_what_lacks(c->path, p);
	return verdicts ? PC_EXIT_REFUSED : PC_EXIT_OK;
}

static int replay_anonymized(const struct replay_command *c, const struct pc_playback *p)
{
	int status = pc_anonymize_to(p, c->anonymized);

	if (status == PC_EXIT_OK)
		say_what_lacks(c->path, p);
	return status;
}

static int replay_file(struct replay_command *c)
{
	char sentence[PC_RECORDING_SENTENCE] = "", shown[PC_SHOWN];
	struct pc_playback *p = NULL;
	uint8_t *data = NULL;
	size_t size = 0;
	int err = read_recording(c->path, &data, &size), status = PC_EXIT_FAILED;

	if (err)
		say_not_read(c->path, err);
	else if (pc_playback_open(data, size, &p, sentence))
		fprintf(stderr, "portclash: cannot replay %s: %s\n", pc_shown(c->path, shown),
			sentence);
	else
		status = c->anonymized ? replay_anonymized(c, p) : replay_played(c, p);
	pc_playback_free(p);
	free(data);
	return status;
}

int pc_cmd_replay(int argc, char **argv)
{
	const struct argp_child children[] = { { pc_filter_argp(), 0, NULL, 0 }, { 0 } };
	const struct argp argp = {
		replay_options, parse_replay, "FILE", doc, children, NULL, NULL
	};
	struct replay_command c = {
		.log = PC_LOG_INIT,
		.replay = { .filter = { .tree = true }, .outlet = { &pc_sink_text, &c.log } },
	};
	int status = PC_EXIT_FAILED;

	pc_command_line(&argp, argc, argv, 0, &c);
	c.replay.filter.whose = c.settings.whose;
	c.replay.repeat_ns = c.replay.each ? 0 : c.settings.repeat_ns;
	if (pc_log_open(&c.log, NULL))
		fprintf(stderr, "portclash: standard output is closed\n");
	else
		status = replay_file(&c);
	pc_log_close(&c.log);
	pc_settings_free(&c.settings);
	return status;
}
