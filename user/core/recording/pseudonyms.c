// SPDX-License-Identifier: GPL-2.0-only
/* Numbers of originals, in a tree: strangers choose the originals, and no choice makes a tree slow. */
#include "core/recording/pseudonyms.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "portclash/values.h"

struct original {
	enum pc_pseudonym_kind kind;
	size_t len;
	uint64_t number;
	uint8_t data[];
};

struct pc_pseudonyms {
	void *tree;
	uint32_t counts[PC_PSEUDONYM_KINDS];
	bool failed;
};

struct pc_pseudonyms *pc_pseudonyms_new(void)
{
	return calloc(1, sizeof(struct pc_pseudonyms));
}

void pc_pseudonyms_free(struct pc_pseudonyms *p)
{
	if (!p)
		return;
	tdestroy(p->tree, free);
	free(p);
}

bool pc_pseudonyms_failed(const struct pc_pseudonyms *p)
{
	return p->failed;
}

static int compare_originals(const void *a, const void *b)
{
	const struct original *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->data, y->data, x->len);
}

/* The entry of these bytes, made where there is none: its number is 0 then. NULL: no memory. */
static struct original *original_of(struct pc_pseudonyms *p, enum pc_pseudonym_kind kind,
				    const void *data, size_t len)
{
	struct original *o = malloc(sizeof(*o) + len), **found;

	if (!o) {
		p->failed = true;
		return NULL;
	}
	*o = (struct original){ .kind = kind, .len = len };
	if (len)
		memcpy(o->data, data, len);
	found = tsearch(o, &p->tree, compare_originals);
	if (!found)
		p->failed = true;
	if (!found || *found != o)
		free(o);
	return found ? *found : NULL;
}

uint32_t pc_pseudonym_number(struct pc_pseudonyms *p, enum pc_pseudonym_kind kind, const void *data,
			     size_t len)
{
	struct original *o = original_of(p, kind, data, len);

	if (o && !o->number)
		o->number = ++p->counts[kind];
	return o ? (uint32_t)o->number : 0;
}

const char *pc_pseudonym(struct pc_pseudonyms *p, enum pc_pseudonym_kind kind, const char *text,
			 size_t len, char *out)
{
	static const char *const forms[PC_PSEUDONYM_KINDS] = {
		[PC_PSEUDONYM_PROGRAM] = "p%u",	 [PC_PSEUDONYM_FILE] = "f%u",
		[PC_PSEUDONYM_ARGUMENT] = "a%u", [PC_PSEUDONYM_UNIT] = "u%u",
		[PC_PSEUDONYM_GROUP] = "g%u",	 [PC_PSEUDONYM_NAME] = "n%u",
		[PC_PSEUDONYM_DEVICE] = "dev%u", [PC_PSEUDONYM_SOCKET] = "s%u",
	};
	unsigned number = pc_pseudonym_number(p, kind, text, len);

	if (kind == PC_PSEUDONYM_CONTAINER)
		snprintf(out, PC_PSEUDONYM_TEXT, "c%011x%052x", number, 0);
	else if (kind == PC_PSEUDONYM_POD)
		snprintf(out, PC_PSEUDONYM_TEXT, "%08x-0000-4000-8000-000000000000", number);
	else if (forms[kind])
		snprintf(out, PC_PSEUDONYM_TEXT, forms[kind], number);
	else
		*out = '\0';
	return out;
}

static bool is_private(const uint8_t *a)
{
	return a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168) ||
	       (a[0] == 100 && (a[1] & 0xc0) == 64);
}

/* Writes `n` into the bits of an address behind its first `bits`. False: there is no room for it. */
static bool number_v4(uint8_t *a, const uint8_t *prefix, unsigned bits, uint32_t n)
{
	uint32_t all = 0;

	if (n >> (32 - bits))
		return false;
	for (int i = 0; i < 4; i++)
		all = all << 8 | prefix[i];
	all |= n;
	for (int i = 0; i < 4; i++)
		a[i] = (uint8_t)(all >> (24 - 8 * i));
	return true;
}

/* 198.18.0.0/15 is for measurements, and nobody's (RFC 2544). What has no room in its kind is in 240.0.0.0/4, which
 * nobody uses (RFC 1112): two addresses never become one. */
static void replace_v4(struct pc_pseudonyms *p, uint8_t *a)
{
	static const uint8_t local[] = { 169, 254, 0, 0 }, private[] = { 10, 0, 0, 0 },
			     public[] = { 198, 18, 0, 0 }, spare[] = { 240, 0, 0, 0 };
	bool multicast = (a[0] & 0xf0) == 224, fits;
	uint32_t n;

	if (!a[0] || a[0] == 127 || multicast || !memcmp(a, "\xff\xff\xff\xff", 4))
		return;
	n = pc_pseudonym_number(p, PC_PSEUDONYM_V4, a, 4);
	if (a[0] == 169 && a[1] == 254)
		fits = number_v4(a, local, 16, n);
	else if (is_private(a))
		fits = number_v4(a, private, 8, n);
	else
		fits = number_v4(a, public, 15, n);
	if (!fits && !number_v4(a, spare, 4, n))
		p->failed = true;
}

/* 2001:db8::/32 is for documentation (RFC 3849), fd00::/8 is everybody's own. */
static void replace_v6(struct pc_pseudonyms *p, uint8_t *a)
{
	uint32_t n;

	if (a[0] == 0xff)
		return;
	n = pc_pseudonym_number(p, PC_PSEUDONYM_V6, a, PC_ADDR_LEN);
	if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		memset(a + 2, 0, 14);
	else if ((a[0] & 0xfe) == 0xfc)
		memset(memset(a, 0, PC_ADDR_LEN), 0xfd, 1);
	else
		memcpy(memset(a, 0, PC_ADDR_LEN), "\x20\x01\x0d\xb8", 4);
	for (int i = 0; i < 4; i++)
		a[12 + i] = (uint8_t)(n >> (24 - 8 * i));
}

void pc_pseudonym_address(struct pc_pseudonyms *p, uint16_t family, uint8_t *address)
{
	if (family == PC_FAMILY_V4)
		replace_v4(p, address);
	else if (pc_address_is_mapped(family, address))
		replace_v4(p, address + 12);
	else if (!pc_address_is_any(family, address) && !pc_address_is_loopback(family, address))
		replace_v6(p, address);
}

void pc_pseudonym_key_is(struct pc_pseudonyms *p, uint64_t from, uint64_t to)
{
	struct original *o = original_of(p, PC_PSEUDONYM_KEY, &from, sizeof(from));

	if (o)
		o->number = to;
}

/* A key is a hash of names or addresses, by which these could be guessed. */
uint64_t pc_pseudonym_key(struct pc_pseudonyms *p, uint64_t from, uint64_t kept)
{
	struct original *o = original_of(p, PC_PSEUDONYM_KEY, &from, sizeof(from));

	if (o && !o->number)
		o->number = ((uint64_t)++p->counts[PC_PSEUDONYM_KEY] << 1 & ~kept) | (from & kept);
	return o ? o->number : 0;
}
