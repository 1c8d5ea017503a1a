/* SPDX-License-Identifier: GPL-2.0-only */
/* The last events: refusals, their repeats and outcomes, warnings. Each has its line and the whole text, as
 * trace prints it. */
#ifndef PORTCLASH_TOP_EVENTS_H
#define PORTCLASH_TOP_EVENTS_H

#include "core/base/model.h"
#include "core/base/text.h"
#include "top/look.h"

/* The oldest give way to new ones, and are counted. */
#define PC_TOP_EVENTS_MAX 512
#define PC_TOP_EVENTS_BYTES (2U << 20)

enum pc_top_kind {
	PC_TOP_REFUSED = 1,
	PC_TOP_REPEATED, /* refusals that were counted */
	PC_TOP_MERGED,	 /* refusals that the kernel side counted */
	PC_TOP_OUTCOME,
	PC_TOP_WARNING,
	PC_TOP_NOTE, /* a sentence of portclash itself */
	PC_TOP_KIND_COUNT,
};

/* "refused"; a static string. */
const char *pc_top_kind_name(enum pc_top_kind kind);

struct pc_top_event {
	uint64_t id;	  /* the count of events when it came, from 1 on */
	uint64_t time_ns; /* boot clock */
	enum pc_top_kind kind;
	uint32_t netns;
	uint16_t port; /* 0: none */
	uint8_t proto;
	char wanted[32]; /* "tcp 8080", "unix" */
	char process[PC_TOP_NAME];
	char holder[PC_TOP_NAME];
	char cause[40];
	char verdict[PC_VERDICT_ID]; /* the refusal, or the one that this is about; "": none */
	char *text;		     /* malloc'd, with the marks of out/layout.h */
	size_t len;
};

struct pc_top_events {
	struct pc_top_event list[PC_TOP_EVENTS_MAX]; /* a ring */
	unsigned first;				     /* the oldest */
	unsigned count;
	size_t bytes;
	uint64_t came; /* of all times */
	uint64_t dropped;
	uint64_t lost; /* for want of memory */
	uint64_t kinds[PC_TOP_KIND_COUNT];
};

/* Adds the event; `text` is closed, and its string belongs to the events from now on. */
void pc_top_events_add(struct pc_top_events *e, const struct pc_top_event *event,
		       struct pc_text *text);

/* The oldest is 0. */
const struct pc_top_event *pc_top_events_at(const struct pc_top_events *e, unsigned index);

/* NULL: it has given way. */
const struct pc_top_event *pc_top_events_find(const struct pc_top_events *e, uint64_t id);

/* The refusal that this event is about. NULL: it is none, or has given way, or is the event itself. */
const struct pc_top_event *pc_top_events_refusal(const struct pc_top_events *e,
						 const struct pc_top_event *event);

void pc_top_events_free(struct pc_top_events *e);

/* Copies as much of `text` as fits into `out`, without half a character. */
void pc_top_copy(char *out, size_t size, const char *text);

/* The party as pc_put_party() prints it; "" where it is not known. */
void pc_top_party(char *out, size_t size, const struct pc_party *p);

#endif
