// SPDX-License-Identifier: GPL-2.0-only
/* Names, families and keys of foreign requests. */
#include "core/base/foreign.h"

#include <stdio.h>
#include <string.h>

const char *pc_foreign_name(const struct pc_foreign *f, char out[PC_FOREIGN_NAME])
{
	char *to = out;

	if (f->abstract)
		*to++ = '@';
	memcpy(to, f->name, f->name_len);
	to[f->name_len] = '\0';
	for (unsigned i = 0; f->abstract && i < f->name_len; i++)
		if (!to[i])
			to[i] = '@';
	return out;
}

struct family_name {
	unsigned number;
	const char *name;
};

/* The numbers of AF_*, which older headers lack in part. */
static const struct family_name families[] = {
	{ PC_FAMILY_UNIX, "unix" },
	{ 3, "ax25" },
	{ 4, "ipx" },
	{ 16, "netlink" },
	{ 17, "packet" },
	{ 21, "rds" },
	{ 29, "can" },
	{ 30, "tipc" },
	{ 31, "bluetooth" },
	{ 33, "rxrpc" },
	{ 38, "alg" },
	{ 39, "nfc" },
	{ 40, "vsock" },
	{ 41, "kcm" },
	{ 42, "qipcrtr" },
	{ 43, "smc" },
	{ 44, "xdp" },
	{ 45, "mctp" },
};

/* Other protocols of IP. */
static const struct family_name protocols[] = {
	{ 33, "dccp" }, { 115, "l2tp" }, { 132, "sctp" }, { 136, "udplite" }, { 255, "raw" },
};

static const char *number_name(const struct family_name *list, size_t count, unsigned number)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].number == number)
			return list[i].name;
	return NULL;
}

#define NAME_IN(list, number) number_name(list, sizeof(list) / sizeof((list)[0]), number)

const char *pc_foreign_family(const struct pc_foreign *f, char out[PC_FAMILY_TEXT])
{
	bool is_ip = f->family == PC_FAMILY_V4 || f->family == PC_FAMILY_V6;
	const char *name = is_ip ? NAME_IN(protocols, f->protocol) : NAME_IN(families, f->family);

	if (name)
		snprintf(out, PC_FAMILY_TEXT, "%s", name);
	else
		snprintf(out, PC_FAMILY_TEXT, is_ip ? "protocol %u" : "family %u",
			 is_ip ? f->protocol : f->family);
	return out;
}

const char *pc_path_kind_name(enum pc_path_kind kind)
{
	static const char *const names[] = {
		[PC_PATH_UNSEEN] = "unknown", [PC_PATH_GONE] = "nothing",
		[PC_PATH_SOCKET] = "socket",  [PC_PATH_FILE] = "file",
		[PC_PATH_FOLDER] = "folder",  [PC_PATH_LINK] = "link",
		[PC_PATH_OTHER] = "other",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_PATH_COUNT, "each has a name");

	return names[(unsigned)kind < PC_PATH_COUNT ? kind : PC_PATH_UNSEEN];
}

uint64_t pc_foreign_key(const struct pc_foreign *f)
{
	__u64 words[PC_UNIX_WORDS] = { 0 };
	unsigned lead = f->abstract;

	if (f->family != PC_FAMILY_UNIX || !f->name_len || f->name_len + lead > PC_UNIX_NAME)
		return 0;
	memcpy((char *)words + lead, f->name, f->name_len);
	return pc_wanted_unix_name(words, f->abstract ? f->name_len + lead : 0);
}

void pc_unix_binding(const struct pc_socket *s, struct pc_unix_bound *out)
{
	memcpy(out, s->local, sizeof(s->local));
	memcpy((char *)out + sizeof(s->local), s->remote, sizeof(s->remote));
}
