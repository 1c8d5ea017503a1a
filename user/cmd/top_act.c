// SPDX-License-Identifier: GPL-2.0-only
/* Run free and reserve for top. `free` asks by itself, about the very sockets that it has shown; `reserve` does
 * not ask, so it is run twice: to show, and to act. */
#include "cmd/top_act.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/free.h"

#define ACT_WORDS_MAX 8
#define ACT_CHUNK 4096

/* A command that only asks ends at once; no longer than this the rings are left alone for it. */
#define ACT_END_MS 20

static void act_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void act_become(const char **words, const sigset_t *mask, int input, int output)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	    dup2(output, STDERR_FILENO) >= 0)
		execv("/proc/self/exe", (char **)words);
	dprintf(output, "portclash cannot be run: %s\n", strerror(errno));
	_exit(126);
}

/* In an order in which a failure leaves nothing open. */
static int act_run(struct pc_acting *a, const char **words)
{
	int input[2], output[2], err;

	if (pipe2(input, O_CLOEXEC))
		return -errno;
	if (pipe2(output, O_CLOEXEC)) {
		err = -errno;
		close(input[0]);
		close(input[1]);
		return err;
	}
	a->pid = fork();
	err = a->pid < 0 ? -errno : 0;
	if (!a->pid)
		act_become(words, a->mask, input[0], output[1]);
	close(input[0]);
	close(output[1]);
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	a->answers = input[1];
	a->output = output[0];
	if (err) {
		a->pid = 0;
		act_close(&a->answers);
		act_close(&a->output);
	}
	return err;
}

static int act_command(struct pc_acting *a, const struct pc_top_act *act)
{
	const char *words[ACT_WORDS_MAX] = { "portclash" };
	char netns[16], port[16];
	unsigned count = 1;

	snprintf(netns, sizeof(netns), "%" PRIu32, act->netns);
	words[count++] = act->kind == PC_ACT_FREE ? "free" : "reserve";
	if (act->kind == PC_ACT_FREE)
		words[count++] = "--ask";
	else if (a->rehearsal)
		words[count++] = "--dry-run";
	words[count++] = "--netns";
	words[count++] = netns;
	/* A reservation is for both protocols. */
	snprintf(port, sizeof(port), "%u%s", act->port,
		 act->kind == PC_ACT_FREE && act->proto == PC_PROTO_UDP ? "/udp" : "");
	words[count++] = port;
	return act_run(a, words);
}

int pc_acting_start(struct pc_acting *a, struct pc_top_view *view)
{
	if (a->pid || a->left)
		return -EBUSY;
	a->rehearsal = view->act.kind == PC_ACT_RESERVE;
	return act_command(a, &view->act);
}

int pc_acting_confirm(struct pc_acting *a, struct pc_top_view *view)
{
	static const char yes[] = "yes\n";

	if (view->act.kind == PC_ACT_RESERVE) {
		a->rehearsal = false;
		return act_command(a, &view->act);
	}
	if (a->answers < 0 || write(a->answers, yes, sizeof(yes) - 1) < 0)
		return -EPIPE;
	return 0;
}

void pc_acting_cancel(struct pc_acting *a)
{
	/* An answer that never comes is a no. */
	act_close(&a->answers);
	act_close(&a->output);
	if (a->pid > 0) {
		kill(a->pid, SIGTERM);
		a->left = a->pid;
		a->pid = 0;
	}
	for (int i = 0; a->left && i < ACT_END_MS; i++) {
		if (waitpid(a->left, NULL, WNOHANG) == a->left)
			a->left = 0;
		else
			poll(NULL, 0, 1);
	}
}

/* A question has its mark, which no text of another process can have. */
static void act_take_text(struct pc_top_view *view, char *text, size_t len)
{
	bool asks = false;
	size_t kept = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == PC_FREE_ASKS)
			asks = true;
		else
			text[kept++] = text[i];
	}
	pc_top_act_output(view, text, kept);
	if (asks)
		pc_top_act_asks(view);
}

static bool act_read(struct pc_acting *a, struct pc_top_view *view)
{
	char chunk[ACT_CHUNK];
	bool any = false;
	ssize_t len;

	while (a->output >= 0 && (len = read(a->output, chunk, sizeof(chunk))) > 0) {
		act_take_text(view, chunk, (size_t)len);
		any = true;
	}
	return any;
}

static void act_end(struct pc_acting *a, struct pc_top_view *view, int status)
{
	a->pid = 0;
	act_read(a, view);
	act_close(&a->answers);
	act_close(&a->output);
	if (a->rehearsal && WIFEXITED(status) && !WEXITSTATUS(status))
		pc_top_act_asks(view);
	else
		pc_top_act_ended(view, status);
}

bool pc_acting_take(struct pc_acting *a, struct pc_top_view *view)
{
	bool changed = act_read(a, view);
	int status;

	if (a->left > 0 && waitpid(a->left, NULL, WNOHANG) == a->left)
		a->left = 0;
	/* `free` leaves a process behind that keeps the port for its server: the end of the output is no sign. */
	if (a->pid > 0 && waitpid(a->pid, &status, WNOHANG) == a->pid) {
		act_end(a, view, status);
		changed = true;
	}
	return changed;
}
