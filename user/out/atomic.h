/* SPDX-License-Identifier: GPL-2.0-only */
/* Replaces a file in one step: a reader, and a machine that loses power, finds the old content
 * or the new, never a part of either. */
#ifndef PORTCLASH_ATOMIC_H
#define PORTCLASH_ATOMIC_H

#include <stddef.h>
#include <sys/stat.h>

/* Makes `path` a file of mode 0644 with `len` bytes of `data`: written to a temporary in the same
 * folder, fsynced, renamed over `path`, the folder fsynced.
 *
 * The temporary is `.NAME.PID.tmp` (node_exporter reads only *.prom), created mode 0600 and held
 * under flock() while it is written. Each call first removes the temporaries of the same NAME that
 * nobody holds: those of a process that was killed.
 *
 * A symlink at `path` is replaced, not followed. A folder there is -EISDIR; anything else that is
 * not a regular file (a device, a FIFO) is -EINVAL and stays. -EAGAIN, -EEXIST: another process
 * writes the same file at this moment. On any error the old file is as it was and the temporary
 * is gone, but for one: when the last step, the fsync of the folder, fails, the new file is there
 * and may not outlive a power cut. The folder must be readable. */
int pc_write_atomic(const char *path, const char *data, size_t len);

/* This function does the same with mode 0600. */
int pc_write_atomic_private(const char *path, const char *data, size_t len);

/* Does the same to a regular file that is there and was `was` when it was read. The new one has its owner,
 * group and mode. -ESTALE: another file is there now, or somebody has written to it since. */
int pc_rewrite_atomic(const char *path, const struct stat *was, const char *data, size_t len);

#endif
