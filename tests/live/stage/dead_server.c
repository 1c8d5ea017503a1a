// SPDX-License-Identifier: GPL-2.0-only
/* A FUSE server with as much of the protocol as the scenarios need. It is a process of its own: a thread that waits
 * for it in the kernel would keep the descriptor of /dev/fuse open, and itself alive. */
#include "stage/dead_server.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stage/puppet.h"

#define REQUEST_MAX (64 * 1024 + 4096)
/* The root folder has number 1. Each name in it is one of two files: "socket…" is a socket, any other name
 * an executable. */
enum { NODE_FOLDER = FUSE_ROOT_ID, NODE_FILE, NODE_SOCKET };

/* Shared with the puppet; its descriptor is the child's own. */
static struct dead_server *server;

static void fuse_answer(uint64_t unique, int error, const void *body, size_t size)
{
	char out[sizeof(struct fuse_out_header) + 256] = { 0 };
	struct fuse_out_header head = { (uint32_t)(sizeof(head) + (error ? 0 : size)), -error,
					unique };

	memcpy(out, &head, sizeof(head));
	if (!error && size)
		memcpy(out + sizeof(head), body, size);
	if (write(server->fd, out, head.len) < 0 && errno != ENOENT)
		_exit(125);
}

static struct fuse_attr attr_of(uint64_t node)
{
	static const uint32_t modes[] = {
		[NODE_FOLDER] = S_IFDIR | 0777,
		[NODE_FILE] = S_IFREG | 0755,
		[NODE_SOCKET] = S_IFSOCK | 0777,
	};

	return (struct fuse_attr){ .ino = node,
				   .mode = modes[node],
				   .nlink = 1,
				   .size = node == NODE_FILE ? DEAD_FILE_SIZE : 0,
				   .uid = server->uid,
				   .gid = server->uid,
				   .blksize = 4096 };
}

static void answer_name(uint64_t unique, const char *name)
{
	struct fuse_entry_out out = { .nodeid = strncmp(name, "socket", 6) ? NODE_FILE :
									     NODE_SOCKET };

	out.attr = attr_of(out.nodeid);
	fuse_answer(unique, 0, &out, sizeof(out));
}

static void answer_start(uint64_t unique, const struct fuse_init_in *in)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = 31,
				     .max_readahead = in->max_readahead,
				     .max_write = 4096 };

	fuse_answer(unique, 0, &out, sizeof(out));
}

static void answer_attributes(uint64_t unique, uint64_t node)
{
	struct fuse_attr_out out = { .attr = attr_of(node) };

	fuse_answer(unique, 0, &out, sizeof(out));
}

static void serve_dead_request(const struct fuse_in_header *in)
{
	const struct fuse_open_out opened = { 0 };

	switch (in->opcode) {
	case FUSE_INIT:
		answer_start(in->unique, (const void *)(in + 1));
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	case FUSE_READ:
		server->waiting++;
		return;
	}
	if (server->silent && in->pid != (uint32_t)server->puppet) {
		server->waiting++;
		return;
	}
	switch (in->opcode) {
	case FUSE_LOOKUP:
		answer_name(in->unique, (const char *)(in + 1));
		return;
	case FUSE_GETATTR:
		answer_attributes(in->unique, in->nodeid);
		return;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		fuse_answer(in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
		fuse_answer(in->unique, 0, NULL, 0);
		return;
	default:
		fuse_answer(in->unique, ENOSYS, NULL, 0);
	}
}

static _Noreturn void serve_dead(void)
{
	static char request[REQUEST_MAX] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = read(server->fd, request, sizeof(request));

		if (n < 0 && errno == ENODEV)
			_exit(0);
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve_dead_request((const struct fuse_in_header *)request);
	}
}

struct dead_server *dead_server_fork(int fd, uid_t uid)
{
	pid_t puppet = getpid(), pid;

	server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (server == MAP_FAILED)
		return NULL;
	server->fd = fd;
	server->uid = uid;
	server->puppet = puppet;
	pid = fork();
	if (pid == 0) {
		/* The parent may send this signal only to a process of its own user. */
		if (setresuid(uid, uid, uid))
			_exit(125);
		puppet_die_with_parent();
		serve_dead();
	}
	close(fd);
	return pid < 0 ? NULL : server;
}
