// SPDX-License-Identifier: GPL-2.0-only
/* Errors of the cure as sentences. */
#include "cure/sentence.h"

#include <stdarg.h>
#include <stdio.h>

int pc_cure_say(char *sentence, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, PC_CURE_SENTENCE, format, args);
	va_end(args);
	return err;
}
