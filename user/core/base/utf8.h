/* SPDX-License-Identifier: GPL-2.0-only */
/* One character of UTF-8, strictly: no overlong form, no surrogate, nothing beyond U+10FFFF. */
#ifndef PORTCLASH_UTF8_H
#define PORTCLASH_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define PC_UTF8_NOT_A_CHARACTER UINT32_MAX

static inline size_t pc_utf8_sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2) /* a continuation byte, or the start of an overlong form */
		return 0;
	if (lead < 0xe0)
		return 2;
	if (lead < 0xf0)
		return 3;
	return lead < 0xf5 ? 4 : 0;
}

/* Returns the bytes of the character at `text` and its code point, or 1 and PC_UTF8_NOT_A_CHARACTER.
 * `len` is at least 1. */
static inline size_t pc_utf8_decode(const char *text, size_t len, uint32_t *code)
{
	const uint8_t *in = (const uint8_t *)text;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t count = pc_utf8_sequence_length(in[0]);
	uint32_t value;

	*code = PC_UTF8_NOT_A_CHARACTER;
	if (count == 0 || count > len)
		return 1;
	value = count == 1 ? in[0] : in[0] & (0x7f >> count);
	for (size_t i = 1; i < count; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (in[i] & 0x3f);
	}
	if (value < least[count] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 1;
	*code = value;
	return count;
}

#endif
