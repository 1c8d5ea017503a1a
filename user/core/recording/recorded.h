/* SPDX-License-Identifier: GPL-2.0-only */
/* The payloads of a recording's entries: from what the join asks for to bytes, and back. Shared by
 * the recorder and playback.c only. */
#ifndef PORTCLASH_RECORDED_H
#define PORTCLASH_RECORDED_H

#include "core/recording/recording.h"

/* A payload that grows as it is filled. */
struct pc_payload {
	uint8_t *data; /* owned */
	size_t size;
	size_t room;
	bool failed; /* no memory, or more than PC_RECORDED_BYTES_MAX */
};

void pc_payload_add(struct pc_payload *p, const void *data, size_t size);

/* A record, padded so that the next one is aligned to 8. */
void pc_payload_add_record(struct pc_payload *p, const void *data, size_t size);

void pc_payload_add_identity(struct pc_payload *p, const struct pc_identity *who);
void pc_payload_add_settings(struct pc_payload *p, const struct pc_netns_settings *settings);
void pc_payload_add_look(struct pc_payload *p, const struct pc_netns_look *look);
void pc_payload_add_place(struct pc_payload *p, const struct pc_place *place);
void pc_payload_add_site(struct pc_payload *p, const struct pc_site *site, uint64_t took_ns);
void pc_payload_add_given(struct pc_payload *p, const struct pc_given_names *names);
void pc_payload_add_address(struct pc_payload *p, const struct pc_address_look *look);
void pc_payload_add_losses(struct pc_payload *p, const struct pc_losses *losses);

/* The other way. Each reads `size` bytes at `data` and nothing behind them. 0, -ENOMEM, or -EBADMSG:
 * the bytes make no sense, and `out` is untouched. */
int pc_recorded_identity(const void *data, size_t size, struct pc_identity *out);
int pc_recorded_settings(const void *data, size_t size, struct pc_netns_settings *out);
int pc_recorded_look(const void *data, size_t size, struct pc_netns_look *out);
int pc_recorded_place(const void *data, size_t size, struct pc_place *out);
int pc_recorded_site(const void *data, size_t size, struct pc_site *out, uint64_t *took_ns);
int pc_recorded_given(const void *data, size_t size, struct pc_given_names *out);
int pc_recorded_address(const void *data, size_t size, struct pc_address_look *out);
int pc_recorded_tunnels(const void *data, size_t size, struct pc_tunnels *out, uint64_t *took_ns);
int pc_recorded_losses(const void *data, size_t size, struct pc_losses *out);

/* The key of a question about a process, or about two. */
static inline uint64_t pc_recorded_process(const struct pc_process_key *key)
{
	return key->start_ns * 0x9e3779b97f4a7c15ULL ^ key->tgid;
}

/* The key of a question about an address in a network namespace. */
uint64_t pc_recorded_place_of_address(uint32_t netns, const struct pc_request *r);

static inline uint64_t pc_recorded_pair(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

#endif
