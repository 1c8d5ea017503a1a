// SPDX-License-Identifier: GPL-2.0-only
/* Decode the process record that the kernel side sent. The lengths in the record are checked once,
 * before anything is read; no string in it is trusted to end. */
#include "core/join/process_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/identity.h"

#define RECORD_FIXED offsetof(struct pc_process_record, text)

static bool header_fits(const struct pc_header *h)
{
	return h->type == PC_RECORD_PROCESS && h->size >= RECORD_FIXED &&
	       h->size <= RECORD_FIXED + PC_PROCESS_TEXT;
}

static bool lengths_fit(const struct pc_process_record *r)
{
	return (size_t)r->args_len + r->exe_len + r->cgroup_len <= r->header.size - RECORD_FIXED;
}

static int args_text(const char *args, size_t len, char **out)
{
	char *text = NULL;

	len = pc_identity_trim_nuls(args, len);
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

static int path_text(const char *parts, size_t len, char **out)
{
	char *text = malloc(len + 2); /* the last part may lack its NUL */
	char *end = text;

	if (!text)
		return -ENOMEM;
	while ((len = pc_identity_trim_nuls(parts, len))) {
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
	return pc_identity_trim_nuls(parts, len) ? path_text(parts, len, out) : 0;
}

int pc_path_from_parts(const char *parts, size_t len, char **out)
{
	if (pc_identity_trim_nuls(parts, len))
		return path_text(parts, len, out);
	*out = strdup("/");
	return *out ? 0 : -ENOMEM;
}

/* The path in cgroup v2 ends at an empty component, behind which is that in cgroup v1. */
static size_t v2_length(const char *parts, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!parts[i] && (!i || !parts[i - 1]))
			return i;
	return len;
}

static bool is_group_above(const char *above, const char *path)
{
	size_t len = strlen(above);

	return !strcmp(above, "/") ||
	       (!strncmp(above, path, len) && (!path[len] || path[len] == '/'));
}

/* On a hybrid machine a runtime may put its containers into groups of cgroup v1 only. A path of v1 that
 * leads to the same place as that of v2, or not as far, tells no more. */
static int cgroup_texts(const char *parts, size_t len, struct pc_identity *who)
{
	size_t v2 = v2_length(parts, len);
	char *v1 = NULL;
	int err = pc_path_from_parts(parts, v2, &who->cgroup);

	if (!err && v2 < len)
		err = pc_path_from_parts(parts + v2 + 1, len - v2 - 1, &v1);
	if (err || !v1)
		return err;
	if (is_group_above(v1, who->cgroup)) {
		who->cgroup_v2 = strdup(who->cgroup);
		free(v1);
	} else {
		who->cgroup_v2 = who->cgroup;
		who->cgroup = v1;
	}
	return who->cgroup_v2 ? 0 : -ENOMEM;
}

static int copy_strings(const struct pc_process_record *r, struct pc_identity *who)
{
	const char *exe = r->text + r->args_len;
	const char *cgroup = exe + r->exe_len;
	int err;

	err = args_text(r->text, r->args_len, &who->cmdline);
	if (!err)
		err = exe_text(exe, r->exe_len, &who->exe);
	if (!err)
		err = cgroup_texts(cgroup, r->cgroup_len, who);
	who->cmdline_cut = who->cmdline && r->args_cut;
	return err;
}

int pc_identity_from_record(const struct pc_process_record *record, struct pc_identity *out)
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
	memcpy(who.comm, record->comm, sizeof(who.comm) - 1);
	err = copy_strings(record, &who);
	if (err)
		pc_identity_free(&who);
	else
		*out = who;
	return err;
}
