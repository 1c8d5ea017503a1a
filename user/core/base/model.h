/* SPDX-License-Identifier: GPL-2.0-only */
/* The types of which a verdict is made. core/join fills them, core/verdict decides and advises, and
 * the sinks in user/out read them. Plain data: no calls, no clocks. */
#ifndef PORTCLASH_MODEL_H
#define PORTCLASH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/address_look.h"
#include "core/base/cause.h"
#include "core/base/losers.h"
#include "core/base/request.h"
#include "core/base/socket.h"
#include "core/base/tunnel.h"

/* The one whose word a name in a cgroup path is. A cgroup is made by whoever may write to the cgroup above
 * it: up to the system manager's unit only root may. Below a unit it is the unit's processes, which may be
 * any user's; below user@UID.service it is that user. */
enum pc_word {
	PC_WORD_NONE = 0, /* there is no name */
	PC_WORD_SYSTEM,	  /* the system manager's, or a container runtime's that runs as root */
	PC_WORD_UNIT,	  /* of the processes of `unit`, whichever user they run as */
	PC_WORD_USER,	  /* of the user `user` */
};

/* The runtime of a container, as far as the name of its cgroup tells. */
enum pc_runtime {
	PC_RUNTIME_NONE = 0, /* there is no container */
	PC_RUNTIME_DOCKER,
	PC_RUNTIME_PODMAN,
	PC_RUNTIME_NERDCTL,
	PC_RUNTIME_CRI,	   /* a kubelet's, which starts anew what was only stopped */
	PC_RUNTIME_SYSTEM, /* LXC, systemd-nspawn: a whole system with services of its own */
	PC_RUNTIME_OTHER,
};

/* The part of a process in the unit that it belongs to: its inner_unit if it has one, else its unit. */
enum pc_role {
	PC_ROLE_UNKNOWN = 0,
	PC_ROLE_MAIN,  /* the manager started it for this run of the unit */
	PC_ROLE_CHILD, /* a descendant of the main process, in its session or of the same program */
	PC_ROLE_STRAY, /* is in the unit's cgroup, and is no part of its service */
	PC_ROLE_COUNT,
};

/* Why SIGTERM does not end a process. */
enum pc_deaf {
	PC_DEAF_NOT = 0,
	PC_DEAF_STOPPED, /* by Ctrl-Z or SIGSTOP: the signal waits until it goes on */
	PC_DEAF_IGNORES, /* it ignores or blocks the signal */
	PC_DEAF_FIRST,	 /* the first of a pid namespace below the host's, without a handler */
	PC_DEAF_COUNT,
};

/* The place of a process among the others of the machine, when the verdict was made. */
struct pc_place {
	enum pc_role role;
	bool leads_session; /* of a terminal: a log-in, a shell */
	bool first;	    /* of a pid namespace below the host's: it can ignore SIGTERM */
	bool hosts_file; /* its path is that of the same file for portclash, and it may have the file's capabilities */
	bool unseen;	 /* not all of this was looked at, not in time, or it has ended */
	bool roots_file; /* the same, and only root can change it or put another file there */
	bool users_word; /* a user can make folders above its unit, container or pod, and so chose that name */
	enum pc_deaf deaf;
};

/* A longer command line is cut: strangers choose its length, and portclash keeps many. */
#define PC_CMDLINE_MAX 4096

/* Names that people gave, each malloc'd or NULL: not known. core/process/given_names.h says whence. */
struct pc_given_names {
	char *container;
	char *pod; /* Kubernetes' name of the pod */
	char *pod_namespace;
	enum pc_runtime runtime; /* that keeps the container's name; PC_RUNTIME_NONE: not known */
};

/* The identity of a process. Its strings are hostile until a sink escapes them; NULL: not known. The
 * table of processes (core/memory/processes.h) owns it. */
struct pc_identity {
	struct pc_process_key key;
	uint32_t uid;
	uint32_t netns;
	uint64_t cgroup_id;
	char comm[PC_COMM_LEN]; /* of the main thread */
	char *exe;
	char *cmdline; /* arguments joined by one space */
	char *folder; /* the working directory when portclash asked for it; NULL: not known, or not asked for yet */
	char *cgroup; /* path below the cgroup mount point, "/a/b" */
	/* The same in cgroup v2, on a machine with v1, too; NULL: not known, or `cgroup`. */
	char *cgroup_v2;
	/* From the cgroup path; core/process/cgroup.h says how far each can be believed. */
	char *unit;		     /* unit of the system manager */
	char *inner_unit;	     /* unit of a manager below: a user's, or a container's own */
	char *container;	     /* container id, 64 hex digits or shorter */
	char *pod;		     /* Kubernetes pod uid */
	enum pc_word container_word; /* whose word `container` and `pod` are */
	enum pc_runtime runtime;     /* of `container` */
	struct pc_given_names given; /* for reading, never for a command */
	bool below_user;	     /* below user@UID.service */
	uint32_t manager_user;	     /* that UID */
	bool cmdline_cut;
	bool descendant;   /* of portclash itself: `trace -- COMMAND` */
	int status;	   /* with ended_ns: as wait() has it */
	uint64_t ended_ns; /* boot clock; 0: it runs, or its end was not seen */
	/* core/join/identify.c keeps here whether the process ran when the host was asked last, whether the
	 * host was asked for the working directory, in which pass the first was, and when the host was asked
	 * last for what is missing above. */
	bool running;
	bool folder_asked;
	uint32_t asked_pass;
	uint64_t completed_ns;
};

/* A process, in the part that it plays in a refusal. */
struct pc_party {
	const struct pc_identity *who; /* NULL: not known */
	struct pc_process_key key; /* tgid 0: not known; known of a requester without `who`, too */
	uint32_t tid;		   /* 0: not known */
	char comm[PC_COMM_LEN];	   /* of the thread, at that moment */
	bool running;		   /* still there when the verdict was made */
	bool daemon;		   /* an owner that left the session it was started in */
	bool given; /* an owner whose user is another than the socket's maker, who is not root */
	uint32_t parent;       /* of an owner: its parent's pid now; 0: not known */
	int fd;		       /* -1: not known */
	struct pc_place place; /* of a holder's process, and of one that lacks a capability */
};

#define PC_OWNERS_MAX 8

/* Room for the name of a systemd unit (UNIT_NAME_MAX). */
#define PC_UNIT_NAME 256

struct pc_holder {
	struct pc_socket socket;
	bool blocking;
	enum pc_how how;
	bool how_inferred;	 /* from the kernel's flags, not from a claim that was seen */
	bool older;		 /* had its port before portclash started */
	bool claim_lost;	 /* its claim may be among the records that were lost */
	bool kin;		 /* its process and the refused one: parent and child, or sisters */
	uint64_t since_ns;	 /* boot clock; 0: not known */
	struct pc_party claimer; /* made the claim */
	struct pc_party owners[PC_OWNERS_MAX]; /* have the socket open now */
	unsigned owners_count;
	unsigned owners_more; /* further processes that have it open, and are not named */
	uint64_t file_cookie; /* of the socket that owners have open: for MPTCP another one */
	struct pc_party peer; /* the other end, when it is on this machine */
	bool peer_listens;    /* peer has not accepted the connection yet, but listens for it */
	char socket_unit
		[PC_UNIT_NAME];	  /* the .socket to which it belongs; "": none, or not known */
	const char *process_note; /* why no process is named, or what to know of it; static */
};

/* The kinds of looks at the machine for a verdict. Looks take time, and strangers choose how many there are. */
enum pc_look {
	PC_LOOK_PATH = 0, /* the path of a Unix socket */
	PC_LOOK_TUNNELS,
	PC_LOOK_PLACE, /* of a process, in its unit */
	PC_LOOK_ADDRESS,
	PC_LOOK_NETNS, /* a process in a network namespace */
	PC_LOOK_RANGE, /* the processes that use it up */
	PC_LOOK_COUNT,
};
#define PC_LOOK_BIT(kind) (1U << (kind))

struct pc_range_use; /* core/verdict/range_use.h */

/* A fix ends the trouble at hand, or keeps it from coming back. */
enum pc_when { PC_NOW = 1, PC_LASTING };

struct pc_fix {
	enum pc_when when;
	char *what;
	char *command; /* NULL: nothing to type */
	/* The same as far as the kernel's own means go, until a reboot; NULL: none, or not known. */
	char *plain;
};

#define PC_FIXES_MAX 28

/* Room for the id of a verdict. */
#define PC_VERDICT_ID 40

struct pc_verdict {
	char id[PC_VERDICT_ID];	  /* by which later lines refer to it */
	char told[PC_VERDICT_ID]; /* the id of the line that tells of it; "": none does */
	bool written;		  /* a line of its own */
	bool hunt;	  /* a step of a hunt for any free port: counted, no line of its own */
	uint64_t time_ns; /* boot clock; of the refusal */
	struct pc_request request;
	struct pc_party requester;
	struct pc_port_settings settings;
	struct pc_site site;	   /* of a Unix socket's path */
	struct pc_tunnels tunnels; /* of the port, where a socket of the kernel's takes part */
	uint32_t monitor_netns;	   /* where a command typed beside portclash would act */
	bool monitor_boots;	   /* that namespace is the one that the machine boots with */
	uint32_t netns_pid;	   /* some process of the refusal's namespace; 0: not known */
	unsigned holders_count;
	uint32_t holders_total;	  /* sockets on the port, described or not */
	uint8_t walk;		  /* PC_WALK_* */
	unsigned holders_changed; /* gone or reused while the kernel's table was read */
	int primary;		  /* the holder the cause speaks of, or -1 */
	enum pc_cause cause;
	char *explanation;
	struct pc_fix fixes[PC_FIXES_MAX];
	unsigned fixes_count;
	struct pc_address_look address;	      /* address-not-local: where it is */
	const struct pc_range_use *range_use; /* range-exhausted; NULL: not known */
	bool owners_seen;		      /* the open sockets of all processes were looked at */
	unsigned looks_missed;	/* PC_LOOK_BIT() of the looks that there was no time for */
	const char *incomplete; /* why evidence is missing; NULL: it is complete; static */
	/* The last member: a new verdict clears only what is before, and each holder when it is added. */
	struct pc_holder holders[PC_HOLDERS_MAX];
};

/* The count of refusals that were not recorded, because too many had `scope` in common. */
struct pc_merged {
	enum pc_scope scope;
	uint64_t count;
	uint64_t first_ns; /* boot clock, as the next */
	uint64_t last_ns;
	struct pc_request request; /* the last one; its socket is not known */
	struct pc_party requester;
};

/* A socket obtained its local port. */
struct pc_claim {
	uint64_t time_ns; /* boot clock */
	uint64_t cookie;
	uint32_t netns;
	uint16_t port; /* 0: not known yet */
	enum pc_how how;
	uint8_t proto;
	uint8_t family;
	struct pc_party claimer;
	bool ends_known;
	struct pc_endpoints ends;
};

/* NULL: not known. */
static inline const struct pc_endpoints *pc_claim_ends(const struct pc_claim *c)
{
	return c->ends_known ? &c->ends : NULL;
}

/* Everything that is counted; see pc_lost_total(). */
struct pc_counters {
	uint64_t claims[PC_HOW_COUNT];
	uint64_t refusals[PC_CAUSE_COUNT];
	uint64_t verdicts;	  /* after the filters, written or summarised */
	uint64_t repeats;	  /* those of them that were summarised, not written */
	uint64_t left_out;	  /* refusals that a filter left out, and are no verdicts */
	uint64_t merged;	  /* refusals that were only counted, and are no verdicts */
	uint64_t repeats_evicted; /* collisions that gave way to others before they ended */
	uint64_t unwritten; /* verdicts beyond the lines of their user: counted, not written */
	uint64_t identities_shed; /* processes whose strings were dropped: over the budget */
	uint64_t looks_skipped;	  /* at files of users: not made, or not waited for to their end */
	uint64_t lost[PC_STAT_COUNT];
	struct pc_losers over_share; /* whose claims lost[PC_STAT_OVER_SHARE] are */
	uint64_t sink_errors;	     /* lines or files that could not be written */
	uint64_t records_bad;	     /* records that failed validation */
	uint64_t ledger_claims;	     /* in the ledger now */
	uint64_t ledger_sweeps;
	uint64_t ledger_sweeps_failed; /* nothing was forgotten */
	uint64_t ledger_forgotten;
	uint64_t protected_claims[2][PC_HOW_COUNT]; /* of TCP and UDP: see --protect */
	uint64_t warnings;			    /* shown */
	uint64_t warnings_suppressed;		    /* more than are shown in a second */
	uint64_t listeners_forgotten; /* ended listeners that are not missed any more: too many */
	uint64_t states_missed;	      /* TCP state changes, any of which may have been a claim */
	uint64_t ends_missed;	      /* the same, any of which may have been the end of a socket */
	uint64_t calls_missed; /* ends of connect() and sends, any of which may have been refused */
	uint64_t
		ledger_refused; /* claims not kept: the ledger or the table of processes was at its limit */
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

/* The losses that can be the end of a socket, or that a socket listens. */
static inline uint64_t pc_lost_ends(const struct pc_counters *c)
{
	return c->lost[PC_STAT_ENDPOINTS_LOST] + c->ends_missed + c->records_bad;
}

#endif
