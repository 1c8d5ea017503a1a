// SPDX-License-Identifier: GPL-2.0-only
/* The view of `portclash free`: sock_diag lists the sockets with the cookies by which they are ended, /proc
 * whose they are. Only what these two do not show is looked for in the kernel's own tables, which
 * takes a BPF program and a fifth of a second. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/free.h"
#include "host/orphan.h"
#include "host/idle_sockets.h"
#include "host/reserve.h"
#include "host/sockdiag.h"

#define PROC "/proc"

static int pick_space(struct pc_freeing *x, char *sentence)
{
	for (size_t i = 0; i < x->namespaces.count; i++) {
		if (!pc_netns_matches(&x->namespaces.list[i], x->which))
			continue;
		if (x->ns)
			return pc_cure_say(sentence, -EINVAL,
					   "--netns %s means several network namespaces: name one",
					   x->which);
		x->ns = &x->namespaces.list[i];
	}
	if (x->ns)
		return 0;
	return pc_cure_say(sentence, -ESRCH,
			   "unknown network namespace \"%s\"; `lsns -t net` lists them", x->which);
}

int pc_freeing_enter(struct pc_freeing *x, char *sentence)
{
	int err = pc_netns_find(PROC, &x->namespaces);

	if (err)
		return pc_cure_say(sentence, err, "cannot find the network namespaces: %s",
				   strerror(-err));
	err = pick_space(x, sentence);
	x->orphans_end = !err && pc_orphans_end();
	if (err || x->ns->own)
		return err;
	err = pc_netns_enter(PROC, x->ns);
	return err ? pc_cure_say(sentence, err, "cannot enter network namespace %s: %s", x->which,
				 pc_reserved_why(err)) :
		     0;
}

int pc_freeing_look(struct pc_freeing *x, struct pc_free_plan *out, char *sentence)
{
	struct pc_socket_list sockets = { 0 };
	int err = pc_sockdiag_read_port(x->server.proto, x->server.wanted_port, &sockets);

	if (!err)
		err = pc_free_plan_make(&sockets, &x->server, x->orphans_end, out);
	pc_sockdiag_free(&sockets);
	return err ? pc_cure_say(sentence, err, "cannot list the sockets on the port: %s",
				 strerror(-err)) :
		     0;
}

static int find_by_proc(struct pc_freeing *x, struct pc_free_plan *plan)
{
	struct pc_owners_sought *sought = calloc(plan->count + 1, sizeof(*sought));
	int err;

	if (!sought)
		return -ENOMEM;
	for (size_t i = 0; i < plan->count; i++) {
		struct pc_free_socket *f = &plan->list[i];

		sought[i] = (struct pc_owners_sought){ &f->s.socket, f->owners, &f->owners_count,
						       &f->note };
	}
	err = pc_owners_find(PROC, sought, plan->count, &x->owners);
	free(sought);
	return err;
}

/* Some kernels do not list TCP sockets that are bound and no more. One that is not seen would make all ends vain. */
static bool hides_idle(const struct pc_freeing *x)
{
	return x->server.proto == PC_PROTO_TCP && !pc_idle_sockets_are_listed();
}

static bool needs_kernel(const struct pc_freeing *x, const struct pc_free_plan *plan)
{
	if (hides_idle(x))
		return true;
	for (size_t i = 0; i < plan->count; i++)
		if ((plan->list[i].kind == PC_FREE_SERVER || plan->list[i].kind == PC_FREE_BOUND) &&
		    !plan->list[i].owners_count)
			return true;
	return pc_free_plan_is_clear(plan);
}

/* The look of `who`, once. False: an earlier call has made it. */
static bool free_ask_kernel(struct pc_freeing *x)
{
	static const struct pc_port_source *const sources[] = { &pc_kernel_tables, NULL };

	if (x->asked_kernel)
		return false;
	x->asked_kernel = true;
	x->kernel = (struct pc_lookup){
		.port = x->server.wanted_port,
		.tcp = x->server.proto == PC_PROTO_TCP,
		.udp = x->server.proto == PC_PROTO_UDP,
		.which = "self",
		.btf = x->btf,
	};
	pc_lookup_run(&x->kernel, sources);
	return true;
}

static struct pc_free_socket *find_holder(struct pc_free_plan *plan, const struct pc_socket *s)
{
	struct pc_free_socket *f = pc_free_plan_find(plan, s->cookie);

	for (size_t i = 0; !f && s->inode && i < plan->count; i++)
		if (plan->list[i].s.socket.inode == s->inode)
			f = &plan->list[i];
	return f;
}

/* A socket with another end is in sock_diag's list, or it has ended: add only others. */
static struct pc_free_socket *free_add_holder(const struct pc_freeing *x, struct pc_free_plan *plan,
					      const struct pc_socket *s)
{
	struct pc_free_socket *f, *list;

	if (s->rport)
		return NULL;
	list = reallocarray(plan->list, plan->count + 1, sizeof(*list));
	if (!list)
		return NULL;
	plan->list = list;
	f = &list[plan->count++];
	*f = (struct pc_free_socket){
		.s = { .socket = *s, .kernel_chose = !(s->userlocks & PC_LOCK_PORT) },
	};
	f->kind = pc_free_kind_of(&f->s, &x->server);
	return f;
}

static void merge_holder(const struct pc_freeing *x, struct pc_free_plan *plan,
			 const struct pc_holder *h, bool fresh)
{
	struct pc_free_socket *f = find_holder(plan, &h->socket);

	if (!f && fresh)
		f = free_add_holder(x, plan, &h->socket);
	if (!f || f->owners_count)
		return;
	memcpy(f->owners, h->owners, sizeof(f->owners));
	f->owners_count = h->owners_count;
	f->note = h->process_note;
}

/* An earlier look still names processes, but a socket that it alone shows can be gone by now: portclash may have
 * stopped the process since. */
static void merge_kernel(struct pc_freeing *x, struct pc_free_plan *plan)
{
	bool fresh = free_ask_kernel(x);

	for (size_t i = 0; i < x->kernel.list.count; i++) {
		const struct pc_who_entry *p = &x->kernel.list.entries[i];

		for (unsigned j = 0; p->own && j < p->verdict.holders_count; j++)
			merge_holder(x, plan, &p->verdict.holders[j], fresh);
	}
}

int pc_freeing_name(struct pc_freeing *x, struct pc_free_plan *plan, char *sentence)
{
	int err = find_by_proc(x, plan);

	if (err)
		return pc_cure_say(sentence, err, "cannot look through the processes: %s",
				   strerror(-err));
	if (needs_kernel(x, plan))
		merge_kernel(x, plan);
	pc_free_plan_owners(plan);
	return 0;
}
