// SPDX-License-Identifier: GPL-2.0-only
/* Cuts the texts of a line that is too long. The text is of other processes, and they may make it long. */
#include "out/json_cap.h"

#include <stdbool.h>
#include <string.h>

/* Texts are cut to the first of these lengths, in bytes, with which the line fits. With the last one any line
 * does. */
static const size_t lengths[] = { 1024, 256, 64 };

/* A sentence of portclash's own has text of others in it, and is of no use when it is cut short. */
#define SENTENCE_LEAST 1024

/* A number, a comma, quotes. */
#define PLAIN_SIZE 24

/* JSON has \u00XX for control characters. */
static size_t written_size(const char *text, size_t len)
{
	size_t size = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		size += c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : 1;
	}
	return size;
}

static size_t size_of_value(const json_t *value)
{
	size_t size = PLAIN_SIZE, index;
	const char *key;
	json_t *part;

	if (json_is_string(value))
		return size + written_size(json_string_value(value), json_string_length(value));
	if (json_is_array(value))
		json_array_foreach(value, index, part) size += size_of_value(part);
	if (json_is_object(value))
		json_object_foreach((json_t *)value, key, part) size +=
			strlen(key) + size_of_value(part);
	return size;
}

static bool is_key_of(const char *key, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(key, *list))
			return true;
	return false;
}

/* UTF-8 has no character that begins in the middle of another. */
static size_t whole_characters(const char *text, size_t len)
{
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static bool cut_text(json_t *object, const char *key, json_t *text, size_t most)
{
	static const char *const sentences[] = { "explanation", "what", NULL };
	static const char *const commands[] = { "command", "command_plain", NULL };
	const char *string = json_string_value(text);
	size_t len = json_string_length(text);

	if (is_key_of(key, sentences) && most < SENTENCE_LEAST)
		most = SENTENCE_LEAST;
	if (written_size(string, len) <= most)
		return false;
	while (written_size(string, len) > most)
		len = len * most / written_size(string, len);
	if (is_key_of(key, commands))
		json_object_set_new(object, key, json_null());
	else
		json_object_set_new(object, key,
				    json_stringn(string, whole_characters(string, len)));
	return true;
}

static unsigned cut_texts(json_t *value, size_t most)
{
	bool cmdline = false;
	unsigned cut = 0;
	size_t index;
	const char *key;
	json_t *part;
	void *next;

	if (json_is_array(value))
		json_array_foreach(value, index, part) cut += cut_texts(part, most);
	if (!json_is_object(value))
		return cut;
	json_object_foreach_safe(value, next, key, part) if (!json_is_string(part))
	{
		cut += cut_texts(part, most);
	}
	else if (cut_text(value, key, part, most))
	{
		cmdline |= !strcmp(key, "cmdline");
		cut++;
	}
	if (cmdline)
		json_object_set_new(value, "cmdline_cut", json_true());
	return cut;
}

void pc_json_cap(json_t *line)
{
	unsigned cut = 0;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		unsigned now;

		if (size_of_value(line) <= PC_JSON_LINE_MAX)
			break;
		now = cut_texts(line, lengths[i]);
		cut = now > cut ? now : cut; /* a text that was cut before is cut again */
	}
	if (cut)
		json_object_set_new(line, "text_cut", json_integer(cut));
}
