// SPDX-License-Identifier: GPL-2.0-only
/* Ending what was agreed on, and nothing else: a socket is known by its cookie, and what is new on the
 * port is looked at anew. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/free.h"
#include "core/base/address.h"
#include "core/process/party.h"
#include "host/clock.h"
#include "host/sock_end.h"
#include "host/try_bind.h"
#include "out/text_parts.h"

#define PROC "/proc"

/* Between two looks when nothing changed. */
#define PAUSE_MS 20

/* The kernel takes the port away with the socket: one that is there again after so many ends stays. */
#define ENDS_MAX 5

/* The struct holds one look and what it leads to. */
struct round {
	struct pc_free_plan now;
	size_t ended;
	bool newcomers; /* that nobody was asked about */
	bool over;	/* the outcome is known */
};

static void free_conclude(struct pc_freeing *x, struct round *r, enum pc_free_result result,
			  const char *format, ...) __attribute__((format(printf, 4, 5)));
static void free_conclude(struct pc_freeing *x, struct round *r, enum pc_free_result result,
			  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(x->outcome.why, sizeof(x->outcome.why), format, args);
	va_end(args);
	x->outcome.result = result;
	r->over = true;
}

/* "curl[4120] 127.0.0.1:35000 → 127.0.0.1:443 ESTABLISHED" */
static void conclude_with(struct pc_freeing *x, struct round *r, enum pc_free_result result,
			  const struct pc_free_socket *f, const char *what)
{
	struct pc_text text;
	char *who;

	if (pc_text_open(&text)) {
		free_conclude(x, r, result, "%s", what);
		return;
	}
	if (f->owners_count)
		pc_put_party(text.out, &f->owners[0]);
	else
		fputs("no process", text.out);
	fputs("   ", text.out);
	pc_put_connection(text.out, &f->s.socket);
	who = pc_text_close(&text);
	free_conclude(x, r, result, "%s: %s", what, who ? who : "");
	free(who);
}

static int disconnect(struct pc_freeing *x, const struct pc_free_socket *f)
{
	int err = -EOPNOTSUPP;

	for (unsigned i = 0; i < f->owners_count; i++) {
		const struct pc_party *p = &f->owners[i];

		if (p->fd < 0)
			continue;
		err = pc_sock_disconnect(PROC, &f->s.socket, &p->key, p->fd);
		if (!err) {
			x->outcome.by_descriptor++;
			return 0;
		}
	}
	return err;
}

/* Ends a socket that a process has open. The process may close it at this moment, and then it must not be
 * destroyed: a copy of the descriptor keeps it open. */
static int destroy_open(const struct pc_free_socket *f)
{
	const struct pc_party *p = &f->owners[0];
	int copy = -1, err;

	if (f->owners_count && p->fd >= 0) {
		copy = pc_sock_copy(PROC, &f->s.socket, &p->key, p->fd);
		if (copy < 0)
			return copy;
	}
	err = pc_sock_destroy(&f->s.socket);
	if (copy >= 0)
		close(copy);
	return err;
}

static int end_socket(struct pc_freeing *x, const struct pc_free_socket *f)
{
	int err = -EOPNOTSUPP;

	if (x->way != PC_END_DESCRIPTOR)
		err = x->orphans_end ? pc_sock_destroy(&f->s.socket) : destroy_open(f);
	if (err == -EOPNOTSUPP && x->way != PC_END_DESTROY)
		err = disconnect(x, f);
	return err;
}

/* Does it end by itself before time is over? */
static bool will_end(const struct pc_free_socket *f, uint64_t until)
{
	unsigned seconds = f->s.socket.seconds_left;

	return seconds && pc_boot_ns() + seconds * PC_NS_PER_SECOND <= until;
}

static void explain_failure(struct pc_freeing *x, struct round *r, const struct pc_free_socket *f,
			    int err)
{
	if (err == -EOPNOTSUPP && f->s.socket.seconds_left)
		free_conclude(
			x, r, PC_FREE_STUCK,
			"this kernel cannot end a TIME_WAIT; it ends by itself in %u s: --wait %u waits for it",
			f->s.socket.seconds_left, f->s.socket.seconds_left + 1);
	else if (err == -EOPNOTSUPP)
		conclude_with(
			x, r, PC_FREE_STUCK, f,
			"this kernel cannot end it (no CONFIG_INET_DIAG_DESTROY), and no process has it open");
	else if (err == -EPERM || err == -EACCES)
		conclude_with(
			x, r, PC_FREE_STUCK, f,
			"ending it needs CAP_NET_ADMIN or CAP_SYS_PTRACE: run portclash with sudo");
	else
		conclude_with(x, r, PC_FREE_STUCK, f, strerror(-err));
}

/* Was this socket, which has just been ended, ended again and again? */
static bool is_stubborn(struct pc_freeing *x, const struct pc_free_socket *f)
{
	struct pc_free_socket *shown = pc_free_plan_find(&x->plan, f->s.socket.cookie);

	return shown && ++shown->ends > ENDS_MAX;
}

static void end_agreed(struct pc_freeing *x, struct round *r, uint64_t until)
{
	for (size_t i = 0; i < r->now.count && !r->over; i++) {
		const struct pc_free_socket *f = &r->now.list[i];
		int err;

		if (f->kind != PC_FREE_END || !f->agreed)
			continue;
		err = end_socket(x, f);
		if (!err)
			r->ended++;
		if (!err && is_stubborn(x, f))
			conclude_with(
				x, r, PC_FREE_STUCK, f,
				"the kernel ended it several times, and it still has the port");
		else if (err && err != -ENOENT && !will_end(f, until))
			explain_failure(x, r, f, err);
	}
}

/* A socket that was shown keeps its processes and the answer that was given. True: there is news. */
static bool adopt(const struct pc_freeing *x, struct pc_free_plan *now)
{
	bool news = false;

	for (size_t i = 0; i < now->count; i++) {
		struct pc_free_socket *f = &now->list[i];
		const struct pc_free_socket *shown =
			pc_free_plan_find(&x->plan, f->s.socket.cookie);

		news = news || pc_free_plan_is_news(&x->plan, f);
		if (!shown)
			continue;
		memcpy(f->owners, shown->owners, sizeof(f->owners));
		f->owners_count = shown->owners_count;
		f->note = shown->note;
		f->agreed = shown->agreed;
	}
	return news;
}

static bool free_same_program(const struct pc_party *a, const struct pc_party *b)
{
	return pc_party_same(a, b) ||
	       (a->who && b->who && pc_identity_same_program(a->who, b->who));
}

/* Is a process of this socket of a program that was in the way before? */
static bool is_of_shown(const struct pc_freeing *x, const struct pc_free_socket *f)
{
	for (size_t i = 0; i < x->plan.count; i++)
		for (unsigned j = 0; j < x->plan.list[i].owners_count; j++)
			for (unsigned k = 0; k < f->owners_count; k++)
				if (free_same_program(&x->plan.list[i].owners[j], &f->owners[k]))
					return true;
	return false;
}

/* A server that was waiting for the port may be quicker than portclash's own bind(). */
static void judge_server(struct pc_freeing *x, struct round *r, const struct pc_free_socket *f)
{
	bool acted = x->outcome.ended || x->outcome.stopped;

	if (is_of_shown(x, f))
		conclude_with(x, r, PC_FREE_CAME_BACK, f, "it was taken again");
	else
		conclude_with(x, r, acted ? PC_FREE_FREED : PC_FREE_VANISHED, f,
			      "a server has it already");
}

/* A socket in the way that nobody was asked about. Unasked, portclash ends only a socket that no process has open; an
 * owner that it cannot see is one all the same, and only the inode tells. With --yes, it ends every client. */
static void judge_newcomer(struct pc_freeing *x, struct round *r, struct pc_free_socket *f)
{
	const struct pc_socket *s = &f->s.socket;

	switch (f->kind) {
	case PC_FREE_END:
		f->agreed = x->yes || !s->inode;
		r->newcomers = r->newcomers || !f->agreed;
		return;
	case PC_FREE_SERVER:
		judge_server(x, r, f);
		return;
	case PC_FREE_KERNEL:
		conclude_with(x, r, PC_FREE_CAME_BACK, f, "the kernel itself has taken it");
		return;
	case PC_FREE_LEFT:
		return;
	default:
		/* Bound and no more: between bind() and listen(), or connect(). The next look tells. */
		if (s->rport)
			conclude_with(x, r, PC_FREE_CAME_BACK, f,
				      "it was taken again, by a client that asks for it by number");
	}
}

static int judge_newcomers(struct pc_freeing *x, struct round *r, char *sentence)
{
	int err = pc_freeing_name(x, &r->now, sentence);

	for (size_t i = 0; !err && i < r->now.count && !r->over; i++)
		if (pc_free_plan_is_news(&x->plan, &r->now.list[i]))
			judge_newcomer(x, r, &r->now.list[i]);
	return err;
}

/* Nothing is seen any more: the kernel has the last word. */
static int ask_bind(struct pc_freeing *x, struct round *r, char *sentence)
{
	int err = pc_try_bind(&x->server);

	if (err == -EADDRINUSE)
		return 0;
	if (err)
		return pc_cure_say(sentence, err, "bind() to the port fails with another error: %s",
				   strerror(-err));
	free_conclude(x, r,
		      x->outcome.ended || x->outcome.stopped ? PC_FREE_FREED : PC_FREE_VANISHED,
		      "%s", "");
	return 0;
}

static int make_round(struct pc_freeing *x, struct round *r, uint64_t until, char *sentence)
{
	int err = pc_freeing_look(x, &r->now, sentence);

	if (err)
		return err;
	if (adopt(x, &r->now))
		err = judge_newcomers(x, r, sentence);
	if (err || r->over || r->newcomers)
		return err;
	/* Nothing is ended in vain: what goes by itself is waited for first. */
	if (!r->now.counts[PC_FREE_LEFT])
		end_agreed(x, r, until);
	x->outcome.ended += r->ended;
	if (!r->over && pc_free_plan_is_clear(&r->now))
		err = ask_bind(x, r, sentence);
	return err;
}

/* True: somebody wants portclash to end. */
static bool pause_round(const struct pc_freeing *x)
{
	struct pollfd fd = { .fd = x->signals, .events = POLLIN };

	return poll(&fd, 1, PAUSE_MS) > 0;
}

/* Time is over: why it is not free. */
static void conclude_late(struct pc_freeing *x, struct round *r)
{
	for (size_t i = 0; i < r->now.count; i++)
		if (r->now.list[i].kind == PC_FREE_LEFT) {
			conclude_with(x, r, PC_FREE_STUCK, &r->now.list[i], PC_FREE_LEFT_SENTENCE);
			return;
		} else if (r->now.list[i].kind != PC_FREE_PASSES) {
			conclude_with(x, r, PC_FREE_STUCK, &r->now.list[i],
				      "it was still in the way when the time of --wait was over");
			return;
		}
	free_conclude(
		x, r, PC_FREE_STUCK, "%s",
		"the kernel still refuses bind(), but portclash sees nothing that has the port");
}

/* The user who was asked is asked about the newcomers, too. */
static void show_instead(struct pc_freeing *x, struct round *r)
{
	pc_free_plan_free(&x->plan);
	x->plan = r->now;
	x->stops_count = 0;
	r->now = (struct pc_free_plan){ 0 };
}

int pc_freeing_end(struct pc_freeing *x, bool *ask_again, char *sentence)
{
	uint64_t until = pc_boot_ns() + x->wait_ns;
	int err = 0;

	for (bool over = false; !err && !over;) {
		struct round r = { 0 };

		err = make_round(x, &r, until, sentence);
		*ask_again = !err && r.newcomers && !r.over;
		if (*ask_again)
			show_instead(x, &r);
		else if (!err && !r.over && !r.ended && pc_boot_ns() >= until)
			conclude_late(x, &r);
		over = r.over || *ask_again;
		pc_free_plan_free(&r.now);
		if (!err && !over && !r.ended && pause_round(x))
			err = pc_cure_say(sentence, -EINTR, "interrupted");
	}
	return err;
}
