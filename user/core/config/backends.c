// SPDX-License-Identifier: GPL-2.0-only
/* The names of the back ends. */
#include "core/config/backends.h"

#include <stddef.h>

const char *const pc_backend_names[PC_BACKEND_COUNT + 1] = {
	[PC_BACKEND_AUTO] = "auto",	[PC_BACKEND_FENTRY] = "fentry",
	[PC_BACKEND_KPROBE] = "kprobe", [PC_BACKEND_TRACEPOINT] = "tracepoint",
	[PC_BACKEND_COUNT] = NULL,
};
