// SPDX-License-Identifier: GPL-2.0-only
/* Strings as they stand in a JSON text, and their escapes. */
#include "core/history/slice.h"

#include <string.h>

#include "core/base/utf8.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u; -1: they are not there. */
static int32_t hex_unit(const char *at, const char *end)
{
	int32_t unit = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

size_t pc_slice_escape(const char *at, const char *end, uint32_t *code)
{
	static const char names[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
	const char *name;
	int32_t unit, low;

	if (at == end)
		return 0;
	if (*at != 'u') {
		name = *at ? strchr(names, *at) : NULL;
		*code = name ? (unsigned char)codes[name - names] : 0;
		return name ? 1 : 0;
	}
	unit = hex_unit(at + 1, end);
	if (unit < 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return 0;
	*code = (uint32_t)unit;
	if (unit < 0xd800 || unit > 0xdbff)
		return 5;
	low = end - at >= 11 && at[5] == '\\' && at[6] == 'u' ? hex_unit(at + 7, end) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*code = 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
	return 11;
}

bool pc_slice_is(const struct pc_slice *slice, const char *text)
{
	size_t len = strlen(text);

	return slice->at && slice->len == len && !memcmp(slice->at, text, len);
}

/* The bytes of the character or escape at `at`, and its code point. */
static size_t piece_read(const char *at, const char *end, uint32_t *code)
{
	if (*at == '\\') {
		size_t len = pc_slice_escape(at + 1, end, code);

		return len ? len + 1 : 1;
	}
	return pc_utf8_decode(at, (size_t)(end - at), code);
}

struct pc_slice pc_slice_cut(const struct pc_slice *slice, size_t max)
{
	struct pc_slice cut = *slice;
	size_t len = 0;
	uint32_t code;

	if (slice->len <= max)
		return cut;
	while (len < slice->len) {
		size_t piece = piece_read(slice->at + len, slice->at + slice->len, &code);

		if (len + piece > max)
			break;
		len += piece;
	}
	cut.len = len;
	return cut;
}

static size_t utf8_encode(uint32_t code, char *out)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

const char *pc_slice_text(const struct pc_slice *slice, char *out, size_t size)
{
	const char *at = slice->at, *end = at ? at + slice->len : NULL;
	size_t used = 0;

	while (at && at < end) {
		char bytes[4];
		uint32_t code;
		size_t len;

		at += piece_read(at, end, &code);
		if (!code || code == PC_UTF8_NOT_A_CHARACTER)
			continue;
		len = utf8_encode(code, bytes);
		if (len >= size - used)
			break;
		memcpy(out + used, bytes, len);
		used += len;
	}
	out[used] = '\0';
	return out;
}
