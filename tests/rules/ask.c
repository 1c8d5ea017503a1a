// SPDX-License-Identifier: GPL-2.0-only
/* The questions to the kernel and the comparison of three answers. */
#include "ask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A monitor or lsof that looks through the descriptors of all processes holds each socket for an
 * instant, and close() does not free the port then. The other end of a connection can be a little
 * late, too. An answer that the kernel gives once and not again came from that. */
#define ATTEMPTS 8

/* After so many disagreements it is something else. */
#define DISTURBED_MAX 16

struct outcome {
	struct tally tally;
	char text[DISAGREEMENT_TEXT]; /* of the first disagreement */
};

struct question {
	enum pc_op op;
	const struct holder *asking;
	const struct holder *holding;
	int got; /* errno */
};

void tally_add(struct tally *sum, const struct tally *t)
{
	sum->combinations += t->combinations;
	sum->refused += t->refused;
	sum->named += t->named;
	sum->disagreements += t->disagreements;
	sum->repeated += t->repeated;
	for (int i = 0; i < EXCUSE_COUNT; i++)
		sum->excused[i] += t->excused[i];
}

static void disagree(struct outcome *o, const struct question *q, const char *why)
{
	char asking[SIDE_TEXT], holding[SIDE_TEXT];

	if (o->tally.disagreements++)
		return;
	snprintf(o->text, sizeof(o->text), "%s of [%s] while [%s]%s holds port %u: %s; %s",
		 q->op == PC_OP_BIND ? "bind()" : "listen()", side_text(&q->asking->side, asking),
		 side_text(&q->holding->side, holding),
		 q->holding->listens && q->holding->side.kind != KIND_LISTENING ?
			 ", by now listening," :
			 "",
		 q->holding->socket.lport, q->got ? strerror(q->got) : "allowed", why);
}

/* Judges what was recorded of the call. */
static void judge_record(struct asker *a, struct outcome *o, const struct question *q,
			 const struct pc_request *r, const struct pc_socket *holding)
{
	unsigned on_port = a->bystander ? 2 : 1;
	struct watch *w = &a->watch;
	const char *why;

	watch_read(w);
	if (!w->monitor)
		return;
	if (!q->got) {
		if (w->seen)
			disagree(o, q, "and recorded as refused");
		return;
	}
	why = watch_check(w, r, holding, on_port);
	if (why)
		disagree(o, q, why);
	else
		o->tally.named++;
}

static void ask_judge(struct asker *a, struct outcome *o, const struct question *q)
{
	struct pc_socket socket = q->holding->socket;
	struct pc_side asking, holding;
	struct pc_request r;
	enum excuse excuse;
	bool conflict;

	if (q->holding->listens)
		socket.state = PC_STATE_LISTEN;
	side_refusal(&q->asking->side, q->op, socket.lport, &r);
	pc_side_of_requester(&r, &asking);
	pc_side_of_holder(&socket, &holding);
	conflict = pc_conflict(r.proto, &asking, &holding);
	o->tally.combinations++;
	o->tally.refused += q->got != 0;
	if (q->got == (conflict ? EADDRINUSE : 0)) {
		judge_record(a, o, q, &r, &socket);
		return;
	}
	watch_read(&a->watch);
	excuse = excuse_find(a->has, &q->asking->side, &q->holding->side, &holding);
	if (conflict && !q->got && excuse && !a->watch.seen)
		o->tally.excused[excuse]++;
	else
		disagree(o, q, conflict ? "the rule says conflict" : "the rule says none");
}

static int call_listen(const struct holder *h)
{
	return listen(h->fd, 1) ? errno : 0;
}

/* Both sockets have the port: listen() asks again, for the one with the other bound, if that does
 * not listen yet, and then for the other. */
static void ask_listen(struct asker *a, struct outcome *o, struct holder *holder,
		       struct holder *binder)
{
	struct question q = { PC_OP_LISTEN, holder, binder, 0 };

	if (holder->side.kind == KIND_BOUND) {
		q.got = call_listen(holder);
		ask_judge(a, o, &q);
		holder->listens = !q.got;
	}
	q = (struct question){ PC_OP_LISTEN, binder, holder, call_listen(binder) };
	ask_judge(a, o, &q);
}

static int ask_both(struct asker *a, struct outcome *o, struct holder *holder,
		    struct holder *binder)
{
	uint16_t port = holder->socket.lport;
	struct question q = { PC_OP_BIND, binder, holder, 0 };

	if (binder->fd < 0)
		binder->fd = socket_open(&binder->side);
	if (binder->fd < 0)
		return binder->fd;
	side_socket(&binder->side, port, &binder->socket);
	q.got = socket_bind(binder->fd, &binder->side, port);
	ask_judge(a, o, &q);
	if (q.got)
		return 0;
	if (binder->socket.proto == PC_PROTO_TCP)
		ask_listen(a, o, holder, binder);
	socket_close(binder->fd);
	binder->fd = -1;
	return 0;
}

/* Bound to the holder's port, and listening. A descriptor or a negative errno. */
static int stage_bystander(const struct side *s, uint16_t port)
{
	int fd = socket_open(s), err;

	if (fd < 0)
		return fd;
	err = -socket_bind(fd, s, port);
	if (!err && side_proto(s->kind) == PC_PROTO_TCP && listen(fd, 1))
		err = -errno;
	if (!err)
		return fd;
	socket_close(fd);
	return err;
}

/* The bystander must be let in: else all that follows is worth nothing. */
static int ask_once(struct asker *a, struct outcome *o, struct holder *holder,
		    struct holder *binder)
{
	int bystander = -1, err;

	memset(o, 0, sizeof(*o));
	if (a->bystander) {
		bystander = stage_bystander(a->bystander, holder->socket.lport);
		if (bystander < 0) {
			struct question q = { PC_OP_BIND, binder, holder, -bystander };

			disagree(o, &q, "was said of the bystander, which is not in its way");
			return 0;
		}
	}
	err = ask_both(a, o, holder, binder);
	socket_close(bystander);
	return err;
}

static int stage_anew(struct asker *a, struct holder *holder)
{
	struct side side = holder->side;

	holder_close(holder);
	return holder_stage(holder, &side, &a->space);
}

/* A socket with SO_REUSEPORT that was let in leaves its mark in the bind bucket, and others
 * like it are let in unseen (sk_reuseport_match()): the answer would be to its history. One
 * without SO_REUSEPORT wipes the mark out; the one here overlaps with no specific address. */
static int forget(struct asker *a, struct holder *holder, const struct side *let_in)
{
	const struct side wiper = { .kind = KIND_BOUND, .address = ADDRESS_ASIDE, .reuse = true };
	int fd, err;

	if (holder->side.kind == KIND_BOUND || holder->side.kind == KIND_LISTENING)
		return stage_anew(a, holder);
	if (!let_in->reuseport || side_proto(let_in->kind) == PC_PROTO_UDP)
		return 0;
	fd = socket_open(&wiper);
	err = fd < 0 ? fd : -socket_bind(fd, &wiper, holder->socket.lport);
	socket_close(fd);
	watch_read(&a->watch); /* should it have been refused */
	return err == -EADDRINUSE ? stage_anew(a, holder) : err;
}

static int ask_again(struct asker *a, struct outcome *o, struct holder *holder,
		     struct holder *binder, int attempt)
{
	int err;

	usleep(1000u << attempt);
	socket_close(binder->fd);
	binder->fd = -1;
	watch_read(&a->watch);
	err = stage_anew(a, holder);
	return err ? err : ask_once(a, o, holder, binder);
}

int ask(struct asker *a, struct holder *holder, struct holder *binder)
{
	int attempts = a->tally.disagreements < DISTURBED_MAX ? ATTEMPTS : 1;
	struct outcome o;
	int err = ask_once(a, &o, holder, binder);

	for (int i = 1; !err && o.tally.disagreements && i < attempts; i++) {
		a->tally.repeated++;
		err = ask_again(a, &o, holder, binder, i);
	}
	if (err)
		return err;
	tally_add(&a->tally, &o.tally);
	if (o.tally.disagreements)
		a->disagreement(o.text);
	return binder->fd < 0 ? forget(a, holder, &binder->side) : 0;
}

int ask_pair(struct asker *a, const struct side *asking, const struct side *holding)
{
	struct holder holder, binder = { .side = *asking, .fd = -1, .other = -1 };
	int err = holder_stage(&holder, holding, &a->space);

	if (err)
		return err;
	err = ask(a, &holder, &binder);
	holder_close(&binder);
	holder_close(&holder);
	return err;
}
