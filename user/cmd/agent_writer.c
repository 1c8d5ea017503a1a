// SPDX-License-Identifier: GPL-2.0-only
/* The writer at work, and its files. The agent names a file; the writer compares the name with the
 * configuration, which it reads by itself: an intruder in the agent has no other file to name. */
#include "cmd/agent_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/cure/dropin.h"
#include "cure/keep.h"
#include "guard/guarding.h"
#include "host/privileges.h"
#include "host/reserve.h"
#include "host/site.h"
#include "out/atomic.h"
#include "out/journal.h"
#include "out/log.h"
#include "out/rotate.h"
#include "out/writer.h"

#define PROC "/proc"

/* A writer that has nothing to do ends at once; two seconds are for a slow disk. */
#define REAP_PAUSE_NS 5000000
#define REAP_PAUSES 400

struct writing {
	struct pc_agent_options *options;
	struct pc_settings settings; /* as the configuration was read last */
	bool used;		     /* a file that they name was written */
	struct pc_settings before;   /* the last ones that were used before them */
	bool guards;		     /* an agent that starts without a guard gets none later */
	const struct pc_notify *notify;
	struct pc_journal journal;
};

static bool is_path(const char *path, const char *allowed)
{
	return allowed && !strcmp(path, allowed);
}

/* The guard's files are as fixed as its folder. */
static bool is_guards(const struct writing *w, uint32_t op, const char *path)
{
	if (!w->guards)
		return false;
	switch (op) {
	case PC_WRITER_LOCK:
		return is_path(path, PC_KEEP_FOLDER "/" PC_KEEP_LOCK);
	case PC_WRITER_ASIDE:
		return is_path(path, PC_KEEP_FOLDER "/" PC_KEEP_FILE);
	case PC_WRITER_REPLACE:
		return is_path(path, PC_KEEP_FOLDER "/" PC_KEEP_FILE) ||
		       is_path(path, PC_KEEP_FOLDER "/" PC_GUARD_NOTES_NAME) ||
		       is_path(path, PC_DROPIN_PATH);
	default:
		return false;
	}
}

static bool is_configured(const struct pc_settings *settings, uint32_t op, const char *path)
{
	switch (op) {
	case PC_WRITER_APPEND: /* the journal has the lines instead: nowhere */
		return is_path(path, settings->log) || is_path(path, "/dev/null");
	case PC_WRITER_ROTATE:
		return is_path(path, settings->log);
	case PC_WRITER_REPLACE:
	case PC_WRITER_REMOVE:
		return is_path(path, settings->textfile);
	default:
		return false;
	}
}

/* The agent goes on with the settings before where those that it read anew are of no use. */
static void read_anew(struct writing *w)
{
	struct pc_settings new;
	unsigned mistakes;

	if (pc_agent_options_load(w->options, &new, &mistakes))
		return;
	if (w->used) {
		pc_settings_free(&w->before);
		w->before = w->settings;
	} else {
		pc_settings_free(&w->settings);
	}
	w->settings = new;
	w->used = false;
}

static bool may(struct writing *w, uint32_t op, const char *path)
{
	if (is_guards(w, op, path) || is_configured(&w->settings, op, path) ||
	    is_configured(&w->before, op, path))
		return true;
	read_anew(w);
	return is_configured(&w->settings, op, path);
}

static void serve_reserved(const struct writing *w, const struct pc_writer_request *r,
			   struct pc_writer_answer *out, int *out_fd)
{
	const struct pc_netns ns = { .inode = r->number, .pid = r->pid, .own = !r->pid };
	struct pc_reserved list = PC_RESERVED_INIT;

	out->err = w->guards ? pc_reserved_open_in(PROC, &ns, &list) : -EPERM;
	if (out->err)
		return;
	out->cannot_write = list.cannot_write;
	out->inode = list.netns.inode;
	out->cookie = list.netns.cookie;
	*out_fd = list.fd;
}

static int do_deed(const struct pc_writer_request *r, const char *path, const char *data)
{
	switch (r->op) {
	case PC_WRITER_APPEND:
		return pc_open_append(path);
	case PC_WRITER_LOCK:
		return pc_open_lock(path);
	case PC_WRITER_ROTATE:
		return pc_rotate_names(path, r->number);
	case PC_WRITER_REPLACE:
		return pc_write_atomic(path, data, r->data_len);
	case PC_WRITER_REMOVE:
		return pc_remove_file(path);
	default:
		return pc_set_aside(path);
	}
}

static int serve_path(struct writing *w, const struct pc_writer_request *r, const char *path,
		      const char *data)
{
	int err = may(w, r->op, path) ? do_deed(r, path, data) : -EPERM;

	if (err >= 0 && is_configured(&w->settings, r->op, path))
		w->used = true;
	return err;
}

static void serve_request(void *context, const struct pc_writer_request *r, const char *path,
			  const char *data, int fd, struct pc_writer_answer *out, int *out_fd)
{
	struct writing *w = context;

	switch (r->op) {
	case PC_WRITER_JOURNAL:
		out->err = pc_journal_connect(w->journal.path);
		break;
	case PC_WRITER_NOTIFY:
		out->err = w->notify->fd < 0 ? -ENOTCONN : pc_notify_connect(w->notify);
		break;
	case PC_WRITER_JOURNAL_FILE:
		out->err = pc_journal_send(&w->journal, data, r->data_len);
		break;
	case PC_WRITER_BOUND:
		out->err = fd < 0 ? -EBADF : pc_site_connect(fd);
		break;
	case PC_WRITER_RESERVED:
		serve_reserved(w, r, out, out_fd);
		break;
	default:
		out->err = serve_path(w, r, path, data);
	}
	if (out->err >= 0 && (r->op == PC_WRITER_APPEND || r->op == PC_WRITER_LOCK ||
			      r->op == PC_WRITER_JOURNAL || r->op == PC_WRITER_NOTIFY)) {
		*out_fd = out->err;
		out->err = 0;
	}
}

/* No capability but those by which the guard enters other network namespaces, if it may. */
static int give_up_privileges(const struct writing *w)
{
	bool enters = w->guards && w->settings.enter_netns;
	uint64_t held, keep = 0;
	int err = pc_privileges_read(&held);

	if (err)
		return err;
	if (enters)
		keep = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_PTRACE;
	err = pc_privileges_drop(keep);
	if (err)
		return err;
	return pc_syscalls_restrict(
		&(struct pc_confinement){ .writer = true, .enter_netns = enters, .socket = -1 });
}

/* Standard output is none of its business: somebody may wait for its last writer to end. */
static void close_standard(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; nothing >= 0 && fd < 3; fd++)
		dup2(nothing, fd);
}

/* The kernel ends the writer with the agent, whose confinement lets it send no signal: also a writer that waits for
 * a disk, or is stopped. */
__attribute__((noreturn)) static void be_writer(struct writing *w, int fd, pid_t agent)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != agent)
		_exit(0);
	close_standard();
	prctl(PR_SET_NAME, "portclash-write", 0, 0, 0);
	err = give_up_privileges(w);
	if (send(fd, &err, sizeof(err), MSG_NOSIGNAL) == sizeof(err))
		pc_writer_serve(fd, serve_request, w);
	_exit(0);
}

/* Takes the first message of the writer: how its confinement went. 0 or a negative errno. */
static int agent_writer_hear(int fd, int *error)
{
	int err = pc_writer_limit(fd);
	ssize_t n;

	if (err)
		return err;
	do
		n = recv(fd, error, sizeof(*error), MSG_WAITALL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*error) ? 0 : n < 0 ? -errno : -ENOTCONN;
}

/* Waits for the end of the writer, so that it is no zombie. False: it does not end in time. */
static bool agent_writer_reap(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = REAP_PAUSE_NS };

	for (int i = 0; i < REAP_PAUSES; i++) {
		pid_t got = waitpid(pid, NULL, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int pc_agent_writer_start(struct pc_agent_writer *w, struct pc_agent_options *options,
			  const struct pc_settings *settings, const struct pc_notify *notify)
{
	struct writing writing = { .options = options,
				   .settings = *settings,
				   .used = true,
				   .guards = settings->guard.count,
				   .notify = notify,
				   .journal = PC_JOURNAL_INIT };
	pid_t agent = getpid(), pid;
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	err = pid < 0 ? -errno : 0;
	if (!pid) {
		close(pair[0]);
		be_writer(&writing, pair[1], agent);
	}
	close(pair[1]);
	if (!err)
		err = agent_writer_hear(pair[0], &w->error);
	if (!err) {
		w->pid = pid;
		w->fd = pair[0];
		return 0;
	}
	close(pair[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		agent_writer_reap(pid);
	}
	return err;
}

void pc_agent_writer_stop(struct pc_agent_writer *w)
{
	if (w->fd < 0)
		return;
	pc_writer_use(-1);
	close(w->fd);
	w->fd = -1;
	if (!agent_writer_reap(w->pid))
		fprintf(stderr,
			"portclash: the process that writes for it does not end; the kernel ends it with the agent\n");
}
