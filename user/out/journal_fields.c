// SPDX-License-Identifier: GPL-2.0-only
/* Writing the fields of portclash's own, by their table. */
#include "out/journal_fields.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "out/escape.h"
#include "out/journal.h"
#include "out/text_parts.h"

#define PC_JOURNAL_NAME(name) [PC_FIELD_##name] = "PORTCLASH_" #name,
static const char *const names[] = { PC_JOURNAL_FIELDS(PC_JOURNAL_NAME) };

/* The parties' fields stand in the order of enum pc_party_field. */
_Static_assert(PC_FIELD_REQUESTER_RUNNING - PC_FIELD_REQUESTER_PID == PC_PARTY_RUNNING, "party");
_Static_assert(PC_FIELD_HOLDER_UNIT - PC_FIELD_HOLDER_PID == PC_PARTY_UNIT, "party");

const char *pc_field_name(enum pc_field field)
{
	return names[field];
}

void pc_field_put(FILE *out, enum pc_field field, const char *value)
{
	if (value)
		pc_journal_field(out, names[field], value, strlen(value));
}

void pc_field_number(FILE *out, enum pc_field field, uint64_t value)
{
	fprintf(out, "%s=%" PRIu64 "\n", names[field], value);
}

void pc_field_bool(FILE *out, enum pc_field field, bool value)
{
	pc_field_put(out, field, value ? "yes" : "no");
}

void pc_field_time(FILE *out, enum pc_field field, const struct pc_clock *clock, uint64_t ns)
{
	char text[PC_TIME_TEXT];

	pc_field_put(out, field, pc_time_text(clock, ns, text));
}

void pc_field_hostile_as(FILE *out, const char *name, const char *value, size_t len)
{
	char *clean = malloc(PC_ESCAPE_SIZE(len));

	if (!clean)
		return;
	len = pc_escape_terminal(value, len, clean, PC_ESCAPE_SIZE(len));
	pc_journal_field(out, name, clean, len);
	free(clean);
}

void pc_field_hostile(FILE *out, enum pc_field field, const char *value)
{
	if (value)
		pc_field_hostile_as(out, names[field], value, strlen(value));
}

void pc_field_end(FILE *out, int status)
{
	if (WIFSIGNALED(status))
		pc_field_number(out, PC_FIELD_EXIT_SIGNAL, (uint64_t)WTERMSIG(status));
	else
		pc_field_number(out, PC_FIELD_EXIT_STATUS, (uint64_t)WEXITSTATUS(status));
}

void pc_field_party(FILE *out, enum pc_field first, const struct pc_party *p)
{
	const struct pc_identity *who = p->who;
	const char *comm;

	if (!who)
		return;
	comm = p->comm[0] ? p->comm : who->comm;
	pc_field_number(out, first + PC_PARTY_PID, who->key.tgid);
	pc_field_hostile_as(out, names[first + PC_PARTY_COMM], comm, strnlen(comm, PC_COMM_LEN));
	pc_field_hostile(out, first + PC_PARTY_EXE, who->exe);
	pc_field_hostile(out, first + PC_PARTY_CMDLINE, who->cmdline);
	pc_field_number(out, first + PC_PARTY_UID, who->uid);
	pc_field_hostile(out, first + PC_PARTY_CGROUP, who->cgroup);
	pc_field_hostile(out, first + PC_PARTY_UNIT, who->unit);
	pc_field_hostile(out, first + PC_PARTY_CONTAINER, who->container);
	pc_field_hostile(out, first + PC_PARTY_POD, who->pod);
	pc_field_hostile(out, first + PC_PARTY_CONTAINER_NAME, who->given.container);
	pc_field_hostile(out, first + PC_PARTY_POD_NAME, who->given.pod);
	pc_field_hostile(out, first + PC_PARTY_POD_NAMESPACE, who->given.pod_namespace);
	pc_field_bool(out, first + PC_PARTY_RUNNING, p->running);
}
