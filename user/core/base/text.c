// SPDX-License-Identifier: GPL-2.0-only
/* Texts: a string that grows as it is printed to, quoting for a shell, comparing. */
#include "core/base/text.h"

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

bool pc_text_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

bool pc_text_same_or_none(const char *a, const char *b)
{
	return (!a && !b) || pc_text_same(a, b);
}

static bool words_reserve(struct pc_words *w, size_t more)
{
	size_t size = w->size ? w->size : 128;
	char *string;

	while (size < w->len + more + 1)
		size *= 2;
	if (size == w->size)
		return true;
	string = realloc(w->string, size);
	if (!string) {
		w->failed = true;
		return false;
	}
	w->string = string;
	w->size = size;
	return true;
}

void pc_words_add(struct pc_words *w, const char *format, va_list args)
{
	va_list again;
	int len;

	if (w->failed || !words_reserve(w, 0))
		return;
	va_copy(again, args);
	len = vsnprintf(w->string + w->len, w->size - w->len, format, args);
	if (len < 0)
		w->failed = true;
	else if ((size_t)len >= w->size - w->len && words_reserve(w, (size_t)len))
		vsnprintf(w->string + w->len, w->size - w->len, format, again);
	va_end(again);
	if (!w->failed)
		w->len += (size_t)len;
}

static void words_append(struct pc_words *w, const char *text, size_t len)
{
	if (w->failed || !words_reserve(w, len))
		return;
	memcpy(w->string + w->len, text, len);
	w->len += len;
	w->string[w->len] = '\0';
}

void pc_words_quote(struct pc_words *w, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";

	if (*word && !word[strspn(word, plain)]) {
		words_append(w, word, strlen(word));
		return;
	}
	words_append(w, "'", 1);
	for (; *word; word++) {
		if (*word == '\'')
			words_append(w, "'\\''", 4);
		else
			words_append(w, word, 1);
	}
	words_append(w, "'", 1);
}

char *pc_words_take(struct pc_words *w)
{
	char *string = w->string;

	if (w->failed) {
		free(string);
		string = NULL;
	}
	*w = (struct pc_words){ 0 };
	return string;
}

void pc_text_quote(FILE *out, const char *word)
{
	struct pc_words words = { 0 };
	char *quoted;

	pc_words_quote(&words, word);
	quoted = pc_words_take(&words);
	if (quoted)
		fputs(quoted, out);
	free(quoted);
}
