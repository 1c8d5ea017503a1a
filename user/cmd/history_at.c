// SPDX-License-Identifier: GPL-2.0-only
/* Ask the flight recorder. */
#include "cmd/history_at.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/flight_file.h"
#include "out/flight.h"

void pc_history_at_parse(struct argp_state *state, struct pc_history_at *at, const char *text)
{
	bool whole;

	at->from_ns = pc_history_when(state, "--at", text, &whole);
	at->to_ns = at->from_ns + (whole ? PC_NS_PER_SECOND - 1 : 0);
}

/* The path, malloc'd; NULL after a sentence that says why there is none. */
static char *flight_path(const struct pc_history_options *o)
{
	struct pc_settings settings;
	char *path;

	if (o->files.count > 1 || o->standard_input) {
		fprintf(stderr, "portclash: --at takes one FILE, that of the flight recorder\n");
		return NULL;
	}
	if (o->files.count)
		return strdup(o->files.list[0].path);
	if (pc_history_settings(o, &settings))
		return NULL;
	path = settings.flight_recorder;
	settings.flight_recorder = NULL;
	pc_settings_free(&settings);
	if (!path)
		fprintf(stderr,
			"portclash: no flight_recorder is configured: set it in %s and restart the agent, or name the FILE\n",
			o->config ? o->config : PC_CONFIG_PATH);
	return path;
}

static int print_answer(const struct pc_history_at *at, const struct pc_flight_view *v)
{
	struct pc_clock clock = pc_clock_read();
	struct pc_log log = PC_LOG_INIT;
	int err = pc_log_open(&log, NULL);

	if (!err)
		err = at->json ? pc_flight_json(&log, &clock, v) : pc_flight_text(&log, v);
	pc_log_close(&log);
	if (pc_output_failed(err))
		return PC_EXIT_FAILED;
	if (v->answer->certain)
		return PC_EXIT_REFUSED;
	return v->answer->count || v->answer->listener ? PC_EXIT_UNSEEN : PC_EXIT_OK;
}

static int answer_from(const struct pc_history_options *o, const struct pc_history_at *at,
		       const char *path)
{
	const struct pc_flight_question q = { .ports = o->filter.ports,
					      .netns = o->filter.netns,
					      .from_ns = at->from_ns,
					      .to_ns = at->to_ns };
	char sentence[PC_FLIGHT_SENTENCE], shown[PC_SHOWN];
	struct pc_flight_answer answer;
	const struct pc_flight_view view = { o->port_list, path, &q, &answer };
	size_t size;
	void *data;
	int status;

	if (pc_flight_file_read(path, &data, &size, sentence)) {
		fprintf(stderr, "portclash: %s %s\n", pc_shown(path, shown), sentence);
		return PC_EXIT_FAILED;
	}
	pc_flight_ask(data, size, &q, &answer);
	status = print_answer(at, &view);
	free(data);
	return status;
}

int pc_history_at_run(struct pc_history_options *o, const struct pc_history_at *at)
{
	char *path = flight_path(o);
	int status = path ? answer_from(o, at, path) : PC_EXIT_FAILED;

	free(path);
	return status;
}
