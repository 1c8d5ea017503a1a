// SPDX-License-Identifier: GPL-2.0-only
/* This file makes libbpf strict and its messages visible or not, and says what failed. */
#include "bpf/messages.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/monitor.h"

/* The field that a refused program reads and that the kernel's types lack. libbpf has it only in a message, and hands
 * no context to who takes the messages. */
static char missing_field[96];

/* libbpf's words, behind which are the kind of access and a number in brackets, and then the field. */
#define NOT_RESOLVED "failed to resolve CO-RE relocation <"

static void note_field(const char *message)
{
	const char *found = strstr(message, NOT_RESOLVED);

	found = found ? strstr(found, "] ") : NULL;
	if (!found)
		return;
	found += 2;
	snprintf(missing_field, sizeof(missing_field), "%.*s", (int)strcspn(found, "(\n") - 1,
		 found);
}

static void look_at_message(const char *format, va_list args)
{
	char *message;

	if (vasprintf(&message, format, args) < 0)
		return;
	note_field(message);
	free(message);
}

static int ignore_messages(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		look_at_message(format, args);
	return 0;
}

static int print_messages(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	ignore_messages(level, format, again);
	va_end(again);
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, args);
}

void pc_messages_field(char *out, size_t size)
{
	snprintf(out, size, "%s", missing_field);
}

void pc_messages(bool verbose)
{
	missing_field[0] = '\0';
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(verbose ? print_messages : ignore_messages);
}

void pc_messages_no_reading(int err, char *sentence)
{
	snprintf(
		sentence, PC_SENTENCE,
		"could not set up reading from the kernel: %s; if memory may not be locked, raise `ulimit -l`",
		strerror(-err));
}
