// SPDX-License-Identifier: GPL-2.0-only
/* A person tells servers apart by program, place and user; and where the place says little, by arguments. */
#include "core/history/group.h"

#include <string.h>

#define PROCESS_TEXTS(P)                                                                     \
	&(P)->comm, &(P)->exe, &(P)->cmdline, &(P)->unit, &(P)->inner_unit, &(P)->container, \
		&(P)->container_name, &(P)->pod, &(P)->pod_name, &(P)->pod_namespace

#define EVENT_TEXTS(E)                                                                            \
	&(E)->host, &(E)->id, &(E)->proto, &(E)->op, &(E)->error, &(E)->cause, &(E)->explanation, \
		&(E)->requested.address, &(E)->holder.state, &(E)->holder.how, &(E)->holder.note, \
		&(E)->holder.local.address, &(E)->holder.remote.address,                          \
		PROCESS_TEXTS(&(E)->requester), PROCESS_TEXTS(&(E)->holder.process)

#define TEXTS (13 + 2 * 10)

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_slices(const struct pc_slice *a, const struct pc_slice *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->at, b->at, a->len) : 0;
}

static bool slice_ends_in(const struct pc_slice *slice, const char *end)
{
	size_t len = strlen(end);

	return slice->len > len && !memcmp(slice->at + slice->len - len, end, len);
}

/* A service or a container is one server, however it was called. A log-in is not. */
static bool has_place(const struct pc_logged_process *p)
{
	return p->container.at || slice_ends_in(&p->unit, ".service") ||
	       slice_ends_in(&p->inner_unit, ".service");
}

/* A container that is started anew has another id, and the same name. */
static int compare_places(const struct pc_logged_process *a, const struct pc_logged_process *b)
{
	int order = compare_slices(&a->container_name, &b->container_name);

	if (!order)
		order = compare_slices(&a->pod_name, &b->pod_name);
	if (!order)
		order = compare_slices(&a->pod_namespace, &b->pod_namespace);
	if (!order && !a->container_name.at)
		order = compare_slices(&a->container, &b->container);
	if (!order && !a->pod_name.at)
		order = compare_slices(&a->pod, &b->pod);
	if (!order && !a->container.at && !b->container.at)
		order = compare_slices(&a->unit, &b->unit);
	if (!order)
		order = compare_slices(&a->inner_unit, &b->inner_unit);
	return order;
}

static int group_compare_processes(const struct pc_logged_process *a,
				   const struct pc_logged_process *b, bool arguments)
{
	int order = compare_numbers(a->there, b->there);

	if (!order)
		order = compare_numbers(a->uid, b->uid);
	if (!order)
		order = compare_slices(&a->exe, &b->exe);
	if (!order && !a->exe.at)
		order = compare_slices(&a->comm, &b->comm);
	if (!order)
		order = compare_places(a, b);
	if (!order && arguments && !(has_place(a) && has_place(b)))
		order = compare_slices(&a->cmdline, &b->cmdline);
	return order;
}

int pc_group_compare_port(const struct pc_history_group *a, const struct pc_history_group *b)
{
	const struct pc_logged *x = &a->event, *y = &b->event;
	int order = compare_slices(&x->host, &y->host);

	if (!order)
		order = compare_numbers(x->requester.netns, y->requester.netns);
	if (!order)
		order = compare_slices(&x->proto, &y->proto);
	if (!order)
		order = compare_numbers(a->several_ports, b->several_ports);
	if (!order && !a->several_ports)
		order = compare_numbers(x->requested.port, y->requested.port);
	if (!order && !a->several_ports && !x->requested.port)
		order = compare_slices(&x->requested.address, &y->requested.address);
	return order;
}

int pc_group_compare_server(const struct pc_history_group *a, const struct pc_history_group *b)
{
	int order = compare_slices(&a->event.op, &b->event.op);

	return order ? order :
		       group_compare_processes(&a->event.requester, &b->event.requester, true);
}

int pc_group_compare_thief(const struct pc_history_group *a, const struct pc_history_group *b)
{
	const struct pc_logged_holder *x = &a->event.holder, *y = &b->event.holder;
	int order = compare_numbers(x->there, y->there);

	if (!order)
		order = group_compare_processes(&x->process, &y->process, false);
	if (!order && !x->process.there)
		order = compare_slices(&x->state, &y->state);
	return order;
}

int pc_group_compare_cause(const struct pc_history_group *a, const struct pc_history_group *b)
{
	return compare_slices(&a->event.cause, &b->event.cause);
}

int pc_group_compare(const struct pc_history_group *a, const struct pc_history_group *b)
{
	int order = pc_group_compare_port(a, b);

	if (!order)
		order = pc_group_compare_server(a, b);
	if (!order)
		order = pc_group_compare_cause(a, b);
	return order ? order : pc_group_compare_thief(a, b);
}

void pc_group_prepare(struct pc_logged *e)
{
	struct pc_slice *const texts[TEXTS] = { EVENT_TEXTS(e) };

	e->scope = e->version = e->backend = (struct pc_slice){ 0 };
	e->process = (struct pc_logged_process){ 0 };
	if (!e->holder.there)
		e->holder = (struct pc_logged_holder){ 0 };
	for (int i = 0; i < TEXTS; i++)
		*texts[i] = pc_slice_cut(texts[i], PC_HISTORY_TEXT_MAX);
}

size_t pc_group_texts_size(const struct pc_logged *e)
{
	const struct pc_slice *const texts[TEXTS] = { EVENT_TEXTS(e) };
	size_t size = 0;

	for (int i = 0; i < TEXTS; i++)
		size += texts[i]->len;
	return size;
}

void pc_group_texts_copy(struct pc_logged *e, char *room)
{
	struct pc_slice *const texts[TEXTS] = { EVENT_TEXTS(e) };

	for (int i = 0; i < TEXTS; i++) {
		if (texts[i]->len)
			memcpy(room, texts[i]->at, texts[i]->len);
		if (texts[i]->at)
			texts[i]->at = room;
		room += texts[i]->len;
	}
}
