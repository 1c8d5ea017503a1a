/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters by the process that was refused, as `trace` and `agent` have them. */
#ifndef PORTCLASH_FILTER_H
#define PORTCLASH_FILTER_H

#include "cmd/port_argument.h"
#include <argp.h>

#include "core/config/settings.h"

/* The options of the keys whose type is PC_SETTING_WHOSE, for a subcommand without a configuration: a parser
 * that is a child of its own. The child's input is a struct pc_settings * that pc_settings_init() has filled;
 * an option given twice adds to the first. */
const struct argp *pc_filter_argp(void);

/* Looks up the network namespaces that words name, and enters each if it may: only so it is known when another one has
 * its inode number. 0; or a negative errno, with a sentence on standard error
 * that begins with `speaker`. */
int pc_filter_resolve(struct pc_whose_filter *filter, bool may_enter, const char *speaker);

/* Adds the ports of --port to the filter, and what else they name to *scope, which starts as zeroes. */
void pc_filter_ports(struct argp_state *state, const char *list, struct pc_filter *filter,
		     struct pc_port_scope *scope);

/* Applies what --port names besides ports: the filter has one protocol for all ports, and no address. Ends the
 * program with a usage message for ports of several protocols. */
void pc_filter_scope(struct argp_state *state, const struct pc_port_scope *scope,
		     struct pc_filter *filter);

#endif
