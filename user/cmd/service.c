// SPDX-License-Identifier: GPL-2.0-only
/* The agent as a service: messages to the service manager (host/notify.h) at the right moments,
 * privileges dropped (host/privileges.h) when they are not needed any more. */
#include "cmd/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/capabilities.h"
#include "core/status.h"
#include "host/privileges.h"

/* Between two status texts: `systemctl status` is read by people, and each one wakes PID 1. */
#define STATUS_EVERY_NS 5000000000ULL

/* Says when the manager begins not to listen, not each time. */
static void report(struct pc_service *s, int err)
{
	if (err && err != s->error)
		fprintf(stderr,
			"portclash: cannot tell the service manager (NOTIFY_SOCKET): %s; watching "
			"goes on\n",
			strerror(-err));
	s->error = err;
}

void pc_service_open(struct pc_service *s, bool enter_netns)
{
	s->enter_netns = enter_netns;
	report(s, pc_notify_open(&s->notify));
}

void pc_service_close(struct pc_service *s)
{
	pc_notify_close(&s->notify);
}

void pc_service_check_privileges(const struct pc_service *s, struct pc_metrics *metrics)
{
	uint64_t held;
	int err = pc_privileges_read(&held);

	if (err) {
		fprintf(stderr, "portclash: cannot tell which capabilities it has: %s\n",
			strerror(-err));
		return;
	}
	metrics->capabilities_missing = pc_capabilities_missing(held, s->enter_netns);
	for (size_t i = 0; i < pc_capabilities_count; i++)
		if (metrics->capabilities_missing >> pc_capabilities[i].bit & 1)
			fprintf(stderr,
				"portclash: %s is missing, with which it %s; without it, %s\n",
				pc_capabilities[i].name, pc_capabilities[i].reason,
				pc_capabilities[i].lost);
}

void pc_service_drop_privileges(const struct pc_service *s, struct pc_metrics *metrics)
{
	uint64_t held = 0;
	int err = pc_privileges_read(&held), filter;

	if (!err)
		err = pc_privileges_drop(pc_capabilities_kept(held, s->enter_netns));
	filter = pc_syscalls_restrict(s->enter_netns);

	if (err)
		fprintf(stderr,
			"portclash: cannot drop the capabilities that it does not need any more: "
			"%s; it keeps them and watches\n",
			strerror(-err));
	if (filter)
		fprintf(stderr,
			"portclash: cannot give up the system calls that it does not need any more "
			"(seccomp): %s; it watches without that limit\n",
			strerror(-filter));
	metrics->confined = !err && !filter;
}

static void describe(struct pc_watch *w, char status[PC_STATUS_MAX])
{
	pc_status_text(pc_watch_backend(w), pc_watch_counters(w), status);
}

void pc_service_ready(struct pc_service *s, struct pc_watch *w)
{
	char status[PC_STATUS_MAX];

	if (s->notify.fd < 0)
		return;
	describe(w, status);
	report(s, pc_notify_ready(&s->notify, status));
	s->status_ns = pc_clock_read().now_ns + STATUS_EVERY_NS;
}

void pc_service_round(struct pc_service *s, struct pc_watch *w)
{
	uint64_t now = pc_clock_read().now_ns;
	char status[PC_STATUS_MAX];
	int err;

	if (s->notify.fd < 0)
		return;
	err = pc_notify_alive(&s->notify, now);
	if (err)
		report(s, err < 0 ? err : 0);
	if (now < s->status_ns)
		return;
	describe(w, status);
	report(s, pc_notify_status(&s->notify, status));
	s->status_ns = now + STATUS_EVERY_NS;
}

void pc_service_reloading(struct pc_service *s)
{
	report(s, pc_notify_reloading(&s->notify));
}

void pc_service_stopping(struct pc_service *s)
{
	report(s, pc_notify_stopping(&s->notify));
}
