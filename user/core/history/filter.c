// SPDX-License-Identifier: GPL-2.0-only
/* The lines that a filter takes. */
#include <string.h>

#include "core/base/ports.h"
#include "core/history/group.h"

#define NAME_SIZE (PC_HISTORY_TEXT_MAX + 1)

/* A unit by its name, or without its suffix. */
static bool is_unit(const struct pc_slice *slice, const char *wanted)
{
	char text[NAME_SIZE];
	size_t len = strlen(wanted);

	pc_slice_text(slice, text, sizeof(text));
	return !strncmp(text, wanted, len) &&
	       (!text[len] || (text[len] == '.' && !strchr(text + len + 1, '.')));
}

static bool process_has_unit(const struct pc_logged_process *p, const char *unit)
{
	return is_unit(&p->unit, unit) || is_unit(&p->inner_unit, unit);
}

static bool slice_names(const struct pc_slice *slice, const char *wanted, bool beginning)
{
	char text[NAME_SIZE];

	pc_slice_text(slice, text, sizeof(text));
	return *text &&
	       (beginning ? !strncmp(text, wanted, strlen(wanted)) : !strcmp(text, wanted));
}

static bool process_has_container(const struct pc_logged_process *p, const char *container)
{
	return slice_names(&p->container_name, container, false) ||
	       slice_names(&p->pod_name, container, false) ||
	       slice_names(&p->container, container, true) || slice_names(&p->pod, container, true);
}

bool pc_group_matches(const struct pc_history_filter *filter, const struct pc_logged *e,
		      uint64_t time_ns)
{
	const struct pc_logged_process *server = &e->requester, *thief = &e->holder.process;

	if (filter->since_ns && time_ns < filter->since_ns)
		return false;
	if (filter->until_ns && time_ns > filter->until_ns)
		return false;
	if (filter->ports && !pc_ports_has(filter->ports, (uint16_t)e->requested.port))
		return false;
	if (filter->cause && !pc_slice_is(&e->cause, filter->cause))
		return false;
	if (filter->netns && server->netns != filter->netns)
		return false;
	if (filter->unit && !process_has_unit(server, filter->unit) &&
	    !process_has_unit(thief, filter->unit))
		return false;
	return !filter->container || process_has_container(server, filter->container) ||
	       process_has_container(thief, filter->container);
}
