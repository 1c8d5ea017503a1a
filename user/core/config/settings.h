/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's configuration: what each key takes and what it is when it is not set; YAML or an
 * option's text in, settings and mistakes out. Pure: whoever calls reads the file. */
#ifndef PORTCLASH_SETTINGS_H
#define PORTCLASH_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/guard/policy.h"
#include "core/process/whose.h"
#include "portclash/values.h"

/* A file of ours has one or two KiB. What is larger is not one, and is not worth its time. */
#define PC_SETTINGS_BYTES_MAX 65536

/* A user who made so many mistakes has mixed up two files: the rest is not read. */
#define PC_SETTINGS_MISTAKES_MAX 32

/* A reason is a sentence with two names cut to PC_SETTINGS_SHOWN_MAX. */
#define PC_SETTINGS_REASON 384

/* The help of --btf, which each subcommand that loads BPF programs has. */
#define PC_BTF_HELP \
	"the kernel's type information, for a kernel without BTF: raw BTF, or a vmlinux with a section .BTF"

/* The settings, filled from their defaults up. */
struct pc_settings {
	char *log;	       /* NULL: standard output */
	uint64_t log_max_size; /* bytes; 0: no limit */
	unsigned log_keep;
	char *textfile; /* NULL: none is kept */
	uint64_t interval_ns;
	const char *journal; /* a choice */
	uint64_t repeat_ns;
	uint64_t patience_ns;
	uint64_t protect[PC_PORT_WORDS];
	const char *backend; /* a static string, as is every choice */
	char *btf;	     /* NULL: the kernel's own */
	bool verbose;
	bool enter_netns;
	bool container_names;
	char *flight_recorder; /* NULL: none */
	uint64_t flight_size;  /* bytes */
	uint64_t flight_time_ns;
	struct pc_whose_filter whose;
	struct pc_guard_policy guard;
	uint64_t guard_grace_ns;
	unsigned guard_share; /* per cent of the range */
};

enum pc_settings_type {
	PC_SETTING_INVALID = 0,
	PC_SETTING_PATH,     /* char *, malloc'd; NULL for the row's `none` */
	PC_SETTING_DURATION, /* uint64_t, nanoseconds */
	PC_SETTING_PORTS,    /* uint64_t[PC_PORT_WORDS]; takes a list, too */
	PC_SETTING_CHOICE,   /* const char *, one of the row's `choices` */
	PC_SETTING_BOOL,     /* bool */
	PC_SETTING_POLICY,   /* struct pc_guard_policy; takes a list, too */
	PC_SETTING_PERCENT,  /* unsigned */
	PC_SETTING_SIZE,     /* uint64_t, bytes */
	PC_SETTING_NUMBER,   /* unsigned */
	PC_SETTING_WHOSE,    /* struct pc_whose; takes a list, too */
	PC_SETTING_COUNT,
};

/* A key of the file and, with - for _, an option of the command line. To add one: a field above,
 * a row in settings_keys.c; the tests then name the places in docs/ and packaging/ that lack it. */
struct pc_settings_key {
	const char *name;
	enum pc_settings_type type;
	size_t offset;	      /* of its field in struct pc_settings */
	const char *standard; /* the default, as one would write it in the file */
	const char *takes;    /* for the documents: the kind of value and its unit */
	const char *argument; /* for --help; a BOOL's may be left off and means yes then */
	const char *help;     /* what it is for: --help and the documents */
	const char *none;     /* PATH, PORTS, WHOSE: the word for "not at all" */
	const char *example;  /* WHOSE */
	const char *suffix;   /* PATH: a name must end so … */
	const char *why;      /* … because */
	const char *const *choices;
	uint64_t min_ns; /* DURATION */
	uint64_t max_ns;
	enum pc_whose_kind whose; /* WHOSE: of its words */
	uint64_t least; /* SIZE: bytes; NUMBER */
	uint64_t most;
	bool unlimited; /* SIZE: 0 is no limit */
	bool at_start; /* read at the start only: a reload does not change it */
};

extern const struct pc_settings_key pc_settings_keys[];
extern const size_t pc_settings_keys_count;

/* Room for marks of each key; asserted to be enough. */
#define PC_SETTINGS_KEYS_MAX 32

/* The parser asks its caller for these. */
struct pc_settings_source {
	/* The port of a service's name; false: there is none. NULL: names are not known. */
	bool (*service)(const char *name, unsigned *port);
	/* A path may start where the process is: on a command line, not in a file. */
	bool relative_paths;
};

struct pc_settings_mistake {
	unsigned line;	 /* from 1 */
	unsigned column; /* in characters, from 1 */
	char reason[PC_SETTINGS_REASON];
};

struct pc_settings_mistakes {
	struct pc_settings_mistake list[PC_SETTINGS_MISTAKES_MAX];
	unsigned count;
};

/* Does a key take several values? The first replaces what was there, the others are added. */
bool pc_settings_takes_list(const struct pc_settings_key *key);

/* NULL: there is no such key. */
const struct pc_settings_key *pc_settings_find(const char *name);

/* The key that `name` may be meant to be, or NULL. */
const struct pc_settings_key *pc_settings_nearest(const char *name);

/* All keys as they are by default; 0 or -ENOMEM. */
int pc_settings_init(struct pc_settings *settings);
void pc_settings_free(struct pc_settings *settings);

/* Sets a key from one scalar. Ports: with `more` they are added to what is there, else they take
 * its place. 0; -ENOMEM; or -EINVAL with the reason (PC_SETTINGS_REASON bytes; it
 * follows the key's name and a colon: "expected …"), and nothing is changed. */
int pc_settings_set(struct pc_settings *settings, const struct pc_settings_key *key,
		    const char *value, bool more, const struct pc_settings_source *source,
		    char *reason);

/* Is the key set to the same in both? */
bool pc_settings_same(const struct pc_settings *a, const struct pc_settings *b,
		      const struct pc_settings_key *key);

/* Exchanges what the key is in both. */
void pc_settings_swap(struct pc_settings *a, struct pc_settings *b,
		      const struct pc_settings_key *key);

/* Adds ports, ranges and names of services, separated by commas; errors as above. */
int pc_settings_ports(const char *list, const struct pc_settings_source *source, uint64_t *set,
		      char *reason);

/* Reads a file's text over what is in `settings`. 0; -EINVAL, and every mistake found; or -ENOMEM.
 * After an error `settings` is half done: good to be freed, no more. Values in reasons are as they
 * stand in the file: escape them before they are shown. */
int pc_settings_parse(struct pc_settings *settings, const char *text, size_t len,
		      const struct pc_settings_source *source,
		      struct pc_settings_mistakes *mistakes);

/* settings_value.c, for reasons: text of at most PC_SETTINGS_SHOWN_MAX bytes, cut where a character
 * ends, for "%.*s". */
#define PC_SETTINGS_SHOWN_MAX 80
int pc_settings_shown(const char *text);

#endif
