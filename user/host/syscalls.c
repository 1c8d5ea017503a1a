// SPDX-License-Identifier: GPL-2.0-only
/* The system calls of an agent that watches, as a seccomp filter by libseccomp. An allow list
 * whose default is an error and not death: a C library's update may try a call that is not in it,
 * and does without. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "host/privileges.h"

/* Whatever their arguments. By name, because not every machine has each. */
static const char allowed[] =
	/* the log, the textfile, the configuration, /proc */
	"openat open close close_range read readv pread64 write writev pwrite64 lseek fstat "
	"newfstatat stat lstat statx fstatfs statfs access faccessat faccessat2 readlink "
	"readlinkat getdents getdents64 fcntl flock ftruncate fchmod fsync fdatasync rename "
	"renameat renameat2 unlink unlinkat umask getcwd dup dup2 dup3 "
	/* waiting for the kernel's records and for signals */
	"epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6 "
	"signalfd4 nanosleep clock_nanosleep "
	/* the service manager, the journal, sock_diag */
	"connect bind sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg setsockopt getsockopt "
	"getsockname getpeername shutdown memfd_create "
	/* memory */
	"brk munmap mremap madvise "
	/* what a C library does on its own account */
	"futex rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack "
	"restart_syscall exit exit_group clock_gettime clock_getres gettimeofday time getrandom "
	"getpid gettid getppid getuid geteuid getgid getegid uname sysinfo getrusage prlimit64 "
	"getrlimit sched_yield sched_getaffinity getcpu rseq set_robust_list membarrier tgkill "
	"prctl capget";

/* What no update of a library ever does in a process like this: only an intruder wants a shell,
 * another process' memory or a kernel module. */
static const char deadly[] =
	"execve execveat ptrace process_vm_writev init_module finit_module kexec_load "
	"kexec_file_load";

/* Allowed with these values of one argument only. */
struct narrow {
	const char *name;
	struct scmp_arg_cmp argument;
};

static const struct narrow narrow[] = {
	/* maps that are there, the passes over sockets, the iterators; no new programs */
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_LOOKUP_ELEM, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_UPDATE_ELEM, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_DELETE_ELEM, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_MAP_GET_NEXT_KEY, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_PROG_TEST_RUN, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_OBJ_GET_INFO_BY_FD, 0 } },
	{ "bpf", { 0, SCMP_CMP_EQ, BPF_ITER_CREATE, 0 } },
	{ "socket", { 0, SCMP_CMP_EQ, AF_UNIX, 0 } },
	{ "socket", { 0, SCMP_CMP_EQ, AF_NETLINK, 0 } },
	/* on the way out, and is standard output a terminal */
	{ "ioctl", { 1, SCMP_CMP_EQ, PERF_EVENT_IOC_DISABLE, 0 } },
	{ "ioctl", { 1, SCMP_CMP_EQ, TCGETS, 0 } },
	{ "mmap", { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
	{ "mprotect", { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 } },
};

static const struct narrow entering[] = {
	{ "setns", { 1, SCMP_CMP_EQ, CLONE_NEWNET, 0 } },
	{ "clone", { 0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD } },
};

static int add(scmp_filter_ctx filter, uint32_t action, const char *name,
	       const struct scmp_arg_cmp *argument)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, action, number, argument ? 1 : 0, argument);
}

static int add_names(scmp_filter_ctx filter, uint32_t action, const char *names)
{
	char *copy = strdup(names), *save = NULL;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (char *name = strtok_r(copy, " ", &save); name && !err;
	     name = strtok_r(NULL, " ", &save))
		err = add(filter, action, name, NULL);
	free(copy);
	return err;
}

static int add_narrow(scmp_filter_ctx filter, const struct narrow *list, size_t count)
{
	int err = 0;

	for (size_t i = 0; !err && i < count; i++)
		err = add(filter, SCMP_ACT_ALLOW, list[i].name, &list[i].argument);
	return err;
}

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static int fill(scmp_filter_ctx filter, bool enter_netns)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);

	if (!err)
		err = add_names(filter, SCMP_ACT_ALLOW, allowed);
	if (!err)
		err = add_names(filter, SCMP_ACT_KILL_PROCESS, deadly);
	if (!err)
		err = add_narrow(filter, narrow, COUNT_OF(narrow));
	if (!err && enter_netns)
		err = add_narrow(filter, entering, COUNT_OF(entering));
	if (!err && enter_netns)
		err = add(filter, SCMP_ACT_ALLOW, "clone3", NULL);
	return err;
}

/* The flags of clone3() lie in memory, where a filter cannot look. Without it a C library takes
 * clone(). In a filter of its own, because this one is not worth a line in the kernel's log. */
static int without_clone3(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", NULL) : -ENOMEM;

	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

int pc_syscalls_restrict(bool enter_netns)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? fill(filter, enter_netns) : -ENOMEM;

	if (!err && enter_netns)
		err = without_clone3();
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}
