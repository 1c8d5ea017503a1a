/* SPDX-License-Identifier: GPL-2.0-only */
/* The records that cross from the BPF programs to user space: fixed widths, largest
 * members first, explicit padding, sizes asserted. Nothing else is shared. */
#ifndef PORTCLASH_RECORD_H
#define PORTCLASH_RECORD_H

#include "portclash/values.h"

/* Raised whenever a layout below changes; recorded streams carry it. */
#define PC_RECORD_VERSION 2

/* Text of a process record: arguments, executable path, cgroup path. */
#define PC_PROCESS_TEXT 3072
#define PC_PROCESS_ARGS 1024

/* Slots of those kept for listeners: one listener behind 10,000 accepted connections on its port is the one worth naming, and
 * the kernel's list has the newest socket first. */
#define PC_HOLDERS_LISTEN 4

/* Cookies one call of the sweep program can return. */
#define PC_SWEEP_COOKIES 32768

enum pc_record_type {
	PC_RECORD_INVALID = 0,
	PC_RECORD_PROCESS,
	PC_RECORD_CLAIM,
	PC_RECORD_ENDPOINTS,
	PC_RECORD_REFUSAL,
	PC_RECORD_OWNER,
	PC_RECORD_FOREIGN,
	PC_RECORD_MERGED,
	PC_RECORD_END,
	PC_RECORD_COUNT,
};

struct pc_header {
	__u32 type; /* enum pc_record_type */
	__u32 size; /* of the whole record, bytes */
};

/* The identity of a process, sent before its first claim or refusal. `text` has `args_len` bytes of NUL-separated
 * arguments, then `exe_len` bytes of path components leaf first, each ending in NUL, then `cgroup_len` bytes in the same form:
 * the path in cgroup v2, and where the controller "pids" is one of cgroup v1 an empty component and the path there. */
struct pc_process_record {
	struct pc_header header;
	struct pc_process_key key;
	__u64 cgroup_id;
	__u32 uid;
	__u32 netns;
	__u16 args_len;
	__u16 exe_len;
	__u16 cgroup_len;
	__u8 args_cut;
	__u8 descendant; /* of the monitor itself: `trace -- COMMAND` */
	char comm[PC_COMM_LEN];
	char text[PC_PROCESS_TEXT];
};

#define PC_CLAIM_PORT_LATER 1 /* connect(): the kernel chooses the port after this record */
#define PC_CLAIM_MAYBE_OLD 2  /* seen at a send: the socket may have had its port before */
#define PC_CLAIM_IF_NEW 4     /* seen at a listen(): a claim that is known is the true one */
#define PC_CLAIM_ENDED 8      /* its socket is closed; the kernel side has counted it */

struct pc_claim_record {
	struct pc_header header;
	__u64 time_ns; /* boot clock */
	__u64 cookie;
	struct pc_process_key process;
	__u32 tid;
	__u32 netns;
	__u16 port; /* 0 with PC_CLAIM_PORT_LATER */
	__u8 how;   /* enum pc_how */
	__u8 proto;
	__u8 family;
	__u8 flags;
	__u8 pad[2];
	char comm[PC_COMM_LEN]; /* empty, unless the record of the process was lost */
};

/* The log of claims (bpf/claim_log.bpf.h) has parts, of which each processor uses one. */
#define PC_LOG_CLAIMS 4096
#define PC_LOG_PARTS 16
struct pc_log_part {
	__u64 written; /* claims, since the start */
	__u64 read;    /* of these, as far as their places may be taken again; user space sets it */
	__u32 users;   /* the program that writes, and those that try */
	__u32 pad[11]; /* no two parts in one line of a cache */
};

struct pc_logged_claim {
	__u64 time_ns; /* boot clock */
	__u64 cookie;
	struct pc_process_key process;
	__u32 tid;
	__u32 netns;
	__u32 ended; /* the low bits of the cookie: the socket is closed */
	__u16 port;
	__u8 how;
	__u8 proto;
	__u8 family;
	__u8 flags;
	__u8 taken; /* by user space */
	__u8 pad[5];
};

/* A claim has two ends. The programs send them for all claims when a sink prints claims, else for
 * those of protected ports. lport 0: no port was free. With `closed` the record is no claim: a
 * listener on this port has ended, or, for the flight recorder, a socket that had made a claim was closed in `state`,
 * listens from now on, or left `state` and keeps its port until close(), which nothing reports. */
#define PC_ENDPOINTS_LISTENER_ENDED 1
#define PC_ENDPOINTS_ENDED 2
#define PC_ENDPOINTS_LISTENS 3
#define PC_ENDPOINTS_KEEPS_PORT 4

struct pc_endpoints_record {
	struct pc_header header;
	__u64 cookie;
	__u8 local[PC_ADDR_LEN];
	__u8 remote[PC_ADDR_LEN];
	__u16 lport;
	__u16 rport;
	__u8 family;
	__u8 state;
	__u8 closed;
	__u8 own_netns; /* the socket is in the monitor's network namespace */
};

/* A process that was refused something, or that asked for a port by bind(), has ended, all its threads. */
struct pc_end_record {
	struct pc_header header;
	__u64 time_ns; /* boot clock */
	struct pc_process_key process;
	__s32 status; /* as wait() has it */
	__u32 pad;
};

/* A socket as the kernel's tables have it. Addresses have 4 bytes for IPv4 and 16 for IPv6.
 * v4_address is sk_rcv_saddr, which the kernel compares even for IPv6 sockets. */
struct pc_socket_record {
	__u64 cookie;
	__u64 inode;
	__u8 local[PC_ADDR_LEN];
	__u8 remote[PC_ADDR_LEN];
	__u32 v4_address; /* network order */
	__u32 uid;
	__u32 ifindex; /* SO_BINDTODEVICE, 0: none */
	__u32 netns;
	__u16 lport; /* skc_num: 0 means it holds no port */
	__u16 rport;
	__u16 family;
	__u16 flags;
	__u8 proto;
	__u8 state;    /* enum pc_state */
	__u8 substate; /* TIME_WAIT: FIN_WAIT2 or TIME_WAIT */
	__u8 userlocks;
	__u8 reuse;	/* SO_REUSEADDR, as sk_reuse: 0, 1, or 2 for forced */
	__s8 fastreuse; /* of the bind bucket: -1 when connect() made it */
	__s8 fastreuseport;
	__u8 seconds_left; /* of a TIME_WAIT, rounded up; 0: not known */
};

/* wanted: the local end of bind() and listen(), the remote end of connect() and send (port 0:
 * not known). The holders are those of the local port. */
struct pc_refusal_record {
	struct pc_header header;
	__u64 time_ns; /* boot clock */
	__u64 cgroup_id;
	__u64 netns_key; /* of netns_ports */
	struct pc_process_key process;
	__u32 tid;
	__u32 uid;
	__u32 netns;
	__u32 holders_total;
	__s32 error; /* errno, positive */
	__u16 range_low;
	__u16 range_high;
	__u16 unprivileged_start; /* net.ipv4.ip_unprivileged_port_start */
	__u16 wanted_port;
	__u16 wanted_family;
	__u8 op; /* enum pc_op */
	__u8 proto;
	__u8 walk;	    /* PC_WALK_* */
	__u8 reserved;	    /* the wanted port is in ip_local_reserved_ports */
	__u8 marks;	    /* PC_MARK_* */
	__u8 holders_count; /* described below; the record ends behind the last of them */
	__u8 wanted[PC_ADDR_LEN];
	char comm[PC_COMM_LEN];
	__u16 own_low; /* IP_LOCAL_PORT_RANGE of the socket; 0: none */
	__u16 own_high;
	struct pc_socket_record socket; /* the refused socket's own options */
	struct pc_socket_record holders[PC_HOLDERS_MAX];
};

/* A refused bind() of a socket that is neither TCP nor UDP. `address` is the argument of the call,
 * with the address family. `text` has root and working directory of the process, from the root of its
 * mount namespace, in the form of a process record's paths; `root_len` 0: that root, or not known. */
#define PC_FOREIGN_ADDRESS 128
#define PC_FOREIGN_TEXT 1024

struct pc_foreign_record {
	struct pc_header header;
	__u64 time_ns; /* boot clock */
	__u64 cgroup_id;
	struct pc_process_key process;
	__u32 tid;
	__u32 uid;
	__u32 netns;
	__u32 mntns;
	__s32 error; /* errno, positive */
	__u16 protocol;
	__u16 root_len;
	__u16 cwd_len;
	__u8 family;
	__u8 type; /* SOCK_STREAM and the like */
	__u8 op;   /* enum pc_op */
	__u8 marks;
	__u8 address_len;
	__u8 paths_known;
	char comm[PC_COMM_LEN];
	__u8 address[PC_FOREIGN_ADDRESS];
	char text[PC_FOREIGN_TEXT];
};

/* The count of refusals that were not recorded, because there were too many (bpf/quota.bpf.h). Where
 * `proto` is neither TCP nor UDP, `wanted_port` is the protocol of the family, and `wanted` is empty. */
struct pc_merged_record {
	struct pc_header header;
	__u64 count;
	__u64 first_ns; /* boot clock, as the next */
	__u64 last_ns;
	__u64 cgroup_id;
	struct pc_process_key process;
	__u8 wanted[PC_ADDR_LEN];
	__u32 uid;
	__u32 netns;
	__s32 error; /* errno, positive; 0: it was not seen */
	__u16 wanted_port;
	__u16 wanted_family;
	__u8 op; /* enum pc_op */
	__u8 proto;
	__u8 scope; /* enum pc_scope */
	__u8 marks; /* PC_MARK_DESCENDANT */
	char comm[PC_COMM_LEN];
	__u8 pad[4];
};

/* An owner is one open descriptor of one process. The socket file iterator makes these records. */
struct pc_owner_record {
	struct pc_header header;
	struct pc_process_key process;
	__u32 fd;
	__u32 pad;
	char comm[PC_COMM_LEN];
	struct pc_socket_record socket;
};

/* A network namespace's port settings as its last refusal saw them, in `netns_ports`: the monitor's own at
 * PC_NETNS_OWN, another in one of PC_NETNS_WAYS slots from PC_NETNS_SET(key) on (bpf/netns_slot.bpf.h). The key
 * is the namespace's cookie, which is never used again, or its inode number where it has none (up to 5.11). */
struct pc_netns_ports {
	__u64 reserved[PC_PORT_WORDS];
	__u64 netns_key;
	__u64 time_ns; /* boot clock, of the refusal; 0: the slot was never used */
	__u32 uid;     /* of the process that was refused */
	__u32 pad;
};

#define PC_NETNS_WAYS 4
#define PC_NETNS_SETS 16
#define PC_NETNS_OWN (PC_NETNS_SETS * PC_NETNS_WAYS)
#define PC_NETNS_SLOTS (PC_NETNS_OWN + 1)
#define PC_NETNS_SET(key) (((__u32)(key) & (PC_NETNS_SETS - 1)) * PC_NETNS_WAYS)

/* The size of the ring `refusals`. */
#define PC_REFUSALS_BYTES (1024 * 1024)
_Static_assert(PC_IS_RING_SIZE(PC_REFUSALS_BYTES), "refusals");

/* The ring `claims` has PC_CLAIMS_BYTES. While more than PC_SHARE_FROM of them wait, each user has a share of the rest.
 * `claim_shares` has users in sets of PC_SHARE_WAYS slots, then control groups in as many. The last slot is for all
 * others. */
#define PC_CLAIMS_BYTES (1024 * 1024)
_Static_assert(PC_IS_RING_SIZE(PC_CLAIMS_BYTES), "claims");
#define PC_SHARE_FROM (PC_CLAIMS_BYTES / 2)
#define PC_SHARE_WAYS 4
#define PC_SHARE_SETS 64
#define PC_SHARES (2 * PC_SHARE_SETS * PC_SHARE_WAYS + 1)

struct pc_share {
	__u64 group; /* 0: the whole user; else 1 more than the id of the control group */
	__u64 lost;  /* claims over the share; it only rises */
	__u64 told;  /* of them; user space sets it */
	__u32 user;  /* the first of its user ids (PC_SUBUID_FIRST) */
	__u32 uid;   /* with which the last claim was lost */
	__u32 round; /* the bytes are of this round; 0: the slot was never used */
	__u32 bytes;
};

/* The set `wanted_sockets`: a key is in one of so many slots from PC_WANTED_SLOT(key) on, before the
 * first 0. Keys are cookies, which have neither bit 62 nor 63, and what the two functions give. */
#define PC_WANTED_SLOTS 32768
#define PC_WANTED_PROBES 16
#define PC_WANTED_SLOT(key) ((__u32)((key)*0x9e3779b97f4a7c15ULL >> 49)) /* Fibonacci hashing */

/* Value of the map `sweep_result`: cookies of the sockets in the TCP port table (for a TIME_WAIT
 * without one pc_time_wait_key(); others without one are left out), from the index asked for up to,
 * not including, `next`; those of `next` itself may be incomplete. */
struct pc_sweep {
	__u32 next;
	__u32 count;
	__u32 end; /* the whole table was visited */
	__u32 pad;
	__u64 ports[PC_PORT_WORDS]; /* taken in the caller's network namespace, since index 0 */
	__u64 cookies[PC_SWEEP_COOKIES];
};

/* The result of one pass over the descriptor tables: owners, or in a sweep cookies. The sizes are
 * powers of two. */
#define PC_FILES_OWNERS 4096
#define PC_FILES_SMALL 4096
#define PC_FILES_COOKIES 32768

/* A pass that found no end says where it stopped. The next one goes on there: in the process `pid`, at the
 * descriptor `fd`. Small tables are looked at in a round of their own, before large ones. */
struct pc_files {
	__u32 count;
	__u32 full; /* there is more */
	__u32 pid;
	__u32 fd;
	__u32 large;	  /* the round of the tables with more than PC_FILES_SMALL descriptors */
	__u32 large_seen; /* the other round has passed over such a table */
	union {
		struct pc_owner_record owners[PC_FILES_OWNERS];
		__u64 cookies[PC_FILES_COOKIES];
	};
};

/* The sockets on one port, of `portclash who`: `total` of them, of which as many as fit are described. Unless `end`, the
 * table was too large to be looked at whole. */
#define PC_PORT_SOCKETS 4096

struct pc_port_sockets {
	__u32 end;
	__u32 total;
	__u32 found_table;
	__u32 pad;
	struct pc_socket_record sockets[PC_PORT_SOCKETS];
};

/* The threads in bind() or listen() that have a slot for their check (bpf/check_slot.bpf.h) */
#define PC_CHECK_SLOTS 512

/* Counts of one CPU. The array `cpu_work` has one for each CPU, by number modulo its size. */
#define PC_WORK_CPUS 1024

struct pc_cpu_work {
	__u64 begun; /* notes of bind() that were made */
	__u64 ended; /* notes that were taken away */
	__u32 exits; /* exit programs that are at work on a failed bind(), some perhaps preempted */
	__u32 pad;
};

/* Copied into .rodata before the programs are loaded. */
struct pc_config {
	__u32 monitor_tgid;  /* root of the `-- COMMAND` process tree */
	__u32 monitor_netns; /* inode number of its network namespace */
	__u32 claims_wake;   /* bytes waiting in ring `claims` that wake the reader */
	__u32 seed;	     /* of the hash of the quota */
	__u32 page_size;     /* of memory, in bytes */
	__u8 with_endpoints; /* send pc_endpoints records */
	__u8 cgroup_direct;  /* cgroup programs may use bpf_get_current_task_btf() */
	__u8 with_protected; /* the same of ports in `protected_ports`, and listeners that end */
	__u8 udp_by_cgroup;  /* cgroup programs are what sees UDP's connect() */
	__u8 cgroup_retval;  /* cgroup programs may ask what those before them answered */
	__u8 each;	     /* no quota: every refusal is recorded */
	__u8 with_ends; /* with_endpoints: tell, too, when a TCP socket with a cookie listens or ends */
	__u8 log_parts; /* number of parts of the log, less 1 */
	__u32 log_size; /* places in each part, a power of two */
};

#define PC_REFUSAL_SIZE(count)                                   \
	(__builtin_offsetof(struct pc_refusal_record, holders) + \
	 (count) * sizeof(struct pc_socket_record))

_Static_assert(sizeof(struct pc_header) == 8, "pc_header");
_Static_assert(sizeof(struct pc_process_record) == 64 + PC_PROCESS_TEXT, "pc_process");
_Static_assert(sizeof(struct pc_claim_record) == 72, "pc_claim");
_Static_assert(sizeof(struct pc_log_part) == 64, "pc_log_part");
_Static_assert(sizeof(struct pc_logged_claim) == 56, "pc_logged_claim");
_Static_assert(sizeof(struct pc_endpoints_record) == 56, "pc_endpoints");
_Static_assert(sizeof(struct pc_end_record) == 40, "pc_end");
_Static_assert(sizeof(struct pc_socket_record) == 80, "pc_socket");
_Static_assert(sizeof(struct pc_refusal_record) == 200 + PC_HOLDERS_MAX * 80, "pc_refusal");
_Static_assert(sizeof(struct pc_foreign_record) == 216 + PC_FOREIGN_TEXT, "pc_foreign");
_Static_assert(sizeof(struct pc_merged_record) == 112, "pc_merged");
_Static_assert(sizeof(struct pc_owner_record) == 128, "pc_owner");
_Static_assert(sizeof(struct pc_share) == 40, "pc_share");
_Static_assert(sizeof(struct pc_cpu_work) == 24, "pc_cpu_work");
_Static_assert(sizeof(struct pc_config) == 32, "pc_config");

#endif
