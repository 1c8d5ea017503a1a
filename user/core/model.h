/* SPDX-License-Identifier: GPL-2.0-only */
/* What a verdict is made of: the words of the design as types. Filled by user/watch, decided
 * by core/decide.c, read by the sinks in user/out. Plain data: no calls, no clocks. */
#ifndef PORTCLASH_MODEL_H
#define PORTCLASH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portclash/record.h"

enum pc_cause {
	PC_CAUSE_INVALID = 0,
	PC_CAUSE_EPHEMERAL_CLIENT,
	PC_CAUSE_EPHEMERAL_BIND,
	PC_CAUSE_EXPLICIT_CLIENT,
	PC_CAUSE_LISTENER,
	PC_CAUSE_BOUND_NOT_LISTENING,
	PC_CAUSE_TIME_WAIT,
	PC_CAUSE_LINGERING_CONNECTION,
	PC_CAUSE_SELF_CONNECT,
	PC_CAUSE_PRIVILEGED_PORT,
	PC_CAUSE_ADDRESS_NOT_LOCAL,
	PC_CAUSE_RANGE_EXHAUSTED,
	PC_CAUSE_CONNECTION_EXISTS,
	PC_CAUSE_DUPLICATE_INSTANCE,
	PC_CAUSE_INHERITED_LISTENER,
	PC_CAUSE_REUSEPORT_MISMATCH,
	PC_CAUSE_WILDCARD_OVERLAP,
	PC_CAUSE_DUAL_STACK,
	PC_CAUSE_LISTEN_RACE,
	PC_CAUSE_KERNEL_SOCKET,
	PC_CAUSE_UNKNOWN,
	PC_CAUSE_COUNT,
};

/* Who a process is. Strings are as the kernel has them: hostile until escaped by the sink.
 * NULL: not known. Owned by the table of processes (core/processes.h). */
struct pc_identity {
	struct pc_process_key key;
	uint32_t uid;
	uint32_t netns;
	uint64_t cgroup_id;
	char comm[PC_COMM_LEN]; /* of the main thread */
	char *exe;
	char *cmdline;	 /* arguments joined by one space */
	char *cgroup;	 /* path below the cgroup mount point, "/a/b" */
	char *unit;	 /* systemd unit */
	char *container; /* container id, 64 hex digits or shorter */
	char *pod;	 /* Kubernetes pod uid */
	bool cmdline_cut;
	bool descendant; /* of portclash itself: `trace -- COMMAND` */
	/* Of user/watch/resolve.c: in which pass /proc was asked last whether it runs, the answer,
	 * and when /proc was to complete it last. */
	bool running;
	uint32_t asked_pass;
	uint64_t completed_ns;
};

/* A process in its part in a refusal. */
struct pc_party {
	const struct pc_identity *who; /* NULL: not known */
	uint32_t tid;		       /* 0: not known */
	char comm[PC_COMM_LEN];	       /* of the thread, at that moment */
	bool running;		       /* still there when the verdict was made */
	bool daemon;		       /* an owner that left the session it was started in */
	int fd;			       /* -1: not known */
};

#define PC_OWNERS_MAX 8

struct pc_holder {
	struct pc_socket socket;
	bool blocking;
	enum pc_how how;
	bool how_inferred;     /* from the kernel's flags, not from a claim that was seen */
	bool older;	       /* had its port before portclash started */
	bool kin;	       /* its process and the refused one: parent and child, or sisters */
	uint64_t since_ns;     /* boot clock; 0: not known */
	struct pc_party maker; /* made the claim */
	struct pc_party owners[PC_OWNERS_MAX]; /* have the socket open now */
	unsigned owners_count;
	uint64_t file_cookie;	  /* of the socket that owners have open: for MPTCP another one */
	struct pc_party peer;	  /* the other end, when it is on this machine */
	bool peer_listens;	  /* peer has not accepted the connection yet, but listens for it */
	const char *process_note; /* why no process is named, or what to know of it; static */
};

struct pc_range_use; /* core/range_use.h */

/* What ends the trouble at hand, and what keeps it from coming back. */
enum pc_when { PC_NOW = 1, PC_LASTING };

struct pc_fix {
	enum pc_when when;
	char *what;
	char *command; /* NULL: nothing to type */
};

#define PC_FIXES_MAX 8

/* Room for the id of a verdict. */
#define PC_VERDICT_ID 40

struct pc_verdict {
	char id[PC_VERDICT_ID]; /* by which later lines refer to it */
	struct pc_refusal refusal;
	struct pc_party requester;
	const uint64_t *reserved; /* PC_PORT_WORDS words, or NULL: not known */
	uint32_t monitor_netns;	  /* where a command typed beside portclash would act */
	uint32_t netns_pid;	  /* some process of the refusal's namespace; 0: not known */
	struct pc_holder holders[PC_HOLDERS_MAX];
	unsigned holders_count;
	unsigned holders_changed; /* gone or reused while the kernel's table was read */
	int primary;		  /* the holder the cause speaks of, or -1 */
	enum pc_cause cause;
	char *explanation;
	struct pc_fix fixes[PC_FIXES_MAX];
	unsigned fixes_count;
	const struct pc_range_use *range_use; /* range-exhausted; NULL: not known */
	const char *incomplete; /* why evidence is missing; NULL: it is complete; static */
};

/* A claim as the sinks print it. */
struct pc_claim_event {
	struct pc_claim claim;
	struct pc_endpoints endpoints; /* header.type 0: not known */
	struct pc_party party;
};

/* Everything that is counted; see pc_lost_total(). */
struct pc_counters {
	uint64_t claims[PC_HOW_COUNT];
	uint64_t refusals[PC_CAUSE_COUNT];
	uint64_t verdicts;	  /* after the filters, written or summarised */
	uint64_t repeats;	  /* those of them that were summarised, not written */
	uint64_t repeats_evicted; /* collisions that gave way to others before they ended */
	uint64_t lost[PC_STAT_COUNT];
	uint64_t sink_errors;	/* lines or files that could not be written */
	uint64_t records_bad;	/* records that failed validation */
	uint64_t ledger_claims; /* in the ledger now */
	uint64_t ledger_sweeps;
	uint64_t ledger_sweeps_failed; /* nothing was forgotten */
	uint64_t ledger_forgotten;
	uint64_t protected_claims[2][PC_HOW_COUNT]; /* of TCP and UDP: see --protect */
	uint64_t warnings;			    /* shown */
	uint64_t warnings_suppressed;		    /* more than are shown in a second */
	uint64_t states_missed;	 /* TCP state changes, any of which may have been a claim */
	uint64_t ledger_refused; /* claims not kept: the ledger was at its limit */
};

/* The host's own network namespace. */
struct pc_port_usage {
	uint32_t range_low; /* net.ipv4.ip_local_port_range, both ends belong to it */
	uint32_t range_high;
	uint32_t reserved;	    /* ports in net.ipv4.ip_local_reserved_ports */
	uint32_t reserved_in_range; /* those of them that the range would else offer */
	uint32_t tcp_in_use;	    /* different local ports that a socket holds */
	uint32_t udp_in_use;
	uint32_t tcp_in_range; /* those of them in the range */
	uint32_t udp_in_range;
	uint32_t offered;     /* ports the kernel chooses from: in the range and not reserved */
	uint32_t tcp_offered; /* those of them that a socket holds */
	uint32_t udp_offered;
	uint32_t tcp_exposed; /* exposed listeners */
	uint32_t udp_exposed;
	bool known;	    /* range and reserved ports could be read; else they are left off */
	bool in_use_known;  /* the same of the ports in use */
	bool exposed_known; /* and of the exposed listeners */
};

/* Every kind of loss added up. */
static inline uint64_t pc_lost_total(const struct pc_counters *c)
{
	uint64_t total = c->records_bad;

	for (int i = 0; i < PC_STAT_COUNT; i++)
		total += c->lost[i];
	return total;
}

#endif
