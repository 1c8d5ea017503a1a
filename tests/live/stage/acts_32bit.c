// SPDX-License-Identifier: GPL-2.0-only
/* The system calls of 32-bit programs, made by this 64-bit program through the gate they use. */
#include "stage/acts_32bit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/test.h"
#include "stage/acts.h"

/* arch/x86/entry/syscalls/syscall_32.tbl */
#define BIND_32 361
#define CONNECT_32 362
#define LISTEN_32 363

#ifdef __x86_64__
static sigjmp_buf no_gate;

static void on_fault(int signal)
{
	siglongjmp(no_gate, signal);
}

static long gate(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* Without support for 32-bit programs, the gate ends in a fault. */
static int call(long number, long a, long b, long c)
{
	void (*volatile before)(int) = signal(SIGSEGV, on_fault);
	volatile long result = -ENOSYS;

	if (!sigsetjmp(no_gate, 1))
		result = gate(number, a, b, c);
	signal(SIGSEGV, before);
	return result < 0 ? (int)-result : 0;
}

/* Allocates memory that 32 bits can point at. */
static void *low_memory(void)
{
	void *at = mmap(NULL, sizeof(struct sockaddr_storage), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}
#else
static int call(long number, long a, long b, long c)
{
	(void)number, (void)a, (void)b, (void)c;
	return ENOSYS;
}

static void *low_memory(void)
{
	return NULL;
}
#endif

static void call_with_name(struct io_name *a, long number)
{
	struct sockaddr_storage *to = low_memory();

	a->error = ENOSYS;
	if (!to)
		return;
	a->before = wall_ns();
	a->error = call(number, a->fd, (long)to, end_to_sockaddr(&a->to, to));
	a->after = wall_ns();
	munmap(to, sizeof(*to));
}

void act_bind_32(void *io)
{
	call_with_name(io, BIND_32);
}

/* Binds sockets that portclash watches no bind() of. */
static void bind_others(void)
{
	struct sockaddr_nl netlink = { .nl_family = AF_NETLINK };
	struct sockaddr_in lite = { .sin_family = AF_INET };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);

	bind(fd, (struct sockaddr *)&netlink, sizeof(netlink));
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDPLITE);
	if (fd < 0)
		return; /* newer kernels have no UDP-Lite */
	bind(fd, (struct sockaddr *)&lite, sizeof(lite));
	close(fd);
}

void act_bind_32_and_others(void *io)
{
	call_with_name(io, BIND_32);
	bind_others();
}

void act_connect_32(void *io)
{
	call_with_name(io, CONNECT_32);
}

void act_listen_32(void *io)
{
	struct io_listen *a = io;

	a->before = wall_ns();
	a->error = call(LISTEN_32, a->fd, a->backlog, 0);
	a->after = wall_ns();
}
