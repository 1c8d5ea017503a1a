/* SPDX-License-Identifier: GPL-2.0-only */
/* The monitor's last JSON line, as far as the bench wants it. */
#ifndef BENCH_SUMMARY_H
#define BENCH_SUMMARY_H

struct summary {
	long claims; /* of kind `connect` */
	long lost;   /* records, of all kinds */
};

/* From the line of type "summary" in the file at `path`: 0, -ENOENT when there is none,
 * -EBADMSG when it does not hold both numbers. */
int summary_read(const char *path, struct summary *ret);

#endif
