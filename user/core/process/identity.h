/* SPDX-License-Identifier: GPL-2.0-only */
/* The identity of a process, as the kernel side (join/process_record.h) and /proc (host/procfs.h)
 * both give it. */
#ifndef PORTCLASH_IDENTITY_H
#define PORTCLASH_IDENTITY_H

#include <stddef.h>

#include "core/base/model.h"

/* Sets unit, container and pod from `who->cgroup`, in place of what they were. 0 or -ENOMEM,
 * and `who` is as before then. */
int pc_identity_name_cgroup(struct pc_identity *who);

/* The length of `text` without the NULs at its end: setproctitle() pads with them. */
size_t pc_identity_trim_nuls(const char *text, size_t len);

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
