// SPDX-License-Identifier: GPL-2.0-only
/* The files that the guard leaves behind: its lock, its notes, and its part of the sysctl.d file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cure/persist.h"
#include "guard/private.h"
#include "host/clock.h"
#include "out/atomic.h"

#define LOCK_NAME "guard.lock"
#define LOCK_TRIES 10
#define LOCK_STEP_MS 20

/* PC_GUARD_PORTS_MAX lines have 4 MiB. */
#define NOTES_MAX (16 * 1024 * 1024)

/* A guard that is killed loses at most so much of what it noted. */
#define NOTES_EVERY_NS PC_NS_PER_SECOND
#define FILE_EVERY_NS (5 * PC_NS_PER_SECOND)

/* The record's own folder; opening the record makes it, and checks whose it is. */
static int make_state_folder(const char *state, char *sentence)
{
	struct pc_keep k;
	int err = pc_keep_open(PC_GUARD_PROC, state, PC_KEEP_PATIENCE_MS, &k, sentence);

	if (!err)
		pc_keep_close(&k);
	return err;
}

static int lock_pid(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? (int)strtol(text, NULL, 10) : 0;
}

static int refuse_lock(int fd, const char *path, int err, char *sentence)
{
	int pid = lock_pid(fd);

	close(fd);
	if (err != -EWOULDBLOCK)
		return pc_cure_say(sentence, err, "%s cannot be locked: %s", path, strerror(-err));
	return pc_cure_say(sentence, -EBUSY,
			   "another guard already runs as process %d, and a machine needs one (%s)",
			   pid, path);
}

int pc_guard_lock(const char *state, int *out, char *sentence)
{
	char path[PATH_MAX], pid[16];
	int fd, err = make_state_folder(state, sentence), len;

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/" LOCK_NAME, state);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return pc_cure_say(sentence, -errno, "%s cannot be opened: %s", path,
				   strerror(errno));
	/* `guard --status` has it for an instant. */
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return refuse_lock(fd, path, -errno, sentence);
		poll(NULL, 0, LOCK_STEP_MS);
	}
	len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)len, 0) != len)
		pc_cure_say(sentence, 0, "%s cannot be written", path);
	*out = fd;
	return 0;
}

/* Only root may open the lock: whoever opens it can hold it. -1: it may not be looked at. */
static int guard_running(const char *state)
{
	char path[PATH_MAX];
	int fd, pid = 0;

	snprintf(path, sizeof(path), "%s/" LOCK_NAME, state);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	if (flock(fd, LOCK_SH | LOCK_NB))
		pid = lock_pid(fd);
	close(fd);
	return pid;
}

static int read_notes_file(const char *path, char **out)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > NOTES_MAX) {
		close(fd);
		return -EBADMSG;
	}
	*out = malloc((size_t)st.st_size + 1);
	n = *out ? pread(fd, *out, (size_t)st.st_size, 0) : 0;
	close(fd);
	if (!*out)
		return -ENOMEM;
	(*out)[n < 0 ? 0 : n] = '\0';
	return 0;
}

int pc_guard_read_notes(const char *state, const char *boot, struct pc_guard_notes *out)
{
	char path[PATH_MAX], *text = NULL;
	int err;

	snprintf(path, sizeof(path), "%s/" PC_GUARD_NOTES_NAME, state);
	err = read_notes_file(path, &text);
	if (!err)
		err = pc_guard_notes_parse(text, boot, out);
	free(text);
	return err;
}

int pc_guarding_look(const char *state, struct pc_guard_notes *out, int *running, char *sentence)
{
	struct pc_keep k;
	int err = pc_keep_look(PC_GUARD_PROC, state, &k, sentence);

	if (err)
		return err;
	*running = guard_running(state);
	err = pc_guard_read_notes(state, k.record.boot, out);
	pc_keep_close(&k);
	if (err == -EBADMSG)
		pc_cure_say(sentence, err,
			    "the guard's notes (%s/" PC_GUARD_NOTES_NAME ") are damaged", state);
	else if (err)
		pc_cure_say(sentence, err, "%s has no notes of the guard: %s", state,
			    err == -ENOENT || err == -ESTALE ?
				    "it has not run since the machine booted" :
				    strerror(-err));
	return err;
}

static int format_notes(struct pc_guarding *x, char **out)
{
	struct pc_guard_notes n = { .written_ns = pc_boot_ns(),
				    .counters = *pc_guarding_counters(x) };
	int err = 0;

	memcpy(n.boot, x->boot, sizeof(n.boot));
	for (size_t i = 0; i < x->count; i++)
		for (size_t j = 0; !err && j < x->spaces[i]->ns->count; j++)
			err = pc_guard_notes_add(&n, &x->spaces[i]->list.netns,
						 &x->spaces[i]->ns->list[j]);
	*out = err ? NULL : pc_guard_notes_format(&n);
	pc_guard_notes_free(&n);
	return *out ? 0 : -ENOMEM;
}

static void write_notes(struct pc_guarding *x)
{
	char path[PATH_MAX], sentence[PC_CURE_SENTENCE], *text = NULL;
	int err = format_notes(x, &text);

	snprintf(path, sizeof(path), "%s/" PC_GUARD_NOTES_NAME, x->options.state);
	if (!err)
		err = pc_write_atomic(path, text, strlen(text));
	free(text);
	if (!err)
		return;
	pc_cure_say(sentence, err, "cannot write the guard's notes: %s: %s", path, strerror(-err));
	pc_guard_tell_failure(x, 0, sentence);
}

static void write_boot_file(struct pc_guarding *x)
{
	struct pc_guard_space *s = pc_guard_space_find(x, x->own_netns);
	uint64_t wanted[PC_PORT_WORDS] = { 0 }, gone[PC_PORT_WORDS];
	char sentence[PC_CURE_SENTENCE] = "";
	struct pc_persist p;
	struct pc_keep k;
	bool written;
	int err;

	if (!s)
		return;
	err = pc_keep_open(PC_GUARD_PROC, x->options.state, PC_KEEP_PATIENCE_MS, &k, sentence);
	if (err) {
		pc_guard_tell_failure(x, 0, sentence);
		return;
	}
	err = pc_persist_read(x->options.root, &p, sentence);
	if (!err) {
		pc_guard_ports(s->ns, wanted);
		memcpy(gone, p.file.kept[PC_KEEPER_GUARD], sizeof(gone));
		pc_ports_subtract(gone, wanted);
		pc_persist_edit(&p, PC_KEEPER_GUARD, wanted, gone);
		err = pc_persist_write(&p, false, &written, sentence);
		if (!err && p.rival)
			pc_cure_say(
				sentence, -EEXIST,
				"at boot %s replaces portclash's sysctl.d file: guarded ports are then reserved only once the guard starts",
				p.rival->file);
		pc_persist_free(&p);
	}
	if (sentence[0])
		pc_guard_tell_failure(x, 0, sentence);
	pc_keep_close(&k);
}

void pc_guard_write_paper(struct pc_guarding *x, bool now)
{
	uint64_t now_ns = pc_boot_ns();

	if (x->notes_changed && (now || now_ns - x->notes_ns >= NOTES_EVERY_NS)) {
		x->notes_changed = false;
		x->notes_ns = now_ns;
		write_notes(x);
	}
	if (x->file_changed && x->options.persist &&
	    (now || now_ns - x->file_ns >= FILE_EVERY_NS)) {
		x->file_changed = false;
		x->file_ns = now_ns;
		write_boot_file(x);
	}
}
