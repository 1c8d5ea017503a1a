/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of a refusal's JSON line about names instead of ports, and about tunnels (docs/json.md). */
#ifndef PORTCLASH_JSON_UNIX_H
#define PORTCLASH_JSON_UNIX_H

#include <jansson.h>

#include "core/base/model.h"

/* "address" and "port" of what was asked for; the port is null where there is none. */
json_t *pc_json_wanted(const struct pc_request *r);

/* The name and path of a Unix socket, as far as they are known; null for another socket. */
json_t *pc_json_unix(const struct pc_verdict *v);

/* The tunnels that have the port. */
json_t *pc_json_tunnels(const struct pc_tunnels *t);

#endif
