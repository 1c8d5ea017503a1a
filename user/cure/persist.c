// SPDX-License-Identifier: GPL-2.0-only
/* portclash's own sysctl.d file among the others. */
#include "cure/persist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cure/small_file.h"
#include "host/sysctl.h"
#include "out/atomic.h"

static int say_file(char *sentence, const char *path, const char *what, int err)
{
	return pc_cure_say(sentence, err, "%s %s: %s", path, what, strerror(-err));
}

/* Reads the file; the text is empty where there is none. */
static int read_if_there(const char *path, struct pc_small_file *f)
{
	int err = pc_small_file_read(path, f);

	if (err != -ENOENT)
		return err;
	*f = (struct pc_small_file){ .text = strdup("") };
	return f->text ? 0 : -ENOMEM;
}

static int read_own(struct pc_persist *p, char *sentence)
{
	struct pc_small_file file = { 0 };
	unsigned line = 0;
	int err = read_if_there(p->path, &file);

	if (err == -ELOOP)
		return pc_cure_say(
			sentence, err,
			"%s is a symbolic link, and portclash follows and replaces no links",
			p->path);
	if (!err)
		err = pc_dropin_parse(file.text, file.len, &p->file, &line);
	free(file.text);
	if (err == -EBADMSG)
		return pc_cure_say(
			sentence, err,
			"%s:%u: not a list of ports like 80,8000-8010: correct or remove the line",
			p->path, line);
	return err ? say_file(sentence, p->path, "cannot be read", err) : 0;
}

/* The ports of a line that sets them; false for other lines and for a list that the kernel refuses. */
static bool is_list_of(const struct pc_sysctl_line *line, uint64_t *set)
{
	const char *bad;

	return !strcmp(line->key, "net.ipv4.ip_local_reserved_ports") &&
	       !pc_ports_parse(line->value, true, set, &bad);
}

/* portclash's own line replaces those of files that are read before it, and those of files that are
 * read later replace portclash's. */
static void weigh_others(struct pc_persist *p)
{
	uint64_t set[PC_PORT_WORDS];

	memset(p->file.before, 0, sizeof(p->file.before));
	for (size_t i = 0; i < p->lines.count; i++) {
		const struct pc_sysctl_line *line = &p->lines.list[i];

		if (!strcmp(line->file, p->path) || !is_list_of(line, set))
			continue;
		if (pc_sysctl_comes_later(line->file, p->path))
			p->rival = line;
		memcpy(p->rival == line ? p->rival_ports : p->file.before, set, sizeof(set));
	}
	pc_ports_unite(p->others, p->rival_ports);
	pc_ports_unite(p->others, p->file.before);
	pc_ports_unite(p->others, p->file.kept[PC_KEEPER_INVALID]);
}

int pc_persist_read(const char *root, struct pc_persist *out, char *sentence)
{
	struct pc_persist *p = out;
	int err;

	memset(p, 0, sizeof(*p));
	if (asprintf(&p->path, "%s" PC_DROPIN_PATH, root) < 0)
		p->path = NULL;
	err = p->path ? pc_sysctl_files(root, &p->lines) : -ENOMEM;
	if (err)
		pc_cure_say(sentence, err, "there is not enough memory");
	else
		err = read_own(p, sentence);
	if (err)
		pc_persist_free(p);
	else
		weigh_others(p);
	return err;
}

void pc_persist_edit(struct pc_persist *p, enum pc_keeper keeper, const uint64_t *add,
		     const uint64_t *take)
{
	if (add)
		pc_ports_unite(p->file.kept[keeper], add);
	if (take)
		pc_ports_subtract(p->file.kept[keeper], take);
}

int pc_persist_write(const struct pc_persist *p, bool dry, bool *written, char *sentence)
{
	char *text = pc_dropin_format(&p->file);
	struct pc_small_file old = { 0 };
	int err = text ? read_if_there(p->path, &old) : -ENOMEM;
	bool differs = !err && strcmp(text, old.text);

	if (differs && !dry)
		err = pc_write_atomic(p->path, text, strlen(text));
	if (!err)
		*written = differs;
	free(text);
	free(old.text);
	return err ? say_file(sentence, p->path, "cannot be written", err) : 0;
}

void pc_persist_at_boot(const struct pc_persist *p, uint64_t *set)
{
	memset(set, 0, sizeof(p->others));
	if (p->rival)
		pc_ports_unite(set, p->rival_ports);
	else
		pc_dropin_ports(&p->file, set);
}

void pc_persist_free(struct pc_persist *p)
{
	pc_sysctl_lines_free(&p->lines);
	pc_dropin_free(&p->file);
	free(p->path);
	p->path = NULL;
	p->rival = NULL;
}
