/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's writer (out/writer.h): a process without capabilities that is forked before the agent has
 * loaded anything, and touches only the files of the configuration and of the guard. */
#ifndef PORTCLASH_AGENT_WRITER_H
#define PORTCLASH_AGENT_WRITER_H

#include <sys/types.h>

#include "cmd/agent_options.h"
#include "host/notify.h"

struct pc_agent_writer {
	pid_t pid;
	int fd;	   /* to the writer; -1: there is none */
	int error; /* 0, or why the writer keeps privileges that it does not need */
};

#define PC_AGENT_WRITER_INIT \
	{                    \
		.fd = -1     \
	}

/* Forks the writer. It has a copy of all that is passed. 0 or a negative errno. */
int pc_agent_writer_start(struct pc_agent_writer *w, struct pc_agent_options *options,
			  const struct pc_settings *settings, const struct pc_notify *notify);

/* Ends the writer and waits for its end, for two seconds at most: the kernel ends it with this process. */
void pc_agent_writer_stop(struct pc_agent_writer *w);

#endif
