// SPDX-License-Identifier: GPL-2.0-only
/* Ports on a command line. */
#include "cmd/port_argument.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "host/port_names.h"

static const struct pc_port_reader command_reader = { .service = pc_service_port, .least = 1 };

bool pc_parse_digits(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *out <= max;
}

static int append_item(void *arguments, const struct pc_port_item *item)
{
	struct pc_port_arguments *all = arguments;

	if (all->count == PC_PORT_ARGUMENTS_MAX)
		return -E2BIG;
	all->items[all->count++] = *item;
	return 0;
}

void pc_parse_port_arguments(struct argp_state *state, const char *list,
			     struct pc_port_arguments *out)
{
	char reason[PC_PORT_REASON];
	int err = pc_port_items_parse(list, &command_reader, append_item, out, reason);

	if (err == -E2BIG)
		pc_usage_error(state, "too many ports: write at most %d, or a range like 8000-8010",
			       PC_PORT_ARGUMENTS_MAX);
	if (err && *list == '/' && strchr(list + 1, '/'))
		pc_usage_error(state, PC_PATH_SENTENCE, list);
	if (err)
		pc_usage_error(state, "%s", reason);
}

/* The outputs of pc_parse_port_set(). */
struct port_set {
	uint64_t *set;
	struct pc_port_scope *scope;
};

static int unite_item(void *port_set, const struct pc_port_item *item)
{
	struct port_set *s = port_set;

	pc_port_item_add(item, s->set);
	s->scope->tcp |= item->tcp;
	s->scope->udp |= item->udp;
	s->scope->narrow |= !item->tcp || !item->udp;
	s->scope->address |= item->family != 0;
	return 0;
}

void pc_parse_port_set(struct argp_state *state, const char *option, unsigned least,
		       const char *list, uint64_t *set, struct pc_port_scope *scope)
{
	const struct pc_port_reader reader = { .service = pc_service_port, .least = least };
	struct port_set s = { set, scope };
	char reason[PC_PORT_REASON];

	if (pc_port_items_parse(list, &reader, unite_item, &s, reason))
		pc_usage_error(state, "%s%s%s", option ? option : "", option ? ": " : "", reason);
}

void pc_say_if_wider(const struct pc_port_scope *scope, const char *what)
{
	if (scope->narrow || scope->address)
		fprintf(stderr, "portclash: %s covers TCP and UDP, and every address\n", what);
}

void pc_parse_protect(struct argp_state *state, const char *list, uint64_t *set)
{
	struct pc_port_scope scope = { 0 };

	pc_parse_port_set(state, "--protect", 1, list, set, &scope);
	pc_say_if_wider(&scope, "--protect");
}

static int any_item(void *context, const struct pc_port_item *item)
{
	(void)context;
	(void)item;
	return 0;
}

bool pc_is_port_list(const char *word, char *reason)
{
	return !pc_port_items_parse(word, &command_reader, any_item, NULL, reason);
}

void pc_parse_address(struct argp_state *state, const char *option, const char *text,
		      uint16_t *family, uint8_t *address)
{
	size_t len = strlen(text);
	char bare[INET6_ADDRSTRLEN] = "";
	uint8_t parsed[PC_ADDR_LEN] = { 0 };
	bool brackets = len > 2 && *text == '[' && text[len - 1] == ']';

	snprintf(bare, sizeof(bare), "%.*s", (int)(brackets ? len - 2 : len), text + brackets);
	*family = strchr(bare, ':') ? PC_FAMILY_V6 : PC_FAMILY_V4;
	if (len >= sizeof(bare) || inet_pton(*family, bare, parsed) != 1)
		pc_usage_error(state, "%s: expected an address like 127.0.0.1 or ::1, not \"%s\"",
			       option, text);
	memcpy(address, parsed, sizeof(parsed));
}
