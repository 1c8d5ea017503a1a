/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports on a command line: the same words for every subcommand (core/base/port_item.h). */
#ifndef PORTCLASH_CMD_PORT_ARGUMENT_H
#define PORTCLASH_CMD_PORT_ARGUMENT_H

#include "cmd/cmd.h"
#include "core/base/port_item.h"

/* The sentence about the path of a Unix socket where a port is expected. */
#define PC_PATH_SENTENCE \
	"%s is a path; `portclash trace` explains a refused Unix socket when its server starts"

/* More words than these nobody writes by hand; a range is one. */
#define PC_PORT_ARGUMENTS_MAX 64

struct pc_port_arguments {
	struct pc_port_item items[PC_PORT_ARGUMENTS_MAX];
	size_t count;
};

/* Appends the items of a list; ends the program with a usage message for anything else. */
void pc_parse_port_arguments(struct argp_state *state, const char *list,
			     struct pc_port_arguments *out);

/* The protocols and addresses of the items of a list. */
struct pc_port_scope {
	bool tcp; /* an item means TCP, alone or with UDP */
	bool udp;
	bool narrow; /* an item means one protocol */
	bool address;
};

/* Adds the ports of a list, from `least` on, to `set` (PC_PORT_WORDS words), in the same way, and adds the
 * rest to *scope, which starts as zeroes. `option` names the list in messages; NULL: it is an operand. */
void pc_parse_port_set(struct argp_state *state, const char *option, unsigned least,
		       const char *list, uint64_t *set, struct pc_port_scope *scope);

/* Says on standard error that `what` covers every protocol and address, if the scope has fewer. */
void pc_say_if_wider(const struct pc_port_scope *scope, const char *what);

/* pc_parse_port_set() for --protect, and what there is to say. */
void pc_parse_protect(struct argp_state *state, const char *list, uint64_t *set);

/* Is the word a list of ports? Else the reason (PC_PORT_REASON bytes) says why not. */
bool pc_is_port_list(const char *word, char *reason);

/* Reads an address of IPv4 or IPv6, "::1" or "[::1]", into *family and `address` (PC_ADDR_LEN bytes). Ends
 * the program with a usage message for anything else. */
void pc_parse_address(struct argp_state *state, const char *option, const char *text,
		      uint16_t *family, uint8_t *address);

/* Takes digits alone, up to `max`; false for anything else. */
bool pc_parse_digits(const char *text, unsigned long max, unsigned long *out);

#endif
