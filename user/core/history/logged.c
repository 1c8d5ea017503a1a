// SPDX-License-Identifier: GPL-2.0-only
/* The members of a line that a history needs, as tables: name, kind, and the place in struct pc_logged. */
#include "core/history/logged.h"

#include <string.h>

#include "core/history/instant.h"

enum field_kind {
	FIELD_TEXT,
	FIELD_COUNT,
	FIELD_BOOL,
	FIELD_TIME,
	FIELD_OBJECT,  /* of the table `members` */
	FIELD_HOLDERS, /* an array, of which the one that the cause speaks of is kept */
	FIELD_EVENT,   /* the line itself, with a host around it */
};

struct field {
	const char *name;
	size_t len;
	enum field_kind kind;
	size_t offset;
	const struct fields *members;
};

struct fields {
	const struct field *list;
	size_t count;
	size_t there; /* the offset of a bool that says that the object is there, plus 1; 0: none */
};

#define NAME(text) text, sizeof(text) - 1
#define FIELDS(array) .list = array, .count = sizeof(array) / sizeof((array)[0])
#define OF(type, member) offsetof(struct type, member)

static const struct field end_list[] = {
	{ NAME("address"), FIELD_TEXT, OF(pc_logged_end, address), NULL },
	{ NAME("port"), FIELD_COUNT, OF(pc_logged_end, port), NULL },
};
static const struct fields end_fields = { FIELDS(end_list) };

/* In the order in which they are written: a search goes on where the last one ended. */
static const struct field process_list[] = {
	{ NAME("pid"), FIELD_COUNT, OF(pc_logged_process, pid), NULL },
	{ NAME("comm"), FIELD_TEXT, OF(pc_logged_process, comm), NULL },
	{ NAME("exe"), FIELD_TEXT, OF(pc_logged_process, exe), NULL },
	{ NAME("cmdline"), FIELD_TEXT, OF(pc_logged_process, cmdline), NULL },
	{ NAME("uid"), FIELD_COUNT, OF(pc_logged_process, uid), NULL },
	{ NAME("unit"), FIELD_TEXT, OF(pc_logged_process, unit), NULL },
	{ NAME("inner_unit"), FIELD_TEXT, OF(pc_logged_process, inner_unit), NULL },
	{ NAME("container"), FIELD_TEXT, OF(pc_logged_process, container), NULL },
	{ NAME("pod"), FIELD_TEXT, OF(pc_logged_process, pod), NULL },
	{ NAME("container_name"), FIELD_TEXT, OF(pc_logged_process, container_name), NULL },
	{ NAME("pod_name"), FIELD_TEXT, OF(pc_logged_process, pod_name), NULL },
	{ NAME("pod_namespace"), FIELD_TEXT, OF(pc_logged_process, pod_namespace), NULL },
	{ NAME("netns"), FIELD_COUNT, OF(pc_logged_process, netns), NULL },
};
static const struct fields process_fields = { FIELDS(process_list),
					      OF(pc_logged_process, there) + 1 };

static const struct field holder_list[] = {
	{ NAME("blocking"), FIELD_BOOL, OF(pc_logged_holder, blocking), NULL },
	{ NAME("state"), FIELD_TEXT, OF(pc_logged_holder, state), NULL },
	{ NAME("local"), FIELD_OBJECT, OF(pc_logged_holder, local), &end_fields },
	{ NAME("remote"), FIELD_OBJECT, OF(pc_logged_holder, remote), &end_fields },
	{ NAME("how"), FIELD_TEXT, OF(pc_logged_holder, how), NULL },
	{ NAME("since"), FIELD_TIME, OF(pc_logged_holder, since_ns), NULL },
	{ NAME("process"), FIELD_OBJECT, OF(pc_logged_holder, process), &process_fields },
	{ NAME("process_note"), FIELD_TEXT, OF(pc_logged_holder, note), NULL },
};
static const struct fields holder_fields = { FIELDS(holder_list), OF(pc_logged_holder, there) + 1 };

struct gained {
	uint64_t port;
};
static const struct field gained_list[] = { { NAME("port"), FIELD_COUNT, OF(gained, port), NULL } };
static const struct fields gained_fields = { FIELDS(gained_list) };

/* A line, with what is needed only while it is read. */
struct line {
	struct pc_logged event; /* the first: the tables count from it */
	uint64_t schema;
	struct pc_slice type;
	struct pc_slice outcome;
	uint64_t cause_holder; /* NONE: not said yet, or null */
};

#define NONE UINT64_MAX

static const struct field line_list[] = {
	{ NAME("schema"), FIELD_COUNT, OF(line, schema), NULL },
	{ NAME("type"), FIELD_TEXT, OF(line, type), NULL },
	{ NAME("time"), FIELD_TIME, OF(pc_logged, time_ns), NULL },
	{ NAME("id"), FIELD_TEXT, OF(pc_logged, id), NULL },
	{ NAME("of"), FIELD_TEXT, OF(pc_logged, id), NULL },
	{ NAME("outcome"), FIELD_TEXT, OF(line, outcome), NULL },
	{ NAME("hunt"), FIELD_BOOL, OF(pc_logged, hunt), NULL },
	{ NAME("gained"), FIELD_OBJECT, OF(pc_logged, gained_port), &gained_fields },
	{ NAME("refusals"), FIELD_COUNT, OF(pc_logged, refusals), NULL },
	{ NAME("folded"), FIELD_COUNT, OF(pc_logged, folded), NULL },
	{ NAME("scope"), FIELD_TEXT, OF(pc_logged, scope), NULL },
	{ NAME("count"), FIELD_COUNT, OF(pc_logged, count), NULL },
	{ NAME("total"), FIELD_COUNT, OF(pc_logged, total), NULL },
	{ NAME("first_time"), FIELD_TIME, OF(pc_logged, first_ns), NULL },
	{ NAME("last_time"), FIELD_TIME, OF(pc_logged, last_ns), NULL },
	{ NAME("proto"), FIELD_TEXT, OF(pc_logged, proto), NULL },
	{ NAME("op"), FIELD_TEXT, OF(pc_logged, op), NULL },
	{ NAME("errno"), FIELD_TEXT, OF(pc_logged, error), NULL },
	{ NAME("requested"), FIELD_OBJECT, OF(pc_logged, requested), &end_fields },
	{ NAME("requester"), FIELD_OBJECT, OF(pc_logged, requester), &process_fields },
	{ NAME("cause"), FIELD_TEXT, OF(pc_logged, cause), NULL },
	{ NAME("explanation"), FIELD_TEXT, OF(pc_logged, explanation), NULL },
	{ NAME("cause_holder"), FIELD_COUNT, OF(line, cause_holder), NULL },
	{ NAME("holders"), FIELD_HOLDERS, 0, NULL },
	{ NAME("holder"), FIELD_OBJECT, OF(pc_logged, holder), &holder_fields },
	{ NAME("port"), FIELD_COUNT, OF(pc_logged, port), NULL },
	{ NAME("process"), FIELD_OBJECT, OF(pc_logged, process), &process_fields },
	{ NAME("lost_total"), FIELD_COUNT, OF(pc_logged, lost), NULL },
	{ NAME("version"), FIELD_TEXT, OF(pc_logged, version), NULL },
	{ NAME("backend"), FIELD_TEXT, OF(pc_logged, backend), NULL },
	{ NAME("host"), FIELD_TEXT, OF(pc_logged, host), NULL },
	{ NAME("event"), FIELD_EVENT, 0, NULL },
};
static const struct fields line_fields = { FIELDS(line_list) };

static void read_members(struct pc_scan *s, const struct fields *fields, void *to);

static const struct field *field_find(const struct fields *fields, const struct pc_slice *key,
				      size_t *from)
{
	for (size_t i = 0; i < fields->count; i++) {
		size_t at = *from + i < fields->count ? *from + i : *from + i - fields->count;

		if (key->len == fields->list[at].len && *key->at == *fields->list[at].name &&
		    !memcmp(key->at, fields->list[at].name, key->len)) {
			*from = at + 1 < fields->count ? at + 1 : 0;
			return &fields->list[at];
		}
	}
	return NULL;
}

static void read_time(struct pc_scan *s, uint64_t *ns)
{
	struct pc_slice text;

	if (pc_scan_string(s, &text))
		pc_instant_parse(text.at, text.len, ns);
}

/* The holder that the cause speaks of. Lines that do not say which it is: the first that blocks. */
static void read_holders(struct pc_scan *s, struct line *line)
{
	if (!pc_scan_enter_array(s))
		return;
	for (uint64_t i = 0; pc_scan_element(s); i++) {
		struct pc_logged_holder holder = { 0 };

		read_members(s, &holder_fields, &holder);
		if (line->cause_holder == NONE ? holder.blocking && !line->event.holder.there :
						 i == line->cause_holder)
			line->event.holder = holder;
	}
}

static void read_field(struct pc_scan *s, const struct field *f, void *to)
{
	void *at = (char *)to + f->offset;

	switch (f->kind) {
	case FIELD_TEXT:
		pc_scan_string(s, at);
		break;
	case FIELD_COUNT:
		pc_scan_count(s, at);
		break;
	case FIELD_BOOL:
		pc_scan_bool(s, at);
		break;
	case FIELD_TIME:
		read_time(s, at);
		break;
	case FIELD_OBJECT:
		read_members(s, f->members, at);
		break;
	case FIELD_HOLDERS:
		read_holders(s, to);
		break;
	case FIELD_EVENT:
		if (s->depth == 1)
			read_members(s, &line_fields, to);
		else
			pc_scan_skip(s);
	}
}

static void read_members(struct pc_scan *s, const struct fields *fields, void *to)
{
	struct pc_slice key;
	size_t from = 0;

	if (!pc_scan_enter_object(s))
		return;
	if (fields->there)
		*((bool *)to + fields->there - 1) = true;
	while (pc_scan_member(s, &key)) {
		const struct field *f = field_find(fields, &key, &from);

		if (f)
			read_field(s, f, to);
		else
			pc_scan_skip(s);
	}
}

static enum pc_logged_type type_of(const struct line *line)
{
	static const char *const names[PC_LOGGED_COUNT] = {
		[PC_LOGGED_READY] = "ready",	 [PC_LOGGED_REFUSAL] = "refusal",
		[PC_LOGGED_REPEAT] = "repeat",	 [PC_LOGGED_MERGED] = "merged",
		[PC_LOGGED_OUTCOME] = "outcome", [PC_LOGGED_WARNING] = "warning",
		[PC_LOGGED_SUMMARY] = "summary",
	};

	if (!line->type.at || line->schema == NONE)
		return PC_LOGGED_FOREIGN;
	if (line->schema != PC_LOGGED_SCHEMA)
		return PC_LOGGED_NEWER;
	for (int type = PC_LOGGED_READY; type < PC_LOGGED_COUNT; type++)
		if (pc_slice_is(&line->type, names[type]))
			return type;
	return PC_LOGGED_OTHER;
}

static enum pc_outcome_kind outcome_of(const struct pc_slice *name)
{
	for (int kind = PC_OUTCOME_INVALID + 1; kind < PC_OUTCOME_COUNT; kind++)
		if (pc_slice_is(name, pc_outcome_name(kind)))
			return kind;
	return PC_OUTCOME_INVALID;
}

/* No log has more refusals. Sums of less do not overflow. */
#define COUNT_MAX (UINT64_C(1) << 40)

/* Has the line what a history cannot do without? */
static bool is_whole(const struct pc_logged *e)
{
	bool counts = e->count <= COUNT_MAX && e->folded <= COUNT_MAX && e->lost <= COUNT_MAX;
	bool port = e->requested.port <= UINT16_MAX;
	bool call = counts && port && e->time_ns && e->proto.at && e->op.at && e->requester.there;

	switch (e->type) {
	case PC_LOGGED_REFUSAL:
		return call && e->cause.at;
	case PC_LOGGED_REPEAT:
		return call && e->cause.at && e->last_ns;
	case PC_LOGGED_MERGED:
		return counts && port && e->time_ns && e->proto.at && e->op.at && e->scope.at &&
		       e->last_ns;
	case PC_LOGGED_OUTCOME:
		return call && e->outcome && e->last_ns;
	default:
		return counts && (e->time_ns || e->type == PC_LOGGED_OTHER);
	}
}

void pc_logged_read(const char *text, size_t len, struct pc_logged *out)
{
	struct line line = { .schema = NONE, .cause_holder = NONE };
	struct pc_scan s;

	pc_scan_begin(&s, text, len);
	read_members(&s, &line_fields, &line);
	*out = line.event;
	out->type = PC_LOGGED_DAMAGED;
	if (!pc_scan_is_done(&s))
		return;
	out->type = type_of(&line);
	out->outcome = outcome_of(&line.outcome);
	if (out->type > PC_LOGGED_NEWER && !is_whole(out))
		out->type = PC_LOGGED_DAMAGED;
}
