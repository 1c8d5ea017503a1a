// SPDX-License-Identifier: GPL-2.0-only
/* The budget of the table of processes. */
#include "core/memory/process_budget.h"

#include <stdio.h>
#include <string.h>

#include "core/base/subuid.h"

/* Each refusal asks for a name, and snprintf() takes a thousand instructions. */
static void name_user(uint32_t user, char name[PC_BUDGET_NAME])
{
	static const char word[] = "user ";
	char digits[10], *first = digits + sizeof(digits);
	size_t len;

	do {
		*--first = (char)('0' + user % 10);
		user /= 10;
	} while (user);
	len = (size_t)(digits + sizeof(digits) - first);
	memcpy(name, word, sizeof(word) - 1);
	memcpy(name + sizeof(word) - 1, first, len);
	name[sizeof(word) - 1 + len] = '\0';
}

void pc_budget_name(const struct pc_identity *who, char name[PC_BUDGET_NAME])
{
	bool system = !who->below_user;

	if (system && who->container && who->container_word == PC_WORD_SYSTEM)
		snprintf(name, PC_BUDGET_NAME, "container %s", who->container);
	else if (system && who->unit)
		snprintf(name, PC_BUDGET_NAME, "unit %s", who->unit);
	else
		name_user((uint32_t)pc_subuid_first(who->below_user ? who->manager_user : who->uid),
			  name);
}

static size_t string_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

size_t pc_budget_bytes(const struct pc_identity *who)
{
	return string_bytes(who->exe) + string_bytes(who->cmdline) + string_bytes(who->folder) +
	       string_bytes(who->cgroup) + string_bytes(who->cgroup_v2) + string_bytes(who->unit) +
	       string_bytes(who->inner_unit) + string_bytes(who->container) +
	       string_bytes(who->pod);
}
