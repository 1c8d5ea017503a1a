// SPDX-License-Identifier: GPL-2.0-only
/* An intruder in the confined agent: a child that gives up what the agent gives up, by the same calls, and
 * then tries what an attacker would. Its parent is another process of root's, and its prey. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "intruder.h"

/* The call must have failed, and not for want of something else. */
static void expect_denied_call(const char *what, long result)
{
	if (result == -1 && errno == EPERM)
		return;
	dprintf(STDERR_FILENO, "intruder: %s: %s\n", what,
		result == -1 ? strerror(errno) : "succeeded");
	intruder_succeeded();
}

#define REFUSED(call) expect_denied_call(#call, (long)(call))

static void try_memory(struct prey *p)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_RDWR };
	char mem[64];

	snprintf(mem, sizeof(mem), "/proc/%d/mem", p->pid);
	REFUSED(open(mem, O_RDWR));
	REFUSED(open(mem, O_WRONLY));
	REFUSED(syscall(SYS_openat, AT_FDCWD, mem, O_ACCMODE));
	REFUSED(syscall(SYS_openat2, AT_FDCWD, mem, &how, sizeof(how)));
#ifdef SYS_open /* a C library takes openat() */
	REFUSED(syscall(SYS_open, mem, O_RDWR));
#endif
	REFUSED(open("/proc/self/mem", O_RDWR));
	REFUSED(syscall(SYS_process_madvise, 0, NULL, 0, 0, 0));
	REFUSED(syscall(SYS_io_uring_setup, 1, NULL));
	REFUSED(syscall(SYS_userfaultfd, 0));
	REFUSED(syscall(SYS_memfd_create, "code", 0));
}

static void try_files(struct prey *p)
{
	const char *paths[] = { p->file, p->outside };
	char other[sizeof(p->outside) + 8];

	for (int i = 0; i < 2; i++) {
		snprintf(other, sizeof(other), "%s.new", paths[i]);
		REFUSED(open(paths[i], O_WRONLY));
		REFUSED(open(paths[i], O_RDONLY | O_TRUNC));
		REFUSED(open(other, O_RDONLY | O_CREAT, 0600));
		REFUSED(open(other, O_WRONLY | O_CREAT, 0600));
		REFUSED(open("/tmp", O_TMPFILE | O_RDWR, 0600));
		REFUSED(rename(paths[i], other));
		REFUSED(unlink(paths[i]));
		REFUSED(truncate(paths[i], 0));
		REFUSED(link(paths[i], other));
		REFUSED(symlink(paths[i], other));
		REFUSED(mkdir(other, 0700));
		REFUSED(mknod(other, S_IFIFO | 0600, 0));
		REFUSED(chmod(paths[i], 04777));
#ifdef SYS_mknod
		REFUSED(syscall(SYS_mknod, other, S_IFIFO | 0600, 0));
#endif
		REFUSED(syscall(SYS_linkat, AT_FDCWD, paths[i], AT_FDCWD, other, 0));
		REFUSED(syscall(SYS_symlinkat, paths[i], AT_FDCWD, other));
		REFUSED(syscall(SYS_mkdirat, AT_FDCWD, other, 0700));
		REFUSED(syscall(SYS_unlinkat, AT_FDCWD, paths[i], 0));
		REFUSED(syscall(SYS_renameat2, AT_FDCWD, paths[i], AT_FDCWD, other, 0));
		REFUSED(syscall(SYS_fchmodat, AT_FDCWD, paths[i], 04777));
		/* to itself: no capability is needed */
		REFUSED(chown(paths[i], geteuid(), getegid()));
		REFUSED(lchown(paths[i], geteuid(), getegid()));
		REFUSED(fchownat(AT_FDCWD, paths[i], geteuid(), getegid(), 0));
		REFUSED(setxattr(paths[i], "user.x", "x", 1, 0));
		REFUSED(utimensat(AT_FDCWD, paths[i], NULL, 0));
	}
}

/* A file that is open for reading stays as it is, too. */
static void try_open_files(struct prey *p)
{
	int fd = open(p->outside, O_RDONLY | O_CLOEXEC), file = open(p->file, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		expect_denied_call("open for reading", file);
	for (int i = 0; i < 2; i++, fd = file) {
		if (fd < 0)
			continue; /* no root to go by without CAP_SYS_PTRACE */
		REFUSED(fchmod(fd, 04777));
		REFUSED(fchown(fd, geteuid(), getegid()));
		REFUSED(futimens(fd, NULL));
		REFUSED(fsetxattr(fd, "user.x", "x", 1, 0));
		REFUSED(ioctl(fd, _IOW('f', 2, long), &fd)); /* FS_IOC_SETFLAGS */
		if (ftruncate(fd, 0) == 0 || write(fd, "x", 1) == 1 ||
		    mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED)
			expect_denied_call("a write to a file that is open for reading", 0);
		close(fd);
	}
}

static void try_sockets(struct prey *p)
{
	const struct sockaddr *to = (const struct sockaddr *)&p->server;
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_name = &p->server,
				  .msg_namelen = sizeof(p->server),
				  .msg_iov = &part,
				  .msg_iovlen = 1 };
	struct mmsghdr many = { .msg_hdr = message };

	REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
	REFUSED(socket(AF_INET, SOCK_STREAM, 0));
	REFUSED(socket(AF_PACKET, SOCK_RAW, 0));
	REFUSED(socket(AF_VSOCK, SOCK_STREAM, 0));
	REFUSED(socket(AF_ALG, SOCK_SEQPACKET, 0));
	REFUSED(connect(p->datagrams, to, sizeof(p->server)));
	REFUSED(sendto(p->datagrams, "x", 1, 0, to, sizeof(p->server)));
	REFUSED(sendmsg(p->datagrams, &message, 0));
	REFUSED(sendmmsg(p->datagrams, &many, 1, 0));
	REFUSED(bind(p->datagrams, to, sizeof(p->server)));
	REFUSED(dup2(p->datagrams, STDIN_FILENO));
	REFUSED(dup(p->datagrams));
	REFUSED(dup3(p->datagrams, 99, O_CLOEXEC));
	REFUSED(fcntl(p->datagrams, F_DUPFD, 3));
}

static void try_signals(struct prey *p)
{
	struct rlimit none = { 0, 0 };
	struct f_owner_ex owner = { F_OWNER_PID, p->pid };

	REFUSED(kill(p->pid, SIGUSR1));
	REFUSED(syscall(SYS_tgkill, p->pid, p->pid, SIGUSR1));
	REFUSED(syscall(SYS_tkill, p->pid, SIGUSR1));
	REFUSED(syscall(SYS_rt_sigqueueinfo, p->pid, SIGUSR1, NULL));
	REFUSED(syscall(SYS_pidfd_open, p->pid, 0));
	REFUSED(syscall(SYS_pidfd_send_signal, -1, SIGUSR1, NULL, 0));
	REFUSED(syscall(SYS_pidfd_getfd, -1, 0, 0));
	REFUSED(fcntl(p->datagrams, F_SETOWN, p->pid));
	REFUSED(fcntl(p->datagrams, F_SETOWN_EX, &owner));
	REFUSED(fcntl(p->datagrams, F_SETSIG, SIGKILL));
	REFUSED(prlimit(p->pid, RLIMIT_CPU, &none, NULL));
	REFUSED(prlimit(0, RLIMIT_CPU, &none, NULL));
	REFUSED(prlimit(p->pid, RLIMIT_CPU, NULL, &none));
	REFUSED(syscall(SYS_process_vm_readv, p->pid, NULL, 0, NULL, 0, 0));
	/* For another process the kernel asks for a capability; for itself only the filter refuses it. */
	REFUSED(sched_setaffinity(p->pid, 0, NULL));
	REFUSED(sched_setaffinity(0, 0, NULL));
	REFUSED(setpriority(PRIO_PROCESS, (id_t)p->pid, 19));
	REFUSED(setpriority(PRIO_PROCESS, 0, 19));
}

static void try_namespaces(struct prey *p)
{
	char path[64];
	int fd, uts = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	/* CAP_SYS_ADMIN is all that this one needs. */
	REFUSED(setns(uts, CLONE_NEWUTS));
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	REFUSED(setns(fd, 0));
	REFUSED(setns(fd, CLONE_NEWNS));
	REFUSED(unshare(CLONE_NEWNS));
	REFUSED(unshare(CLONE_NEWUSER));
	REFUSED(mount("none", "/mnt", "tmpfs", 0, NULL));
	REFUSED(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	REFUSED(umount2("/proc", MNT_DETACH));
	REFUSED(syscall(SYS_pivot_root, "/", "/"));
	REFUSED(syscall(SYS_open_tree, AT_FDCWD, "/", 1));
	REFUSED(syscall(SYS_fsopen, "tmpfs", 0));
	REFUSED(syscall(SYS_move_mount, -1, "", -1, "", 0));
	REFUSED(chroot("/"));
	REFUSED(fchdir(fd));
	REFUSED(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0));
	REFUSED(syscall(SYS_open_by_handle_at, -1, NULL, O_RDONLY));
}

static void try_kernel(struct prey *p)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER };

	(void)p;
	REFUSED(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_OBJ_GET, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_bpf, BPF_OBJ_PIN, &attr, sizeof(attr)));
	REFUSED(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	REFUSED(open("/dev/mem", O_RDWR));
	REFUSED(open("/dev/kmem", O_RDWR));
	REFUSED(open("/proc/sysrq-trigger", O_WRONLY));
	REFUSED(open("/proc/sys/kernel/core_pattern", O_WRONLY));
	REFUSED(syscall(SYS_delete_module, "none", 0));
	REFUSED(syscall(SYS_reboot, 0, 0, 0, NULL));
	REFUSED(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	REFUSED(syscall(SYS_capset, NULL, NULL));
	REFUSED(syscall(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0));
	REFUSED(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL));
	REFUSED(setuid(0));
	REFUSED(fork());
#ifdef SYS_fork /* a C library takes clone() */
	REFUSED(syscall(SYS_fork));
	REFUSED(syscall(SYS_vfork));
#endif
	/* The flags of clone3() lie in memory and could ask for a process. A C library takes clone() without it. */
	if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
		expect_denied_call("clone3", 0);
}

static const struct {
	const char *name;
	try_fn fn;
} tries[] = {
	{ "memory of another process", try_memory },
	{ "files", try_files },
	{ "files that are open", try_open_files },
	{ "sockets of others", try_sockets },
	{ "signals and limits of others", try_signals },
	{ "namespaces and mounts", try_namespaces },
	{ "the kernel", try_kernel },
};

static void try_execve(struct prey *p)
{
	char *argv[] = { "/bin/sh", "-c", "exit 0", NULL };

	(void)p;
	execve(argv[0], argv, NULL);
}

static void try_fexecve(struct prey *p)
{
	char *argv[] = { "sh", NULL };

	(void)p;
	fexecve(open("/bin/sh", O_RDONLY), argv, argv + 1);
}

static void try_ptrace(struct prey *p)
{
	ptrace(PTRACE_SEIZE, p->pid, NULL, NULL);
}

static void try_vm_write(struct prey *p)
{
	int value = 666;
	struct iovec from = { &value, sizeof(value) }, to = { (void *)&p->word, sizeof(value) };

	process_vm_writev(p->pid, &from, 1, &to, 1, 0);
}

static void try_module(struct prey *p)
{
	(void)p;
	syscall(SYS_finit_module, -1, "", 0);
}

static void try_module_in_memory(struct prey *p)
{
	(void)p;
	syscall(SYS_init_module, "", 0, "");
}

static void try_kexec(struct prey *p)
{
	(void)p;
	syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static void try_kexec_file(struct prey *p)
{
	(void)p;
	syscall(SYS_kexec_file_load, -1, -1, 0, "", 0);
}

static const try_fn last_tries[] = { try_execve, try_fexecve,	       try_ptrace, try_vm_write,
				     try_module, try_module_in_memory, try_kexec,  try_kexec_file };

static void nothing_succeeds(void **state)
{
	struct prey *p = *state;

	for (int which = 0; which < CONFINEMENTS; which++)
		for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
			int how = intrude(p, which, false, tries[i].fn);

			if (how)
				fail_msg("%s: %d", tries[i].name, how);
		}
	prey_was_spared(p);
}

static void some_are_the_end(void **state)
{
	struct prey *p = *state;

	for (int which = 0; which < CONFINEMENTS; which++)
		for (size_t i = 0; i < sizeof(last_tries) / sizeof(last_tries[0]); i++) {
			assert_int_equal(intrude(p, which, false, last_tries[i]), -SIGSYS);
			assert_int_equal(intrude(p, which, true, last_tries[i]), -SIGSYS);
		}
	prey_was_spared(p);
}

/* Root without a capability may not look into a process that has one. */
static void try_as_writer(struct prey *p)
{
	char path[64];

	if (geteuid())
		return;
	snprintf(path, sizeof(path), "/proc/%d/mem", p->pid);
	if (open(path, O_RDWR) >= 0 || errno != EACCES)
		expect_denied_call(path, 0);
	if (open(p->outside, O_WRONLY) >= 0 || errno != EACCES)
		expect_denied_call(p->outside, 0);
	REFUSED(mount("none", "/mnt", "tmpfs", 0, NULL));
	REFUSED(setns(-1, CLONE_NEWNET));
	REFUSED(socket(AF_INET, SOCK_STREAM, 0));
	REFUSED(kill(p->pid, SIGUSR1));
	REFUSED(fork());
}

static void nor_by_the_writer(void **state)
{
	assert_int_equal(intrude(*state, WATCHING, true, try_as_writer), 0);
	prey_was_spared(*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_succeeds),
		cmocka_unit_test(some_are_the_end),
		cmocka_unit_test(nor_by_the_writer),
	};

	signal(SIGUSR1, SIG_DFL);
	return cmocka_run_group_tests(tests, prey_setup, prey_teardown);
}
