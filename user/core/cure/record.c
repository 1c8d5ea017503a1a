// SPDX-License-Identifier: GPL-2.0-only
/* The record of the ports that portclash has reserved, in memory and as text:
 *
 *     portclash-reserved 1
 *     boot 0f3c5b0e-7d0a-4e58-a3a1-2f1d7c7f8a11
 *     kept reserve 4026531840 1 8080,9090-9099
 *     sum 4f1c2b3a99887766
 *
 * with inode number and cookie of the namespace. The sum is over all lines before its own. */
#include "core/cure/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/text.h"

#define MAGIC "portclash-reserved "
#define VERSION "1"

static const char *const keepers[] = {
	[PC_KEEPER_INVALID] = "invalid",
	[PC_KEEPER_RESERVE] = "reserve",
	[PC_KEEPER_FREE] = "free",
	[PC_KEEPER_GUARD] = "guard",
};
_Static_assert(sizeof(keepers) / sizeof(keepers[0]) == PC_KEEPER_COUNT, "each keeper has a name");

const char *pc_keeper_name(enum pc_keeper keeper)
{
	return (unsigned)keeper < PC_KEEPER_COUNT ? keepers[keeper] : "unknown";
}

enum pc_keeper pc_keeper_named(const char *name, size_t len)
{
	for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++)
		if (strlen(keepers[i]) == len && !memcmp(keepers[i], name, len))
			return (enum pc_keeper)i;
	return PC_KEEPER_INVALID;
}

bool pc_netns_id_same(const struct pc_netns_id *a, const struct pc_netns_id *b)
{
	return a->cookie && b->cookie ? a->cookie == b->cookie : a->inode == b->inode;
}

static bool is_kept_by(const struct pc_record_entry *e, const struct pc_netns_id *netns,
		       enum pc_keeper keeper)
{
	return pc_netns_id_same(&e->netns, netns) &&
	       (keeper == PC_KEEPER_INVALID || e->keeper == keeper);
}

static void drop_entry(struct pc_record *r, size_t index)
{
	free(r->list[index].ports);
	r->list[index] = r->list[--r->count];
}

static void drop_empty(struct pc_record *r)
{
	for (size_t i = r->count; i--;)
		if (pc_ports_is_empty(r->list[i].ports))
			drop_entry(r, i);
}

static struct pc_record_entry *find_entry(struct pc_record *r, const struct pc_netns_id *netns,
					  enum pc_keeper keeper)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_kept_by(&r->list[i], netns, keeper))
			return &r->list[i];
	return NULL;
}

/* Only one namespace at a time has an inode number. */
static void drop_predecessors(struct pc_record *r, const struct pc_netns_id *netns)
{
	for (size_t i = r->count; i--;)
		if (r->list[i].netns.inode == netns->inode &&
		    !pc_netns_id_same(&r->list[i].netns, netns))
			drop_entry(r, i);
}

int pc_record_add(struct pc_record *r, const struct pc_netns_id *netns, enum pc_keeper keeper,
		  const uint64_t *ports)
{
	struct pc_record_entry *e;
	uint64_t *copy;

	if (pc_ports_is_empty(ports))
		return 0;
	drop_predecessors(r, netns);
	e = find_entry(r, netns, keeper);
	if (e) {
		pc_ports_unite(e->ports, ports);
		return 0;
	}
	if (r->count >= PC_RECORD_ENTRIES_MAX)
		return -ENOSPC;
	copy = calloc(PC_PORT_WORDS, sizeof(*copy));
	if (!copy || pc_array_reserve(&r->list, &r->room, r->count + 1, sizeof(*r->list))) {
		free(copy);
		return -ENOMEM;
	}
	pc_ports_unite(copy, ports);
	r->list[r->count++] =
		(struct pc_record_entry){ .netns = *netns, .keeper = keeper, .ports = copy };
	return 0;
}

void pc_record_take(struct pc_record *r, const struct pc_netns_id *netns, enum pc_keeper keeper,
		    const uint64_t *ports)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_kept_by(&r->list[i], netns, keeper))
			pc_ports_subtract(r->list[i].ports, ports);
	drop_empty(r);
}

void pc_record_ports(const struct pc_record *r, const struct pc_netns_id *netns,
		     enum pc_keeper keeper, uint64_t *set)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_kept_by(&r->list[i], netns, keeper))
			pc_ports_unite(set, r->list[i].ports);
}

unsigned pc_record_settle(struct pc_record *r, const struct pc_netns_id *netns,
			  const uint64_t *reserved)
{
	uint64_t had[PC_PORT_WORDS] = { 0 };

	pc_record_ports(r, netns, PC_KEEPER_INVALID, had);
	pc_ports_subtract(had, reserved);
	pc_record_take(r, netns, PC_KEEPER_INVALID, had);
	return pc_ports_count(had, 0, PC_PORTS - 1);
}

/* FNV-1a: it finds damage, it does not keep out a forger, who could write the sum, too. */
static uint64_t sum_of(const char *text, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3;
	return sum;
}

static void print_entries(FILE *out, const struct pc_record *r, bool *failed)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct pc_record_entry *e = &r->list[i];
		char *ports = pc_ports_format(e->ports);

		*failed = *failed || !ports;
		fprintf(out, "kept %s %" PRIu32 " %" PRIu64 " %s\n", pc_keeper_name(e->keeper),
			e->netns.inode, e->netns.cookie, ports ? ports : "");
		free(ports);
	}
}

char *pc_record_format(const struct pc_record *r)
{
	struct pc_text text;
	bool failed = false;
	char *string;

	if (pc_text_open(&text))
		return NULL;
	fprintf(text.out, MAGIC VERSION "\nboot %s\n", r->boot);
	print_entries(text.out, r, &failed);
	if (!fflush(text.out))
		fprintf(text.out, "sum %016" PRIx64 "\n", sum_of(text.string, text.len));
	string = pc_text_close(&text);
	if (!failed)
		return string;
	free(string);
	return NULL;
}

/* A number in decimal digits with one space behind it; false for anything else. */
static bool parse_count(const char **at, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	const char *p = *at;

	for (; *p >= '0' && *p <= '9'; p++) {
		uint64_t digit = (uint64_t)(*p - '0');

		if (value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (p == *at || *p != ' ')
		return false;
	*at = p + 1;
	*out = value;
	return true;
}

/* Takes one entry's line, "kept KEEPER INODE COOKIE PORTS". */
static int parse_kept(const char *line, struct pc_record *r)
{
	uint64_t ports[PC_PORT_WORDS], inode;
	struct pc_netns_id netns;
	enum pc_keeper keeper;
	const char *bad;
	size_t len;

	if (strncmp(line, "kept ", 5))
		return -EBADMSG;
	line += 5;
	len = strcspn(line, " \n");
	keeper = pc_keeper_named(line, len);
	line += len + (line[len] == ' ');
	if (keeper == PC_KEEPER_INVALID || !parse_count(&line, UINT32_MAX, &inode) ||
	    !parse_count(&line, UINT64_MAX, &netns.cookie) ||
	    pc_ports_parse(line, false, ports, &bad))
		return -EBADMSG;
	if (r->count >= PC_RECORD_ENTRIES_MAX)
		return -E2BIG;
	netns.inode = (uint32_t)inode;
	return pc_record_add(r, &netns, keeper, ports);
}

/* Is `sum` the line "sum …" over all `len` bytes before it, with nothing behind it? */
static bool is_sum(const char *text, size_t len, const char *sum)
{
	char expected[32];

	snprintf(expected, sizeof(expected), "sum %016" PRIx64 "\n", sum_of(text, len));
	return !strcmp(sum, expected);
}

static int parse_entries(const char *line, const char *end, struct pc_record *r)
{
	int err = 0;

	for (; !err && line < end; line = strchr(line, '\n') + 1)
		err = parse_kept(line, r);
	return err;
}

int pc_record_parse(const char *text, size_t len, const char *boot, struct pc_record *out)
{
	struct pc_record r = { 0 };
	const char *sum, *entries;
	int at = 0, err;

	if (strlen(text) != len || strncmp(text, MAGIC, strlen(MAGIC)))
		return -EBADMSG;
	if (strncmp(text + strlen(MAGIC), VERSION "\n", strlen(VERSION "\n")))
		return -EPROTONOSUPPORT;
	sum = strstr(text, "\nsum ");
	if (!sum || !is_sum(text, (size_t)(sum + 1 - text), sum + 1))
		return -EBADMSG;
	if (sscanf(text + strlen(MAGIC VERSION "\n"), "boot %36[0-9a-f-]%n", r.boot, &at) != 1)
		return -EBADMSG;
	entries = text + strlen(MAGIC VERSION "\n") + at;
	if (*entries != '\n')
		return -EBADMSG;
	if (strcmp(r.boot, boot))
		return -ESTALE;
	err = parse_entries(entries + 1, sum + 1, &r);
	if (err)
		pc_record_free(&r);
	else
		*out = r;
	return err;
}

void pc_record_free(struct pc_record *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->list[i].ports);
	free(r->list);
	r->list = NULL;
	r->count = r->room = 0;
}
