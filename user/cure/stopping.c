// SPDX-License-Identifier: GPL-2.0-only
/* Stopping the process that holds a port. */
#include "cure/stopping.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/process/procfile.h"
#include "host/command.h"
#include "host/group_word.h"
#include "host/pidfd.h"
#include "host/procfs.h"
#include "host/sock_end.h"

/* The service manager answers from memory. */
#define SHOW_TIMEOUT_MS 5000

/* The first lines of what systemctl says. */
#define SAID_MAX 300

/* The unit's name is hostile: it cannot be an option behind "--", and no shell reads it. */
static uint32_t ask_main_pid(const char *unit)
{
	char *const argv[] = { (char *)"systemctl",
			       (char *)"show",
			       (char *)"--property=MainPID",
			       (char *)"--value",
			       (char *)"--",
			       (char *)unit,
			       NULL };
	char said[SAID_MAX];
	uint64_t pid = 0;

	if (pc_command_run(argv, SHOW_TIMEOUT_MS, said, sizeof(said)) ||
	    !pc_procfile_number(said, "", UINT32_MAX, &pid))
		return 0;
	return (uint32_t)pid;
}

static bool leads_session(const char *proc, const struct pc_identity *who)
{
	struct pc_procfile_stat stat;

	if (pc_procfs_stat(proc, who->key.tgid, &stat))
		return true; /* nothing is known: nothing is to happen */
	return stat.session == who->key.tgid &&
	       (stat.terminal || (who->unit && !strncmp(who->unit, "session-", 8)));
}

void pc_stopping_judge(const char *proc, const struct pc_party *owner, struct pc_stop *out)
{
	const struct pc_identity *who = owner->who;
	bool users_word = !pc_group_is_roots_word(PC_CGROUPS, who);
	const struct pc_stop_facts facts = {
		.main_pid = who->unit && !who->container && !who->below_user && !users_word ?
				    ask_main_pid(who->unit) :
				    0,
		.leads_session = leads_session(proc, who),
		.portclash = (uint32_t)getpid(),
		.given = owner->given,
		.users_word = users_word,
	};

	pc_stop_judge(who, &facts, out);
}

static int run_stop(const char *unit, int timeout_ms, char *sentence)
{
	char *const argv[] = { (char *)"systemctl", (char *)"stop", (char *)"--", (char *)unit,
			       NULL };
	char said[SAID_MAX];
	int status = pc_command_run(argv, timeout_ms, said, sizeof(said));

	if (!status)
		return 0;
	if (status == -ETIMEDOUT)
		return pc_cure_say(sentence, status, "systemctl stop %s did not end in %d s", unit,
				   timeout_ms / 1000);
	if (status < 0)
		return pc_cure_say(sentence, status, "cannot run systemctl: %s", strerror(-status));
	return pc_cure_say(sentence, -EIO, "systemctl stop %s ended with status %d: %s", unit,
			   status, said);
}

/* The socket is looked for after the process is held by a descriptor: it is the process that is meant. The descriptor,
 * or a negative errno. */
static int hold_owner(const char *proc, const struct pc_party *owner,
		      const struct pc_socket *socket)
{
	int pidfd = pc_pidfd_open(proc, &owner->key), err;

	if (pidfd < 0)
		return pidfd;
	err = pc_sock_is_at(proc, socket, &owner->key, owner->fd);
	if (!err)
		return pidfd;
	close(pidfd);
	return err;
}

static int say_not_stopped(const struct pc_party *owner, int err, char *sentence)
{
	if (err == -ESRCH || err == -ENOENT)
		return pc_cure_say(sentence, -ENOENT,
				   "pid %u has ended meanwhile, or it closed the socket",
				   owner->key.tgid);
	return pc_cure_say(sentence, err, "cannot stop pid %u: %s", owner->key.tgid,
			   strerror(-err));
}

/* The port can have changed hands since the unit was judged. The pid cannot be another process's while the descriptor
 * is open, so the service manager means the owner by it. */
static int stop_unit(const char *proc, const struct pc_stop *stop, const struct pc_party *owner,
		     const struct pc_socket *socket, int timeout_ms, char *sentence)
{
	int pidfd = hold_owner(proc, owner, socket), err;

	if (pidfd < 0)
		return say_not_stopped(owner, pidfd, sentence);
	if (ask_main_pid(stop->name) != owner->key.tgid)
		err = pc_cure_say(sentence, -ENOENT,
				  "pid %u is not the main process of %s any more", owner->key.tgid,
				  stop->name);
	else
		err = run_stop(stop->name, timeout_ms, sentence);
	close(pidfd);
	return err;
}

static int stop_process(const char *proc, const struct pc_party *owner,
			const struct pc_socket *socket, char *sentence)
{
	int pidfd = hold_owner(proc, owner, socket), err;

	if (pidfd < 0)
		return say_not_stopped(owner, pidfd, sentence);
	err = pc_pidfd_terminate(pidfd);
	close(pidfd);
	return err ? say_not_stopped(owner, err, sentence) : 0;
}

int pc_stopping_do(const char *proc, const struct pc_stop *stop, const struct pc_party *owner,
		   const struct pc_socket *socket, int timeout_ms, char *sentence)
{
	if (stop->way == PC_STOP_UNIT)
		return stop_unit(proc, stop, owner, socket, timeout_ms, sentence);
	if (stop->way == PC_STOP_PROCESS)
		return stop_process(proc, owner, socket, sentence);
	return pc_cure_say(sentence, -EPERM, "portclash must not stop pid %u", owner->key.tgid);
}
