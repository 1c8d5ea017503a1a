// SPDX-License-Identifier: GPL-2.0-only
/* The walk over a JSON text. */
#include "core/history/scan.h"

#include <endian.h>
#include <string.h>

#include "core/base/utf8.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

void pc_scan_begin(struct pc_scan *s, const char *text, size_t len)
{
	*s = (struct pc_scan){ .at = text, .end = text + len };
}

static bool scan_fail(struct pc_scan *s)
{
	s->bad = true;
	s->at = s->end;
	return false;
}

/* The next character that is no white space; 0: the end, or something was wrong. */
static char scan_peek(struct pc_scan *s)
{
	while (s->at < s->end && (unsigned char)*s->at <= ' ' &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
		s->at++;
	return s->at < s->end ? *s->at : '\0';
}

static bool scan_take(struct pc_scan *s, char wanted)
{
	if (scan_peek(s) != wanted || s->at == s->end)
		return false;
	s->at++;
	return true;
}

bool pc_scan_is_done(struct pc_scan *s)
{
	scan_peek(s);
	return !s->bad && s->at == s->end && !s->depth;
}

/* A bit in each byte of the word that needs a look: a quote, a backslash, a control character, or no ASCII. Bits
 * above the lowest can be wrong. */
static uint64_t needs_look(uint64_t word)
{
	uint64_t quote = word ^ (ONES * '"'), backslash = word ^ (ONES * '\\');
	uint64_t found = (word - ONES * 0x20) | (quote - ONES) | (backslash - ONES);

	return ((found & ~word) | word) & HIGHS;
}

static bool byte_needs_look(char c)
{
	return (unsigned char)c < 0x20 || (unsigned char)c >= 0x80 || c == '"' || c == '\\';
}

/* Passes over what needs no look, eight bytes at a time. */
static const char *plain_end(const char *at, const char *end)
{
	while (end - at >= 8) {
		uint64_t word, found;

		memcpy(&word, at, sizeof(word));
		found = needs_look(le64toh(word));
		if (found)
			return at + __builtin_ctzll(found) / 8;
		at += 8;
	}
	while (at < end && !byte_needs_look(*at))
		at++;
	return at;
}

/* Behind the opening quote. */
static bool string_rest(struct pc_scan *s, struct pc_slice *out)
{
	const char *from = s->at;

	for (;;) {
		uint32_t code;
		size_t taken;

		s->at = plain_end(s->at, s->end);
		if (s->at == s->end || (unsigned char)*s->at < 0x20)
			return scan_fail(s);
		if (*s->at == '"')
			break;
		if (*s->at == '\\') {
			taken = pc_slice_escape(s->at + 1, s->end, &code);
			s->at += taken ? taken + 1 : 0;
		} else {
			taken = pc_utf8_decode(s->at, (size_t)(s->end - s->at), &code);
			taken = code == PC_UTF8_NOT_A_CHARACTER ? 0 : taken;
			s->at += taken;
		}
		if (!taken)
			return scan_fail(s);
	}
	*out = (struct pc_slice){ from, (size_t)(s->at - from) };
	s->at++;
	return true;
}

static bool digits_take(struct pc_scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

/* True with a whole number that fits; a number of another kind is only passed over. */
static bool number_take(struct pc_scan *s, uint64_t *out)
{
	bool negative = *s->at == '-', whole = !negative;
	const char *from = s->at += negative;
	uint64_t value = 0;

	if (!digits_take(s) || (*from == '0' && s->at - from > 1))
		return scan_fail(s);
	for (const char *digit = from; digit < s->at; digit++)
		whole = whole && !__builtin_mul_overflow(value, 10, &value) &&
			!__builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value);
	whole = whole && value <= INT64_MAX;
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		whole = false;
		if (!digits_take(s))
			return scan_fail(s);
	}
	if (s->at < s->end && (*s->at | 0x20) == 'e') {
		s->at++;
		whole = false;
		s->at += s->at < s->end && (*s->at == '+' || *s->at == '-');
		if (!digits_take(s))
			return scan_fail(s);
	}
	if (whole)
		*out = value;
	return whole;
}

static bool word_take(struct pc_scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len))
		return scan_fail(s);
	s->at += len;
	return true;
}

static void scalar_skip(struct pc_scan *s, char first)
{
	struct pc_slice string;
	uint64_t number;

	switch (first) {
	case '"':
		s->at++;
		string_rest(s, &string);
		break;
	case 't':
		word_take(s, "true");
		break;
	case 'f':
		word_take(s, "false");
		break;
	case 'n':
		word_take(s, "null");
		break;
	default:
		if (first == '-' || (first >= '0' && first <= '9'))
			number_take(s, &number);
		else
			scan_fail(s);
	}
}

static bool scan_enter(struct pc_scan *s, char open)
{
	if (scan_peek(s) != open) {
		pc_scan_skip(s);
		return false;
	}
	if (s->depth == PC_SCAN_DEPTH_MAX)
		return scan_fail(s);
	s->at++;
	s->depth++;
	s->fresh = true;
	return true;
}

/* Moves to the next member or element, over the comma. False at the end. */
static bool scan_next(struct pc_scan *s, char close)
{
	bool fresh = s->fresh;

	s->fresh = false;
	if (s->bad)
		return false;
	if (scan_take(s, close)) {
		s->depth--;
		return false;
	}
	if (!fresh && !scan_take(s, ','))
		return scan_fail(s);
	return true;
}

static bool member_key(struct pc_scan *s, struct pc_slice *key)
{
	if (!scan_take(s, '"') || !string_rest(s, key) || !scan_take(s, ':'))
		return scan_fail(s);
	return true;
}

/* This function skips one value; the levels are in a bit mask, 1 for an object. */
void pc_scan_skip(struct pc_scan *s)
{
	unsigned floor = s->depth;
	uint64_t objects = 0;
	struct pc_slice key;

	do {
		char first = s->bad ? '\0' : scan_peek(s);

		if (first == '{' || first == '[') {
			if (!scan_enter(s, first))
				return;
			objects = objects << 1 | (first == '{');
		} else if (first) {
			scalar_skip(s, first);
		} else {
			scan_fail(s);
		}
		while (!s->bad && s->depth > floor) {
			if (objects & 1 ? pc_scan_member(s, &key) : pc_scan_element(s))
				break;
			objects >>= 1;
		}
	} while (!s->bad && s->depth > floor);
}

bool pc_scan_enter_object(struct pc_scan *s)
{
	return scan_enter(s, '{');
}

bool pc_scan_enter_array(struct pc_scan *s)
{
	return scan_enter(s, '[');
}

bool pc_scan_member(struct pc_scan *s, struct pc_slice *key)
{
	return scan_next(s, '}') && member_key(s, key);
}

bool pc_scan_element(struct pc_scan *s)
{
	return scan_next(s, ']');
}

bool pc_scan_string(struct pc_scan *s, struct pc_slice *out)
{
	if (scan_peek(s) == '"') {
		s->at++;
		return string_rest(s, out);
	}
	pc_scan_skip(s);
	return false;
}

bool pc_scan_count(struct pc_scan *s, uint64_t *out)
{
	char first = scan_peek(s);

	if (first >= '0' && first <= '9')
		return number_take(s, out);
	pc_scan_skip(s);
	return false;
}

bool pc_scan_bool(struct pc_scan *s, bool *out)
{
	char first = scan_peek(s);

	if (first == 't' || first == 'f') {
		if (!word_take(s, first == 't' ? "true" : "false"))
			return false;
		*out = first == 't';
		return true;
	}
	pc_scan_skip(s);
	return false;
}
