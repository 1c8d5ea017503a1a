// SPDX-License-Identifier: GPL-2.0-only
/* Who a process is, from the record the kernel sent. The lengths in it are checked once,
 * before anything is read; no string in it is trusted to end. */
#include "core/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cgroup.h"

#define RECORD_FIXED offsetof(struct pc_process, text)

static bool header_fits(const struct pc_header *h)
{
	return h->type == PC_RECORD_PROCESS && h->size >= RECORD_FIXED &&
	       h->size <= RECORD_FIXED + PC_PROCESS_TEXT;
}

static bool lengths_fit(const struct pc_process *r)
{
	return (size_t)r->args_len + r->exe_len + r->cgroup_len <= r->header.size - RECORD_FIXED;
}

static size_t without_trailing_nuls(const char *text, size_t len)
{
	while (len && !text[len - 1])
		len--;
	return len;
}

void pc_identity_join_args(char *buf, size_t len)
{
	len = without_trailing_nuls(buf, len);
	for (size_t i = 0; i < len; i++)
		if (!buf[i])
			buf[i] = ' ';
	buf[len] = '\0';
}

static int args_text(const char *args, size_t len, char **out)
{
	char *text = NULL;

	len = without_trailing_nuls(args, len);
	if (len) {
		text = malloc(len + 1);
		if (!text)
			return -ENOMEM;
		memcpy(text, args, len);
		pc_identity_join_args(text, len);
	}
	*out = text;
	return 0;
}

/* "x\0bin\0usr\0" to "/usr/bin/x". */
static int path_text(const char *parts, size_t len, char **out)
{
	char *text = malloc(len + 2); /* the last part may lack its NUL */
	char *end = text;

	if (!text)
		return -ENOMEM;
	while ((len = without_trailing_nuls(parts, len))) {
		const char *nul = memrchr(parts, '\0', len);
		size_t start = nul ? (size_t)(nul + 1 - parts) : 0;

		*end++ = '/';
		end = mempcpy(end, parts + start, len - start);
		len = start;
	}
	*end = '\0';
	*out = text;
	return 0;
}

static int exe_text(const char *parts, size_t len, char **out)
{
	return without_trailing_nuls(parts, len) ? path_text(parts, len, out) : 0;
}

static int cgroup_text(const char *parts, size_t len, char **out)
{
	if (without_trailing_nuls(parts, len))
		return path_text(parts, len, out);
	*out = strdup("/");
	return *out ? 0 : -ENOMEM;
}

static int copy_strings(const struct pc_process *r, struct pc_identity *who)
{
	const char *exe = r->text + r->args_len;
	const char *cgroup = exe + r->exe_len;
	int err;

	err = args_text(r->text, r->args_len, &who->cmdline);
	if (!err)
		err = exe_text(exe, r->exe_len, &who->exe);
	if (!err)
		err = cgroup_text(cgroup, r->cgroup_len, &who->cgroup);
	who->cmdline_cut = who->cmdline && r->args_cut;
	return err;
}

int pc_identity_from_record(const struct pc_process *record, struct pc_identity *out)
{
	struct pc_identity who = { 0 };
	int err;

	if (!header_fits(&record->header) || !lengths_fit(record))
		return -EBADMSG;
	who.key = record->key;
	who.uid = record->uid;
	who.descendant = record->descendant;
	who.netns = record->netns;
	who.cgroup_id = record->cgroup_id;
	who.descendant = record->descendant;
	memcpy(who.comm, record->comm, sizeof(who.comm) - 1);
	err = copy_strings(record, &who);
	if (err)
		pc_identity_free(&who);
	else
		*out = who;
	return err;
}

int pc_identity_name_cgroup(struct pc_identity *who)
{
	struct pc_cgroup_names names;
	int err = pc_cgroup_parse(who->cgroup, &names);

	if (err)
		return err;
	free(who->unit);
	free(who->container);
	free(who->pod);
	who->unit = names.unit;
	who->container = names.container;
	who->pod = names.pod;
	return 0;
}

static char *copy_string(const char *text, bool *failed)
{
	char *own = text ? strdup(text) : NULL;

	*failed |= text && !own;
	return own;
}

int pc_identity_copy(const struct pc_identity *who, struct pc_identity *out)
{
	struct pc_identity own = *who;
	bool failed = false;

	own.exe = copy_string(who->exe, &failed);
	own.cmdline = copy_string(who->cmdline, &failed);
	own.cgroup = copy_string(who->cgroup, &failed);
	own.unit = copy_string(who->unit, &failed);
	own.container = copy_string(who->container, &failed);
	own.pod = copy_string(who->pod, &failed);
	if (failed)
		pc_identity_free(&own);
	else
		*out = own;
	return failed ? -ENOMEM : 0;
}

void pc_party_keep(const struct pc_party *party, struct pc_party *out, struct pc_identity *own)
{
	pc_identity_free(own);
	*out = *party;
	out->who = party->who && !pc_identity_copy(party->who, own) ? own : NULL;
}

void pc_identity_free(struct pc_identity *who)
{
	if (!who)
		return;
	free(who->exe);
	free(who->cmdline);
	free(who->cgroup);
	free(who->unit);
	free(who->container);
	free(who->pod);
	who->exe = who->cmdline = who->cgroup = NULL;
	who->unit = who->container = who->pod = NULL;
}
