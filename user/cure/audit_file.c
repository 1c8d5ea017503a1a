// SPDX-License-Identifier: GPL-2.0-only
/* The file of `audit --write`. */
#include "cure/audit_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cure/dropin.h"
#include "cure/small_file.h"
#include "out/atomic.h"

static int say_not_written(char *sentence, const char *path, const char *why, int err)
{
	return pc_cure_say(sentence, err, "cannot write %s: %s", path, why);
}

/* The folder of the path, in `out` (PATH_MAX bytes). */
static const char *audit_file_folder(const char *path, char *out)
{
	const char *slash = strrchr(path, '/');

	snprintf(out, PATH_MAX, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
	return out;
}

/* Is this the file that `portclash reserve --persist` writes, be it there or not? */
static bool is_reserves_own(const char *path, const char *root)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX], own[PATH_MAX];
	struct stat a, b;

	if (strcmp(slash ? slash + 1 : path, PC_DROPIN_NAME))
		return false;
	snprintf(own, sizeof(own), "%s" PC_DROPIN_PATH, root);
	*strrchr(own, '/') = '\0';
	return !stat(audit_file_folder(path, folder), &a) && !stat(own, &b) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Reads FILE, if there is one. */
static int audit_file_read(struct pc_audit_file *f, size_t *len, char *sentence)
{
	struct pc_small_file file;
	int err = pc_small_file_read(f->path, &file);

	switch (err) {
	case 0:
		f->text = file.text;
		f->was = file.was;
		*len = file.len;
		return 0;
	case -ENOENT:
		return 0;
	case -ELOOP:
		return say_not_written(
			sentence, f->path,
			"it is a symbolic link, and portclash follows and replaces no links", err);
	case -EINVAL:
		return say_not_written(sentence, f->path, "it is not a regular file", err);
	case -EFBIG:
		return say_not_written(sentence, f->path, "it is too large for a sysctl.d file",
				       err);
	default:
		return say_not_written(sentence, f->path, strerror(-err), err);
	}
}

static int audit_file_understand(struct pc_audit_file *f, size_t len, char *sentence)
{
	unsigned line;
	int err = pc_sysctl_edit_parse(f->text, len, &f->edit, &line);

	if (err == -ENOEXEC)
		return pc_cure_say(
			sentence, err,
			"%s was not written: line %u does not belong in a sysctl.d file; choose another name",
			f->path, line);
	if (err == -EBADMSG)
		return pc_cure_say(
			sentence, err,
			"%s was not written: line %u is not a list of ports like 80,8000-8010; correct or remove it",
			f->path, line);
	return err ? say_not_written(sentence, f->path, strerror(-err), err) : 0;
}

int pc_audit_file_open(const char *path, const char *root, const char *state,
		       struct pc_audit_file *out, char *sentence)
{
	struct pc_audit_file *f = out;
	size_t len = 0;
	int err = 0;

	memset(f, 0, sizeof(*f));
	f->path = path;
	if (is_reserves_own(path, root))
		err = pc_keep_open("/proc", state, PC_KEEP_PATIENCE_MS, &f->keep, sentence);
	if (err)
		return err;
	f->locked = f->keep.folder;
	err = audit_file_read(f, &len, sentence);
	if (!err && f->text)
		err = audit_file_understand(f, len, sentence);
	if (err)
		pc_audit_file_close(f);
	return err;
}

int pc_audit_file_write(const struct pc_audit_file *f, const uint64_t *ports, const char *dropin,
			char *sentence)
{
	char *edited;
	int err;

	if (!f->text) {
		err = pc_write_atomic(f->path, dropin, strlen(dropin));
		return err ? say_not_written(sentence, f->path, strerror(-err), err) : 0;
	}
	edited = pc_sysctl_edit_format(f->text, &f->edit, ports, dropin);
	err = edited ? 0 : -ENOMEM;
	if (edited && strcmp(edited, f->text))
		err = pc_rewrite_atomic(f->path, &f->was, edited, strlen(edited));
	free(edited);
	if (err == -ESTALE)
		return say_not_written(sentence, f->path,
				       "another program changed it meanwhile; run the audit again",
				       err);
	return err ? say_not_written(sentence, f->path, strerror(-err), err) : 0;
}

void pc_audit_file_close(struct pc_audit_file *f)
{
	if (f->locked)
		pc_keep_close(&f->keep);
	free(f->text);
	f->text = NULL;
	f->locked = false;
}
