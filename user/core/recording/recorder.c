// SPDX-License-Identifier: GPL-2.0-only
/* Record what goes into a join: the recorder stands between the join and its operations, asks the
 * given ones, and writes down each answer as the join gets it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/join/record.h"
#include "core/recording/recorder_private.h"

void pc_recorder_bytes(struct pc_recorder *r, const void *data, size_t size)
{
	if (r->error || r->ended || !size)
		return;
	r->error = r->write(r->context, data, size);
	r->check = (uint32_t)crc32(r->check, data, (uInt)size);
}

/* Takes over the payload. */
void pc_recorder_entry(struct pc_recorder *r, enum pc_recorded_kind kind, uint32_t code,
		       uint64_t key, int result, struct pc_payload *p)
{
	struct pc_recorded entry = {
		.kind = kind,
		.size = (uint32_t)p->size,
		.key = key,
		.result = result,
		.code = code,
	};
	static const uint8_t zeros[8];

	if (p->failed && !r->error)
		r->error = -ENOMEM;
	pc_recorder_bytes(r, &entry, sizeof(entry));
	pc_recorder_bytes(r, p->data, p->size);
	pc_recorder_bytes(r, zeros, -p->size & 7);
	free(p->data);
}

static void record_step(void *context, enum pc_step step, uint64_t now_ns, const uint64_t *ports)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };

	if (ports)
		pc_payload_add(&p, ports, PC_PORT_WORDS * sizeof(*ports));
	pc_recorder_entry(r, PC_RECORDED_STEP, step, now_ns, 0, &p);
	if (r->observer.step)
		r->observer.step(r->observer.context, step, now_ns, ports);
}

/* An answer of many parts passes through a relay on its way to the join. */
struct relay {
	struct pc_payload payload;
	const struct pc_taker *taker;
	pc_owner_fn found;
	pc_cookie_fn alive;
	void *to;
};

/* A record that makes no sense goes to the join, which counts it, and not into the recording. */
static void relay_record(void *context, const void *data, size_t size)
{
	struct relay *relay = context;

	if (!pc_record_check(data, size))
		pc_payload_add_record(&relay->payload, data,
				      ((const struct pc_header *)data)->size);
	relay->taker->record(relay->taker->to, data, size);
}

/* Claims of the log come as records, as they will from the recording. */
static int record_read(void *context, enum pc_ring ring, const struct pc_taker *taker)
{
	struct pc_recorder *r = context;
	struct relay relay = { .taker = taker };
	const struct pc_taker recording = { .to = &relay, .record = relay_record };
	int n = r->kernel.read(r->kernel.context, ring, &recording);

	pc_recorder_entry(r, PC_RECORDED_READ, ring, 0, n, &relay.payload);
	return n;
}

static void relay_owner(void *context, const struct pc_owner_record *owner)
{
	struct relay *relay = context;

	pc_payload_add_record(&relay->payload, owner, sizeof(*owner));
	relay->found(relay->to, owner);
}

static int record_owners(void *context, const struct pc_wanted *wanted, pc_owner_fn found, void *to)
{
	struct pc_recorder *r = context;
	struct relay relay = { .found = found, .to = to };
	int err = r->kernel.owners(r->kernel.context, wanted, relay_owner, &relay);

	pc_recorder_entry(r, PC_RECORDED_OWNERS, 0, 0, err, &relay.payload);
	return err;
}

static void relay_cookie(void *context, uint64_t cookie)
{
	struct relay *relay = context;

	pc_payload_add(&relay->payload, &cookie, sizeof(cookie));
	relay->alive(relay->to, cookie);
}

static int record_sweep(void *context, pc_cookie_fn alive, void *to)
{
	struct pc_recorder *r = context;
	struct relay relay = { .alive = alive, .to = to };
	int err = r->kernel.sweep(r->kernel.context, relay_cookie, &relay);

	pc_recorder_entry(r, PC_RECORDED_SWEEP, 0, 0, err, &relay.payload);
	return err;
}

static int record_sweep_files(void *context, pc_cookie_fn alive, void *to)
{
	struct pc_recorder *r = context;
	struct relay relay = { .alive = alive, .to = to };
	int err = r->kernel.sweep_files(r->kernel.context, relay_cookie, &relay);

	pc_recorder_entry(r, PC_RECORDED_SWEEP_FILES, 0, 0, err, &relay.payload);
	return err;
}

/* Few ports are reserved, as a rule none: the zeros behind the last one are left out. */
static size_t words_used(const uint64_t *words)
{
	size_t count = PC_PORT_WORDS;

	while (count && !words[count - 1])
		count--;
	return count;
}

static int record_reserved(void *context, uint64_t netns_key, uint64_t *words)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	int err = r->kernel.reserved(r->kernel.context, netns_key, words);

	if (!err)
		pc_payload_add(&p, words, words_used(words) * sizeof(*words));
	pc_recorder_entry(r, PC_RECORDED_RESERVED, 0, netns_key, err, &p);
	return err;
}

static void record_losses(void *context, struct pc_losses *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };

	r->kernel.losses(r->kernel.context, out);
	pc_payload_add_losses(&p, out);
	pc_recorder_entry(r, PC_RECORDED_LOSSES, 0, 0, 0, &p);
}

/* The join learns nothing from these two. */
static void pass_forget_processes(void *context)
{
	struct pc_recorder *r = context;

	r->kernel.forget_processes(r->kernel.context);
}

static void pass_protect(void *context, uint16_t port, bool on)
{
	struct pc_recorder *r = context;

	r->kernel.protect(r->kernel.context, port, on);
}

static struct pc_join_kernel recording_kernel(struct pc_recorder *r)
{
	return (struct pc_join_kernel){
		.context = r,
		.read = record_read,
		.owners = record_owners,
		.sweep = record_sweep,
		.sweep_files = record_sweep_files,
		.reserved = record_reserved,
		.losses = record_losses,
		.forget_processes = pass_forget_processes,
		.protect = pass_protect,
	};
}

static void write_header(struct pc_recorder *r, const struct pc_join_options *options,
			 uint64_t wall_minus_boot_ns)
{
	struct pc_recording_header header = {
		.magic = PC_RECORDING_MAGIC,
		.version = PC_RECORDING_VERSION,
		.record_version = PC_RECORD_VERSION,
		.wall_minus_boot_ns = wall_minus_boot_ns,
		.netns = options->netns,
		.with_claims = options->with_claims,
		.own_netns_only = options->own_netns_only,
		.protects = options->protect != NULL,
		.boots = options->boots,
	};

	pc_recorder_bytes(r, &header, sizeof(header));
}

struct pc_recorder *pc_recorder_new(struct pc_join_options *options, struct pc_join_kernel *kernel,
				    struct pc_join_host *host, uint64_t wall_minus_boot_ns,
				    pc_recorder_write write, void *context)
{
	struct pc_recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->kernel = *kernel;
	r->host = *host;
	r->observer = options->observer;
	r->write = write;
	r->context = context;
	write_header(r, options, wall_minus_boot_ns);
	options->observer = (struct pc_join_observer){ r, record_step };
	*kernel = recording_kernel(r);
	*host = pc_recorder_host(r);
	return r;
}

void pc_recorder_free(struct pc_recorder *r)
{
	free(r);
}

int pc_recorder_error(const struct pc_recorder *r)
{
	return r->error;
}
