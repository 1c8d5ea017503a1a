// SPDX-License-Identifier: GPL-2.0-only
/* Socket calls by io_uring, by raw system calls: one request at a time is all that is needed. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/test.h"
#include "stage/acts_uring.h"

#define ENTRIES 4
#define SLOT 0

struct ring {
	int fd; /* 0: not made yet */
	unsigned *sq_tail;
	unsigned *sq_mask;
	unsigned *sq_array;
	struct io_uring_sqe *sqes;
	unsigned *cq_head;
	unsigned *cq_tail;
	unsigned *cq_mask;
	struct io_uring_cqe *cqes;
};

static void *map_ring(int fd, size_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	return at == MAP_FAILED ? NULL : at;
}

static int ring_open(struct ring *r)
{
	struct io_uring_params p = { 0 };
	int fd = (int)syscall(__NR_io_uring_setup, ENTRIES, &p);
	char *sq, *cq;

	if (fd < 0)
		return errno;
	sq = map_ring(fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = map_ring(fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	r->sqes = map_ring(fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (!sq || !cq || !r->sqes)
		return ENOMEM;
	r->sq_tail = (void *)(sq + p.sq_off.tail);
	r->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	r->sq_array = (void *)(sq + p.sq_off.array);
	r->cq_head = (void *)(cq + p.cq_off.head);
	r->cq_tail = (void *)(cq + p.cq_off.tail);
	r->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	r->cqes = (void *)(cq + p.cq_off.cqes);
	r->fd = fd;
	return 0;
}

/* Returns the puppet's own ring; NULL with errno when there can be none. */
static struct ring *the_ring(void)
{
	static struct ring ring;

	if (!ring.fd)
		errno = ring_open(&ring);
	return ring.fd ? &ring : NULL;
}

/* Submits one request; returns its result, a negative errno if it failed. */
static int submit(const struct io_uring_sqe *request)
{
	struct ring *r = the_ring();
	unsigned tail, head;
	int result;

	if (!r)
		return -errno;
	tail = *r->sq_tail;
	r->sqes[tail & *r->sq_mask] = *request;
	r->sq_array[tail & *r->sq_mask] = tail & *r->sq_mask;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	head = *r->cq_head;
	if (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE))
		return -EIO;
	result = r->cqes[head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

static int uring_error(int result)
{
	return result < 0 ? -result : 0;
}

void act_uring_has(void *io)
{
	struct io_uring_has *a = io;
	size_t size = sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op);
	struct io_uring_probe *probe = calloc(1, size);
	struct ring *r = the_ring();

	if (!r || !probe)
		a->error = errno;
	else if (syscall(__NR_io_uring_register, r->fd, IORING_REGISTER_PROBE, probe, 256))
		a->error = errno;
	else if (a->operation > probe->last_op ||
		 !(probe->ops[a->operation].flags & IO_URING_OP_SUPPORTED))
		a->error = EOPNOTSUPP;
	else
		a->error = 0;
	free(probe);
}

void uring_or_skip(struct puppet *p, int operation, const char *name)
{
	struct io_uring_has a = { .operation = operation };

	puppet_call(p, act_uring_has, &a, sizeof(a));
	if (a.error == EOPNOTSUPP)
		test_skip(p->t, "no %s in this kernel", name);
	if (a.error)
		test_skip(p->t, "io_uring is not to be had here: %s", strerror(a.error));
}

static void name_request(struct io_name *a, struct io_uring_sqe *request, unsigned char flags)
{
	struct sockaddr_storage to;

	request->fd = a->fd;
	request->flags = flags;
	request->addr = (uintptr_t)&to;
	request->addr2 = end_to_sockaddr(&a->to, &to);
	a->before = wall_ns();
	a->error = uring_error(submit(request));
	a->after = wall_ns();
}

void act_uring_connect(void *io)
{
	struct io_uring_sqe request = { .opcode = URING_CONNECT };

	name_request(io, &request, 0);
}

void act_uring_connect_by_worker(void *io)
{
	struct io_uring_sqe request = { .opcode = URING_CONNECT };

	name_request(io, &request, IOSQE_ASYNC);
}

void act_uring_connect_fixed(void *io)
{
	struct io_uring_sqe request = { .opcode = URING_CONNECT };
	struct io_name *a = io;

	a->fd = SLOT;
	name_request(a, &request, IOSQE_FIXED_FILE);
}

void act_uring_bind(void *io)
{
	struct io_uring_sqe request = { .opcode = URING_BIND };

	name_request(io, &request, 0);
}

void act_uring_listen(void *io)
{
	struct io_listen *a = io;
	struct io_uring_sqe request = {
		.opcode = URING_LISTEN,
		.fd = a->fd,
		.len = (unsigned)a->backlog,
	};

	a->before = wall_ns();
	a->error = uring_error(submit(&request));
	a->after = wall_ns();
}

static void send_message(struct io_name *a, unsigned flags)
{
	struct sockaddr_storage to;
	struct iovec text = { "x", 1 };
	struct msghdr message = {
		.msg_name = &to,
		.msg_namelen = end_to_sockaddr(&a->to, &to),
		.msg_iov = &text,
		.msg_iovlen = 1,
	};
	struct io_uring_sqe request = {
		.opcode = URING_SENDMSG,
		.fd = a->fd,
		.addr = (uintptr_t)&message,
		.len = 1,
		.msg_flags = flags,
	};

	a->before = wall_ns();
	a->error = uring_error(submit(&request));
	a->after = wall_ns();
}

void act_uring_send_to(void *io)
{
	send_message(io, 0);
}

/* The request never waits for the connection (io_sendmsg: MSG_DONTWAIT); the port is taken all the
 * same. */
void act_uring_fast_open(void *io)
{
	struct io_name *a = io;

	send_message(a, MSG_FASTOPEN);
	if (a->error == EINPROGRESS)
		a->error = 0;
}

static int register_files(int fd)
{
	struct ring *r = the_ring();

	if (!r)
		return errno;
	return syscall(__NR_io_uring_register, r->fd, IORING_REGISTER_FILES, &fd, 1) ? errno : 0;
}

void act_uring_keep(void *io)
{
	struct io_close *a = io;

	/* A descriptor of -1 tells the caller that it failed. */
	if (register_files(a->fd))
		a->fd = -1;
	else
		close(a->fd);
}

void act_uring_socket(void *io)
{
	struct io_uring_sqe request = {
		.opcode = URING_SOCKET,
		.fd = AF_INET,
		.off = SOCK_STREAM,
		.splice_fd_in = SLOT + 1, /* file_index */
	};
	struct io_socket *a = io;

	a->fd = SLOT;
	a->error = register_files(-1);
	if (!a->error)
		a->error = uring_error(submit(&request));
}
