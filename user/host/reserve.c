// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's list of reserved ports, by /proc/sys. */
#include "host/reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/sysctl.h"

/* Each try is some microseconds: another writer that is as fast is no person. */
#define TRIES 16

static int netns_inode(const char *proc, uint32_t *out)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/thread-self/ns/net", proc);
	if (stat(path, &st))
		return -errno;
	*out = (uint32_t)st.st_ino;
	return 0;
}

int pc_reserved_open(const char *proc, struct pc_reserved *out)
{
	struct pc_reserved r = PC_RESERVED_INIT;
	char path[PATH_MAX];
	int err = netns_inode(proc, &r.netns.inode);

	if (err)
		return err;
	r.netns.cookie = pc_netns_cookie();
	snprintf(path, sizeof(path), "%s/sys/net/ipv4/ip_local_reserved_ports", proc);
	r.fd = open(path, O_RDWR | O_CLOEXEC);
	if (r.fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
		r.cannot_write = -errno;
		r.fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (r.fd < 0)
		return -errno;
	*out = r;
	return 0;
}

struct opening {
	const char *proc;
	struct pc_reserved *out;
	int err;
};

static void open_there(void *context)
{
	struct opening *o = context;

	o->err = pc_reserved_open(o->proc, o->out);
}

int pc_reserved_open_in(const char *proc, const struct pc_netns *ns, struct pc_reserved *out)
{
	struct opening o = { .proc = proc, .out = out };
	int err;

	if (ns->own)
		return pc_reserved_open(proc, out);
	err = pc_netns_call(proc, ns, open_there, &o);
	return err ? err : o.err;
}

void pc_reserved_close(struct pc_reserved *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

int pc_reserved_read(const struct pc_reserved *r, uint64_t *set)
{
	return pc_sysctl_read_reserved_at(r->fd, set);
}

/* The kernel takes a part of a list whole or not at all: pieces end where a port does. */
static size_t piece_of(const char *list, size_t len)
{
	if (len <= PC_RESERVED_WRITE)
		return len;
	for (len = PC_RESERVED_WRITE; list[len - 1] != ',';)
		len--;
	return len;
}

static int write_piece(int fd, const char *list, size_t len, off_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, list, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		list += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

/* At position 0 the first piece replaces the list; the others are added, like all at another one. */
static int write_list(int fd, const uint64_t *ports, off_t at)
{
	char *list = pc_ports_format(ports), *rest = list;
	size_t left;
	int err = 0;

	if (!list)
		return -ENOMEM;
	left = strlen(list);
	if (!left && !at)
		err = write_piece(fd, "\n", 1, 0);
	while (!err && left) {
		size_t len = piece_of(rest, left);

		err = write_piece(fd, rest, len, at);
		rest += len;
		left -= len;
		at += (off_t)len;
	}
	free(list);
	return err;
}

int pc_reserved_add(const struct pc_reserved *r, const uint64_t *ports)
{
	uint64_t now[PC_PORT_WORDS];
	int err = 0;

	for (int i = 0; !err && i < TRIES; i++) {
		err = pc_reserved_read(r, now);
		if (!err && pc_ports_includes(now, ports))
			return 0;
		if (!err)
			err = r->cannot_write ? r->cannot_write : write_list(r->fd, ports, 1);
	}
	return err ? err : -EBUSY;
}

/* Reads the list twice: true when nobody writes at this moment. */
static int read_calm(const struct pc_reserved *r, uint64_t *out, bool *calm)
{
	uint64_t again[PC_PORT_WORDS];
	int err = pc_reserved_read(r, out);

	if (!err)
		err = pc_reserved_read(r, again);
	if (!err)
		*calm = !memcmp(out, again, sizeof(again));
	return err;
}

/* Whatever fails on the way, what is to stay is put back as far as it can be. */
static int replace_list(const struct pc_reserved *r, const uint64_t *ports)
{
	int err = write_list(r->fd, ports, 0);

	if (err)
		write_list(r->fd, ports, 1);
	return err ? err : pc_reserved_add(r, ports);
}

int pc_reserved_remove(const struct pc_reserved *r, const uint64_t *ports)
{
	uint64_t now[PC_PORT_WORDS], rest[PC_PORT_WORDS];
	int err = r->cannot_write;
	bool calm = false;

	for (int i = 0; !err && i < TRIES; i++) {
		err = read_calm(r, now, &calm);
		if (err || !calm)
			continue;
		memcpy(rest, now, sizeof(rest));
		pc_ports_subtract(rest, ports);
		return memcmp(rest, now, sizeof(rest)) ? replace_list(r, rest) : 0;
	}
	return err ? err : -EBUSY;
}

const char *pc_reserved_why(int err)
{
	switch (err) {
	case -EACCES:
	case -EPERM:
		return "portclash needs root, or CAP_NET_ADMIN there and CAP_SYS_ADMIN to enter it";
	case -EROFS:
		return "/proc/sys is read-only here, as in most containers: run portclash on the host with --netns";
	case -ENOENT:
	case -ESRCH:
		return "the network namespace has ended meanwhile";
	case -EBUSY:
		return "another program keeps writing the list: try again";
	case -ENOMEM:
		return "there is not enough memory";
	default:
		return strerror(-err);
	}
}
