// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder in the agent. */
#include "cmd/agent_flight.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "host/clock.h"

static void say(const char *path, const char *what)
{
	char shown[PC_SHOWN];

	fprintf(stderr, "portclash: no flight recorder: %s %s; portclash watches without it\n",
		pc_shown(path, shown), what);
}

void pc_agent_flight_open(struct pc_agent_flight *f, const struct pc_settings *settings)
{
	char sentence[PC_FLIGHT_SENTENCE], shown[PC_SHOWN];

	*f = (struct pc_agent_flight){ .file = PC_FLIGHT_FILE_INIT,
				       .path = settings->flight_recorder };
	if (!f->path)
		return;
	if (pc_flight_file_open(f->path, settings->flight_size, &f->file, sentence)) {
		say(f->path, sentence);
		return;
	}
	if (f->file.note)
		fprintf(stderr, "portclash: flight_recorder %s %s\n", pc_shown(f->path, shown),
			f->file.note);
	f->recorder = pc_flight_new(f->file.map, f->file.size, settings->flight_time_ns,
				    pc_clock_ns(CLOCK_REALTIME));
	if (!f->recorder)
		say(f->path, "needs more memory than there is");
}

void pc_agent_flight_report(struct pc_agent_flight *f)
{
	if (f->told || !f->recorder || !pc_flight_file_broken())
		return;
	f->told = true;
	say(f->path, "was made shorter by somebody, or its disk has failed");
}

void pc_agent_flight_count(const struct pc_agent_flight *f, struct pc_metrics_flight *out)
{
	*out = (struct pc_metrics_flight){ .active = f->recorder && !pc_flight_file_broken() };
	if (out->active)
		pc_flight_count(f->recorder, &out->counts);
}

void pc_agent_flight_close(struct pc_agent_flight *f)
{
	pc_flight_free(f->recorder);
	f->recorder = NULL;
	pc_flight_file_close(&f->file);
}
