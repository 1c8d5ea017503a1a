/* SPDX-License-Identifier: GPL-2.0-only */
/* Settings of ports that are dangerous, gone or misunderstood, in sysctl files and as they are
 * now. Pure: whoever reads the files and /proc/sys hands the text in. */
#ifndef PORTCLASH_SYSCTLS_H
#define PORTCLASH_SYSCTLS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/request.h"

/* A line of a sysctl.d file. All strings are malloc'd; the key has dots. */
struct pc_sysctl_line {
	char *file;
	unsigned line;
	char *key;
	char *value;
	bool overridden; /* a line that is read later sets the same key */
};

struct pc_sysctl_lines {
	struct pc_sysctl_line *list;
	size_t count;
	size_t room;
};

enum pc_sysctl_kind {
	PC_SYSCTL_INVALID = 0,
	PC_SYSCTL_GONE,		 /* the kernel does not have it (any more) */
	PC_SYSCTL_MISUNDERSTOOD, /* it does not do what it is set for */
	PC_SYSCTL_DANGEROUS,	 /* it makes collisions */
	PC_SYSCTL_REFUSED,	 /* the kernel does not take this value */
	PC_SYSCTL_NOT_KEPT,	 /* it is so now, and not after a reboot */
	PC_SYSCTL_KIND_COUNT,
};

struct pc_sysctl_finding {
	enum pc_sysctl_kind kind;
	const char *file; /* of the line; NULL: as it is now */
	unsigned line;
	const char *key;
	char *value; /* hostile, when it comes from a file; "": none in particular; owned */
	char *text;  /* one sentence; owned */
};

struct pc_sysctl_findings {
	struct pc_sysctl_finding *list;
	size_t count;
	size_t room;
};

/* The word for it in the output. */
const char *pc_sysctl_kind_name(enum pc_sysctl_kind kind);

/* Splits one line of a file, "key = value", "-key = value" or "net/ipv4/key=value", as
 * sysctl.d(5) has it. 0 with malloc'd key and value; -ENOENT: a comment, empty, or nothing that
 * sets a value; or -ENOMEM. */
int pc_sysctl_parse(const char *text, char **key, char **value);

/* Takes over nothing. 0 or -ENOMEM. Lines of one key that are read later win: `overridden` is set
 * in the others. */
int pc_sysctl_add(struct pc_sysctl_lines *lines, const char *file, unsigned number,
		  const char *text);

/* Looks at the lines, which are in the order in which they are read, and at the settings of the
 * host's network namespace. The findings point into the lines. 0 or -ENOMEM, and what was found is
 * there all the same. */
int pc_sysctl_judge(const struct pc_sysctl_lines *lines, const struct pc_netns_settings *now,
		    struct pc_sysctl_findings *out);

/* Adds the ports of the last valid net.ipv4.ip_local_reserved_ports in the files to `set`; its
 * line, or NULL when there is none. */
const struct pc_sysctl_line *pc_sysctl_reserved(const struct pc_sysctl_lines *lines, uint64_t *set);

/* Is a sysctl file read later than another one? What is set later holds. */
bool pc_sysctl_comes_later(const char *file, const char *than);

void pc_sysctl_lines_free(struct pc_sysctl_lines *lines);
void pc_sysctl_findings_free(struct pc_sysctl_findings *findings);

#endif
