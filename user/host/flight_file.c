// SPDX-License-Identifier: GPL-2.0-only
/* Open, map and read a flight recorder. */
#include "host/flight_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/flight/answer.h"

/* The largest one that settings allow. */
#define FLIGHT_SIZE_MAX (128UL << 20)

/* Readings of a slot that is half written each time: its writer was killed there. */
#define SLOT_TRIES 3

/* A signal handler has no other way to know the map. */
static struct {
	void *map;
	size_t size;
	volatile sig_atomic_t broken;
} guarded;

/* Puts memory in the place of the map: the instruction goes on, and the owner asks pc_flight_file_broken(). Any other
 * fault ends the process as it would without a handler. */
static void take_fault(int number, siginfo_t *info, void *context)
{
	const char *at = info->si_addr, *map = guarded.map;

	(void)context;
	if (map && at >= map && at < map + guarded.size &&
	    mmap(guarded.map, guarded.size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == guarded.map) {
		guarded.broken = 1;
		return;
	}
	signal(number, SIG_DFL);
}

static void guard_map(const struct pc_flight_file *f)
{
	struct sigaction action = { .sa_sigaction = take_fault, .sa_flags = SA_SIGINFO };

	guarded.map = f->map;
	guarded.size = f->size;
	guarded.broken = 0;
	sigaction(SIGBUS, &action, NULL);
}

bool pc_flight_file_broken(void)
{
	return guarded.broken;
}

/* Puts a sentence; returns the error. */
static int wrong(char *sentence, int err, const char *what)
{
	snprintf(sentence, PC_FLIGHT_SENTENCE, "%s", what);
	return err;
}

static int check_status(const struct stat *st, char *sentence)
{
	if (!S_ISREG(st->st_mode))
		return wrong(sentence, -EINVAL, "is no plain file");
	if (st->st_uid != geteuid())
		return wrong(sentence, -EPERM, "belongs to another user: remove it");
	if (st->st_nlink != 1)
		return wrong(sentence, -EPERM, "has several names (hard links): remove it");
	if (st->st_mode & 077)
		return wrong(sentence, -EPERM, "is open to others: chmod 0600, or remove it");
	return 0;
}

static int pread_all(int fd, void *data, size_t size, size_t at)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = pread(fd, (uint8_t *)data + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		done += (size_t)n;
	}
	return 0;
}

static bool is_all_zero(int fd, size_t size)
{
	uint8_t part[16384];

	if (size > FLIGHT_SIZE_MAX)
		return false;
	for (size_t at = 0, len; at < size; at += len) {
		len = size - at < sizeof(part) ? size - at : sizeof(part);
		if (pread_all(fd, part, len, at) || !pc_flight_zero(part, len))
			return false;
	}
	return true;
}

/* The sentence about the claims in a recorder of this kind that becomes `size` bytes; NULL: they stay. */
static const char *flight_note(enum pc_flight_kind kind, const struct stat *st, size_t size)
{
	if (kind == PC_FLIGHT_OLDER)
		return "was written by an older portclash: it is begun anew, without the claims in it";
	if (kind == PC_FLIGHT_DAMAGED)
		return "is damaged: it is begun anew, without the claims in it";
	if (kind == PC_FLIGHT_OURS &&
	    pc_flight_slots((uint64_t)st->st_size) != pc_flight_slots(size))
		return "had another flight_size: it is begun anew, without the claims in it";
	return NULL;
}

/* Takes no file that something else has written. */
static int check_contents(int fd, const struct stat *st, enum pc_flight_kind *kind, char *sentence)
{
	_Alignas(8) uint8_t head[PC_FLIGHT_SLOTS_AT] = { 0 };
	size_t size = (size_t)st->st_size;
	int err = pread_all(fd, head, size < sizeof(head) ? size : sizeof(head), 0);

	if (err)
		return wrong(sentence, err, strerror(-err));
	*kind = pc_flight_look(head, size);
	if (*kind == PC_FLIGHT_NEWER)
		return wrong(
			sentence, -EEXIST,
			"was written by a newer portclash: update this one, or name another file");
	if (*kind != PC_FLIGHT_FOREIGN && (*kind != PC_FLIGHT_EMPTY || is_all_zero(fd, size)))
		return 0;
	return wrong(
		sentence, -EEXIST,
		"is no flight recorder of portclash, which overwrites no other file: remove it or name another");
}

static int take_room(int fd, size_t size, char *sentence)
{
	int err;

	if (ftruncate(fd, (off_t)size))
		return wrong(sentence, -errno, strerror(errno));
	err = posix_fallocate(fd, 0, (off_t)size);
	return err ? wrong(sentence, -err, strerror(err)) : 0;
}

static int prepare_file(int fd, size_t size, const char **note, char *sentence)
{
	enum pc_flight_kind kind;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return wrong(sentence, -errno, strerror(errno));
	err = check_status(&st, sentence);
	if (!err && flock(fd, LOCK_EX | LOCK_NB))
		err = wrong(sentence, -errno, "is in use by another agent");
	if (!err)
		err = check_contents(fd, &st, &kind, sentence);
	if (err)
		return err;
	*note = flight_note(kind, &st, size);
	return take_room(fd, size, sentence);
}

int pc_flight_file_open(const char *path, size_t size, struct pc_flight_file *out, char *sentence)
{
	struct pc_flight_file f = { .size = size };
	int err;

	f.fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (f.fd < 0)
		return wrong(sentence, -errno,
			     errno == ELOOP ? "is a symbolic link: remove it" : strerror(errno));
	err = prepare_file(f.fd, size, &f.note, sentence);
	if (!err) {
		f.map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, f.fd, 0);
		if (f.map == MAP_FAILED)
			err = wrong(sentence, -errno, strerror(errno));
	}
	if (err) {
		close(f.fd);
		return err;
	}
	guard_map(&f);
	*out = f;
	return 0;
}

void pc_flight_file_close(struct pc_flight_file *f)
{
	if (f->fd < 0)
		return;
	signal(SIGBUS, SIG_DFL);
	guarded.map = NULL;
	munmap(f->map, f->size);
	close(f->fd);
	f->fd = -1;
}

static void read_torn_again(int fd, void *data, size_t size)
{
	struct pc_flight_slot *slots = (void *)((uint8_t *)data + PC_FLIGHT_SLOTS_AT);

	for (uint64_t i = 0; i < pc_flight_slots(size); i++)
		for (unsigned left = SLOT_TRIES;
		     left-- && pc_flight_fill(&slots[i]) == PC_FLIGHT_TORN;)
			if (pread_all(fd, &slots[i], sizeof(slots[i]),
				      PC_FLIGHT_SLOTS_AT + i * PC_FLIGHT_SLOT))
				return;
}

/* The state is written ten times a second, and in one copy at a time. */
static int read_open_file(int fd, void **data, size_t *size, char *sentence)
{
	struct stat st;
	void *all;
	int err;

	if (fstat(fd, &st))
		return wrong(sentence, -errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return wrong(sentence, -EINVAL, "is no plain file");
	if ((uint64_t)st.st_size > FLIGHT_SIZE_MAX)
		return wrong(sentence, -EFBIG, "is no flight recorder of portclash");
	all = calloc(1, (size_t)st.st_size + PC_FLIGHT_SLOTS_AT);
	if (!all)
		return wrong(sentence, -ENOMEM, strerror(ENOMEM));
	err = pread_all(fd, all, (size_t)st.st_size, 0);
	if (err) {
		free(all);
		return wrong(sentence, err, strerror(-err));
	}
	read_torn_again(fd, all, (size_t)st.st_size);
	*data = all;
	*size = (size_t)st.st_size;
	return 0;
}

int pc_flight_file_read(const char *path, void **data, size_t *size, char *sentence)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), err;
	const char *not_ours;
	size_t len = 0;
	void *all = NULL;

	if (fd < 0)
		return wrong(sentence, -errno,
			     errno == EACCES ? "is root's: ask as root" : strerror(errno));
	err = read_open_file(fd, &all, &len, sentence);
	close(fd);
	if (err)
		return err;
	not_ours = pc_flight_wrong(all, len);
	if (!not_ours) {
		*data = all;
		*size = len;
		return 0;
	}
	free(all);
	return wrong(sentence, -EBADMSG, not_ours);
}
