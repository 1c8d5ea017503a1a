/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports of services by name. */
#ifndef PORTCLASH_PORT_NAMES_H
#define PORTCLASH_PORT_NAMES_H

#include <stdbool.h>

/* The port of a service ("https") by `file`, which is "/etc/services"; false: it is not in there. The
 * file is read here, not by getservbyname(): that needs shared libraries in a static binary. */
bool pc_port_names_port(const char *file, const char *name, unsigned *port);

#endif
