/* SPDX-License-Identifier: GPL-2.0-only */
/* A sysctl.d file as its line that sets net.ipv4.ip_local_reserved_ports, and the rest, which stays as it
 * is, byte for byte. Pure. */
#ifndef PORTCLASH_SYSCTL_EDIT_H
#define PORTCLASH_SYSCTL_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/ports.h"

struct pc_sysctl_edit {
	uint64_t ports[PC_PORT_WORDS]; /* of the last line that sets them: the one that holds */
	size_t from, to;	       /* its value is text[from..to); to 0: there is no line */
	/* Other lines set something, too, or the line is not in the form that portclash gives it. */
	bool mixed;
};

/* Reads the `len` bytes at `text`, which end in a NUL behind them. 0; -ENOEXEC: *line is no line of a
 * sysctl.d file; -EBADMSG: *line is a list of ports that the kernel does not take; or -ENOMEM. `out` is
 * written on success only. */
int pc_sysctl_edit_parse(const char *text, size_t len, struct pc_sysctl_edit *out, unsigned *line);

/* The text with these ports in that line. Where there is no line, `dropin`, which has them, follows the
 * text. Malloc'd; NULL without memory. */
char *pc_sysctl_edit_format(const char *text, const struct pc_sysctl_edit *edit,
			    const uint64_t *ports, const char *dropin);

#endif
