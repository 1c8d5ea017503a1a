// SPDX-License-Identifier: GPL-2.0-only
/* A string that grows as it is printed to, and quoting for a shell. */
#include "core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pc_text_open(struct pc_text *text)
{
	text->string = NULL;
	text->out = open_memstream(&text->string, &text->len);
	return text->out ? 0 : -ENOMEM;
}

char *pc_text_close(struct pc_text *text)
{
	if (fclose(text->out)) {
		free(text->string);
		return NULL;
	}
	return text->string;
}

void pc_text_quote(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=./:,@%";

	if (*word && !word[strspn(word, plain)]) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}
