/* SPDX-License-Identifier: GPL-2.0-only */
/* Decode a process record of the kernel side into an identity. */
#ifndef PORTCLASH_PROCESS_RECORD_H
#define PORTCLASH_PROCESS_RECORD_H

#include "core/base/model.h"
#include "portclash/record.h"

/* Fills `out` from a record of `record->header.size` readable bytes; nothing behind those is
 * looked at. 0, -ENOMEM, or -EBADMSG: not a process record, or its lengths do not fit.
 * unit, container and pod stay NULL: see pc_identity_name_cgroup(). cmdline is NULL when
 * there are no arguments; cgroup is "/" when the record has none, as on cgroup v1. */
int pc_identity_from_record(const struct pc_process_record *record, struct pc_identity *out);

/* Makes a path of its components, leaf first, each with its NUL: "x\0bin\0usr\0" to "/usr/bin/x", and
 * nothing to "/". malloc'd. 0 or -ENOMEM. */
int pc_path_from_parts(const char *parts, size_t len, char **out);

#endif
