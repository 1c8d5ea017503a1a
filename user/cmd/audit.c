// SPDX-License-Identifier: GPL-2.0-only
/* `portclash audit`: which listeners and protected ports the kernel may hand to a client, before
 * it does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/port_argument.h"
#include "core/base/ports.h"
#include "core/base/text.h"
#include "cure/audit_file.h"
#include "host/sysctl.h"
#include "look/survey.h"
#include "out/audit.h"

enum { OPT_JSON = 256, OPT_PROTECT, OPT_WRITE, OPT_NETNS };

static const struct argp_option options[] = {
	{ "json", OPT_JSON, NULL, 0, "one JSON object a line instead of text", 0 },
	{ "protect", OPT_PROTECT, "LIST", 0,
	  "ports that must stay free though nothing listens on them: 30000-32767,10250", 0 },
	{ "write", OPT_WRITE, "FILE", 0,
	  "write the sysctl.d file that guards the ports, or edit its one line there", 0 },
	{ "netns", OPT_NETNS, "WHICH", 0,
	  "all (the default), self, a name in /run/netns, a path or an inode number", 0 },
	{ 0 },
};

static const char doc[] =
	"Find listeners and protected ports that the kernel may give to a client, in every network namespace, and show how to guard them. It needs root: without root it sees a part only, and says which.\vExamples:\n"
	"  sudo portclash audit                        which servers are exposed?\n"
	"  sudo portclash audit --protect 30000-32767  check these ports, too\n"
	"  sudo portclash audit --write ports.conf     write a sysctl.d file for them\n"
	"\n"
	"Exit status:\n"
	"  0  nothing is exposed\n"
	"  1  portclash could not look\n"
	"  2  the command line is wrong\n"
	"  3  something is exposed\n";

struct audit {
	struct pc_survey survey;
	struct pc_audit_report report;
	struct pc_sysctl_lines lines;
	struct pc_sysctl_findings findings;
	const char *write;
	struct pc_audit_file file;
	bool refused;  /* the file is not to be written */
	bool too_many; /* ports to reserve */
	bool json;
	char *reserve;
	char *dropin;
};

static error_t audit_parse2(int key, char *arg, struct argp_state *state)
{
	struct audit *x = state->input;

	switch (key) {
	case OPT_JSON:
		x->json = true;
		return 0;
	case OPT_PROTECT:
		pc_parse_protect(state, arg, x->survey.protect);
		return 0;
	case OPT_WRITE:
		if (!*arg)
			pc_usage_error(state, "--write: expected a path, not an empty value");
		x->write = arg;
		return 0;
	case OPT_NETNS:
		if (!*arg)
			pc_usage_error(
				state,
				"--netns: expected all, self, a name, a path or an inode number");
		x->survey.which = arg;
		return 0;
	case ARGP_KEY_ARG:
		pc_usage_error(state, "unexpected \"%s\": audit looks at all ports", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void say_unseen(struct audit *x, const char *format, unsigned count)
{
	struct pc_audit_report *r = &x->report;
	char *text;

	if (count && r->unseen_count < PC_UNSEEN_MAX && asprintf(&text, format, count) >= 0)
		r->unseen[r->unseen_count++] = text;
}

static void collect_unseen(struct audit *x)
{
	say_unseen(
		x,
		"portclash runs as uid %u: as root it would see the processes of all users and enter other network namespaces",
		geteuid());
	say_unseen(
		x,
		"processes whose network namespace portclash may not read: %u; a namespace that only they are in is missing here",
		x->survey.namespaces.hidden);
	say_unseen(
		x,
		"processes whose descriptors portclash may not read: %u; their sockets are listed without a name",
		x->survey.owners.hidden);
}

static struct pc_netns_audit *own_space(struct audit *x)
{
	for (size_t i = 0; i < x->survey.count; i++)
		if (x->survey.spaces[i].own && !x->survey.spaces[i].unseen &&
		    x->survey.spaces[i].settings.known)
			return &x->survey.spaces[i];
	return NULL;
}

/* Opens the file of --write; what it reserves stays reserved. */
static void open_file(struct audit *x, struct pc_netns_audit *own)
{
	char sentence[PC_CURE_SENTENCE];

	if (!x->write)
		return;
	if (pc_audit_file_open(x->write, "", PC_KEEP_FOLDER, &x->file, sentence)) {
		fprintf(stderr, "portclash: %s\n", sentence);
		x->refused = true;
		return;
	}
	pc_ports_unite(own->reserve, x->file.edit.ports);
	x->report.mixed = x->file.edit.mixed;
}

/* The drop-in reserves what is reserved now and in the files, and what should be. */
static int make_dropin(struct audit *x, struct pc_netns_audit *own)
{
	const struct pc_sysctl_line *line = pc_sysctl_reserved(&x->lines, own->reserve);
	struct pc_audit_report *r = &x->report;

	if (!pc_audit_exposed(own) && !(x->write && pc_ports_count(own->reserve, 0, PC_PORTS - 1)))
		return 0;
	x->too_many = own->too_many;
	if (x->too_many)
		return 0;
	x->reserve = pc_ports_format(own->reserve);
	x->dropin = pc_audit_dropin(own);
	if (!x->reserve || !x->dropin)
		return -ENOMEM;
	r->reserve = x->reserve;
	r->dropin = x->dropin;
	if (x->write && line && pc_sysctl_comes_later(line->file, x->write))
		r->rival = line;
	return 0;
}

/* The exit status of the failure, or 0. */
static int write_dropin(struct audit *x, const struct pc_netns_audit *own)
{
	char sentence[PC_CURE_SENTENCE];

	if (!x->write)
		return 0;
	if (!own) {
		fprintf(stderr,
			"portclash: did not write %s: cannot read the settings of this network namespace\n",
			x->write);
		return PC_EXIT_FAILED;
	}
	if (x->too_many)
		fprintf(stderr, "portclash: did not write %s: " PC_AUDIT_TOO_MANY "\n", x->write);
	if (x->refused || x->too_many)
		return PC_EXIT_FAILED;
	if (!x->dropin) {
		fprintf(stderr, "portclash: did not write %s: there is nothing to reserve\n",
			x->write);
		return 0;
	}
	if (pc_audit_file_write(&x->file, own->reserve, x->dropin, sentence)) {
		fprintf(stderr, "portclash: %s\n", sentence);
		return PC_EXIT_FAILED;
	}
	x->report.written = x->write;
	return 0;
}

static int audit_print(struct audit *x)
{
	struct pc_clock clock = pc_clock_read();
	struct pc_log log = PC_LOG_INIT;
	int err = pc_log_open(&log, NULL);

	if (!err)
		err = x->json ? pc_audit_json(&log, &clock, &x->report) :
				pc_audit_text(&log, &clock, &x->report);
	pc_log_close(&log);
	return pc_output_failed(err) ? PC_EXIT_FAILED : 0;
}

/* A check that could look at nothing must not say that all is well. */
static int status_of(const struct pc_survey *s)
{
	int status = PC_EXIT_FAILED;

	for (size_t i = 0; i < s->count; i++) {
		if (s->spaces[i].unseen || !s->spaces[i].settings.known)
			continue;
		if (pc_audit_exposed(&s->spaces[i]))
			return PC_EXIT_REFUSED;
		status = PC_EXIT_OK;
	}
	return status;
}

static int audit_judge2(struct audit *x)
{
	static const struct pc_netns_settings unknown = { .tcp_tw_reuse = -1 };
	struct pc_netns_audit *own = own_space(x);
	int err = pc_sysctl_files("", &x->lines);

	if (!err)
		err = pc_sysctl_judge(&x->lines, own ? &own->settings : &unknown, &x->findings);
	if (err || !own)
		return err;
	open_file(x, own);
	return make_dropin(x, own);
}

static int audit_finish(struct audit *x)
{
	struct pc_audit_report *r = &x->report;
	int err = audit_judge2(x), status;

	if (err) {
		fprintf(stderr, "portclash: %s\n", strerror(-err));
		return PC_EXIT_FAILED;
	}
	collect_unseen(x);
	r->spaces = x->survey.spaces;
	r->spaces_count = x->survey.count;
	r->sysctls = &x->findings;
	r->status = status_of(&x->survey);
	status = write_dropin(x, own_space(x));
	if (status)
		r->status = status;
	status = audit_print(x);
	return status ? status : r->status;
}

static int audit_run(struct audit *x)
{
	int err = pc_survey_run(&x->survey);

	if (err == -ENOENT && x->survey.which) {
		fprintf(stderr,
			"portclash: unknown network namespace \"%s\"; `lsns -t net` lists them\n",
			x->survey.which);
		return PC_EXIT_FAILED;
	}
	if (err) {
		fprintf(stderr, "portclash: cannot read the network namespaces: %s%s\n",
			strerror(-err), err == -ENOENT ? "; is /proc mounted?" : "");
		return PC_EXIT_FAILED;
	}
	return audit_finish(x);
}

int pc_cmd_audit(int argc, char **argv)
{
	static const struct argp argp = { options, audit_parse2, NULL, doc, NULL, NULL, NULL };
	struct audit *x = calloc(1, sizeof(*x));
	int status;

	if (!x)
		return PC_EXIT_FAILED;
	pc_command_line(&argp, argc, argv, 0, x);
	signal(SIGPIPE, SIG_IGN);
	status = audit_run(x);
	for (unsigned i = 0; i < x->report.unseen_count; i++)
		free(x->report.unseen[i]);
	pc_sysctl_findings_free(&x->findings);
	pc_sysctl_lines_free(&x->lines);
	pc_survey_free(&x->survey);
	pc_audit_file_close(&x->file);
	free(x->reserve);
	free(x->dropin);
	free(x);
	return status;
}
