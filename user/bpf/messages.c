// SPDX-License-Identifier: GPL-2.0-only
/* What libbpf is to be like: strict, and silent or not. */
#include "bpf/messages.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>

static int ignore_messages(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static int print_messages(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

void pc_messages(bool verbose)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(verbose ? print_messages : ignore_messages);
}
