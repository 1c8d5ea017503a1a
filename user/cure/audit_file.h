/* SPDX-License-Identifier: GPL-2.0-only */
/* The file of `audit --write`: a new one, or a sysctl.d file that is there, of which one line is edited. */
#ifndef PORTCLASH_CURE_AUDIT_FILE_H
#define PORTCLASH_CURE_AUDIT_FILE_H

#include <sys/stat.h>

#include "core/audit/sysctl_edit.h"
#include "cure/keep.h"

struct pc_audit_file {
	const char *path;
	char *text; /* NULL: there is no such file yet */
	struct stat was;
	struct pc_sysctl_edit edit;
	struct pc_keep keep; /* open while `locked`: the file is the one of `portclash reserve` */
	bool locked;
};

/* Reads FILE, if it is there. portclash's own file below `root` ("" for the machine's own) is locked
 * against other portclashes, by the record in the folder `state`. 0 or a negative errno, and the sentence
 * (PC_CURE_SENTENCE bytes): a symbolic link, no regular file, or no sysctl.d file. */
int pc_audit_file_open(const char *path, const char *root, const char *state,
		       struct pc_audit_file *out, char *sentence);

/* Writes the ports: as `dropin`, which has them, or into the line of the file that is there. Its other
 * lines, owner and mode stay. Errors as above. */
int pc_audit_file_write(const struct pc_audit_file *f, const uint64_t *ports, const char *dropin,
			char *sentence);

void pc_audit_file_close(struct pc_audit_file *f);

#endif
