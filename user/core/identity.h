/* SPDX-License-Identifier: GPL-2.0-only */
/* Who a process is, from the record the kernel sent; and what is common to that and to
 * the other source of identities, /proc (host/procfs.h). */
#ifndef PORTCLASH_IDENTITY_H
#define PORTCLASH_IDENTITY_H

#include <stddef.h>

#include "core/model.h"

/* Fills `out` from a record of `record->header.size` readable bytes; nothing behind those is
 * looked at. 0, -ENOMEM, or -EBADMSG: not a process record, or its lengths do not fit.
 * unit, container and pod stay NULL: see pc_identity_name_cgroup(). cmdline is NULL when
 * there are no arguments; cgroup is "/" when the record has none, as on cgroup v1. */
int pc_identity_from_record(const struct pc_process *record, struct pc_identity *out);

/* Sets unit, container and pod from `who->cgroup`, in place of what they were. 0 or -ENOMEM,
 * and `who` is as before then. */
int pc_identity_name_cgroup(struct pc_identity *who);

/* Makes `len` bytes of NUL-separated arguments one string, joined by single spaces; NULs at
 * the end go (setproctitle() pads with them). `buf` has room for `len` + 1 bytes. */
void pc_identity_join_args(char *buf, size_t len);

/* A copy of all of it, to be freed by pc_identity_free(). 0 or -ENOMEM. */
int pc_identity_copy(const struct pc_identity *who, struct pc_identity *out);

/* A copy of a party that stays when its process is forgotten: `own` is made a copy of `party->who`,
 * and `out->who` to point there, in place of what both were. Without memory, or when `party->who`
 * is NULL, `out->who` is NULL. `own` all zero is a good start. */
void pc_party_keep(const struct pc_party *party, struct pc_party *out, struct pc_identity *own);

/* Frees the strings, not `who`, and leaves them NULL. */
void pc_identity_free(struct pc_identity *who);

#endif
