// SPDX-License-Identifier: GPL-2.0-only
/* The table of the configuration's keys: from it come the parser, the options of `portclash agent`,
 * their defaults, and the tables in docs/ and packaging/ that the tests compare with it. */
#include <string.h>

#include "core/settings.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_SECOND 1000000000ULL

/* The rings are read ten times a second; nothing is written more often. */
#define INTERVAL_MIN_NS (100 * NS_PER_MS)

/* Whoever reads metrics that are a day old is told nothing by them. */
#define INTERVAL_MAX_NS (86400 * NS_PER_SECOND)

/* The longest name that is compared with the keys when it is none. */
#define NAME_MAX_LEN 48

/* A name with more wrong letters than these is no slip of the hand. */
#define SLIPS_MAX 3

#define FIELD(name) offsetof(struct pc_settings, name)

/* The summaries of a collision then come hours apart. */
#define REPEAT_MAX_NS (86400 * NS_PER_SECOND)

static const char *const journals[] = { "auto", "on", "off", NULL };
static const char *const backends[] = { "auto", "fentry", "kprobe", "tracepoint", NULL };

const struct pc_settings_key pc_settings_keys[] = {
	{
		.name = "log",
		.type = PC_SETTING_PATH,
		.offset = FIELD(log),
		.standard = "-",
		.takes = "a path, or `-` for standard output",
		.argument = "FILE",
		.help = "append the JSON lines to this file; it is reopened on SIGHUP",
		.none = "-",
	},
	{
		.name = "textfile",
		.type = PC_SETTING_PATH,
		.offset = FIELD(textfile),
		.standard = "none",
		.takes = "a path that ends in `.prom`, or `none`",
		.argument = "FILE.prom",
		.help = "keep the metrics for Prometheus here, in a folder that node_exporter "
			"reads",
		.none = "none",
		.suffix = ".prom",
		.why = "node_exporter reads no others",
	},
	{
		.name = "interval",
		.type = PC_SETTING_DURATION,
		.offset = FIELD(interval_ns),
		.standard = "15s",
		.takes = "seconds, or a number with `ms`, `s`, `m`, `h` or `d`; 100ms to 1d",
		.argument = "TIME",
		.help = "the time between two writings of the textfile",
		.min_ns = INTERVAL_MIN_NS,
		.max_ns = INTERVAL_MAX_NS,
	},
	{
		.name = "journal",
		.type = PC_SETTING_CHOICE,
		.offset = FIELD(journal),
		.standard = "auto",
		.takes = "`auto`, `on` or `off`",
		.argument = "WHEN",
		.help = "write entries with fields to systemd's journal; auto: when systemd "
			"connected the output to it",
		.choices = journals,
		.at_start = true,
	},
	{
		.name = "repeat_interval",
		.type = PC_SETTING_DURATION,
		.offset = FIELD(repeat_ns),
		.standard = "10s",
		.takes = "a time like that of `interval`, up to 1d; 0: each is written",
		.argument = "TIME",
		.help = "how soon repeats of a collision are summarised; then six times and sixty "
			"times as long",
		.max_ns = REPEAT_MAX_NS,
	},
	{
		.name = "protect",
		.type = PC_SETTING_PORTS,
		.offset = FIELD(protect),
		.standard = "none",
		.takes = "ports, ranges and names of services, as a list or with commas, or `none`",
		.argument = "LIST",
		.help = "warn when the kernel gives a client one of these ports, or that of an "
			"exposed listener that has ended: 30000-32767,10250,https",
		.none = "none",
	},
	{
		.name = "backend",
		.type = PC_SETTING_CHOICE,
		.offset = FIELD(backend),
		.standard = "auto",
		.takes = "`auto`, `fentry`, `kprobe` or `tracepoint`",
		.argument = "NAME",
		.help = "how to look into the kernel; auto takes the best that it allows",
		.choices = backends,
		.at_start = true,
	},
	{
		.name = "verbose",
		.type = PC_SETTING_BOOL,
		.offset = FIELD(verbose),
		.standard = "no",
		.takes = "`yes` or `no`",
		.argument = "yes|no",
		.help = "the BPF library's own messages to standard error",
		.at_start = true,
	},
	{
		.name = "enter_netns",
		.type = PC_SETTING_BOOL,
		.offset = FIELD(enter_netns),
		.standard = "no",
		.takes = "`yes` or `no`",
		.argument = "yes|no",
		.help = "keep CAP_SYS_ADMIN, to read port settings and sockets of other network "
			"namespaces",
		.at_start = true,
	},
};
const size_t pc_settings_keys_count = sizeof(pc_settings_keys) / sizeof(pc_settings_keys[0]);

_Static_assert(sizeof(pc_settings_keys) / sizeof(pc_settings_keys[0]) <= PC_SETTINGS_KEYS_MAX,
	       "keys");

const struct pc_settings_key *pc_settings_find(const char *name)
{
	for (size_t i = 0; i < pc_settings_keys_count; i++)
		if (!strcmp(name, pc_settings_keys[i].name))
			return &pc_settings_keys[i];
	return NULL;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters to add, drop or change (Levenshtein) to make `b`, which is short, of `a`. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LEN + 1];
	size_t len = strnlen(b, NAME_MAX_LEN);

	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (; *a; a++) {
		unsigned diagonal = row[0]++;

		for (size_t j = 0; j < len; j++) {
			unsigned above = row[j + 1];

			row[j + 1] = least(above + 1, row[j] + 1, diagonal + (*a != b[j]));
			diagonal = above;
		}
	}
	return row[len];
}

const struct pc_settings_key *pc_settings_nearest(const char *name)
{
	size_t len = strnlen(name, NAME_MAX_LEN + 1);
	unsigned best = len / 2 < SLIPS_MAX ? (unsigned)len / 2 : SLIPS_MAX;
	const struct pc_settings_key *nearest = NULL;

	if (len > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		unsigned slips = distance(name, pc_settings_keys[i].name);

		if (slips < best || (slips == best && !nearest)) {
			best = slips;
			nearest = &pc_settings_keys[i];
		}
	}
	return nearest;
}
