// SPDX-License-Identifier: GPL-2.0-only
/* The system calls of an agent that watches, and of its writer, as seccomp filters by libseccomp. Allow
 * lists whose default is an error and not death: a C library's update may try a call that is not in them,
 * and does without. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/privileges.h"

/* Calls of either process, whatever the arguments. By name, because not every machine has each. */
static const char both[] =
	/* files that are open, and what is read of others */
	"close close_range read readv pread64 write writev pwrite64 lseek fstat newfstatat stat lstat statx fstatfs statfs access faccessat faccessat2 readlink readlinkat getdents getdents64 flock ftruncate fsync fdatasync getcwd "
	/* sockets that are there */
	"recvfrom recvmsg setsockopt getsockopt getsockname getpeername shutdown poll ppoll "
	/* memory */
	"brk munmap mremap madvise "
	/* what a C library does on its own account */
	"futex rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack restart_syscall exit exit_group clock_gettime clock_getres gettimeofday time getrandom getpid gettid getppid getuid geteuid getgid getegid uname sysinfo getrusage getrlimit sched_yield sched_getaffinity getcpu rseq set_robust_list membarrier capget ";

/* Calls of the agent while it watches: waiting for the kernel's records, for signals, and for the
 * writer's end. */
static const char watching[] =
	"wait4 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 select pselect6 signalfd4 nanosleep clock_nanosleep ";

/* Calls of the writer, which holds no capability that opens what root may not open without one. */
static const char writing[] =
	"openat open rename renameat renameat2 unlink unlinkat fchmod connect sendmsg memfd_create umask ";

/* No update of a library makes these calls in a process like this: only an intruder wants a shell,
 * another process' memory or a kernel module. */
static const char deadly[] =
	"execve execveat ptrace process_vm_writev init_module finit_module kexec_load kexec_file_load";

/* Allowed with these values of one argument only. */
struct narrow {
	const char *name;
	struct scmp_arg_cmp argument;
};

/* Opening for writing, making and emptying a file. */
#define WRITES (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct narrow narrow_both[] = {
	/* not the owner of a signal, and no second number for a descriptor */
	{ "fcntl", { 1, SCMP_CMP_EQ, F_GETFL, 0 } },
	{ "fcntl", { 1, SCMP_CMP_EQ, F_SETFL, 0 } },
	{ "fcntl", { 1, SCMP_CMP_EQ, F_GETFD, 0 } },
	{ "fcntl", { 1, SCMP_CMP_EQ, F_SETFD, 0 } },
	{ "fcntl", { 1, SCMP_CMP_EQ, F_ADD_SEALS, 0 } },
	/* to whom a socket is connected already */
	{ "sendto", { 4, SCMP_CMP_EQ, 0, 0 } },
	{ "mmap", { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ "mprotect", { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
};

static const struct narrow narrow_watching[] = {
	/* openat2() has its flags in memory, where a filter cannot look, and is not among the calls */
	{ "open", { 1, SCMP_CMP_MASKED_EQ, WRITES, O_RDONLY } },
	{ "openat", { 2, SCMP_CMP_MASKED_EQ, WRITES, O_RDONLY } },
	/* maps that are there, the passes over sockets, the iterators; no new programs */
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_LOOKUP_ELEM, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_UPDATE_ELEM, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_DELETE_ELEM, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_GET_NEXT_KEY, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_PROG_TEST_RUN, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_OBJ_GET_INFO_BY_FD, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_ITER_CREATE, 0 } },
	{ "socket", { 0, SCMP_CMP_EQ, AF_NETLINK, 0 } },
	/* on the way out, and is standard output a terminal */
	{ "ioctl", { 1, SCMP_CMP_EQ, PERF_EVENT_IOC_DISABLE, 0 } },
	{ "ioctl", { 1, SCMP_CMP_EQ, TCGETS, 0 } },
	/* looks that may block (host/aside.h), and visits to network namespaces */
	{ "clone", { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
};

/* Netlink tells whose network namespace the writer is in. */
static const struct narrow narrow_writing[] = {
	{ "socket", { 0, SCMP_CMP_EQ, AF_UNIX, 0 } },
	{ "socket", { 0, SCMP_CMP_EQ, AF_NETLINK, 0 } },
};

static const struct narrow entering[] = {
	{ "setns", { 1, SCMP_CMP_EQ, CLONE_NEWNET, 0 } },
};

static int syscalls_add(scmp_filter_ctx filter, uint32_t action, const char *name,
			const struct scmp_arg_cmp *arguments, unsigned count)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, action, number, count, arguments);
}

static int add_names(scmp_filter_ctx filter, uint32_t action, const char *names)
{
	char *copy = strdup(names), *save = NULL;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (char *name = strtok_r(copy, " ", &save); name && !err;
	     name = strtok_r(NULL, " ", &save))
		err = syscalls_add(filter, action, name, NULL, 0);
	free(copy);
	return err;
}

static int add_narrow(scmp_filter_ctx filter, const struct narrow *list, size_t count)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		err = syscalls_add(filter, SCMP_ACT_ALLOW, list[i].name, &list[i].argument, 1);
	return err;
}

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* Limits are read, and only its own. Signals go to the own process alone (abort()), and descriptors over the
 * writer's socket alone: any other socket could be given an address with them. */
static int add_own_calls(scmp_filter_ctx filter, const struct pc_confinement *c)
{
	const struct narrow own[] = {
		{ "tgkill", { 0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0 } },
		{ "sendmsg", { 0, SCMP_CMP_EQ, (scmp_datum_t)c->socket, 0 } },
	};

	const struct scmp_arg_cmp limits[] = { { 0, SCMP_CMP_EQ, 0, 0 }, { 2, SCMP_CMP_EQ, 0, 0 } };
	int err = syscalls_add(filter, SCMP_ACT_ALLOW, "prlimit64", limits, COUNT_OF(limits));

	return err ? err : add_narrow(filter, own, c->socket < 0 ? 1 : COUNT_OF(own));
}

static int add_part(scmp_filter_ctx filter, const struct pc_confinement *c)
{
	int err = add_names(filter, SCMP_ACT_ALLOW, c->writer ? writing : watching);

	if (!err && c->writer)
		err = add_narrow(filter, narrow_writing, COUNT_OF(narrow_writing));
	if (!err && !c->writer)
		err = add_narrow(filter, narrow_watching, COUNT_OF(narrow_watching));
	if (!err)
		err = add_own_calls(filter, c);
	if (!err && c->enter_netns)
		err = add_narrow(filter, entering, COUNT_OF(entering));
	if (!err && !c->writer)
		err = syscalls_add(filter, SCMP_ACT_ALLOW, "clone3", NULL, 0);
	return err;
}

static int syscalls_fill(scmp_filter_ctx filter, const struct pc_confinement *c)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);

	if (!err)
		err = add_names(filter, SCMP_ACT_ALLOW, both);
	if (!err)
		err = add_names(filter, SCMP_ACT_KILL_PROCESS, deadly);
	if (!err)
		err = add_narrow(filter, narrow_both, COUNT_OF(narrow_both));
	return err ? err : add_part(filter, c);
}

/* The flags of clone3() lie in memory, where a filter cannot look. Without it a C library takes
 * clone(). In a filter of its own, because this one is not worth a line in the kernel's log. */
static int without_clone3(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err =
		filter ? syscalls_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL, 0) : -ENOMEM;

	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

int pc_syscalls_restrict(const struct pc_confinement *c)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? syscalls_fill(filter, c) : -ENOMEM;

	if (!err && !c->writer)
		err = without_clone3();
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
