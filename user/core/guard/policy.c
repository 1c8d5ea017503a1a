// SPDX-License-Identifier: GPL-2.0-only
/* Policies of the guard: their words, and whom they take. */
#include "core/guard/policy.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runtimes print so many characters of a container's id. */
#define CONTAINER_MIN 12

struct form {
	const char *text;
	enum pc_guard_word_kind kind;
	bool named; /* a name follows */
};

static const struct form forms[] = {
	{ "all", PC_GUARD_WORD_ALL, false },
	{ "system-units", PC_GUARD_WORD_SYSTEM_UNITS, false },
	{ "unit:", PC_GUARD_WORD_UNIT, true },
	{ "container:", PC_GUARD_WORD_CONTAINER, true },
	{ "uid:", PC_GUARD_WORD_UID, true },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static int take_uid(struct pc_guard_word *word)
{
	char *end;
	unsigned long uid;

	if (word->name[0] < '0' || word->name[0] > '9')
		return -EINVAL;
	errno = 0;
	uid = strtoul(word->name, &end, 10);
	if (errno || *end || uid >= UINT32_MAX)
		return -EINVAL;
	word->uid = (uint32_t)uid;
	return 0;
}

/* systemctl takes a name without a suffix for that of a service. */
static int policy_take_unit(struct pc_guard_word *word)
{
	size_t len = strlen(word->name);

	if (strchr(word->name, '.'))
		return 0;
	if (len + sizeof(".service") > sizeof(word->name))
		return -EINVAL;
	memcpy(word->name + len, ".service", sizeof(".service"));
	return 0;
}

static int check_name(struct pc_guard_word *word)
{
	switch (word->kind) {
	case PC_GUARD_WORD_UID:
		return take_uid(word);
	case PC_GUARD_WORD_UNIT:
		return policy_take_unit(word);
	default:
		return 0;
	}
}

/* The word at `text`, `len` bytes. */
static int parse_word(const char *text, size_t len, struct pc_guard_word *out)
{
	for (size_t i = 0; i < FORMS; i++) {
		size_t head = strlen(forms[i].text);

		if (len < head || memcmp(text, forms[i].text, head))
			continue;
		*out = (struct pc_guard_word){ .kind = forms[i].kind };
		if (!forms[i].named)
			return len == head ? 0 : -EINVAL;
		if (len == head || len - head >= sizeof(out->name))
			return -EINVAL;
		memcpy(out->name, text + head, len - head);
		return check_name(out);
	}
	return -EINVAL;
}

int pc_guard_policy_parse(const char *text, struct pc_guard_policy *out, const char **bad)
{
	struct pc_guard_policy p = { .count = 0 };

	*bad = text;
	for (const char *at = text; strcmp(text, "off"); at++) {
		size_t len;

		at += strspn(at, " \t");
		len = strcspn(at, ",");
		*bad = at;
		while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
			len--;
		if (p.count == PC_GUARD_WORDS_MAX || parse_word(at, len, &p.words[p.count]))
			return -EINVAL;
		p.count++;
		at += strcspn(at, ",");
		if (!*at)
			break;
	}
	*out = p;
	return 0;
}

static bool word_takes(const struct pc_guard_word *word, const struct pc_guard_who *who)
{
	switch (word->kind) {
	case PC_GUARD_WORD_ALL:
		return true;
	case PC_GUARD_WORD_SYSTEM_UNITS:
		return who->system_unit;
	case PC_GUARD_WORD_UNIT:
		return who->system_unit && !fnmatch(word->name, who->name, 0);
	case PC_GUARD_WORD_CONTAINER:
		return who->is_container && (!strcmp(word->name, who->name) ||
					     (strlen(word->name) >= CONTAINER_MIN &&
					      !strncmp(word->name, who->name, strlen(word->name))));
	case PC_GUARD_WORD_UID:
		return word->uid == who->uid;
	default:
		return false;
	}
}

bool pc_guard_policy_takes(const struct pc_guard_policy *policy, const struct pc_guard_who *who)
{
	for (unsigned i = 0; i < policy->count; i++)
		if (word_takes(&policy->words[i], who))
			return true;
	return false;
}

static bool policy_ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && !strcmp(text + len - tail, end);
}

/* Groups below a user's manager are the user's to make and to name, and what runs in user.slice is no
 * service of the machine's. */
static bool is_below_user(const struct pc_identity *identity)
{
	const char *cgroup = identity->cgroup;

	return !cgroup || identity->below_user || strstr(cgroup, "/user.slice/") ||
	       strstr(cgroup, "/user@");
}

void pc_guard_who_of(const struct pc_identity *identity, struct pc_guard_who *out)
{
	bool user = is_below_user(identity);
	const char *name = NULL;

	*out = (struct pc_guard_who){ .uid = identity->uid };
	memcpy(out->comm, identity->comm, sizeof(out->comm));
	if (identity->container && identity->container_word == PC_WORD_SYSTEM && !user) {
		out->is_container = true;
		name = identity->container;
	} else if (identity->unit && !user && policy_ends_in(identity->unit, ".service")) {
		out->system_unit = true;
		name = identity->unit;
	}
	if (!name)
		return;
	/* A cut name could be mistaken for another one. */
	if (strlen(name) < sizeof(out->name))
		memcpy(out->name, name, strlen(name) + 1);
	else
		out->system_unit = out->is_container = false;
}
