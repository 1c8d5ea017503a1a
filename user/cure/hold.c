// SPDX-License-Identifier: GPL-2.0-only
/* The process that keeps a port reserved until a server has it. */
#include "cure/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/clock.h"
#include "host/sockdiag.h"

/* How often it looks: a table of listeners is small, and nobody waits for the answer. */
#define LOOK_NS (100 * PC_NS_PER_MS)

int pc_hold_end(const struct pc_hold *h, char *sentence)
{
	uint64_t port[PC_PORT_WORDS] = { 0 };
	struct pc_reserved list = PC_RESERVED_INIT;
	struct pc_keep_change change;
	struct pc_keep keep;
	int err = pc_reserved_open(h->proc, &list);

	if (err)
		return pc_cure_say(sentence, err, "cannot read the reserved ports: %s",
				   pc_reserved_why(err));
	pc_ports_add(port, h->port);
	err = pc_keep_open(h->proc, h->folder, PC_KEEP_PATIENCE_MS, &keep, sentence);
	if (!err) {
		err = pc_keep_remove(&keep, &list, PC_KEEPER_FREE, port, NULL, false, &change,
				     sentence);
		pc_keep_close(&keep);
	}
	pc_reserved_close(&list);
	return err;
}

static bool is_taken(const struct pc_hold *h)
{
	struct pc_socket_list servers = { 0 };
	bool taken = false;

	if (!pc_sockdiag_read_servers(&servers))
		for (size_t i = 0; i < servers.count; i++)
			taken = taken || (servers.list[i].socket.proto == h->proto &&
					  servers.list[i].socket.lport == h->port);
	pc_sockdiag_free(&servers);
	return taken;
}

/* Nothing that whoever called has open stays open here: a reader of its output sees the end of it. */
static void leave_surroundings(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (chdir("/"))
		_exit(1);
	for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(nothing, fd);
	if (nothing > STDERR_FILENO)
		close(nothing);
	prctl(PR_SET_NAME, "portclash-hold");
}

/* With the signals blocked, which then end the wait and not the process. */
static void watch_port(const struct pc_hold *h, const sigset_t *ends)
{
	uint64_t until = pc_boot_ns() + h->wait_ns;
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	char sentence[PC_CURE_SENTENCE];

	while (pc_boot_ns() < until && !is_taken(h))
		if (sigtimedwait(ends, NULL, &pause) > 0)
			break;
	pc_hold_end(h, sentence);
}

static _Noreturn void hold(const struct pc_hold *h)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_SETMASK, &ends, NULL);
	leave_surroundings();
	watch_port(h, &ends);
	_exit(0);
}

/* The first child exits at once: the second one is no child of whoever called. */
int pc_hold_start(const struct pc_hold *h)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child) {
		pid_t second = fork();

		if (!second)
			hold(h);
		_exit(second < 0);
	}
	if (TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) < 0)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EAGAIN;
}
