// SPDX-License-Identifier: GPL-2.0-only
/* The list that `who` prints. */
#include "core/port/who_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"

struct pc_who_entry *pc_who_list_add(struct pc_who_list *list)
{
	struct pc_who_entry *entry;

	if (pc_array_reserve(&list->entries, &list->room, list->count + 1, sizeof(*entry)))
		return NULL;
	entry = &list->entries[list->count++];
	*entry = (struct pc_who_entry){ 0 };
	return entry;
}

static bool is_said(const struct pc_who_list *list, const char *text)
{
	for (unsigned i = 0; i < list->unseen_count; i++)
		if (!strcmp(list->unseen[i], text))
			return true;
	return false;
}

void pc_who_list_unseen(struct pc_who_list *list, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (list->unseen_count < PC_WHO_UNSEEN_MAX && vasprintf(&text, format, args) >= 0) {
		if (is_said(list, text))
			free(text);
		else
			list->unseen[list->unseen_count++] = text;
	}
	va_end(args);
}

void pc_who_list_clear(struct pc_who_list *list)
{
	while (list->count)
		pc_who_end(&list->entries[--list->count]);
}

void pc_who_list_free(struct pc_who_list *list)
{
	pc_who_list_clear(list);
	for (unsigned i = 0; i < list->unseen_count; i++)
		free(list->unseen[i]);
	free(list->entries);
	*list = (struct pc_who_list){ 0 };
}
