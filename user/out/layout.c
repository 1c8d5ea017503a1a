// SPDX-License-Identifier: GPL-2.0-only
/* Wrap text at a terminal's width, with a hanging indent, and turn marks into colours. */
#include "out/layout.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"
#include "out/escape.h"

/* Lines go on below the text of their field, which begins here at the latest. */
#define HANG_MAX 24

/* Less room than this between indent and edge reads worse than a smaller indent. */
#define ROOM_MIN 20
#define HANG_SMALL 4

struct range {
	uint32_t first, last;
};

static bool layout_in_ranges(uint32_t code, const struct range *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= list[i].first && code <= list[i].last)
			return true;
	return false;
}

/* The rules of Unicode (East Asian width, combining marks), as far as names of files and processes go.
 * wcwidth() does not know them in the C locale, and a static binary has no other. */
static unsigned columns_of(uint32_t code)
{
	static const struct range none[] = {
		{ 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd }, { 0x064b, 0x065f },
		{ 0x0e34, 0x0e3a }, { 0x0e47, 0x0e4e }, { 0x1ab0, 0x1ace }, { 0x1dc0, 0x1dff },
		{ 0x20d0, 0x20f0 }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	};
	static const struct range two[] = {
		{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },
		{ 0x3400, 0x4dbf },   { 0x4e00, 0xa4cf },   { 0xa960, 0xa97c },
		{ 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
		{ 0xff01, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f320 },
		{ 0x1f32d, 0x1f64f }, { 0x1f680, 0x1f6cc }, { 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd },
	};

	if (code < 0x300)
		return code >= ' ';
	if (layout_in_ranges(code, none, sizeof(none) / sizeof(none[0])))
		return 0;
	return layout_in_ranges(code, two, sizeof(two) / sizeof(two[0])) ? 2 : 1;
}

size_t pc_layout_columns(const char *text, size_t len)
{
	size_t columns = 0;
	uint32_t code;

	while (len) {
		size_t taken = pc_utf8_decode(text, len, &code);

		columns += columns_of(code);
		text += taken;
		len -= taken;
	}
	return columns;
}

static const char *color_of(char mark)
{
	if (mark == PC_MARK_END[0])
		return "\033[0m";
	if (mark == PC_MARK_TITLE[0])
		return "\033[1m";
	return mark == PC_MARK_COMMAND[0] ? "\033[1;32m" : "\033[1;31m";
}

static bool is_mark(char c)
{
	return c >= PC_MARK_CULPRIT[0] && c <= PC_MARK_END[0];
}

char *pc_layout_plain(char *text)
{
	char *to = text;

	for (const char *from = text; from && *from; from++)
		if (!is_mark(*from))
			*to++ = *from;
	if (to)
		*to = '\0';
	return text;
}

static void layout_put(FILE *out, const char *text, size_t len, const struct pc_layout *layout)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_mark(text[i]))
			fputc(text[i], out);
		else if (layout->color)
			fputs(color_of(text[i]), out);
		else if (layout->marks)
			fputc(text[i], out);
	}
}

static size_t spaces_at(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] == ' ')
		n++;
	return n;
}

/* The bytes of a line up to the text of its field: after the first gap of two spaces behind its start. */
static size_t field_begin(const char *line, size_t len, unsigned width)
{
	size_t at = spaces_at(line, len), most = width / 2 < HANG_MAX ? width / 2 : HANG_MAX;

	if (at >= HANG_MAX / 2)
		return at;
	for (size_t i = at; i + 2 < len && pc_layout_columns(line, i) < most; i++) {
		size_t gap = spaces_at(line + i, len - i);

		if (gap >= 2 && pc_layout_columns(line, i + gap) <= most)
			return i + gap;
	}
	return at;
}

static size_t hang_of(const char *line, size_t begin, const struct pc_layout *layout)
{
	size_t hang = HANG_SMALL;

	if (layout->prose && *line != ' ')
		return strncmp(line, "* ", 2) ? 0 : 2;
	if (begin)
		hang = pc_layout_columns(line, begin);
	return hang + ROOM_MIN > layout->width ? HANG_SMALL : hang;
}

/* The bytes of the next word. What stands between backquotes is a command, and one word. */
static size_t word_at(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] != ' ') {
		const char *end = text[n] == '`' ? memchr(text + n + 1, '`', len - n - 1) : NULL;

		n = end ? (size_t)(end - text) + 1 : n + 1;
	}
	return n;
}

/* A word that is longer than a line stands on a line of its own, unbroken: it may be a path. */
static void layout_wrap(FILE *out, const char *line, size_t len, const struct pc_layout *layout)
{
	size_t at = field_begin(line, len, layout->width), hang = hang_of(line, at, layout);
	size_t cut = hang < at && spaces_at(line, at) == at ? at - hang : 0;
	size_t column = pc_layout_columns(line + cut, at - cut);
	bool first = true;

	layout_put(out, line + cut, at - cut, layout);
	while (at < len) {
		size_t gap = spaces_at(line + at, len - at);
		size_t word = word_at(line + at + gap, len - at - gap);
		size_t wide = pc_layout_columns(line + at + gap, word);

		if ((!first || column > hang) && column + gap + wide > layout->width) {
			fprintf(out, "\n%*s", (int)hang, "");
			column = hang;
		} else {
			fprintf(out, "%*s", (int)gap, "");
			column += gap;
		}
		first = false;
		layout_put(out, line + at + gap, word, layout);
		column += wide;
		at += gap + word;
	}
}

/* A command that is too long begins further left, and the terminal breaks it: it stays one line to copy. */
static void layout_put_line(FILE *out, const char *line, size_t len, const struct pc_layout *layout)
{
	bool command = memchr(line, PC_MARK_COMMAND[0], len);
	bool fits = !layout->width || pc_layout_columns(line, len) <= layout->width;

	if (command && !fits) {
		size_t spaces = spaces_at(line, len);

		line += spaces > HANG_SMALL ? spaces - HANG_SMALL : 0;
		len -= spaces > HANG_SMALL ? spaces - HANG_SMALL : 0;
	}
	if (command || fits)
		layout_put(out, line, len, layout);
	else
		layout_wrap(out, line, len, layout);
}

char *pc_layout_text(const char *text, size_t len, const struct pc_layout *layout, size_t *ret_len)
{
	const char *end = text + len;
	struct pc_text laid;
	char *string;

	if (pc_text_open(&laid))
		return NULL;
	for (const char *newline; (newline = memchr(text, '\n', (size_t)(end - text)));
	     text = newline + 1) {
		layout_put_line(laid.out, text, (size_t)(newline - text), layout);
		fputc('\n', laid.out);
	}
	layout_put_line(laid.out, text, (size_t)(end - text), layout);
	string = pc_text_close(&laid);
	if (string)
		*ret_len = laid.len;
	return string;
}
