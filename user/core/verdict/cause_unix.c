// SPDX-License-Identifier: GPL-2.0-only
/* In these causes the name of a Unix socket is taken: by a server, by a file that a server left behind, or by
 * a file that is no socket. */
#include <errno.h>
#include <string.h>

#include "core/base/time.h"
#include "core/process/party.h"
#include "core/verdict/advice_fixes.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/causes.h"

/* Bytes that a terminal or a shell could take for something else are written as octal numbers for
 * printf. */
static bool is_odd(char byte)
{
	return (unsigned char)byte < 0x20 || (unsigned char)byte >= 0x7f;
}

static bool is_plain(const char *path)
{
	for (; *path; path++)
		if (is_odd(*path))
			return false;
	return true;
}

static void put_octal(struct pc_advice *a, const char *path)
{
	pc_advice_command(a, "printf '");
	for (; *path; path++) {
		if (*path == '%')
			pc_advice_command(a, "%%%%");
		else if (is_odd(*path) || *path == '\\' || *path == '\'')
			pc_advice_command(a, "\\%03o", (unsigned char)*path);
		else
			pc_advice_command(a, "%c", *path);
	}
	pc_advice_command(a, "' | xargs -0 ");
}

/* Writes "PROGRAM PATH" so that a POSIX shell runs it, whatever bytes are in the path. */
static void put_command_on(struct pc_advice *a, const char *program, const char *path)
{
	bool plain = is_plain(path);

	if (!plain)
		put_octal(a, path);
	pc_advice_command(a, "%s", program);
	if (plain) {
		pc_advice_command(a, " ");
		pc_advice_command_word(a, path);
	}
}

/* Writes the command that removes the file which portclash saw, and leaves alone one that a server has made
 * in its place since. The stat of busybox prints whole seconds for %.9Z. */
static void put_removal(struct pc_advice *a, const char *program)
{
	const struct pc_site *site = &a->verdict->site;
	uint64_t changed_ns = site->changed_ns < 0 ? 0 : (uint64_t)site->changed_ns;
	unsigned long long inode = site->inode, seconds = changed_ns / PC_NS_PER_SECOND;

	pc_advice_command(a, "case $(");
	put_command_on(a, "stat -c %i:%.9Z --", site->path);
	pc_advice_command(a, ") in %llu:%llu.%09llu|%llu:%llu) ", inode, seconds,
			  (unsigned long long)changed_ns % PC_NS_PER_SECOND, inode, seconds);
	put_command_on(a, program, site->path);
	pc_advice_command(a, " ;; esac");
}

#define PROGRAM_MAX 96

/* Gives the program that removes the file and harms nothing else. False: there is none. */
static bool remover_of(const struct pc_site *site, char out[PROGRAM_MAX])
{
	if (site->removal == PC_REMOVE_AS_ROOT)
		snprintf(out, PROGRAM_MAX, "rm -f --");
	else if (site->removal == PC_REMOVE_AS_USER)
		snprintf(out, PROGRAM_MAX,
			 "setpriv --reuid=%u --regid=65534 --clear-groups rm -f --", site->remover);
	else
		return false;
	return true;
}

static const char *receives(const struct pc_holder *h)
{
	static const char unused[] = "has a socket that is bound to";

	if (h->socket.state == PC_STATE_LISTEN)
		return "listens on";
	return h->socket.substate == 2 /* SOCK_DGRAM */ ? "receives on" : unused;
}

static void explain_taken(struct pc_advice *a, const char *what)
{
	char name[PC_ADVICE_NAME];

	if (!a->holder)
		pc_advice_explain(
			a,
			"a socket is bound to this %s; no process was found that has it open, so it is just being passed on or closed, or the kernel has it",
			what);
	else if (pc_holder_is_own(a->verdict, a->holder))
		pc_advice_explain(a, "this very process already %s this %s with another socket",
				  receives(a->holder), what);
	else
		pc_advice_explain(a, "%s %s this %s", pc_advice_name(&a->holder->claimer, name),
				  receives(a->holder), what);
}

static void explain_unix_server(struct pc_advice *a)
{
	explain_taken(a, "socket file");
	pc_advice_explain(
		a,
		"; removing the file would not stop that server, but nobody could reach it any more");
}

/* A service manager holds sockets for others, and never ends. Owners that are not named could serve on. */
static bool ends_with_owners(const struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++)
		if (h->owners[i].who->key.tgid == 1 || pc_party_is_manager(&h->owners[i]))
			return false;
	return h->owners_count && !h->owners_more;
}

/* The command waits itself, so that it never takes the file from a server that runs or has been started again. */
static void fix_remove_later(struct pc_advice *a)
{
	const struct pc_site *site = &a->verdict->site;
	const struct pc_holder *h = a->holder;
	char program[PROGRAM_MAX];

	if (site->kind != PC_PATH_SOCKET || pc_holder_is_own(a->verdict, h) ||
	    !ends_with_owners(h) || !remover_of(site, program))
		return;
	pc_advice_fix(
		a, PC_NOW,
		"and when it has ended, remove the socket file if it was left behind; the command waits for that end, and leaves a file alone that a server has made since");
	pc_advice_command(a, "while grep -qs '^State:.[^ZX]'");
	for (unsigned i = 0; i < h->owners_count; i++)
		pc_advice_command(a, " /proc/%u/status", h->owners[i].who->key.tgid);
	pc_advice_command(a, "; do sleep 1; done; ");
	put_removal(a, program);
}

/* The user of the link can lead any server that binds below it to the socket of any other. */
static void fix_led(struct pc_advice *a)
{
	pc_advice_fix(
		a, PC_NOW,
		"stop nothing yet: see first which symbolic link leads the path to this server's socket file, because a user made the link who does not own that file");
	pc_advice_fix(
		a, PC_LASTING,
		"give the refused program a path on which no other user can make links, as below /run");
}

static void fix_unix_server(struct pc_advice *a)
{
	if (a->holder && a->verdict->site.led && !pc_holder_is_own(a->verdict, a->holder)) {
		fix_led(a);
		return;
	}
	if (a->holder) {
		pc_advice_fix_stop(a, ", or leave what runs already and do not start another");
		fix_remove_later(a);
	}
	pc_advice_fix(a, PC_LASTING,
		      "start it in one place only, or give each of the two a path of its own");
}

const struct pc_cause_row pc_cause_unix_server = {
	.name = "unix-server",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { PC_OP_BIND, EADDRINUSE, PC_PROTO_UNIX },
	.explain = explain_unix_server,
	.fix = fix_unix_server,
};

static void explain_left_behind(struct pc_advice *a)
{
	pc_advice_explain(
		a,
		"the socket file was left behind by a server that has ended: %s, and bind() never uses a file again",
		a->verdict->site.bound == PC_BOUND_NO ?
			"no socket is bound to it any more, in no network namespace" :
			"no process has a socket open that is bound to it, and there is none in portclash's network namespace");
}

static void fix_remove(struct pc_advice *a)
{
	const struct pc_site *site = &a->verdict->site;
	char program[PROGRAM_MAX];

	if (site->removal == PC_REMOVE_AS_ROOT)
		pc_advice_fix(
			a, PC_NOW,
			"remove the file; the command leaves one alone that a server has made since");
	else if (site->removal == PC_REMOVE_AS_USER)
		pc_advice_fix(
			a, PC_NOW,
			"remove the file, as user %u: that user can change a directory on the way, and could lead root's rm to another file by a symbolic link",
			site->remover);
	else if (site->removal == PC_REMOVE_INSIDE)
		pc_advice_fix(
			a, PC_NOW,
			"remove the file in the container or mount namespace of the refused process; under that path are other files here, if any");
	else
		pc_advice_fix(
			a, PC_NOW,
			"remove the file by hand, after a look at each directory on its path: several users can change one of them, and could lead rm to another file by a symbolic link");
	if (remover_of(site, program))
		put_removal(a, program);
}

static void fix_left_behind(struct pc_advice *a)
{
	fix_remove(a);
	pc_advice_fix(
		a, PC_LASTING,
		"have the server remove its file when it ends, and before bind() when a connect() to it is refused; under systemd RuntimeDirectory= removes the directory with the service, and a socket unit with RemoveOnStop=yes the file");
}

const struct pc_cause_row pc_cause_unix_left_behind = {
	.name = "unix-left-behind",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { PC_OP_BIND, EADDRINUSE, PC_PROTO_UNIX },
	.explain = explain_left_behind,
	.fix = fix_left_behind,
};

static void explain_not_a_socket(struct pc_advice *a)
{
	static const char *const words[] = {
		[PC_PATH_FILE] = "a file that is no socket",
		[PC_PATH_FOLDER] = "a directory",
		[PC_PATH_LINK] = "a symbolic link, which bind() does not follow",
	};
	uint8_t kind = a->verdict->site.kind;

	pc_advice_explain(
		a,
		"at this path there is already %s; bind() makes a new socket file and replaces nothing",
		kind < sizeof(words) / sizeof(words[0]) && words[kind] ? words[kind] :
									 "a device or a FIFO");
}

static void fix_not_a_socket(struct pc_advice *a)
{
	const struct pc_site *site = &a->verdict->site;

	pc_advice_fix(
		a, PC_NOW,
		"see what it is, and move it away if nothing needs it; the path stays taken until then");
	if (site->path[0] && site->removal != PC_REMOVE_INSIDE && site->removal != PC_REMOVE_UNSEEN)
		put_command_on(a, "ls -ld --", site->path);
	pc_advice_fix(a, PC_LASTING, "or give the server another path");
}

const struct pc_cause_row pc_cause_unix_not_a_socket = {
	.name = "unix-not-a-socket",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { PC_OP_BIND, EADDRINUSE, PC_PROTO_UNIX },
	.explain = explain_not_a_socket,
	.fix = fix_not_a_socket,
};

static void explain_abstract(struct pc_advice *a)
{
	explain_taken(a, "abstract name");
	pc_advice_explain(
		a,
		"; such a name is no file, is the network namespace's, and is free when the last process closes the socket");
}

static void fix_abstract(struct pc_advice *a)
{
	if (a->holder)
		pc_advice_fix_stop(a, ", or leave what runs already and do not start another");
	pc_advice_fix(a, PC_LASTING,
		      "start it in one place only, or give each of the two a name of its own");
}

const struct pc_cause_row pc_cause_unix_abstract = {
	.name = "unix-abstract",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { PC_OP_BIND, EADDRINUSE, PC_PROTO_UNIX },
	.explain = explain_abstract,
	.fix = fix_abstract,
};
