// SPDX-License-Identifier: GPL-2.0-only
/* The agent as a service: messages to the service manager (host/notify.h) at the right moments,
 * privileges dropped (host/privileges.h) when they are not needed any more. */
#include "cmd/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "core/config/capabilities.h"
#include "out/status.h"
#include "host/privileges.h"
#include "out/writer.h"

/* Between two status texts: `systemctl status` is read by people, and each one wakes PID 1. */
#define STATUS_EVERY_NS 5000000000ULL

/* Says when the manager begins not to listen, not each time. */
static void service_report(struct pc_service *s, int err)
{
	if (err && err != s->error)
		fprintf(stderr,
			"portclash: cannot tell the service manager (NOTIFY_SOCKET): %s; watching goes on\n",
			strerror(-err));
	s->error = err;
	if (err && pc_writer_used())
		pc_notify_settle(
			&s->notify,
			pc_writer_open(&(struct pc_writer_request){ .op = PC_WRITER_NOTIFY },
				       NULL));
}

void pc_service_open(struct pc_service *s, bool enter_netns)
{
	s->enter_netns = enter_netns;
	service_report(s, pc_notify_open(&s->notify));
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
			fprintf(stderr, "portclash: %s is missing: %s\n", pc_capabilities[i].name,
				pc_capabilities[i].lost);
}

void pc_service_drop_privileges(struct pc_service *s, struct pc_metrics *metrics)
{
	const struct pc_confinement c = { .enter_netns = s->enter_netns, .socket = s->writer.fd };
	uint64_t held = 0;
	int err = pc_privileges_read(&held), filter;

	if (s->notify.fd >= 0)
		pc_notify_settle(&s->notify, pc_notify_connect(&s->notify));
	pc_writer_use(s->writer.fd);
	if (!err)
		err = pc_privileges_drop(pc_capabilities_kept(held, s->enter_netns));
	filter = pc_syscalls_restrict(&c);
	if (err)
		fprintf(stderr,
			"portclash: cannot drop capabilities: %s; it keeps them and watches\n",
			strerror(-err));
	if (filter)
		fprintf(stderr,
			"portclash: cannot limit its system calls (seccomp): %s; it watches without that limit\n",
			strerror(-filter));
	if (s->writer.error)
		fprintf(stderr,
			"portclash: cannot confine the process that writes for it: %s; it writes with the privileges that it has\n",
			strerror(-s->writer.error));
	metrics->confined = !err && !filter && !s->writer.error;
}

static void service_describe(struct pc_watch *w, char status[PC_STATUS_MAX])
{
	pc_status_text(pc_watch_backend(w), pc_watch_counters(w), status);
}

void pc_service_ready(struct pc_service *s, struct pc_watch *w)
{
	char status[PC_STATUS_MAX];

	if (s->notify.fd < 0)
		return;
	service_describe(w, status);
	service_report(s, pc_notify_ready(&s->notify, status));
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
		service_report(s, err < 0 ? err : 0);
	if (now < s->status_ns)
		return;
	service_describe(w, status);
	service_report(s, pc_notify_status(&s->notify, status));
	s->status_ns = now + STATUS_EVERY_NS;
}

void pc_service_reloading(struct pc_service *s)
{
	service_report(s, pc_notify_reloading(&s->notify));
}

void pc_service_stopping(struct pc_service *s)
{
	service_report(s, pc_notify_stopping(&s->notify));
}
