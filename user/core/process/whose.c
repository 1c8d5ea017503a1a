// SPDX-License-Identifier: GPL-2.0-only
/* Filters by the process that was refused. */
#include "core/process/whose.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runtimes print so many characters of a container's id, which has so many in all. */
#define ID_MIN 12
#define ID_LEN 64

static const char *const prefixes[PC_WHOSE_KINDS] = { "netns:", "unit:", "container:", "uid:" };

static int take_number(struct pc_whose_word *word)
{
	char *end;
	unsigned long number = strtoul(word->name, &end, 10);

	if (word->name[0] < '0' || word->name[0] > '9' || *end || number >= UINT32_MAX)
		return -EINVAL;
	word->number = (uint32_t)number;
	return 0;
}

/* systemctl takes a name without a suffix for that of a service. */
static int whose_take_unit(struct pc_whose_word *word)
{
	size_t len = strlen(word->name);

	if (strchr(word->name, '.') || word->name[len - 1] == '*')
		return 0;
	if (len + sizeof(".service") > sizeof(word->name))
		return -EINVAL;
	memcpy(word->name + len, ".service", sizeof(".service"));
	return 0;
}

static int whose_take_word(const char *text, size_t len, enum pc_whose_kind kind, struct pc_whose_word *word)
{
	*word = (struct pc_whose_word){ .kind = kind };
	for (unsigned i = 0; kind == PC_WHOSE_ANY && i < PC_WHOSE_KINDS; i++) {
		size_t prefix = strlen(prefixes[i]);

		if (len < prefix || strncmp(text, prefixes[i], prefix))
			continue;
		word->kind = i;
		text += prefix;
		len -= prefix;
		break;
	}
	if (word->kind == PC_WHOSE_ANY || !len || len >= PC_WHOSE_NAME)
		return -EINVAL;
	memcpy(word->name, text, len);
	if (word->kind == PC_WHOSE_UNIT)
		return whose_take_unit(word);
	if (word->kind == PC_WHOSE_UID)
		return take_number(word);
	if (word->kind == PC_WHOSE_NETNS)
		take_number(word);
	return 0;
}

int pc_whose_add(struct pc_whose *out, enum pc_whose_kind kind, const char *text)
{
	unsigned count = out->count;

	for (;;) {
		size_t blank = strspn(text, " "), len = strcspn(text + blank, ","), word = len;

		text += blank;
		while (word && text[word - 1] == ' ')
			word--;
		if (count == PC_WHOSE_WORDS_MAX ||
		    whose_take_word(text, word, kind, &out->words[count]))
			break;
		count++;
		text += len;
		if (!*text++) {
			out->count = count;
			return 0;
		}
	}
	memset(&out->words[out->count], 0, (PC_WHOSE_WORDS_MAX - out->count) * sizeof(out->words[0]));
	return -EINVAL;
}

static bool word_same(const struct pc_whose_word *a, const struct pc_whose_word *b)
{
	return a->kind == b->kind && a->number == b->number && !strcmp(a->name, b->name) &&
	       (a->cookie == b->cookie || !a->cookie || !b->cookie);
}

bool pc_whose_same(const struct pc_whose *a, const struct pc_whose *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (!word_same(&a->words[i], &b->words[i]))
			return false;
	return true;
}

static bool is_like(const char *name, const char *pattern)
{
	return name && !fnmatch(pattern, name, 0);
}

static bool is_pod(const struct pc_identity *who, const char *pattern)
{
	char name[2 * PC_WHOSE_NAME];

	if (!who->given.pod || !who->given.pod_namespace)
		return false;
	snprintf(name, sizeof(name), "%s/%s", who->given.pod_namespace, who->given.pod);
	return is_like(name, pattern);
}

static bool is_digits_of_id(const char *text, size_t least)
{
	size_t len = strlen(text);

	return len >= least && len <= ID_LEN && strspn(text, "0123456789abcdef") == len;
}

static bool is_container(const struct pc_identity *who, const char *pattern)
{
	size_t len = strlen(pattern);

	if (!who->container)
		return false;
	if (!is_digits_of_id(who->container, ID_LEN) && is_like(who->container, pattern))
		return true; /* LXC and systemd-nspawn: the id is the name */
	return (len >= ID_MIN && !strncmp(who->container, pattern, len)) ||
	       is_like(who->given.container, pattern) || is_pod(who, pattern);
}

/* The container is known by its id alone, because the file with its name could not be read: then it can have
 * any name. */
static bool may_be_container(const struct pc_identity *who, const char *pattern)
{
	if (!who->container || !is_digits_of_id(who->container, ID_LEN) ||
	    is_digits_of_id(pattern, ID_MIN))
		return false;
	if (strchr(pattern, '/'))
		return !who->given.pod && (who->pod || !who->given.container);
	return !who->given.container;
}

/* A process without a control group could not be looked at: it has any unit and any container. */
static bool is_group_known(const struct pc_identity *who)
{
	return who && who->cgroup;
}

static bool is_netns(const struct pc_whose_word *word, const struct pc_whose_netns *netns)
{
	if (!word->number || word->number != netns->inode)
		return false;
	return !word->cookie || !netns->cookie || word->cookie == netns->cookie;
}

/* `sure`: by what no user can make up. */
static bool whose_means(const struct pc_whose_word *word, const struct pc_identity *who, uint32_t uid,
			const struct pc_whose_netns *netns, bool sure)
{
	switch (word->kind) {
	case PC_WHOSE_NETNS:
		return is_netns(word, netns);
	case PC_WHOSE_UID:
		return word->number == uid;
	case PC_WHOSE_UNIT:
		if (!is_group_known(who))
			return !sure;
		return is_like(who->unit, word->name) || (!sure && is_like(who->inner_unit, word->name));
	default:
		if (!is_group_known(who))
			return !sure;
		if (sure)
			return who->container_word == PC_WORD_SYSTEM && is_container(who, word->name);
		return is_container(who, word->name) || may_be_container(who, word->name);
	}
}

static bool has_word_for(const struct pc_whose *list, const struct pc_identity *who, uint32_t uid,
			 const struct pc_whose_netns *netns, bool sure)
{
	for (unsigned i = 0; i < list->count; i++)
		if (whose_means(&list->words[i], who, uid, netns, sure))
			return true;
	return false;
}

bool pc_whose_passes(const struct pc_whose_filter *f, const struct pc_identity *who, uint32_t uid,
		     const struct pc_whose_netns *netns)
{
	for (unsigned i = 0; i < PC_WHOSE_KINDS; i++)
		if (f->only[i].count && !has_word_for(&f->only[i], who, uid, netns, false))
			return false;
	return !has_word_for(&f->ignore, who, uid, netns, true);
}
