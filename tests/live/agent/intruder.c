// SPDX-License-Identifier: GPL-2.0-only
/* An intruder in `portclash agent` speaks to its writer: the scenario has a copy of the agent's socket. What
 * the intruder can do without the writer is in tests/unit/test_intruder.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor/logfile.h"
#include "run/cases.h"

#define DESCRIPTORS_MAX 256

/* The messages of the writer's socket, as in user/out/writer.h. */
enum {
	APPEND = 1,
	LOCK,
	ROTATE,
	REPLACE,
	REMOVE,
	ASIDE,
	JOURNAL,
	NOTIFY,
	JOURNAL_FILE,
	BOUND,
	RESERVED
};

struct request {
	uint32_t op, path_len, data_len, number, pid, unused;
};

struct answer {
	int32_t err, cannot_write;
	uint32_t inode, unused;
	uint64_t cookie;
};

static uint64_t number_in_status(pid_t pid, const char *label, int base)
{
	char path[64], line[256];
	uint64_t value = UINT64_MAX;
	size_t len = strlen(label);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, label, len))
			value = strtoull(line + len, NULL, base);
	if (file)
		fclose(file);
	return value;
}

static pid_t writer_of(struct test *t, pid_t agent)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid && number_in_status(pid, "PPid:", 10) == (uint64_t)agent)
			found = pid;
	}
	closedir(proc);
	if (!found)
		test_abort(t, "expected a child of the agent, which writes for it");
	return found;
}

static bool is_to_writer(int fd, pid_t agent)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(int), cred_len = sizeof(peer);
	int domain = 0, type = 0;

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_UNIX &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_STREAM &&
	       !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &cred_len) && peer.pid == agent;
}

static int socket_to_writer(struct test *t, pid_t agent)
{
	int pidfd = (int)syscall(SYS_pidfd_open, agent, 0);

	for (int number = 0; number < DESCRIPTORS_MAX; number++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);

		if (fd >= 0 && is_to_writer(fd, agent)) {
			close(pidfd);
			return fd;
		}
		if (fd >= 0)
			close(fd);
	}
	test_abort(t, "expected a socket between the agent and its writer");
}

/* Sends a request; the descriptor that came with the answer, or the answer's error. */
static int ask_writer(struct test *t, int to, struct request r, const char *path, const char *data,
		      int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct answer answer;
	struct iovec part = { &r, sizeof(r) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	r.path_len = (uint32_t)strlen(path);
	r.data_len = (uint32_t)strlen(data);
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&message);
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (sendmsg(to, &message, MSG_NOSIGNAL) != sizeof(r) ||
	    send(to, path, r.path_len, MSG_NOSIGNAL) != r.path_len ||
	    send(to, data, r.data_len, MSG_NOSIGNAL) != r.data_len)
		test_abort(t, "stage: nothing can be sent to the writer: %s", strerror(errno));
	part = (struct iovec){ &answer, sizeof(answer) };
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	if (recvmsg(to, &message, MSG_CMSG_CLOEXEC) != sizeof(answer))
		return -ENOTCONN;
	c = CMSG_FIRSTHDR(&message);
	if (c)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return c ? fd : answer.err;
}

static void expect_denied(struct test *t, int to, uint32_t op, const char *path)
{
	int result = ask_writer(t, to, (struct request){ .op = op, .number = 1 }, path, "x\n", -1);

	if (result != -EPERM)
		test_fail(t, "expected EPERM for request %u with \"%s\", got %d", op, path, result);
}

/* A file beside the log, the log by another name, and files that make a user root. */
static void check_paths(struct test *t, int to, const char *log)
{
	char beside[256], around[256], link[256];
	const char *paths[] = { beside,
				around,
				link,
				"",
				"/etc/passwd",
				"/etc/cron.d/x",
				"/run/portclash/reserved",
				"/etc/sysctl.d/60-portclash.conf",
				"/proc/sys/kernel/core_pattern",
				"/proc/1/mem",
				"/dev/mem" };

	snprintf(beside, sizeof(beside), "%s.d", log);
	snprintf(around, sizeof(around), "%s/./agent.log", t->folder);
	snprintf(link, sizeof(link), "/proc/self/root%s", log);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		for (uint32_t op = APPEND; op <= ASIDE; op++)
			expect_denied(t, to, op, paths[i]);
	expect_denied(t, to, RESERVED, "");
	if (!access(beside, F_OK) || !access("/etc/cron.d/x", F_OK))
		test_fail(t, "expected no file that nobody configured");
}

/* The writer asks whether a socket is bound to a file, and no server of connections notices. */
static void check_bound_asked(struct test *t, int to)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), file, result;

	test_path(t, "root-only", at.sun_path, sizeof(at.sun_path));
	if (bind(server, (struct sockaddr *)&at, sizeof(at)) || listen(server, 1) ||
	    chmod(at.sun_path, 0600))
		test_abort(t, "stage: no server at %s: %s", at.sun_path, strerror(errno));
	file = open(at.sun_path, O_PATH | O_CLOEXEC);
	result = ask_writer(t, to, (struct request){ .op = BOUND }, "", "", file);
	if (result != -EPROTOTYPE)
		test_fail(t, "expected EPROTOTYPE of a server of connections, got %d", result);
	if (accept(server, NULL, NULL) >= 0)
		test_fail(t, "expected no connection to a server of root's");
	close(file);
	close(server);
}

static void check_allowed(struct test *t, int to, const char *log)
{
	int fd = ask_writer(t, to, (struct request){ .op = APPEND }, log, "", -1);
	struct stat st, named;

	if (fd < 0 || fstat(fd, &st) || stat(log, &named) || st.st_ino != named.st_ino ||
	    (fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) != (O_WRONLY | O_APPEND))
		test_fail(t, "expected the log, open for appending, got %d", fd);
	close(fd);
}

static void scenario_intruder_and_writer(struct test *t)
{
	const struct request nonsense = { .op = 99 };
	char log[128], *said;
	const char *argv[] = { "agent", "--log", log, "--journal", "off", NULL };
	struct monitor *m;
	pid_t writer;
	int to, status;

	m = logfile_agent(t, argv, test_path(t, "agent.log", log, sizeof(log)));
	writer = writer_of(t, m->pid);
	if (number_in_status(writer, "CapPrm:", 16) || number_in_status(writer, "CapBnd:", 16) ||
	    number_in_status(writer, "NoNewPrivs:", 10) != 1 ||
	    number_in_status(writer, "Seccomp:", 10) != 2)
		test_fail(t, "expected a writer without capabilities, with a seccomp filter");
	kill(m->pid, SIGSTOP);
	to = socket_to_writer(t, m->pid);
	check_paths(t, to, log);
	check_bound_asked(t, to);
	check_allowed(t, to, log);
	if (send(to, &nonsense, sizeof(nonsense), MSG_NOSIGNAL) != sizeof(nonsense) ||
	    recv(to, &status, 1, 0) > 0)
		test_fail(t, "expected no answer to what is no request");
	/* The agent does not go on without a log. */
	kill(m->pid, SIGCONT);
	kill(m->pid, SIGHUP);
	status = monitor_stop(t, m, 0, 60);
	said = monitor_text(m->err);
	if (status != 1 || !strstr(said, "the process that writes for it has ended"))
		test_fail(t, "expected 1 and a sentence on the writer, got %d and \"%s\"", status,
			  said);
	free(said);
	close(to);
}

static bool is_gone(pid_t pid)
{
	char state = (char)number_in_status(pid, "State:", 36);

	return kill(pid, 0) ? errno == ESRCH : state == 35 /* Z: nobody waited for it yet */;
}

/* A writer that does not answer, like one that waits for a disk: the agent says so and ends, and the kernel ends the
 * writer with it. */
static void scenario_writer_stopped(struct test *t)
{
	char log[128], textfile[128], *said;
	const char *argv[] = { "agent",	     "--log",  log,	     "--journal", "off",
			       "--textfile", textfile, "--interval", "1s",	  NULL };
	struct monitor *m;
	int64_t until;
	pid_t writer;
	int status;

	test_path(t, "portclash.prom", textfile, sizeof(textfile));
	m = logfile_agent(t, argv, test_path(t, "agent.log", log, sizeof(log)));
	writer = writer_of(t, m->pid);
	kill(writer, SIGSTOP);
	status = monitor_stop(t, m, 0, 60);
	said = monitor_text(m->err);
	if (status != 1 || !strstr(said, "has not answered for 10 s") ||
	    strstr(said, "keeps watching"))
		test_fail(t, "expected 1 and one sentence on the writer, got %d and \"%s\"", status,
			  said);
	until = deadline_in(t, 10);
	while (!is_gone(writer) && !deadline_over(until))
		sleep_ms(20);
	if (!is_gone(writer))
		test_fail(t, "expected that the writer ends with its agent");
	free(said);
}

const struct scenario cases_agent_intruder[] = {
	{ .name = "writer-stopped",
	  .run = scenario_writer_stopped,
	  .watch = WATCH_OWN,
	  .where = ONCE },
	{ .name = "intruder-and-writer",
	  .run = scenario_intruder_and_writer,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
