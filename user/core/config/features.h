/* SPDX-License-Identifier: GPL-2.0-only */
/* The features of a machine: the kernel, the back ends as they were tried, and the
 * capabilities. */
#ifndef PORTCLASH_CORE_FEATURES_H
#define PORTCLASH_CORE_FEATURES_H

#include <stdint.h>

#include "core/config/backends.h"
#include "core/config/support.h"

/* Names of programs with blanks between them. */
#define PC_FEATURE_PROGRAMS 768

/* The struct says how one back end was tried. */
struct pc_feature {
	const char *name;
	bool available;
	bool exact; /* takes the blocking socket from the kernel's own check */
	char sentence
		[PC_SENTENCE]; /* available: what it cannot see, "" for nothing; else why not */
};

struct pc_features {
	struct pc_support support;
	struct pc_kernel_offer offer;
	const char *btf;	     /* the file of type information that was named; NULL: none */
	char btf_wrong[PC_SENTENCE]; /* what is wrong with it; "": nothing */
	char programs[PC_KERNEL_COUNT]
		     [PC_FEATURE_PROGRAMS]; /* of each need, the programs that it decides over */
	struct pc_feature backends[PC_BACKENDS]; /* best first */
	uint64_t capabilities; /* that this process has, a bit each (core/config/capabilities.h) */
};

#endif
