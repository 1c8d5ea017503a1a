/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that the kernel side and user space share: protocols, states, flags, limits, and the key of
 * a process. The records that carry them are in record.h. */
#ifndef PORTCLASH_VALUES_H
#define PORTCLASH_VALUES_H

#if __SIZEOF_POINTER__ != 8 || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "portclash supports 64-bit little-endian machines only: its programs and records rely on it"
#endif

#ifndef __bpf__
#include <linux/types.h>
#endif

#define PC_COMM_LEN 16
#define PC_ADDR_LEN 16

/* Holders described in full per refusal; `holders_total` counts them all. */
#define PC_HOLDERS_MAX 16

/* 65,536 ports as a bitmap of 64-bit words, as in net.ipv4.ip_local_reserved_ports. */
#define PC_PORTS 65536
#define PC_PORT_WORDS (PC_PORTS / 64)

/* The first user id that is not of the machine, and how many each user gets from there: useradd's and
 * adduser's defaults (SUB_UID_MIN, SUB_UID_COUNT; subuid(5)). */
#define PC_SUBUID_FIRST 100000
#define PC_SUBUID_COUNT 65536

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

/* Refusals that were only counted have something in common: `scope` says what. */
enum pc_scope {
	PC_SCOPE_INVALID = 0,
	PC_SCOPE_PORT,	  /* process, namespace, call, address, port and errno */
	PC_SCOPE_PROCESS, /* the process; the call is the last one */
	PC_SCOPE_USER,	  /* user and control group; process and call are the last ones */
	PC_SCOPE_OTHERS, /* users for whom the kernel side has no room; all facts are of the last one */
	PC_SCOPE_UNWRITTEN, /* user space only: verdicts of a user beyond its lines; as with OTHERS */
	PC_SCOPE_COUNT,
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
	PC_STAT_ENDS_LOST, /* ring `claims` full: the end of a refused process */
	PC_STAT_OVER_SHARE, /* ring `claims` more than half full: claims over the share of a user */
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

#define PC_PROTO_UNIX 254  /* a Unix socket: no protocol of IP has this number */
#define PC_PROTO_OTHER 255 /* none of these three */

#define PC_FAMILY_UNIX 1 /* AF_UNIX */
#define PC_FAMILY_V4 2	 /* AF_INET */
#define PC_FAMILY_V6 10	 /* AF_INET6 */

/* sk_userlocks of the kernel: evidence of how a port was obtained, at any age. */
#define PC_LOCK_ADDR 4	   /* SOCK_BINDADDR_LOCK: an address was asked for */
#define PC_LOCK_PORT 8	   /* SOCK_BINDPORT_LOCK: the port was asked for by number */
#define PC_LOCK_CONNECT 16 /* SOCK_CONNECT_BIND (6.18+): chosen at connect() */

/* Flags of a socket. */
#define PC_SOCKET_REUSEPORT (1 << 0)
#define PC_SOCKET_V6ONLY (1 << 1)
#define PC_SOCKET_ORPHAN (1 << 2)  /* no struct socket: closed by its owner, or not accepted yet */
#define PC_SOCKET_NO_FILE (1 << 3) /* a struct socket without a file: the kernel's own */
#define PC_SOCKET_DEAD (1 << 4)	   /* SOCK_DEAD: closed by its owner */
#define PC_SOCKET_REUSEPORT_CB (1 << 5) /* member of a reuseport group or with a program */
#define PC_SOCKET_TW_CONNECT (1 << 6)	/* TIME_WAIT of a connect()-chosen port (6.18+) */
#define PC_SOCKET_EXACT (1 << 7)	/* the kernel's own check stopped at this one */
#define PC_SOCKET_MPTCP (1 << 8)       /* its subflows, with cookies of their own, hold the ports */
#define PC_SOCKET_TRANSPARENT (1 << 9) /* IP_TRANSPARENT: may have another machine's address */
#define PC_SOCKET_FREEBIND (1 << 10)   /* IP_FREEBIND: may have an address that is not here yet */

/* The walk of the port table sets these flags about itself. */
#define PC_WALK_TRUNCATED 1 /* more sockets on the port than the walk could visit */
#define PC_WALK_NO_TABLE 2  /* the kernel's table was not found */
#define PC_WALK_NETNS 4	    /* range, floor and reserved ports below are valid */
#define PC_WALK_BY_ADDRESS 8 /* the list of the port was too long: see PC_WALK_UDP_STEPS */

/* The walk looks at so many UDP sockets in the list of a port. If there are more, it looks for those on the
 * wanted address and on the wildcard address, as the kernel does. A walk through TCP sockets ends after as many, if
 * the user, or this control group of root, has had a long one lately (bpf/long_walk.bpf.h). */
#define PC_WALK_UDP_STEPS 4096

/* Marks of a refusal as a whole. Records from before these marks have the first one only. */
#define PC_MARK_DESCENDANT (1 << 0) /* of the monitor itself: `trace -- COMMAND` */
#define PC_MARK_NO_SOURCE (1 << 1)  /* connect() found no source address and looked for no port */
#define PC_MARK_CAPABLE (1 << 2)    /* the process had CAP_NET_BIND_SERVICE where it counts */
#define PC_MARK_USERNS (1 << 3) /* process or network namespace are of an inner user namespace */
#define PC_MARK_LATE (1 << 4)	/* no program saw the refusal: the errno is a guess, or 0 */
#define PC_MARK_IN_NETNS (1 << 5) /* the process' first thread was in the socket's network namespace */

/* A process at one moment of its life: pids are reused and exec() changes who it is.
 * start_ns is on the boot clock. */
struct pc_process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 exec_id;
};

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

/* The binding of a Unix socket, in place of the two addresses of its socket record. */
struct pc_unix_bound {
	__u64 file;   /* inode number; 0: it is not bound to a file */
	__u64 name;   /* pc_wanted_unix_name() */
	__u32 device; /* of the file system, as the kernel numbers it: major << 20 | minor */
	__u32 mntns;  /* of the process that has it open */
	__u8 pad[8];
};

/* "A Unix socket that is bound to a file with this inode number, on whichever file system". */
static inline __attribute__((always_inline)) __u64 pc_wanted_unix_file(__u64 inode)
{
	return 3ULL << 62 | inode << 3 >> 2 | 1;
}

/* A Unix socket's name: the path, or what follows the first NUL of an abstract name, and zeros behind. */
#define PC_UNIX_NAME 108
#define PC_UNIX_WORDS 14

/* "A Unix socket with this name". `abstract_len`: of a path 0, as the zeros say where it ends. */
static inline __attribute__((always_inline)) __u64 pc_wanted_unix_name(const __u64 *words,
								       __u32 abstract_len)
{
	__u64 hash = 0xcbf29ce484222325ULL ^ abstract_len;

	for (int i = 0; i < PC_UNIX_WORDS; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	return (3ULL << 62 | hash >> 2) & ~1ULL;
}

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

_Static_assert(sizeof(struct pc_process_key) == 16, "pc_process_key");
_Static_assert(sizeof(struct pc_unix_bound) == 2 * PC_ADDR_LEN, "pc_unix_bound");

/* A ring has a power of two of bytes, in whole pages (ringbuf_map_alloc()). A page of arm64 has up to 64 KiB. */
#define PC_PAGE_MAX 65536
#define PC_IS_RING_SIZE(bytes) (!((bytes) & ((bytes) - 1)) && (bytes) >= PC_PAGE_MAX)

#endif
