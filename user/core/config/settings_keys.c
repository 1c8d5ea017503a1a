// SPDX-License-Identifier: GPL-2.0-only
/* The table of the configuration's keys: from it come the parser, the options of `portclash agent`,
 * their defaults, and the tables in docs/ and packaging/ that the tests compare with it. */
#include <string.h>

#include "core/base/nearest.h"
#include "core/base/time.h"
#include "core/config/backends.h"
#include "core/config/settings.h"

/* The rings are read ten times a second; nothing is written more often. */
#define INTERVAL_MIN_NS (100 * PC_NS_PER_MS)

/* Metrics that are a day old tell their reader nothing. */
#define INTERVAL_MAX_NS (86400 * PC_NS_PER_SECOND)

#define FIELD(name) offsetof(struct pc_settings, name)

/* The summaries of a collision then come hours apart. */
#define REPEAT_MAX_NS (86400 * PC_NS_PER_SECOND)

/* A server that has not come back for a year does not come back. */
#define GRACE_MAX_NS (365 * 86400 * PC_NS_PER_SECOND)

/* A smaller log would be moved away every few lines. A line that is longer than the log is lost and counted. */
#define LOG_SIZE_MIN (64ULL << 10)
#define LOG_SIZE_MAX (1024ULL << 30)

/* More old files than these are no cap any more. */
#define LOG_KEEP_MAX 99

/* A smaller recorder would hold a second of a busy machine. A larger one counts against the memory of the service. */
#define FLIGHT_SIZE_MIN (64ULL << 10)
#define FLIGHT_SIZE_MAX (128ULL << 20)

/* A recorder is for the last incident, the log for all of them. */
#define FLIGHT_TIME_MAX_NS (30 * 86400 * PC_NS_PER_SECOND)

static const char *const journals[] = { "auto", "on", "off", NULL };

const struct pc_settings_key pc_settings_keys[] = {
	{
		.name = "log",
		.type = PC_SETTING_PATH,
		.offset = FIELD(log),
		.standard = "-",
		.takes = "a path, or `-` for standard output",
		.argument = "FILE",
		.help = "append the JSON lines to this file; SIGHUP opens it again",
		.none = "-",
	},
	{
		.name = "log_max_size",
		.type = PC_SETTING_SIZE,
		.offset = FIELD(log_max_size),
		.standard = "64M",
		.takes = "bytes, or a number with `K`, `M` or `G`; 64K to 1024G; 0: no limit",
		.argument = "SIZE",
		.help = "how large the log may become; a full log becomes FILE.1, that one FILE.2, and so on",
		.least = LOG_SIZE_MIN,
		.most = LOG_SIZE_MAX,
		.unlimited = true,
	},
	{
		.name = "log_keep",
		.type = PC_SETTING_NUMBER,
		.offset = FIELD(log_keep),
		.standard = "4",
		.takes = "a number of files, 0 to 99",
		.argument = "COUNT",
		.help = "keep this many full logs beside the one in use",
		.most = LOG_KEEP_MAX,
	},
	{
		.name = "textfile",
		.type = PC_SETTING_PATH,
		.offset = FIELD(textfile),
		.standard = "none",
		.takes = "a path that ends in `.prom`, or `none`",
		.argument = "FILE.prom",
		.help = "keep the metrics for Prometheus here, in a folder that node_exporter reads",
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
		.help = "write entries with fields to systemd's journal; auto: when systemd connected the output to it",
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
		.help = "how soon repeats of a collision are summarised; then six times and sixty times as long",
		.max_ns = REPEAT_MAX_NS,
	},
	{
		.name = "patience",
		.type = PC_SETTING_DURATION,
		.offset = FIELD(patience_ns),
		.standard = "30s",
		.takes = "a time like that of `interval`, 100ms to 1d",
		.argument = "TIME",
		.help = "how long a refused process may run without its port before it is reported as still waiting",
		.min_ns = INTERVAL_MIN_NS,
		.max_ns = INTERVAL_MAX_NS,
	},
	{
		.name = "protect",
		.type = PC_SETTING_PORTS,
		.offset = FIELD(protect),
		.standard = "none",
		.takes = "ports, ranges and names of services, as a list or with commas, or `none`",
		.argument = "LIST",
		.help = "warn when the kernel gives a client one of these ports, or that of an exposed listener that has ended: 30000-32767,10250,https",
		.none = "none",
	},
	{
		.name = "backend",
		.type = PC_SETTING_CHOICE,
		.offset = FIELD(backend),
		.standard = "auto",
		.takes = "`auto`, `fentry`, `kprobe` or `tracepoint`",
		.argument = "NAME",
		.help = "how to look into the kernel; auto takes the best way that the kernel allows",
		.choices = pc_backend_names,
		.at_start = true,
	},
	{
		.name = "btf",
		.type = PC_SETTING_PATH,
		.offset = FIELD(btf),
		.standard = "none",
		.takes = "a path, or `none`",
		.argument = "FILE",
		.help = PC_BTF_HELP,
		.none = "none",
		.at_start = true,
	},
	{
		.name = "verbose",
		.type = PC_SETTING_BOOL,
		.offset = FIELD(verbose),
		.standard = "no",
		.takes = "`yes` or `no`",
		.argument = "yes|no",
		.help = "print the BPF library's messages to standard error",
		.at_start = true,
	},
	{
		.name = "enter_netns",
		.type = PC_SETTING_BOOL,
		.offset = FIELD(enter_netns),
		.standard = "no",
		.takes = "`yes` or `no`",
		.argument = "yes|no",
		.help = "keep CAP_SYS_ADMIN, to read port settings and sockets of other network namespaces",
		.at_start = true,
	},
	{
		.name = "container_names",
		.type = PC_SETTING_BOOL,
		.offset = FIELD(container_names),
		.standard = "yes",
		.takes = "`yes` or `no`",
		.argument = "yes|no",
		.help = "look up the names of containers and pods in the files of runtimes and the kubelet",
		.at_start = true,
	},
	{
		.name = "flight_recorder",
		.type = PC_SETTING_PATH,
		.offset = FIELD(flight_recorder),
		.standard = "none",
		.takes = "a path, or `none`",
		.argument = "FILE",
		.help = "keep the claims of the last minutes in this file, for portclash history --at",
		.none = "none",
		.at_start = true,
	},
	{
		.name = "flight_size",
		.type = PC_SETTING_SIZE,
		.offset = FIELD(flight_size),
		.standard = "8M",
		.takes = "bytes, or a number with `K` or `M`; 64K to 128M",
		.argument = "SIZE",
		.help = "the size of that file, of which a claim takes 256 bytes",
		.least = FLIGHT_SIZE_MIN,
		.most = FLIGHT_SIZE_MAX,
		.at_start = true,
	},
	{
		.name = "flight_time",
		.type = PC_SETTING_DURATION,
		.offset = FIELD(flight_time_ns),
		.standard = "1h",
		.takes = "a time like that of `interval`, 1s to 30d",
		.argument = "TIME",
		.help = "how long a claim stays in that file, if there is room for it",
		.min_ns = PC_NS_PER_SECOND,
		.max_ns = FLIGHT_TIME_MAX_NS,
		.at_start = true,
	},
	{
		.name = "netns",
		.type = PC_SETTING_WHOSE,
		.offset = FIELD(whose.only[PC_WHOSE_NETNS]),
		.standard = "all",
		.takes =
			"`self`, names in /run/netns, paths or inode numbers, as a list or with commas, or `all`",
		.argument = "WHICH",
		.help = "only refusals of processes in these network namespaces",
		.none = "all",
		.example = "self, blue or 4026531840",
		.whose = PC_WHOSE_NETNS,
	},
	{
		.name = "unit",
		.type = PC_SETTING_WHOSE,
		.offset = FIELD(whose.only[PC_WHOSE_UNIT]),
		.standard = "all",
		.takes =
			"names of systemd units, where `*` and `?` stand for others, as a list or with commas, or `all`",
		.argument = "NAME",
		.help = "only what processes of these systemd units are refused",
		.none = "all",
		.example = "nginx.service or app-*",
		.whose = PC_WHOSE_UNIT,
	},
	{
		.name = "container",
		.type = PC_SETTING_WHOSE,
		.offset = FIELD(whose.only[PC_WHOSE_CONTAINER]),
		.standard = "all",
		.takes =
			"ids (12 digits or more) or names of containers, or `NAMESPACE/POD`, where `*` and `?` stand for others, as a list or with commas, or `all`",
		.argument = "ID",
		.help = "only what processes of these containers or pods are refused",
		.none = "all",
		.example = "0123456789ab, web or shop/web-*",
		.whose = PC_WHOSE_CONTAINER,
	},
	{
		.name = "uid",
		.type = PC_SETTING_WHOSE,
		.offset = FIELD(whose.only[PC_WHOSE_UID]),
		.standard = "all",
		.takes = "numbers of users, as a list or with commas, or `all`",
		.argument = "UID",
		.help = "only what processes of these users are refused",
		.none = "all",
		.example = "1000",
		.whose = PC_WHOSE_UID,
	},
	{
		.name = "ignore",
		.type = PC_SETTING_WHOSE,
		.offset = FIELD(whose.ignore),
		.standard = "none",
		.takes =
			"`netns:WHICH`, `unit:NAME`, `container:ID` and `uid:UID`, as a list or with commas, or `none`",
		.argument = "WHOSE",
		.help = "leave out what processes of these are refused",
		.none = "none",
		.example = "unit:backup.service or uid:1000",
		.whose = PC_WHOSE_ANY,
	},
	{
		.name = "guard",
		.type = PC_SETTING_POLICY,
		.offset = FIELD(guard),
		.standard = "off",
		.takes =
			"`off`, `system-units`, `all`, or `unit:NAME`, `container:ID` and `uid:NUMBER`, as a list or with commas",
		.argument = "WHOSE",
		.help = "keep the ports of `protect` reserved, and those that listeners of these ask for by number",
	},
	{
		.name = "guard_grace",
		.type = PC_SETTING_DURATION,
		.offset = FIELD(guard_grace_ns),
		.standard = "1d",
		.takes = "a time like that of `interval`, 1s to 365d",
		.argument = "TIME",
		.help = "keep a guarded port reserved this long without a listener",
		.min_ns = PC_NS_PER_SECOND,
		.max_ns = GRACE_MAX_NS,
	},
	{
		.name = "guard_share",
		.type = PC_SETTING_PERCENT,
		.offset = FIELD(guard_share),
		.standard = "10%",
		.takes = "`1%` to `50%`",
		.argument = "PERCENT",
		.help = "guard at most this share of the ephemeral range in each network namespace",
	},
};
const size_t pc_settings_keys_count = sizeof(pc_settings_keys) / sizeof(pc_settings_keys[0]);

_Static_assert(sizeof(pc_settings_keys) / sizeof(pc_settings_keys[0]) <= PC_SETTINGS_KEYS_MAX,
	       "keys");

bool pc_settings_takes_list(const struct pc_settings_key *key)
{
	return key->type == PC_SETTING_PORTS || key->type == PC_SETTING_POLICY ||
	       key->type == PC_SETTING_WHOSE;
}

const struct pc_settings_key *pc_settings_find(const char *name)
{
	for (size_t i = 0; i < pc_settings_keys_count; i++)
		if (!strcmp(name, pc_settings_keys[i].name))
			return &pc_settings_keys[i];
	return NULL;
}

static const char *key_name_at(const void *keys, size_t index)
{
	return ((const struct pc_settings_key *)keys)[index].name;
}

const struct pc_settings_key *pc_settings_nearest(const char *name)
{
	const char *nearest =
		pc_nearest(name, key_name_at, pc_settings_keys, pc_settings_keys_count);

	return nearest ? pc_settings_find(nearest) : NULL;
}
