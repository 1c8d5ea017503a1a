// SPDX-License-Identifier: GPL-2.0-only
/* Claims that come in a row are handed over together, as they are in the log. */
#include "log_side.h"

#include "core/join/record.h"

struct pc_logged_claim log_side_claim(const struct pc_claim_record *r)
{
	return (struct pc_logged_claim){
		.time_ns = r->time_ns,
		.cookie = r->cookie,
		.process = r->process,
		.tid = r->tid,
		.netns = r->netns,
		.ended = 4711, /* of a socket that had this place before */
		.port = r->port,
		.how = r->how,
		.proto = r->proto,
		.family = r->family,
		.flags = r->flags,
		.taken = 1,
	};
}

static void log_side_flush(struct log_side *l)
{
	size_t count = l->count;

	l->count = 0;
	if (!count)
		return;
	l->runs++;
	l->taker->logged(l->taker->to, l->claims, count);
}

static void log_side_claim_record(struct log_side *l, const struct pc_claim_record *r)
{
	struct pc_logged_claim c = log_side_claim(r);
	struct pc_claim_record record;

	if (!l->as_records) {
		l->claims[l->count++] = c;
		if (l->count == LOG_SIDE_CLAIMS)
			log_side_flush(l);
		return;
	}
	pc_record_of_logged(&c, 0, &record);
	l->taker->record(l->taker->to, &record, sizeof(record));
}

static void log_side_record(void *context, const void *data, size_t size)
{
	const struct pc_header *h = data;
	struct log_side *l = context;

	if (h->type == PC_RECORD_CLAIM && h->size == sizeof(struct pc_claim_record)) {
		log_side_claim_record(l, data);
		return;
	}
	log_side_flush(l);
	l->taker->record(l->taker->to, data, size);
}

static int log_side_read(void *context, enum pc_ring ring, const struct pc_taker *taker)
{
	struct log_side *l = context;
	const struct pc_taker records = { .to = l, .record = log_side_record };
	int n;

	l->taker = taker;
	n = l->kernel.read(l->kernel.context, ring, &records);
	log_side_flush(l);
	return n;
}

static int log_side_owners(void *context, const struct pc_wanted *wanted, pc_owner_fn found,
			   void *to)
{
	const struct log_side *l = context;

	return l->kernel.owners(l->kernel.context, wanted, found, to);
}

static int log_side_sweep(void *context, pc_cookie_fn alive, void *to)
{
	const struct log_side *l = context;

	return l->kernel.sweep(l->kernel.context, alive, to);
}

static int log_side_sweep_files(void *context, pc_cookie_fn alive, void *to)
{
	const struct log_side *l = context;

	return l->kernel.sweep_files(l->kernel.context, alive, to);
}

static int log_side_reserved(void *context, uint64_t netns_key, uint64_t *words)
{
	const struct log_side *l = context;

	return l->kernel.reserved(l->kernel.context, netns_key, words);
}

static void log_side_losses(void *context, struct pc_losses *out)
{
	const struct log_side *l = context;

	l->kernel.losses(l->kernel.context, out);
}

static void log_side_forget_processes(void *context)
{
	const struct log_side *l = context;

	l->kernel.forget_processes(l->kernel.context);
}

static void log_side_protect(void *context, uint16_t port, bool on)
{
	const struct log_side *l = context;

	l->kernel.protect(l->kernel.context, port, on);
}

void log_side_wrap(void *context, struct pc_join_options *options, struct pc_join_kernel *kernel,
		   struct pc_join_host *host)
{
	struct log_side *l = context;

	(void)options;
	(void)host;
	l->kernel = *kernel;
	*kernel = (struct pc_join_kernel){
		.context = l,
		.read = log_side_read,
		.owners = log_side_owners,
		.sweep = log_side_sweep,
		.sweep_files = log_side_sweep_files,
		.reserved = log_side_reserved,
		.losses = log_side_losses,
		.forget_processes = log_side_forget_processes,
		.protect = log_side_protect,
	};
}
