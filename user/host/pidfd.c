// SPDX-License-Identifier: GPL-2.0-only
/* Processes by descriptor: pidfd_open() is of Linux 5.3, pidfd_getfd() of 5.6. */
#include "host/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/procfs.h"

/* Older C libraries do not know them; the numbers are the same on all architectures. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* The descriptor holds on to the process, whichever it is: what /proc says of the pid after that is
 * about it, or the pid has no process. */
int pc_pidfd_open(const char *proc, const struct pc_process_key *key)
{
	long fd = syscall(SYS_pidfd_open, key->tgid, 0);

	if (fd < 0)
		return errno == EINVAL ? -ESRCH : -errno;
	if (pc_procfs_is(proc, key))
		return (int)fd;
	close((int)fd);
	return -ESRCH;
}

int pc_pidfd_copy(int pidfd, int fd)
{
	long copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return copy < 0 ? -errno : (int)copy;
}

int pc_pidfd_terminate(int pidfd)
{
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0))
		return -errno;
	syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
	return 0;
}
