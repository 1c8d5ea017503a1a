// SPDX-License-Identifier: GPL-2.0-only
/* The parser of ports as a person writes them. */
#include "core/base/port_item.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/ports.h"

/* The longest item: "tcp/[" and the longest IPv6 address and "]:" and a range fit twice. */
#define ITEM_MAX 128

/* A reason shows so much of the text, so that it stays one line. */
#define SHOWN 40

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

__attribute__((format(printf, 2, 3))) static int reject_item(char *reason, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reason, PC_PORT_REASON, format, args);
	va_end(args);
	return -EINVAL;
}

/* The length to show, cut where a character of UTF-8 ends. */
static int item_shown(const char *text)
{
	size_t len = strnlen(text, SHOWN + 1);

	if (len <= SHOWN)
		return (int)len;
	for (len = SHOWN; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
		len--;
	return (int)len;
}

static int reject_shape(char *reason, const char *item)
{
	return reject_item(reason, "expected PORT, PORT/tcp or PORT/udp, not \"%.*s\"",
			   item_shown(item), item);
}

/* Reads digits alone. What has more of them than 65535 is too large whatever they are. */
static int read_port(const char *text, size_t len, const struct pc_port_reader *reader,
		     uint16_t *port, char *reason)
{
	unsigned long value = len > 5 ? PC_PORTS : strtoul(text, NULL, 10);

	if (value < reader->least || value >= PC_PORTS)
		return reject_item(reason, "port %.*s is out of range: expected %u to %u",
				   (int)(len < SHOWN ? len : SHOWN), text, reader->least,
				   PC_PORTS - 1);
	*port = (uint16_t)value;
	return 0;
}

static int read_range(const char *text, size_t first, const struct pc_port_reader *reader,
		      struct pc_port_item *out, char *reason)
{
	const char *second = text + first + 1;
	int err = read_port(text, first, reader, &out->low, reason);

	if (!err)
		err = read_port(second, strlen(second), reader, &out->high, reason);
	if (!err && out->low > out->high)
		return reject_item(reason, "range %u-%u runs backwards: write %u-%u", out->low,
				   out->high, out->high, out->low);
	return err;
}

/* Names of services have letters, digits, and "-" (RFC 6335); /etc/services has "_", "+" and "." too. */
static bool may_be_service(const char *text)
{
	return text[strspn(text, DIGITS LETTERS "-_+.")] == '\0' && text[strcspn(text, LETTERS)];
}

static int read_service(const char *name, const struct pc_port_reader *reader,
			struct pc_port_item *out, char *reason)
{
	unsigned port;

	if (!reader->service || !reader->service(name, &port) || !port || port >= PC_PORTS) {
		if (!isalpha((unsigned char)*name))
			return -ENOENT;
		return reject_item(
			reason,
			"\"%.*s\" is not a service in /etc/services: write the port's number",
			item_shown(name), name);
	}
	out->low = out->high = (uint16_t)port;
	return 0;
}

/* Reads what is left without protocol and address: a number, a range, or a name. */
static int read_ports(const char *text, const char *item, const struct pc_port_reader *reader,
		      struct pc_port_item *out, char *reason)
{
	size_t digits = strspn(text, DIGITS);
	int err = -ENOENT;

	if (digits && !text[digits]) {
		err = read_port(text, digits, reader, &out->low, reason);
		out->high = out->low;
	} else if (digits && text[digits] == '-' && text[digits + 1] &&
		   !text[digits + 1 + strspn(text + digits + 1, DIGITS)]) {
		err = read_range(text, digits, reader, out, reason);
	} else if (may_be_service(text)) {
		err = read_service(text, reader, out, reason);
	}
	return err == -ENOENT ? reject_shape(reason, item) : err;
}

/* Takes "/tcp", "tcp/" and the like off the text. */
static char *cut_protocol(char *text, struct pc_port_item *out)
{
	static const char *const names[] = { "tcp", "udp" };
	size_t len = strlen(text);

	out->tcp = out->udp = true;
	for (int i = 0; i < 2; i++) {
		bool before = len > 4 && text[3] == '/' && !strncasecmp(text, names[i], 3);
		bool behind =
			len > 4 && text[len - 4] == '/' && !strcasecmp(text + len - 3, names[i]);

		if (before == behind)
			continue;
		out->tcp = i == 0;
		out->udp = i == 1;
		if (behind)
			text[len - 4] = '\0';
		return before ? text + 4 : text;
	}
	return text;
}

static int read_address(const char *text, uint16_t family, struct pc_port_item *out, char *reason)
{
	if (inet_pton(family, text, out->address) != 1)
		return reject_item(
			reason, "\"%.*s\" is not an IP address: write 127.0.0.1:8080 or [::1]:8080",
			item_shown(text), text);
	out->family = family;
	return 0;
}

/* Takes "127.0.0.1:", "[::1]:", "*:" or ":" off the text, and sets *text to what follows. */
static int cut_address(char **text, struct pc_port_item *out, char *reason)
{
	char *colon = strrchr(*text, ':'), *host = *text;
	uint8_t whole[PC_ADDR_LEN];
	size_t len;

	if (!colon)
		return 0;
	len = (size_t)(colon - host);
	if (*host != '[' && memchr(host, ':', len))
		return reject_item(
			reason,
			inet_pton(AF_INET6, host, whole) == 1 ?
				"\"%.*s\" has no port: write [::1]:8080" :
				"\"%.*s\" is unclear: write an IPv6 address as [::1]:8080",
			item_shown(host), host);
	*text = colon + 1;
	*colon = '\0';
	if (!len || !strcmp(host, "*"))
		return 0;
	if (*host != '[')
		return read_address(host, PC_FAMILY_V4, out, reason);
	if (host[len - 1] == ']')
		host[len - 1] = '\0';
	return read_address(host + 1, PC_FAMILY_V6, out, reason);
}

int pc_port_item_parse(const char *text, size_t len, const struct pc_port_reader *reader,
		       struct pc_port_item *out, char *reason)
{
	char item[ITEM_MAX], copy[ITEM_MAX], *rest;
	struct pc_port_item parsed = { 0 };
	int err;

	if (len >= sizeof(item) || memchr(text, '\0', len))
		return reject_shape(reason, text);
	memcpy(item, text, len);
	item[len] = '\0';
	memcpy(copy, item, len + 1);
	rest = cut_protocol(copy, &parsed);
	if (strchr(rest, '/') || (len && item[len - 1] == ']'))
		return reject_shape(reason, item);
	err = cut_address(&rest, &parsed, reason);
	if (!err)
		err = read_ports(rest, item, reader, &parsed, reason);
	if (!err)
		*out = parsed;
	return err;
}

/* Takes off the blanks around an item. */
static const char *trim_item(const char *from, size_t *len)
{
	while (*len && isspace((unsigned char)*from)) {
		from++;
		--*len;
	}
	while (*len && isspace((unsigned char)from[*len - 1]))
		--*len;
	return from;
}

int pc_port_items_parse(const char *list, const struct pc_port_reader *reader,
			int (*take)(void *context, const struct pc_port_item *item), void *context,
			char *reason)
{
	struct pc_port_item item;

	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ","), trimmed = len;
		const char *from = trim_item(at, &trimmed);
		int err;

		if (!trimmed)
			return reject_item(reason, "a port is missing in \"%.*s\"",
					   item_shown(list), list);
		err = pc_port_item_parse(from, trimmed, reader, &item, reason);
		if (!err)
			err = take(context, &item);
		at += len;
		if (err || !*at)
			return err;
	}
}

void pc_port_item_add(const struct pc_port_item *item, uint64_t *set)
{
	for (unsigned port = item->low; port <= item->high; port++)
		pc_ports_add(set, (uint16_t)port);
}
