/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent as a service: what it tells the service manager and when, and which privileges it
 * keeps. */
#ifndef PORTCLASH_SERVICE_H
#define PORTCLASH_SERVICE_H

#include "cmd/agent_writer.h"
#include "host/notify.h"
#include "watch/watch.h"

struct pc_service {
	bool enter_netns; /* keeps what entering other network namespaces takes */
	struct pc_notify notify;
	struct pc_agent_writer writer;
	uint64_t status_ns; /* when the next status is due, boot clock */
	int error;	    /* of the last message, to speak of changes only */
};

#define PC_SERVICE_INIT                                                  \
	{                                                                \
		.notify = PC_NOTIFY_INIT, .writer = PC_AGENT_WRITER_INIT \
	}

/* Reads what the manager left in the environment, and notes whether to keep what entering other
 * network namespaces takes. Without a manager nobody is told. What fails is said on standard error
 * and does not end the agent. */
void pc_service_open(struct pc_service *s, bool enter_netns);
void pc_service_close(struct pc_service *s);

/* Says which privileges the agent lacks and what is lost without them, once each, and marks them in
 * the metrics. Call it before the programs are loaded. */
void pc_service_check_privileges(const struct pc_service *s, struct pc_metrics *metrics);

/* The programs are attached: gives up what only that needed. What cannot be given up is said, and
 * the agent goes on with it. From here on the writer opens, replaces and removes files. */
void pc_service_drop_privileges(struct pc_service *s, struct pc_metrics *metrics);

/* Tells the service manager that the agent watches: after the start, and after a reload. */
void pc_service_ready(struct pc_service *s, struct pc_watch *w);

/* The loop has made a round: the sign of life and the status, when they are due. */
void pc_service_round(struct pc_service *s, struct pc_watch *w);

void pc_service_reloading(struct pc_service *s);
void pc_service_stopping(struct pc_service *s);

#endif
