/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's settings: the defaults, over them the configuration file, over that the command
 * line. */
#ifndef PORTCLASH_AGENT_OPTIONS_H
#define PORTCLASH_AGENT_OPTIONS_H

#include "core/config/settings.h"

#define PC_CONFIG_PATH "/etc/portclash/portclash.yaml"

struct pc_agent_override;

struct pc_agent_options {
	const char *path; /* of the configuration file; NULL: none is read */
	bool required;	  /* it must be there: it was asked for, or was there before */
	bool check;	  /* no more than look whether the configuration is right */
	bool may_enter;	  /* the network namespaces of filters; not once the agent has dropped its privileges */
	struct pc_agent_override *overrides; /* what the command line sets */
	size_t count;
};

/* Reads the command line; ends the program when it is wrong, or asks for help. 0 or -ENOMEM. */
int pc_agent_options_parse(struct pc_agent_options *o, int argc, char **argv);
void pc_agent_options_free(struct pc_agent_options *o);

/* All settings anew. 0; or, with a sentence on standard error for each mistake, a negative errno
 * and their number. */
int pc_agent_options_load(struct pc_agent_options *o, struct pc_settings *out, unsigned *mistakes);

/* --check-config: says what is wrong, or that nothing is; the exit status. */
int pc_agent_options_check(struct pc_agent_options *o);

#endif
