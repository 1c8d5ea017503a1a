/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of services in a list of ports. */
#ifndef PORTCLASH_SERVICES_H
#define PORTCLASH_SERVICES_H

#include <stdbool.h>

/* The port of a service ("https") by `file`, which is "/etc/services"; false: it is not in there. */
bool pc_services_port(const char *file, const char *name, unsigned *port);

/* `list` with each name of a service ("https") replaced by its number from `file`, which is
 * "/etc/services"; all else stays as it is, for pc_ports_parse() to judge. malloc'd into *out. The
 * file is read here, not by getservbyname(): that needs shared libraries in a static binary.
 * 0; -ENOMEM; or -ENOENT with *bad the name (malloc'd) that is not in the file. */
int pc_services_expand(const char *file, const char *list, char **out, char **bad);

#endif
