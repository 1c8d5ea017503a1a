// SPDX-License-Identifier: GPL-2.0-only
/* Lists sockets for the sake of their cookies. */
#include "host/name_sockets.h"

#include "core/base/time.h"
#include "host/clock.h"
#include "host/netns.h"
#include "host/sockdiag.h"

/* A user can make any number of network namespaces, and the start must come to an end. */
#define NAME_TIME_NS (2 * PC_NS_PER_SECOND)

static void forget_socket(void *context, const struct pc_listed_socket *s)
{
	(void)context;
	(void)s;
}

static void name_here(void *context)
{
	pc_sockdiag_visit_all(&(struct pc_sockdiag_visit){
		.proc = context, .limit_ns = NAME_TIME_NS, .take = forget_socket });
}

void pc_name_sockets(const char *proc)
{
	uint64_t until_ns = pc_boot_ns() + NAME_TIME_NS;
	struct pc_netns_list spaces = { 0 };

	name_here((void *)proc);
	if (pc_netns_find(proc, &spaces))
		return;
	for (size_t i = 0; i < spaces.count && pc_boot_ns() < until_ns; i++)
		if (!spaces.list[i].own)
			pc_netns_call(proc, &spaces.list[i], name_here, (void *)proc);
	pc_netns_free(&spaces);
}
