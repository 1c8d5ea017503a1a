// SPDX-License-Identifier: GPL-2.0-only
/* These functions parse the text of a process's files in /proc. */
#include "core/process/procfile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

/* SIGTERM (signal(7)) */
#define TERM 15

bool pc_procfile_number(const char *text, const char *ends, uint64_t max, uint64_t *out)
{
	char *stop;
	uint64_t value;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	value = strtoull(text, &stop, 10);
	if (errno || !strchr(ends, *stop) || value > max)
		return false;
	*out = value;
	return true;
}

static const char *skip_fields(const char *text, unsigned count)
{
	while (text && count--) {
		text = strchr(text, ' ');
		if (text)
			text++;
	}
	return text;
}

/* Parses parent and session. The kernel writes -1 for the session of a process that it has reaped
 * (do_task_stat()). */
static bool parse_lineage(const char *parent, const char *session, struct pc_procfile_stat *out)
{
	uint64_t number;

	if (!pc_procfile_number(parent, " ", UINT32_MAX, &number))
		return false;
	out->parent = (uint32_t)number;
	out->reaped = !strncmp(session, "-1 ", 3);
	if (out->reaped)
		return true;
	if (!pc_procfile_number(session, " ", UINT32_MAX, &number))
		return false;
	out->session = (uint32_t)number;
	return true;
}

/* The text is "PID (COMM) STATE ...". COMM can hold anything, ") R 1" and newlines too, and only
 * numbers come behind it. The field numbers are those of proc(5). */
bool pc_procfile_stat(const char *text, struct pc_procfile_stat *out)
{
	const char *name = strchr(text, '('), *end = strrchr(text, ')');
	const char *state = end ? skip_fields(end, 1) : NULL; /* 3 */
	const char *parent = skip_fields(state, 1);	      /* 4 */
	const char *session = skip_fields(parent, 2);	      /* 6 */
	const char *terminal = skip_fields(session, 1);	      /* 7 */
	const char *threads = skip_fields(terminal, 13);      /* 20 */
	const char *start = skip_fields(threads, 2);	      /* 22 */
	struct pc_procfile_stat stat = { 0 };
	size_t len;

	if (!name || end < name || !start)
		return false;
	stat.state = *state;
	stat.terminal = strncmp(terminal, "0 ", 2);
	len = (size_t)(end - name - 1);
	memcpy(stat.comm, name + 1, len < PC_COMM_LEN ? len : PC_COMM_LEN - 1);
	if (!parse_lineage(parent, session, &stat) ||
	    !pc_procfile_number(threads, " ", UINT32_MAX, &stat.threads) ||
	    !pc_procfile_number(start, " ", UINT64_MAX, &stat.start_ticks))
		return false;
	*out = stat;
	return true;
}

bool pc_procfile_is_running(const struct pc_procfile_stat *stat)
{
	return (stat->state != 'Z' && stat->state != 'X') || stat->threads > 1;
}

bool pc_procfile_status(const char *text, const char *label, uint32_t *out)
{
	const char *at = strstr(text, label);
	uint64_t value;

	if (!at || !pc_procfile_number(at + strlen(label), "\t\n", UINT32_MAX, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

bool pc_procfile_memory(const char *line, const char *label, uint64_t *bytes)
{
	size_t len = strlen(label);
	uint64_t kib;

	if (strncmp(line, label, len))
		return false;
	line += len;
	line += strspn(line, " \t");
	if (!pc_procfile_number(line, " ", UINT64_MAX / 1024, &kib))
		return false;
	*bytes = kib * 1024;
	return true;
}

bool pc_procfile_netns(const char *text, uint32_t *inode)
{
	size_t len = strlen(text);
	uint64_t value;

	if (strncmp(text, "net:[", 5) || text[len - 1] != ']' ||
	    !pc_procfile_number(text + 5, "]", UINT32_MAX, &value))
		return false;
	*inode = (uint32_t)value;
	return true;
}

/* The ids of the process, from the reader's pid namespace down; NULL: there is no such line. */
static const char *procfile_ids(const char *text, const char **end)
{
	static const char label[] = "\nNSpid:\t";
	const char *at = strstr(text, label);

	if (!at)
		return NULL;
	at += sizeof(label) - 1;
	*end = at + strcspn(at, "\n");
	return at;
}

static bool procfile_is_first(const char *text)
{
	const char *end, *at = procfile_ids(text, &end);
	const char *tab = at ? memrchr(at, '\t', (size_t)(end - at)) : NULL;

	return tab && end - tab == 2 && tab[1] == '1';
}

bool pc_procfile_is_apart(const char *text)
{
	const char *end, *at = procfile_ids(text, &end);

	return !at || memchr(at, '\t', (size_t)(end - at));
}

/* A mask in hexadecimal; 0 without such a line. */
static uint64_t procfile_mask(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	return at ? strtoull(at + strlen(label), NULL, 16) : 0;
}

void pc_procfile_manner(const char *text, struct pc_procfile_manner *out)
{
	const uint64_t term = 1ULL << (TERM - 1), bind = 1ULL << CAP_NET_BIND_SERVICE;
	uint32_t threads = 0, no_new_privs = 1;

	pc_procfile_status(text, "\nThreads:\t", &threads);
	pc_procfile_status(text, "\nNoNewPrivs:\t", &no_new_privs);
	out->first = procfile_is_first(text);
	out->apart = pc_procfile_is_apart(text);
	out->handles_term = procfile_mask(text, "\nSigCgt:\t") & term;
	out->ignores_term = procfile_mask(text, "\nSigIgn:\t") & term ||
			    (threads == 1 && procfile_mask(text, "\nSigBlk:\t") & term);
	out->takes_bind = !no_new_privs && procfile_mask(text, "\nCapBnd:\t") & bind;
}
