/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports as a person writes them, on the command line and in the configuration: 8080, 8000-8010, https,
 * :8080, 127.0.0.1:8080, [::1]:8080, each also as 8080/tcp or tcp/8080, and lists of these. */
#ifndef PORTCLASH_PORT_ITEM_H
#define PORTCLASH_PORT_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portclash/values.h"

/* A reason that a parser gives has at most this many bytes, with its NUL. */
#define PC_PORT_REASON 192

/* An item of a list. */
struct pc_port_item {
	uint16_t low; /* low <= high */
	uint16_t high;
	bool tcp; /* without a protocol, both are true */
	bool udp;
	uint16_t family; /* 0: the item has no address */
	uint8_t address[PC_ADDR_LEN];
};

/* The rules of one parser. */
struct pc_port_reader {
	/* The port of a service's name; false: there is none. NULL: names are not known. */
	bool (*service)(const char *name, unsigned *port);
	unsigned least; /* the lowest port: 0 or 1 */
};

/* Reads one item of `len` bytes. 0; or -EINVAL with the reason (PC_PORT_REASON bytes), and *out is
 * untouched. The reason quotes the text as it is: escape it before it is shown, unless its reader
 * wrote it. */
int pc_port_item_parse(const char *text, size_t len, const struct pc_port_reader *reader,
		       struct pc_port_item *out, char *reason);

/* Reads a list of items with commas between them, and calls `take` with each. A call that returns an
 * error ends the reading. 0; that error; or -EINVAL with the reason. */
int pc_port_items_parse(const char *list, const struct pc_port_reader *reader,
			int (*take)(void *context, const struct pc_port_item *item), void *context,
			char *reason);

/* Adds the ports of the item to `set` (PC_PORT_WORDS words). */
void pc_port_item_add(const struct pc_port_item *item, uint64_t *set);

/* Does the item name less than a port of all protocols and addresses? */
static inline bool pc_port_item_is_narrow(const struct pc_port_item *item)
{
	return item->family || !item->tcp || !item->udp;
}

#endif
