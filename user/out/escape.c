// SPDX-License-Identifier: GPL-2.0-only
/* Escape a hostile text in one walk over its characters. What each character becomes depends on
 * where it goes: JSON, a terminal or a Prometheus label. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/base/utf8.h"
#include "out/escape.h"

/* The longest a character becomes: four bytes, each as \xNN. */
#define PIECE_MAX 16

/* Writes what the character of `len` bytes at `in` becomes to `piece`; returns its length. */
typedef size_t (*rewrite_fn)(const uint8_t *in, size_t len, uint32_t code, char *piece);

/* Controls, and the format characters that are not seen but change what is. */
static bool escape_is_hidden(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },	      /* C0 */
		{ 0x7f, 0x9f },	      /* DEL, C1 */
		{ 0x061c, 0x061c },   /* Arabic letter mark */
		{ 0x200b, 0x200f },   /* zero width, left-to-right and right-to-left marks */
		{ 0x2028, 0x202e },   /* line and paragraph separators, embeddings, overrides */
		{ 0x2060, 0x206f },   /* invisible operators, isolates, deprecated formats */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff9, 0xfffb },   /* interlinear annotation */
		{ 0xe0000, 0xe007f }, /* tags */
	};

	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	return false;
}

static size_t escape_copy(const uint8_t *in, size_t len, char *piece)
{
	memcpy(piece, in, len);
	return len;
}

static size_t hex(const uint8_t *in, size_t len, char *piece)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*piece++ = '\\';
		*piece++ = 'x';
		*piece++ = digits[in[i] >> 4];
		*piece++ = digits[in[i] & 0xf];
	}
	return len * 4;
}

static size_t rewrite_clean(const uint8_t *in, size_t len, uint32_t code, char *piece)
{
	return code == 0 || code == PC_UTF8_NOT_A_CHARACTER ? hex(in, len, piece) :
							      escape_copy(in, len, piece);
}

static size_t rewrite_terminal(const uint8_t *in, size_t len, uint32_t code, char *piece)
{
	return escape_is_hidden(code) ? hex(in, len, piece) : rewrite_clean(in, len, code, piece);
}

static size_t rewrite_label(const uint8_t *in, size_t len, uint32_t code, char *piece)
{
	if (code == '\n')
		return escape_copy((const uint8_t *)"\\n", 2, piece);
	if (code == '"')
		return escape_copy((const uint8_t *)"\\\"", 2, piece);
	if (code != '\\' && code != 0 && code != PC_UTF8_NOT_A_CHARACTER)
		return escape_copy(in, len, piece);
	*piece = '\\';
	return 1 + rewrite_clean(in, len, code, piece + 1);
}

static size_t rewrite_all(const char *in, size_t len, char *out, size_t size, rewrite_fn rewrite)
{
	const uint8_t *next = (const uint8_t *)in;
	char piece[PIECE_MAX];
	size_t used = 0;

	if (size == 0)
		return 0;
	while (len > 0) {
		uint32_t code;
		size_t taken = pc_utf8_decode((const char *)next, len, &code);
		size_t given = rewrite(next, taken, code, piece);

		if (given >= size - used)
			break;
		memcpy(out + used, piece, given);
		used += given;
		next += taken;
		len -= taken;
	}
	out[used] = '\0';
	return used;
}

size_t pc_utf8_clean(const char *in, size_t len, char *out, size_t size)
{
	return rewrite_all(in, len, out, size, rewrite_clean);
}

size_t pc_escape_terminal(const char *in, size_t len, char *out, size_t size)
{
	return rewrite_all(in, len, out, size, rewrite_terminal);
}

size_t pc_escape_label(const char *in, size_t len, char *out, size_t size)
{
	return rewrite_all(in, len, out, size, rewrite_label);
}
