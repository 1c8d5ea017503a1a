/* SPDX-License-Identifier: GPL-2.0-only */
/* The files in which runtimes and the kubelet keep the names of containers and pods. Each is root's own and is
 * read as a file; no runtime is asked. What cannot be read is left out. */
#ifndef PORTCLASH_HOST_GIVEN_FILES_H
#define PORTCLASH_HOST_GIVEN_FILES_H

#include <stdint.h>

#include "core/base/model.h"

/* Docker's config.v2.json has some KiB, unless labels or environment are huge; podman's containers.json some
 * 500 bytes for each container. A longer file is not read. */
#define PC_GIVEN_FILE_MAX (1u << 20)

/* A node of Kubernetes has 110 pods by default, and some containers in each. Of a folder with more entries the
 * first ones are looked at. */
#define PC_GIVEN_ENTRIES_MAX 8192

/* Paths begin with `root`: "" but in tests. The owner of all files is `owner`: 0 but in tests. */
struct pc_given_place {
	const char *root;
	uint32_t owner;
};

/* Adds the names of this container and its pod (NULL: none) to those that are NULL in `out`. The bytes that
 * were read, and 64 for each entry of a folder, are added to *cost. */
void pc_given_files_read(const struct pc_given_place *place, const char *container, const char *pod,
			 struct pc_given_names *out, uint64_t *cost);

#endif
