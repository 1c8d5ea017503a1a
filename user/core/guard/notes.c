// SPDX-License-Identifier: GPL-2.0-only
/* The guard's notes as lines of text:
 *
 *     portclash-guard 1
 *     boot 0f3c5b0e-7d0a-4e58-a3a1-2f1d7c7f8a11
 *     written 81234567890
 *     counted additions=3 removals=0 ...
 *     port 4026531840 1 8080 listener 1 1 SINCE SEEN BEGAN 0 unit nginx.service nginx
 *     end 1
 *
 * Names are percent-encoded: whoever chose them chooses no line. */
#include "core/guard/notes.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"

#define MAGIC "portclash-guard 1\n"

/* An encoded name: three bytes for each. */
#define ENCODED (3 * PC_GUARD_NAME)

static const char *const kinds[] = { "none", "unit", "container" };

static const char *kind_of(const struct pc_guard_who *who)
{
	return kinds[who->system_unit ? 1 : who->is_container ? 2 : 0];
}

/* The counters that have a name: all but those that are counted from the list. */
struct counted {
	const char *name;
	size_t offset;
};

#define COUNTED(field)                                            \
	{                                                         \
#field, offsetof(struct pc_guard_counters, field) \
	}

static const struct counted counted[] = {
	COUNTED(additions), COUNTED(removals), COUNTED(restored),
	COUNTED(lost),	    COUNTED(errors),   COUNTED(unreadable),
};

static uint64_t *counter_of(const struct counted *c, struct pc_guard_counters *counters)
{
	return (uint64_t *)((char *)counters + c->offset);
}

int pc_guard_notes_add(struct pc_guard_notes *n, const struct pc_netns_id *netns,
		       const struct pc_guard_port *port)
{
	int err = pc_array_reserve(&n->list, &n->room, n->count + 1, sizeof(*n->list));

	if (!err)
		n->list[n->count++] = (struct pc_guard_note){ *netns, *port };
	return err;
}

static char *put_byte(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	*to++ = '%';
	*to++ = digits[c >> 4];
	*to++ = digits[c & 15];
	return to;
}

static const char *encode(const char *text, size_t size, char out[ENCODED + 1])
{
	char *to = out;

	for (size_t i = 0; i < size && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isalnum(c) || strchr("._@:", c))
			*to++ = (char)c;
		else
			to = put_byte(to, c);
	}
	if (to == out)
		*to++ = '-';
	*to = '\0';
	return out;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False: no name that encode() wrote, or one without room in `size` bytes. */
static bool note_decode(const char *text, char *out, size_t size)
{
	size_t len = 0;

	memset(out, 0, size);
	if (!strcmp(text, "-"))
		return true;
	for (; *text && len < size - 1; text++) {
		int high, low;

		if (*text != '%') {
			out[len++] = *text;
			continue;
		}
		high = digit_of(text[1]);
		low = high < 0 ? -1 : digit_of(text[2]);
		if (low < 0 || (!high && !low))
			return false;
		out[len++] = (char)(high << 4 | low);
		text += 2;
	}
	return !*text && len;
}

static void put_port(FILE *out, const struct pc_guard_note *n)
{
	char name[ENCODED + 1], comm[ENCODED + 1];
	const struct pc_guard_port *p = &n->port;

	fprintf(out,
		"port %u %" PRIu64 " %u %s %d %d %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %s %s %s\n",
		n->netns.inode, n->netns.cookie, p->port, pc_guard_reason_name(p->reason),
		p->listens, p->kept, p->since_ns, p->seen_ns, p->began_ns, p->who.uid,
		kind_of(&p->who), encode(p->who.name, sizeof(p->who.name), name),
		encode(p->who.comm, sizeof(p->who.comm), comm));
}

char *pc_guard_notes_format(const struct pc_guard_notes *n)
{
	struct pc_guard_counters counters = n->counters;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, MAGIC "boot %s\nwritten %" PRIu64 "\ncounted", n->boot, n->written_ns);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		fprintf(out, " %s=%" PRIu64, counted[i].name, *counter_of(&counted[i], &counters));
	for (int i = PC_GUARD_OVER_SHARE; i < PC_GUARD_ANSWER_COUNT; i++)
		fprintf(out, " %s=%" PRIu64, pc_guard_answer_name((enum pc_guard_answer)i),
			counters.refused[i]);
	fputc('\n', out);
	for (size_t i = 0; i < n->count; i++)
		put_port(out, &n->list[i]);
	fprintf(out, "end %zu\n", n->count);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static enum pc_guard_reason reason_named(const char *name)
{
	for (int i = PC_GUARD_REASON_INVALID + 1; i < PC_GUARD_REASON_COUNT; i++)
		if (!strcmp(name, pc_guard_reason_name((enum pc_guard_reason)i)))
			return (enum pc_guard_reason)i;
	return PC_GUARD_REASON_INVALID;
}

static bool take_kind(const char *kind, struct pc_guard_who *who)
{
	who->system_unit = !strcmp(kind, kinds[1]);
	who->is_container = !strcmp(kind, kinds[2]);
	return who->system_unit || who->is_container || !strcmp(kind, kinds[0]);
}

static int note_take_port(const char *line, struct pc_guard_notes *n)
{
	char reason[16], kind[16], name[ENCODED + 1], comm[ENCODED + 1];
	struct pc_guard_note note = { 0 };
	struct pc_guard_port *p = &note.port;
	int listens = 0, kept = 0, end = 0;

	_Static_assert(ENCODED == 288, "as in the format below");
	if (sscanf(line,
		   "port %" SCNu32 " %" SCNu64 " %" SCNu16 " %15s %d %d %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu32 " %15s %288s %288s%n",
		   &note.netns.inode, &note.netns.cookie, &p->port, reason, &listens, &kept,
		   &p->since_ns, &p->seen_ns, &p->began_ns, &p->who.uid, kind, name, comm,
		   &end) != 13 ||
	    line[end])
		return -EBADMSG;
	p->reason = reason_named(reason);
	p->listens = listens == 1;
	p->kept = kept == 1;
	if (!p->port || !p->reason || !take_kind(kind, &p->who) ||
	    !note_decode(name, p->who.name, sizeof(p->who.name)) ||
	    !note_decode(comm, p->who.comm, sizeof(p->who.comm)))
		return -EBADMSG;
	return n->count == PC_GUARD_PORTS_MAX ? -EBADMSG : pc_guard_notes_add(n, &note.netns, p);
}

/* One "name=number"; names that this version does not know are passed over. */
static void take_count(const char *word, struct pc_guard_counters *counters)
{
	const char *number = strchr(word, '=');
	size_t len = number ? (size_t)(number - word) : 0;

	if (!len)
		return;
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		if (strlen(counted[i].name) == len && !memcmp(counted[i].name, word, len))
			*counter_of(&counted[i], counters) = strtoull(number + 1, NULL, 10);
	for (int i = PC_GUARD_OVER_SHARE; i < PC_GUARD_ANSWER_COUNT; i++) {
		const char *name = pc_guard_answer_name((enum pc_guard_answer)i);

		if (strlen(name) == len && !memcmp(name, word, len))
			counters->refused[i] = strtoull(number + 1, NULL, 10);
	}
}

static void take_counts(char *line, struct pc_guard_counters *counters)
{
	char *save = NULL;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		take_count(word, counters);
}

/* 1: the last line. */
static int note_take_line(char *line, const char *boot, struct pc_guard_notes *n)
{
	size_t count = 0;
	int end = 0;

	if (!strncmp(line, "port ", 5))
		return note_take_port(line, n);
	if (!strncmp(line, "boot ", 5)) {
		if (strlen(line + 5) >= sizeof(n->boot))
			return -EBADMSG;
		memcpy(n->boot, line + 5, strlen(line + 5) + 1);
		return strcmp(n->boot, boot) ? -ESTALE : 0;
	}
	if (!strncmp(line, "counted ", 8)) {
		take_counts(line + 8, &n->counters);
		return 0;
	}
	if (sscanf(line, "written %" SCNu64 "%n", &n->written_ns, &end) == 1 && !line[end])
		return 0;
	if (sscanf(line, "end %zu%n", &count, &end) == 1 && !line[end])
		return count == n->count && n->boot[0] ? 1 : -EBADMSG;
	return -EBADMSG;
}

int pc_guard_notes_parse(const char *text, const char *boot, struct pc_guard_notes *out)
{
	struct pc_guard_notes n = { 0 };
	char *copy, *save = NULL;
	int err = 0;

	if (strncmp(text, MAGIC, sizeof(MAGIC) - 1))
		return -EBADMSG;
	copy = strdup(text + sizeof(MAGIC) - 1);
	if (!copy)
		return -ENOMEM;
	for (char *line = strtok_r(copy, "\n", &save); line && !err;
	     line = strtok_r(NULL, "\n", &save))
		err = note_take_line(line, boot, &n);
	free(copy);
	if (err == 1) {
		*out = n;
		return 0;
	}
	pc_guard_notes_free(&n);
	return err ? err : -EBADMSG;
}

void pc_guard_notes_free(struct pc_guard_notes *n)
{
	free(n->list);
	*n = (struct pc_guard_notes){ 0 };
}
