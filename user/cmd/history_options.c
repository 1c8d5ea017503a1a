// SPDX-License-Identifier: GPL-2.0-only
/* The lines that are asked for, and the files they are in. */
#include "cmd/history_options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "cmd/port_argument.h"
#include "core/base/nearest.h"
#include "core/recording/recording.h"
#include "core/verdict/causes.h"
#include "host/clock.h"
#include "host/when.h"
#include "out/escape.h"

uint64_t pc_history_when(struct argp_state *state, const char *option, const char *text,
			 bool *whole)
{
	uint64_t ns = 0;

	if (!pc_when_parse(text, pc_clock_ns(CLOCK_REALTIME), &ns, whole))
		pc_usage_error(state, "%s: expected " PC_WHEN_FORMS ", not \"%s\"", option, text);
	return ns;
}

static void parse_since(struct argp_state *state, struct pc_history_filter *f, const char *text)
{
	bool whole;

	f->since_ns = pc_history_when(state, "--since", text, &whole);
}

/* A time without a fraction means its whole second. */
static void parse_until(struct argp_state *state, struct pc_history_filter *f, const char *text)
{
	bool whole = false;

	f->until_ns = pc_history_when(state, "--until", text, &whole);
	f->until_ns += whole ? PC_NS_PER_SECOND - 1 : 0;
}

static void parse_port_list(struct argp_state *state, struct pc_history_options *o,
			    const char *list)
{
	struct pc_port_scope scope = { 0 };

	pc_parse_port_set(state, "--port", 1, list, o->ports, &scope);
	pc_say_if_wider(&scope, "--port");
	o->filter.ports = o->ports;
	o->port_list = list;
}

static const char *cause_name_at(const void *context, size_t index)
{
	(void)context;
	return index > PC_CAUSE_INVALID ? pc_cause_name((enum pc_cause)index) : NULL;
}

static void parse_cause(struct argp_state *state, struct pc_history_filter *f, const char *name)
{
	const char *near;

	for (int cause = PC_CAUSE_INVALID + 1; cause < PC_CAUSE_COUNT; cause++) {
		if (strcmp(name, pc_cause_name(cause)) != 0)
			continue;
		f->cause = name;
		return;
	}
	near = pc_nearest(name, cause_name_at, NULL, PC_CAUSE_COUNT);
	if (near)
		pc_usage_error(state, "--cause: unknown cause \"%s\"; did you mean %s?", name,
			       near);
	pc_usage_error(state, "--cause: unknown cause \"%s\"; `portclash explain` lists them",
		       name);
}

/* Gives the inode of the namespace that the file is. 0; or a negative errno, -EINVAL: the file is something else.
 * Nothing waits for a FIFO, and no terminal is taken. */
static int netns_of_file(const char *path, uint64_t *inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = 0;
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) || fstat(fd, &st))
		err = -errno;
	else if (fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		err = -EINVAL;
	else
		*inode = st.st_ino;
	close(fd);
	return err;
}

static void parse_history_netns(struct argp_state *state, struct pc_history_filter *f,
				const char *which)
{
	char path[PATH_MAX];
	unsigned long inode;
	int err;

	if (pc_parse_digits(which, UINT32_MAX, &inode)) {
		f->netns = inode;
		return;
	}
	if (!strcmp(which, "self"))
		snprintf(path, sizeof(path), "/proc/self/ns/net");
	else
		snprintf(path, sizeof(path), "%s%s", strchr(which, '/') ? "" : "/run/netns/",
			 which);
	err = netns_of_file(path, &f->netns);
	if (err == -EINVAL)
		pc_usage_error(state,
			       "--netns: \"%s\" is no network namespace; `lsns -t net` lists them",
			       which);
	if (err)
		pc_usage_error(
			state,
			"--netns: cannot read network namespace \"%s\": %s; `lsns -t net` lists them",
			which, strerror(-err));
}

static error_t add_operand(struct pc_history_options *o, const char *path)
{
	if (!strcmp(path, "-")) {
		o->standard_input = true;
		return 0;
	}
	return -pc_log_files_add(&o->files, path);
}

error_t pc_history_option(struct pc_history_options *o, int key, char *arg,
			  struct argp_state *state)
{
	struct pc_history_filter *f = &o->filter;

	switch (key) {
	case PC_OPT_SINCE:
		parse_since(state, f, arg);
		return 0;
	case PC_OPT_UNTIL:
		parse_until(state, f, arg);
		return 0;
	case 'p':
		parse_port_list(state, o, arg);
		return 0;
	case PC_OPT_CAUSE:
		parse_cause(state, f, arg);
		return 0;
	case PC_OPT_UNIT:
		f->unit = arg;
		return 0;
	case PC_OPT_CONTAINER:
		f->container = arg;
		return 0;
	case PC_OPT_NETNS:
		parse_history_netns(state, f, arg);
		return 0;
	case PC_OPT_CONFIG:
		o->config = arg;
		return 0;
	case ARGP_KEY_ARG:
		return add_operand(o, arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void say_unread(const char *path, int err)
{
	char shown[PC_SHOWN];

	fprintf(stderr, "portclash: %s cannot be read: %s%s\n", pc_shown(path, shown),
		strerror(-err), err == -EACCES ? "; as root it can" : "");
}

static const char *config_path(const struct pc_history_options *o)
{
	return o->config ? o->config : PC_CONFIG_PATH;
}

int pc_history_settings(const struct pc_history_options *o, struct pc_settings *out)
{
	struct pc_agent_options agent = { .path = config_path(o), .required = o->config };
	unsigned mistakes;

	return pc_agent_options_load(&agent, out, &mistakes);
}

/* The path of the configured log, malloc'd; NULL after a sentence that says why there is none. */
static char *configured_log(const struct pc_history_options *o)
{
	struct pc_settings settings;
	char *log;

	if (pc_history_settings(o, &settings))
		return NULL;
	log = settings.log;
	settings.log = NULL;
	pc_settings_free(&settings);
	if (!log && !o->config && access(PC_CONFIG_PATH, F_OK))
		fputs("portclash: no agent has written a log here (" PC_CONFIG_PATH
		      " does not exist): name a log, or watch with portclash trace\n",
		      stderr);
	else if (!log)
		fprintf(stderr,
			"portclash: which log? %s names none: portclash history FILE..., or - for standard input\n",
			config_path(o));
	return log;
}

static int find_configured(struct pc_history_options *o)
{
	char *log = configured_log(o);
	int err;

	if (!log)
		return -ENODATA;
	err = pc_log_files_find(&o->files, log);
	if (err)
		say_unread(o->files.count ? o->files.list[0].path : log, err);
	free(log);
	return err ? -ENODATA : 0;
}

/* A file that is being read, and the name of its log. */
struct reading {
	struct pc_history *history;
	struct pc_slice host;
};

static int reading_line(void *context, const char *text, size_t len)
{
	const struct reading *r = context;

	return pc_history_line(r->history, text, len, &r->host);
}

/* Only -ENOMEM ends it; a file that cannot be read keeps no other from being read. */
static int read_one(struct reading *r, int fd, const char *name, struct pc_history_sources *s)
{
	struct pc_log_lines lines = { 0 };
	int err = fd < 0 ? fd : pc_log_lines_read(fd, reading_line, r, &lines);

	s->files += fd >= 0;
	s->bytes += lines.bytes;
	s->too_long += lines.too_long;
	s->unfinished += lines.unfinished;
	s->cut += lines.cut;
	if (err == -ENOMEM || !err)
		return err;
	s->unread++;
	say_unread(name, err);
	return 0;
}

/* The name of a log as the text of a JSON string, for its host: malloc'd. */
static char *host_name(const struct pc_log_file *f)
{
	char *clean = malloc(PC_ESCAPE_SIZE(f->base_len));
	char *out = malloc(2 * PC_ESCAPE_SIZE(f->base_len)), *to = out;

	if (clean && out) {
		pc_escape_terminal(f->path, f->base_len, clean, PC_ESCAPE_SIZE(f->base_len));
		for (const char *at = clean; *at; at++) {
			if (*at == '"' || *at == '\\')
				*to++ = '\\';
			*to++ = *at;
		}
		*to = '\0';
	} else {
		free(out);
		out = NULL;
	}
	free(clean);
	return out;
}

/* The file stays at its beginning. A pipe cannot be asked. */
static bool is_recording(int fd)
{
	char magic[sizeof(PC_RECORDING_MAGIC) - 1];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, PC_RECORDING_MAGIC, sizeof(magic));
}

/* Says so of a recording, which counts as unread. */
static bool refuse_recording(int fd, const char *path, struct pc_history_sources *sources)
{
	char shown[PC_SHOWN];

	if (fd < 0 || !is_recording(fd))
		return false;
	pc_shown(path, shown);
	fprintf(stderr, "portclash: %s is a recording, not a log: portclash replay %s\n", shown,
		shown);
	sources->unread++;
	close(fd);
	return true;
}

static int read_log_file(struct pc_history_options *o, struct pc_log_file *f, struct pc_history *h,
			 struct pc_history_sources *sources)
{
	char *host = pc_log_files_several(&o->files) ? host_name(f) : NULL;
	struct reading r = { h, { host, host ? strlen(host) : 0 } };
	int fd = f->fd >= 0 ? f->fd : pc_log_lines_open(f->path), err;

	f->fd = -1;
	if (refuse_recording(fd, f->path, sources)) {
		free(host);
		return 0;
	}
	err = read_one(&r, fd, f->path, sources);
	free(host);
	return err;
}

int pc_history_read(struct pc_history_options *o, struct pc_history *h,
		    struct pc_history_sources *sources)
{
	struct reading input = { .history = h };
	int err = 0;

	*sources = (struct pc_history_sources){ 0 };
	if (!o->files.count && !o->standard_input)
		err = find_configured(o);
	sources->left = o->files.left;
	pc_log_files_sort(&o->files);
	for (size_t i = 0; !err && i < o->files.count; i++)
		err = read_log_file(o, &o->files.list[i], h, sources);
	if (!err && o->standard_input)
		err = read_one(&input, dup(STDIN_FILENO), "standard input", sources);
	return err;
}

void pc_history_options_free(struct pc_history_options *o)
{
	pc_log_files_free(&o->files);
}
