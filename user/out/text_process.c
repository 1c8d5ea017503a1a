// SPDX-License-Identifier: GPL-2.0-only
/* A process in text for people beyond its name. */
#include "out/text_process.h"

#include <string.h>

#include "core/port/alike.h"
#include "out/escape.h"

/* Writes no more than PC_TEXT_CMDLINE_MAX bytes, and no part of a character or of an escape. */
static void put_cut(FILE *out, const char *text, bool more)
{
	/* The last character shows that the text goes on: it has 4 bytes, or escapes of 4 bytes each. */
	char clean[PC_TEXT_CMDLINE_MAX + 1], longer[PC_TEXT_CMDLINE_MAX + 17];
	size_t len = strnlen(text, sizeof(longer));
	size_t size = pc_escape_terminal(text, len, clean, sizeof(clean));

	more |= pc_escape_terminal(text, len, longer, sizeof(longer)) > size;
	fputs(clean, out);
	if (more)
		fputs("\u2026", out);
}

/* The kernel cuts names after 15 bytes. /proc adds " (deleted)" to a path whose file was replaced. */
static bool is_named_after(const struct pc_identity *who)
{
	const char *slash = strrchr(who->exe, '/');
	const char *name = slash ? slash + 1 : who->exe;
	size_t len = strcspn(name, " ");

	if (len > PC_COMM_LEN - 1)
		len = PC_COMM_LEN - 1;
	return strnlen(who->comm, PC_COMM_LEN) == len && !memcmp(who->comm, name, len);
}

/* The first argument is that file: by its path, or by its name below some folder. */
static bool begins_with_file(const struct pc_identity *who)
{
	const char *slash = strrchr(who->exe, '/'), *file = who->exe;
	size_t len = who->cmdline ? strcspn(who->cmdline, " ") : 0, file_len;
	const char *word = who->cmdline;

	if (!len)
		return false;
	if (*word != '/') {
		const char *in_word = memrchr(word, '/', len);

		file = slash ? slash + 1 : file;
		len -= in_word ? (size_t)(in_word + 1 - word) : 0;
		word = in_word ? in_word + 1 : word;
	}
	file_len = strlen(file);
	return len == file_len && !memcmp(word, file, len);
}

void pc_put_process(FILE *out, const struct pc_identity *who)
{
	fprintf(out, "user %u", who->uid);
	if (who->exe && !is_named_after(who) && !begins_with_file(who)) {
		fputs(", runs ", out);
		put_cut(out, who->exe, false);
	}
	if (who->cmdline) {
		fputs(": ", out);
		put_cut(out, who->cmdline, who->cmdline_cut);
	}
}

bool pc_owner_is_repeated(const struct pc_party *owners, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (owners[i].who && pc_parties_alike(&owners[i], &owners[at]))
			return true;
	return false;
}

void pc_put_alike_owners(FILE *out, const char *before, const struct pc_party *owners,
			 unsigned count, unsigned at)
{
	unsigned more = 0, shown = 0;

	for (unsigned i = at + 1; owners[at].who && i < count; i++)
		more += pc_parties_alike(&owners[at], &owners[i]);
	if (!more)
		return;
	fprintf(out, "%s%u more process%s of this command:", before, more, more == 1 ? "" : "es");
	for (unsigned i = at + 1; i < count; i++)
		if (pc_parties_alike(&owners[at], &owners[i]))
			fprintf(out, "%s %u", shown++ ? "," : "", owners[i].key.tgid);
}
