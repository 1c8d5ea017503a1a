/* SPDX-License-Identifier: GPL-2.0-only */
/* The records that cross from the BPF programs to user space: fixed widths, largest
 * members first, explicit padding, sizes asserted. Nothing else is shared. */
#ifndef PORTCLASH_RECORD_H
#define PORTCLASH_RECORD_H

#ifndef __bpf__
#include <linux/types.h>
#endif

/* Raised whenever a layout below changes; recorded streams carry it. */
#define PC_RECORD_VERSION 2

#define PC_COMM_LEN 16
#define PC_ADDR_LEN 16

/* Holders described in full per refusal; `holders_total` counts them all. */
#define PC_HOLDERS_MAX 16

/* Slots of those kept for listeners: one listener behind 10,000 accepted connections on its
 * port is the one worth naming, and the kernel's list has the newest socket first. */
#define PC_HOLDERS_LISTEN 4

/* Text of a process record: arguments, executable path, cgroup path. */
#define PC_PROCESS_TEXT 3072
#define PC_PROCESS_ARGS 1024

/* 65,536 ports as a bitmap of 64-bit words, as in net.ipv4.ip_local_reserved_ports. */
#define PC_PORTS 65536
#define PC_PORT_WORDS (PC_PORTS / 64)

/* Cookies one call of the sweep program can return. */
#define PC_SWEEP_COOKIES 32768

enum pc_record_type {
	PC_RECORD_INVALID = 0,
	PC_RECORD_PROCESS,
	PC_RECORD_CLAIM,
	PC_RECORD_ENDPOINTS,
	PC_RECORD_REFUSAL,
	PC_RECORD_OWNER,
	PC_RECORD_COUNT,
};

/* How a socket obtained its local port. */
enum pc_how {
	PC_HOW_UNKNOWN = 0,
	PC_HOW_CONNECT,	  /* the kernel chose it at connect() */
	PC_HOW_BIND_ZERO, /* the kernel chose it at bind() to port 0 */
	PC_HOW_BIND,	  /* asked for by number */
	PC_HOW_AUTOBIND,  /* UDP send or connect, or listen(), without a bind() */
	PC_HOW_ACCEPT,	  /* inherited from the listener */
	PC_HOW_COUNT,
};

enum pc_op {
	PC_OP_INVALID = 0,
	PC_OP_BIND,
	PC_OP_LISTEN,
	PC_OP_CONNECT, /* no port for it, or the bound one has this very connection already */
	PC_OP_SEND,    /* UDP, without a bind() */
	PC_OP_COUNT,
};

/* Kernel-side counters, one slot each in the map `stats`. */
enum pc_stat {
	PC_STAT_CLAIMS_LOST = 0,   /* ring `claims` full */
	PC_STAT_PROCESSES_LOST,	   /* ring `claims` full */
	PC_STAT_ENDPOINTS_LOST,	   /* ring `claims` full */
	PC_STAT_REFUSALS_LOST,	   /* ring `refusals` full */
	PC_STAT_CALLS_UNTRACKED,   /* kprobe: no room for a call, or its return was missed */
	PC_STAT_COOKIES_MISSING,   /* a claim by a socket without a cookie */
	PC_STAT_ARGUMENTS_MISSING, /* the address argument of bind() could not be read */
	PC_STAT_NOT_RUN, /* the kernel did not run a program: interrupted in it, it was due again */
	PC_STAT_COUNT,
};

/* enum tcp_states of the kernel's uapi, as the holders carry them. */
enum pc_state {
	PC_STATE_INVALID = 0,
	PC_STATE_ESTABLISHED = 1,
	PC_STATE_SYN_SENT = 2,
	PC_STATE_SYN_RECV = 3,
	PC_STATE_FIN_WAIT1 = 4,
	PC_STATE_FIN_WAIT2 = 5,
	PC_STATE_TIME_WAIT = 6,
	PC_STATE_CLOSE = 7,
	PC_STATE_CLOSE_WAIT = 8,
	PC_STATE_LAST_ACK = 9,
	PC_STATE_LISTEN = 10,
	PC_STATE_CLOSING = 11,
	PC_STATE_COUNT,
};

#define PC_PROTO_TCP 6
#define PC_PROTO_UDP 17

#define PC_FAMILY_V4 2	/* AF_INET */
#define PC_FAMILY_V6 10 /* AF_INET6 */

/* sk_userlocks of the kernel: evidence of how a port was obtained, at any age. */
#define PC_LOCK_ADDR 4	   /* SOCK_BINDADDR_LOCK: an address was asked for */
#define PC_LOCK_PORT 8	   /* SOCK_BINDPORT_LOCK: the port was asked for by number */
#define PC_LOCK_CONNECT 16 /* SOCK_CONNECT_BIND (6.18+): chosen at connect() */

struct pc_header {
	__u32 type; /* enum pc_record_type */
	__u32 size; /* of the whole record, bytes */
};

/* A process at one moment of its life: pids are reused and exec() changes who it is.
 * start_ns is on the boot clock. */
struct pc_process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 exec_id;
};

/* Who a process is, sent before its first claim or refusal.
 * text: `args_len` bytes of NUL-separated arguments, then `exe_len` bytes of path
 * components leaf first, each ending in NUL, then `cgroup_len` bytes the same way. */
struct pc_process {
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

struct pc_claim {
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

/* Both ends of a claim: of all when a sink prints claims, else of those on protected ports. lport
 * 0: no port was free. With `closed`, no claim: a listener on this port that is one no more. */
struct pc_endpoints {
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

#define PC_SOCKET_REUSEPORT (1 << 0)
#define PC_SOCKET_V6ONLY (1 << 1)
#define PC_SOCKET_ORPHAN (1 << 2)  /* no struct socket: closed by its owner, or not accepted yet */
#define PC_SOCKET_NO_FILE (1 << 3) /* a struct socket without a file: the kernel's own */
#define PC_SOCKET_DEAD (1 << 4)	   /* SOCK_DEAD: closed by its owner */
#define PC_SOCKET_REUSEPORT_CB (1 << 5) /* member of a reuseport group or with a program */
#define PC_SOCKET_TW_CONNECT (1 << 6)	/* TIME_WAIT of a connect()-chosen port (6.18+) */
#define PC_SOCKET_EXACT (1 << 7)	/* the kernel's own check stopped at this one */

/* One socket as the kernel's tables have it. Addresses: 4 bytes for IPv4, 16 for IPv6;
 * v4_address is sk_rcv_saddr, which the kernel compares even for IPv6 sockets. */
struct pc_socket {
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

#define PC_WALK_TRUNCATED 1 /* more sockets on the port than the walk could visit */
#define PC_WALK_NO_TABLE 2  /* the kernel's table was not found */
#define PC_WALK_NETNS 4	    /* range, floor and reserved ports below are valid */

/* wanted: the local end of bind() and listen(), the remote end of connect() and send (port 0:
 * not known). The holders are those of the local port. */
struct pc_refusal {
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
	__u8 descendant;    /* of the monitor itself: `trace -- COMMAND` */
	__u8 holders_count; /* described below; the record ends behind the last of them */
	__u8 wanted[PC_ADDR_LEN];
	char comm[PC_COMM_LEN];
	__u16 own_low; /* IP_LOCAL_PORT_RANGE of the socket; 0: none */
	__u16 own_high;
	struct pc_socket socket; /* the refused socket's own options */
	struct pc_socket holders[PC_HOLDERS_MAX];
};

/* From the socket file iterator: one open descriptor of one process. */
struct pc_owner {
	struct pc_header header;
	struct pc_process_key process;
	__u32 fd;
	__u32 pad;
	char comm[PC_COMM_LEN];
	struct pc_socket socket;
};

/* A network namespace's port settings as its last refusal saw them, at PC_NETNS_SLOT(key) of
 * `netns_ports`; key is the namespace's cookie, which is never used again, or its inode number where
 * it has none (up to 5.11). Of two with the same slot the later one stays. */
struct pc_netns_ports {
	__u64 reserved[PC_PORT_WORDS];
	__u64 netns_key;
};

#define PC_NETNS_SLOTS 64
#define PC_NETNS_SLOT(key) ((__u32)(key) & (PC_NETNS_SLOTS - 1))

/* The set `wanted_sockets`: a key is in one of so many places from PC_WANTED_SLOT(key) on, before the
 * first 0. Keys are cookies, which have neither bit 62 nor 63, and what the two functions give. */
#define PC_WANTED_SLOTS 32768
#define PC_WANTED_PROBES 16
#define PC_WANTED_SLOT(key) ((__u32)((key)*0x9e3779b97f4a7c15ULL >> 49)) /* Fibonacci hashing */

/* "The socket with this inode": so an MPTCP socket is found, too, whose port a subflow with another
 * cookie holds. */
static inline __attribute__((always_inline)) __u64 pc_wanted_inode(__u64 inode)
{
	return 1ULL << 62 | inode;
}

/* "A TCP socket with these two ports"; remote 0: none. */
static inline __attribute__((always_inline)) __u64 pc_wanted_ports(__u16 lport, __u16 rport)
{
	return 1ULL << 63 | (__u64)lport << 16 | rport;
}

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

/* What one pass over the descriptor tables found: owners, or in a sweep cookies. Powers of two. */
#define PC_FILES_OWNERS 4096
#define PC_FILES_COOKIES 32768

struct pc_files {
	__u32 count;
	__u32 full; /* there is more: the pass is of no use */
	union {
		struct pc_owner owners[PC_FILES_OWNERS];
		__u64 cookies[PC_FILES_COOKIES];
	};
};

/* The sockets on one port, of `portclash who`: `total` of them, of which as many as fit are
 * described. Unless `end`, the table was too large to be looked at whole. */
#define PC_PORT_SOCKETS 4096

struct pc_port_sockets {
	__u32 end;
	__u32 total;
	__u32 found_table;
	__u32 pad;
	struct pc_socket sockets[PC_PORT_SOCKETS];
};

/* Stands for the cookie of a TIME_WAIT that has none, in the sweep: by it those from before
 * the start are known again. `remote` is 4 bytes for IPv4, 16 for IPv6. Bit 63 is set, which
 * no cookie has. */
static inline __attribute__((always_inline)) __u64
pc_time_wait_key(__u32 netns, __u16 lport, __u16 rport, int is_v6, const __u32 *remote)
{
	__u64 ends = (__u64)netns << 32 | (__u32)lport << 16 | rport;
	__u64 address = remote[0];

	if (is_v6)
		address ^= (__u64)remote[1] << 8 ^ (__u64)remote[2] << 16 ^ (__u64)remote[3] << 24;
	return (ends * 0x9e3779b97f4a7c15ULL ^ address * 0xc2b2ae3d27d4eb4fULL) | 1ULL << 63;
}

/* Copied into .rodata before the programs are loaded. */
struct pc_config {
	__u32 monitor_tgid;  /* root of the `-- COMMAND` process tree */
	__u32 monitor_netns; /* inode number of its network namespace */
	__u32 claims_wake;   /* bytes waiting in ring `claims` that wake the reader */
	__u8 with_endpoints; /* send pc_endpoints records */
	__u8 cgroup_direct;  /* cgroup programs may use bpf_get_current_task_btf() */
	__u8 with_protected; /* the same of ports in `protected_ports`, and listeners that end */
	__u8 udp_by_cgroup;  /* cgroup programs are what sees UDP's connect() */
};

#define PC_REFUSAL_SIZE(count) \
	(__builtin_offsetof(struct pc_refusal, holders) + (count) * sizeof(struct pc_socket))

_Static_assert(sizeof(struct pc_header) == 8, "pc_header");
_Static_assert(sizeof(struct pc_process_key) == 16, "pc_process_key");
_Static_assert(sizeof(struct pc_process) == 64 + PC_PROCESS_TEXT, "pc_process");
_Static_assert(sizeof(struct pc_claim) == 72, "pc_claim");
_Static_assert(sizeof(struct pc_endpoints) == 56, "pc_endpoints");
_Static_assert(sizeof(struct pc_socket) == 80, "pc_socket");
_Static_assert(sizeof(struct pc_refusal) == 200 + PC_HOLDERS_MAX * 80, "pc_refusal");
_Static_assert(sizeof(struct pc_owner) == 128, "pc_owner");
_Static_assert(sizeof(struct pc_config) == 16, "pc_config");

#endif
