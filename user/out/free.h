/* SPDX-License-Identifier: GPL-2.0-only */
/* The plan and the result of `portclash free`. */
#ifndef PORTCLASH_OUT_FREE_H
#define PORTCLASH_OUT_FREE_H

#include "core/cure/plan.h"
#include "core/cure/stop.h"
#include "out/log.h"
#include "core/base/time.h"

/* A process that has to go before the port is free. */
struct pc_free_stop {
	const struct pc_party *owner;
	const struct pc_free_socket *socket; /* the first that it is in the way with */
	struct pc_stop stop;
};

/* The plan, shown before anything is done. */
struct pc_free_report {
	const struct pc_request *server;
	const struct pc_free_plan *plan;
	const struct pc_free_stop *stops;
	size_t stops_count;
	uint32_t netns;
	bool own;
	const char *path; /* where the namespace is mounted; NULL: nowhere known */
	uint32_t pid;	  /* some process in it; 0: none known */
	bool stop;	  /* processes will be stopped */
};

/* The sentence about a PC_FREE_LEFT socket. */
#define PC_FREE_LEFT_SENTENCE \
	"this kernel cannot end a connection that its process has closed: it would keep it for ever. The connection ends when its other end answers, closes or resets it, or after some minutes"

enum pc_free_result {
	PC_FREE_RESULT_INVALID = 0,
	PC_FREE_FREED,
	PC_FREE_HELD,	   /* a process, or the kernel, has to give way, and nothing was ended */
	PC_FREE_NOTHING,   /* nothing kept the server from the port */
	PC_FREE_CAME_BACK, /* it was freed and taken again */
	PC_FREE_VANISHED,  /* what was in the way was gone before anything was done */
	PC_FREE_STUCK,	   /* the kernel did not end what is in the way */
	PC_FREE_DECLINED,  /* the one who was asked said no */
	PC_FREE_RESULT_COUNT,
};

struct pc_free_outcome {
	enum pc_free_result result;
	bool dry;
	size_t ended;	      /* sockets */
	size_t stopped;	      /* units and processes */
	size_t by_descriptor; /* sockets that were ended by a copy of their descriptor */
	uint64_t took_ns;
	char why[512]; /* HELD, CAME_BACK, STUCK: a sentence */
	/* How long the port stays reserved for the server; 0: it does not. */
	uint64_t reserved_ns;
	bool reserved_for_good;
};

const char *pc_free_result_name(enum pc_free_result result);

/* Each writes all of it; 0 or the negative errno of the write. */
int pc_free_text_plan(struct pc_log *log, const struct pc_free_report *report);
int pc_free_text_outcome(struct pc_log *log, const struct pc_request *server,
			 const struct pc_free_outcome *outcome);
int pc_free_json_plan(struct pc_log *log, const struct pc_clock *clock,
		      const struct pc_free_report *report);
int pc_free_json_outcome(struct pc_log *log, const struct pc_clock *clock,
			 const struct pc_request *server, const struct pc_free_outcome *outcome,
			 int status);

#endif
