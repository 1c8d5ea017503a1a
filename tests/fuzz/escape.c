// SPDX-License-Identifier: GPL-2.0-only
/* Escaping of hostile text: the result is valid UTF-8, has nothing that its reader would act
 * upon, stays within its room, and what does not fit is left off whole. */
#include "fuzz.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "out/escape.h"

typedef size_t (*escape_fn)(const char *in, size_t len, char *out, size_t size);

struct escaped {
	char *text;
	size_t len;
};

static struct escaped escape(escape_fn fn, const char *in, size_t len, size_t size)
{
	struct escaped e = { .text = malloc(size) };

	FUZZ_CHECK(e.text);
	e.len = fn(in, len, e.text, size);
	FUZZ_CHECK(e.len < size && !e.text[e.len] && strlen(e.text) == e.len);
	return e;
}

/* jansson makes a string of valid UTF-8 only, and gives it back as it was. */
static void check_utf8(const struct escaped *e)
{
	json_t *string = json_stringn(e->text, e->len), *again;
	char *dumped;

	FUZZ_CHECK(string);
	dumped = json_dumps(string, JSON_ENCODE_ANY);
	again = json_loads(dumped, JSON_DECODE_ANY, NULL);
	FUZZ_CHECK(again && json_string_length(again) == e->len);
	FUZZ_CHECK(!memcmp(json_string_value(again), e->text, e->len));
	free(dumped);
	json_decref(again);
	json_decref(string);
}

static void check_no_control(const struct escaped *e)
{
	for (size_t i = 0; i < e->len; i++) {
		unsigned char c = (unsigned char)e->text[i], next = (unsigned char)e->text[i + 1];

		FUZZ_CHECK(c >= 0x20 && c != 0x7f);
		FUZZ_CHECK(c != 0xc2 || next >= 0xa0); /* C1 */
		/* U+202A to U+202E and U+2066 to U+2069 turn text round. */
		FUZZ_CHECK(c != 0xe2 || next != 0x80 || (unsigned char)e->text[i + 2] < 0xaa ||
			   (unsigned char)e->text[i + 2] > 0xae);
		FUZZ_CHECK(c != 0xe2 || next != 0x81 || (unsigned char)e->text[i + 2] < 0xa6 ||
			   (unsigned char)e->text[i + 2] > 0xa9);
	}
}

/* Prometheus reads \\, \" and \n in a label, nothing else, and no newline. */
static void check_label(const struct escaped *label, const struct escaped *clean)
{
	size_t at = 0;

	for (size_t i = 0; i < label->len; i++) {
		char c = label->text[i];

		FUZZ_CHECK(c != '\n' && c != '"');
		if (c == '\\') {
			c = label->text[++i];
			FUZZ_CHECK(c == '\\' || c == '"' || c == 'n');
			c = c == 'n' ? '\n' : c;
		}
		FUZZ_CHECK(at < clean->len && clean->text[at++] == c);
	}
	FUZZ_CHECK(at == clean->len);
}

/* In less room, the beginning of the same. */
static void check_short(escape_fn fn, const char *in, size_t len, size_t size,
			const struct escaped *full)
{
	struct escaped e = escape(fn, in, len, size);

	FUZZ_CHECK(e.len <= full->len && !memcmp(e.text, full->text, e.len));
	check_utf8(&e);
	free(e.text);
}

/* Reads the text as a POSIX shell does: only what is never special may stand outside of single
 * quotes. */
static void check_quote(const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	struct pc_text text;
	char *quoted;
	bool inside = false;

	FUZZ_CHECK(!pc_text_open(&text));
	pc_text_quote(text.out, word);
	quoted = pc_text_close(&text);
	FUZZ_CHECK(quoted && *quoted);
	for (const char *at = quoted; *at; at++) {
		if (*at == '\'') {
			inside = !inside;
			continue;
		}
		if (!inside && *at == '\\')
			at++;
		else
			FUZZ_CHECK(inside || strchr(plain, *at));
		FUZZ_CHECK(*at && *word++ == *at);
	}
	FUZZ_CHECK(!inside && !*word);
	free(quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const escape_fn fns[] = { pc_utf8_clean, pc_escape_terminal, pc_escape_label };
	struct escaped all[3];
	char *in = fuzz_string(data, size);

	for (int i = 0; i < 3; i++) {
		all[i] = escape(fns[i], in, size, PC_ESCAPE_SIZE(size));
		check_utf8(&all[i]);
		if (size)
			check_short(fns[i], in, size, 1 + data[0], &all[i]);
	}
	check_no_control(&all[1]);
	check_label(&all[2], &all[0]);
	check_quote(in);
	for (int i = 0; i < 3; i++)
		free(all[i].text);
	free(in);
	return 0;
}
