// SPDX-License-Identifier: GPL-2.0-only
/* The options of filters, and the network namespaces that they name. */
#include "cmd/filter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/usage.h"
#include "host/netns.h"

#define OPT_FILTER 0x400

/* argp wants a table: one row for each key, in their order, made at the first use. */
static struct argp_option filter_options[PC_SETTINGS_KEYS_MAX + 1];

static const struct pc_settings_key *filter_key(int option)
{
	size_t i = (size_t)(option - OPT_FILTER);

	return option >= OPT_FILTER && i < pc_settings_keys_count &&
			       pc_settings_keys[i].type == PC_SETTING_WHOSE ?
		       &pc_settings_keys[i] :
		       NULL;
}

static error_t parse_filter(int option, char *arg, struct argp_state *state)
{
	static const struct pc_settings_source source = { .relative_paths = true };
	const struct pc_settings_key *key = filter_key(option);
	struct pc_settings *settings = state->input;
	char reason[PC_SETTINGS_REASON];
	const struct pc_whose *have;

	if (!key)
		return ARGP_ERR_UNKNOWN;
	have = (const void *)((const char *)settings + key->offset);
	if (pc_settings_set(settings, key, arg, have->count, &source, reason))
		pc_usage_error(state, "--%s: %s", key->name, reason);
	return 0;
}

const struct argp *pc_filter_argp(void)
{
	static const struct argp argp = {
		filter_options, parse_filter, NULL, NULL, NULL, NULL, NULL
	};
	unsigned count = 0;

	for (size_t i = 0; i < pc_settings_keys_count; i++) {
		const struct pc_settings_key *key = &pc_settings_keys[i];

		if (key->type == PC_SETTING_WHOSE)
			filter_options[count++] = (struct argp_option){
				.name = key->name,
				.key = OPT_FILTER + (int)i,
				.arg = key->argument,
				.doc = key->help,
			};
	}
	return &argp;
}

void pc_filter_ports(struct argp_state *state, const char *list, struct pc_filter *filter,
		     struct pc_port_scope *scope)
{
	pc_parse_port_set(state, "--port", 0, list, filter->ports, scope);
	filter->has_ports = true;
}

void pc_filter_scope(struct argp_state *state, const struct pc_port_scope *scope,
		     struct pc_filter *filter)
{
	uint8_t proto = scope->tcp ? PC_PROTO_TCP : PC_PROTO_UDP;

	if (scope->narrow && scope->tcp && scope->udp)
		pc_usage_error(state, "--port: expected ports of one protocol: run the command for each");
	if (scope->narrow && filter->proto && filter->proto != proto)
		pc_usage_error(state,
			       "--port and --proto contradict each other: leave out --proto");
	if (scope->narrow)
		filter->proto = proto;
	if (scope->address)
		fprintf(stderr, "portclash: --port covers every address\n");
}

/* An inode number may be of a namespace that is still to come. */
static int resolve_word(struct pc_whose_word *word, const struct pc_netns_list *all, bool may_enter,
			const char *speaker)
{
	if (word->kind != PC_WHOSE_NETNS)
		return 0;
	for (size_t i = 0; i < all->count; i++) {
		if (!pc_netns_matches(&all->list[i], word->name))
			continue;
		word->number = all->list[i].inode;
		word->cookie = may_enter ? pc_netns_cookie_of("/proc", &all->list[i]) : 0;
		break;
	}
	if (word->number)
		return 0;
	fprintf(stderr, "%sunknown network namespace \"%s\"; `lsns -t net` lists them\n", speaker,
		word->name);
	return -ESRCH;
}

static int resolve_list(struct pc_whose *list, const struct pc_netns_list *all, bool may_enter,
			const char *speaker)
{
	int err = 0;

	for (unsigned i = 0; i < list->count && !err; i++)
		err = resolve_word(&list->words[i], all, may_enter, speaker);
	return err;
}

static bool names_netns(const struct pc_whose *list)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->words[i].kind == PC_WHOSE_NETNS)
			return true;
	return false;
}

int pc_filter_resolve(struct pc_whose_filter *filter, bool may_enter, const char *speaker)
{
	struct pc_whose *only = &filter->only[PC_WHOSE_NETNS];
	struct pc_netns_list all;
	int err;

	if (!names_netns(only) && !names_netns(&filter->ignore))
		return 0;
	err = pc_netns_find("/proc", &all);
	if (err) {
		fprintf(stderr, "%scannot list the network namespaces: %s\n", speaker,
			strerror(-err));
		return err;
	}
	err = resolve_list(only, &all, may_enter, speaker);
	if (!err)
		err = resolve_list(&filter->ignore, &all, may_enter, speaker);
	pc_netns_free(&all);
	return err;
}
