// SPDX-License-Identifier: GPL-2.0-only
/* The last events, within a budget. */
#include "top/events.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "out/text_parts.h"

const char *pc_top_kind_name(enum pc_top_kind kind)
{
	static const char *const names[PC_TOP_KIND_COUNT] = {
		[PC_TOP_REFUSED] = "refused", [PC_TOP_REPEATED] = "repeated",
		[PC_TOP_MERGED] = "counted",  [PC_TOP_OUTCOME] = "outcome",
		[PC_TOP_WARNING] = "warning", [PC_TOP_NOTE] = "note",
	};

	return (unsigned)kind < PC_TOP_KIND_COUNT && names[kind] ? names[kind] : "unknown";
}

void pc_top_copy(char *out, size_t size, const char *text)
{
	size_t len = strlen(text), used = 0;

	while (len) {
		uint32_t code;
		size_t taken = pc_utf8_decode(text, len, &code);

		if (used + taken >= size)
			break;
		memcpy(out + used, text, taken);
		used += taken;
		text += taken;
		len -= taken;
	}
	out[used] = '\0';
}

void pc_top_party(char *out, size_t size, const struct pc_party *p)
{
	struct pc_text text;
	char *string;

	*out = '\0';
	if ((!p->who && !p->key.tgid) || pc_text_open(&text))
		return;
	if (p->who) {
		pc_put_party(text.out, p);
	} else {
		pc_put_text(text.out, p->comm, strnlen(p->comm, PC_COMM_LEN));
		fprintf(text.out, "[%u]", p->key.tgid);
	}
	string = pc_text_close(&text);
	if (string)
		pc_top_copy(out, size, string);
	free(string);
}

static struct pc_top_event *event_slot(const struct pc_top_events *e, unsigned index)
{
	return (struct pc_top_event *)&e->list[(e->first + index) % PC_TOP_EVENTS_MAX];
}

static void events_drop_oldest(struct pc_top_events *e)
{
	struct pc_top_event *oldest = event_slot(e, 0);

	e->bytes -= oldest->len;
	free(oldest->text);
	oldest->text = NULL;
	e->first = (e->first + 1) % PC_TOP_EVENTS_MAX;
	e->count--;
	e->dropped++;
}

void pc_top_events_add(struct pc_top_events *e, const struct pc_top_event *event,
		       struct pc_text *text)
{
	char *string = pc_text_close(text);
	struct pc_top_event *to;

	e->came++;
	e->kinds[event->kind]++;
	if (!string || text->len > PC_TOP_EVENTS_BYTES) {
		free(string);
		e->lost++;
		return;
	}
	while (e->count &&
	       (e->count == PC_TOP_EVENTS_MAX || e->bytes + text->len > PC_TOP_EVENTS_BYTES))
		events_drop_oldest(e);
	to = event_slot(e, e->count++);
	*to = *event;
	to->id = e->came;
	to->text = string;
	to->len = text->len;
	e->bytes += to->len;
}

const struct pc_top_event *pc_top_events_at(const struct pc_top_events *e, unsigned index)
{
	return event_slot(e, index);
}

const struct pc_top_event *pc_top_events_find(const struct pc_top_events *e, uint64_t id)
{
	for (unsigned i = 0; i < e->count; i++)
		if (event_slot(e, i)->id == id)
			return event_slot(e, i);
	return NULL;
}

const struct pc_top_event *pc_top_events_refusal(const struct pc_top_events *e,
						 const struct pc_top_event *event)
{
	for (unsigned i = 0; event->verdict[0] && i < e->count; i++) {
		const struct pc_top_event *refusal = event_slot(e, i);

		if (refusal->kind == PC_TOP_REFUSED && refusal != event &&
		    !strcmp(refusal->verdict, event->verdict))
			return refusal;
	}
	return NULL;
}

void pc_top_events_free(struct pc_top_events *e)
{
	while (e->count)
		events_drop_oldest(e);
}
