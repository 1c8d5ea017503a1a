/* SPDX-License-Identifier: GPL-2.0-only */
/* portclash's own sysctl.d file, by which reserved ports stay reserved after a reboot. The last file
 * that sets net.ipv4.ip_local_reserved_ports replaces what the files before it set: hence the line
 * here has the ports of all keepers and those of the files before. Comments say which are whose:
 *
 *     # portclash reserve: 8080
 *     # portclash before: 30000-32767
 *     net.ipv4.ip_local_reserved_ports = 8080,9000,30000-32767
 *
 * Port 9000, which no comment claims, somebody wrote by hand: it is never removed. Pure. */
#ifndef PORTCLASH_CURE_DROPIN_H
#define PORTCLASH_CURE_DROPIN_H

#include "core/cure/record.h"

#define PC_DROPIN_NAME "60-portclash.conf"
#define PC_DROPIN_PATH "/etc/sysctl.d/" PC_DROPIN_NAME

struct pc_dropin {
	/* Ports by keeper. [PC_KEEPER_INVALID]: the ports that somebody wrote into this file by hand. */
	uint64_t kept[PC_KEEPER_COUNT][PC_PORT_WORDS];
	uint64_t before
		[PC_PORT_WORDS]; /* what the files read before had when this one was written */
	char *rest;		 /* all other lines, as they were; owned; NULL: none */
};

/* Reads the `len` bytes at `text`, which end in a NUL behind them; "" is a file that is not there. A
 * port that a comment claims and the line does not have was removed by hand: nobody keeps it. 0;
 * -EBADMSG with the number of the line that cannot be understood in *line; or -ENOMEM. `out` is
 * written on success only. */
int pc_dropin_parse(const char *text, size_t len, struct pc_dropin *out, unsigned *line);

/* The text of the file, malloc'd; "" when the file would say nothing; NULL without memory. */
char *pc_dropin_format(const struct pc_dropin *d);

/* Unites `set` with all ports that the file's line has. */
void pc_dropin_ports(const struct pc_dropin *d, uint64_t *set);

void pc_dropin_free(struct pc_dropin *d);

#endif
