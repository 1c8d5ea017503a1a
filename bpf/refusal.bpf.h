/* SPDX-License-Identifier: GPL-2.0-only */
/* This header records a refusal, whole, at the instant it happens. */
#ifndef PORTCLASH_REFUSAL_BPF_H
#define PORTCLASH_REFUSAL_BPF_H

#include "blocker.bpf.h"
#include "capability.bpf.h"
#include "claim.bpf.h"
#include "ended.bpf.h"
#include "process.bpf.h"
#include "netns_slot.bpf.h"
#include "quota.bpf.h"
#include "scar.bpf.h"
#include "holders.bpf.h"

#define EPERM 1
#define EAGAIN 11
#define EACCES 13
#define EADDRINUSE 98
#define EADDRNOTAVAIL 99

/* The call that is refused or made a claim, and the address that was given to it. */
struct port_request {
	struct sockaddr_in6 address;
	__u8 op;    /* enum pc_op */
	__u8 marks; /* PC_MARK_* */
	__u8 pad[2];
};

/* Is this error of bind() or listen() about a port? A program on a cgroup refuses with EPERM. */
static __always_inline bool refusal_error(long ret)
{
	return ret == -EADDRINUSE || ret == -EADDRNOTAVAIL || ret == -EACCES || ret == -EPERM;
}

static __always_inline bool bitmap_test(const unsigned long *bitmap, __u16 port)
{
	__u64 word = 0;

	if (!bitmap || bpf_probe_read_kernel(&word, sizeof(word), &bitmap[port / 64]))
		return false;
	return word >> (port % 64) & 1;
}

/* The list of reserved ports is copied once in so long: the kernel reads it in 1,024 steps. The reader takes the newest
 * copy for all refusals that it reads at once. */
#define NETNS_PORTS_NS 10000000

/* Is the list of the refusal's namespace there already, and does it say of the wanted port what the kernel says? */
static __always_inline bool netns_ports_are_new(const struct pc_netns_ports *ports,
						const struct pc_refusal_record *r)
{
	__u64 word = ports->reserved[r->wanted_port / 64];

	return ports->netns_key == r->netns_key && r->time_ns - ports->time_ns < NETNS_PORTS_NS &&
	       (word >> (r->wanted_port % 64) & 1) == r->reserved;
}

/* Adds to this thread's draft the namespace's range, floor and reserved ports as they are now. The
 * whole bitmap goes to netns_ports: perhaps no process of the namespace is alive that user space
 * could ask. */
GLOBAL int refusal_netns(void)
{
	struct refusal_draft *draft = scratch_of(&refusal_drafts);
	struct pc_refusal_record *r;
	const struct net *net;
	unsigned long *bitmap;
	struct pc_netns_ports *ports;
	__u32 slot, user;
	__u64 key;

	if (!draft)
		return 0;
	r = &draft->record;
	net = draft->net;
	bitmap = BPF_CORE_READ(net, ipv4.sysctl_local_reserved_ports);
	key = r->netns_key = compat_net_cookie(net);
	compat_port_range(net, &r->range_low, &r->range_high);
	r->unprivileged_start = BPF_CORE_READ(net, ipv4.sysctl_ip_prot_sock);
	r->reserved = bitmap_test(bitmap, r->wanted_port);
	user = netns_user(r->uid);
	slot = netns_slot(key, r->netns == config.monitor_netns, user);
	if (slot >= PC_NETNS_SLOTS)
		return 0;
	ports = &netns_ports[slot];
	ports->uid = user;
	r->walk |= PC_WALK_NETNS;
	if (netns_ports_are_new(ports, r))
		return 0;
	ports->netns_key = 0;
	ports->time_ns = r->time_ns;
	if (bitmap && bpf_probe_read_kernel(ports->reserved, sizeof(ports->reserved), bitmap))
		r->walk &= ~PC_WALK_NETNS;
	else if (bitmap)
		ports->netns_key = key;
	return 0;
}

/* Adds the wanted address and port. For bind() they come from its argument, because after a failure
 * the socket has forgotten them; for listen() they come from the socket. */
static __always_inline void refusal_wanted(struct pc_refusal_record *r,
					   const struct port_request *request)
{
	const struct sockaddr_in6 *v6 = &request->address;
	const struct sockaddr_in *v4 = (const void *)&request->address;

	if (r->op == PC_OP_LISTEN) {
		r->wanted_family = r->socket.family;
		r->wanted_port = r->socket.lport;
		__builtin_memcpy(r->wanted, r->socket.local, sizeof(r->wanted));
		return;
	}
	r->wanted_port = __builtin_bswap16(v6->sin6_port);
	/* bind() takes AF_UNSPEC for IPv4. For a send, the address is not known. */
	if ((v6->sin6_family ?: r->socket.family) == PC_FAMILY_V6) {
		r->wanted_family = PC_FAMILY_V6;
		__builtin_memcpy(r->wanted, v6->sin6_addr, sizeof(r->wanted));
	} else {
		r->wanted_family = PC_FAMILY_V4;
		__builtin_memcpy(r->wanted, &v4->sin_addr, 4);
	}
}

static __always_inline bool by_kernel_thread(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, flags) & PF_KTHREAD;
}

static __always_inline void refusal_requester(struct pc_refusal_record *r)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	process_key((void *)bpf_get_current_task(), &r->process);
	process_note(&r->process);
	end_note(&r->process, r->time_ns);
	r->tid = (__u32)pid_tgid;
	r->uid = (__u32)bpf_get_current_uid_gid();
	r->cgroup_id = bpf_get_current_cgroup_id();
	if (config.monitor_tgid && process_below(config.monitor_tgid))
		r->marks |= PC_MARK_DESCENDANT;
	bpf_get_current_comm(r->comm, sizeof(r->comm));
}

static __always_inline void refusal_send(struct pc_refusal_record *r)
{
	__u32 count = r->holders_count;

	if (count > PC_HOLDERS_MAX)
		return;
	last_refusal_ns = bpf_ktime_get_boot_ns();
	r->header.size = PC_REFUSAL_SIZE(count);
	if (bpf_ringbuf_output(&refusals, r, PC_REFUSAL_SIZE(count), BPF_RB_FORCE_WAKEUP))
		stat_count(PC_STAT_REFUSALS_LOST);
}

/* Puts the blocker first among the holders, if the kernel's own check was seen. */
static __always_inline void refusal_blocker(struct refusal_draft *draft)
{
	struct check *check = check_of(draft->self);
	struct pc_refusal_record *r = &draft->record;

	if (!check || !check->blocker)
		return;
	r->holders[0] = check->found;
	r->holders_count = r->holders_total = 1;
	draft->blocker = check->blocker;
}

/* Finds the holders. A bind() or listen() wants a port that another socket may hold. A connect()
 * that has a port can only collide with the same connection from that port. */
static __always_inline void refusal_holders(struct refusal_draft *draft)
{
	struct pc_refusal_record *r = &draft->record;

	if (r->op == PC_OP_CONNECT || r->op == PC_OP_SEND) {
		if (r->socket.lport && !(r->marks & PC_MARK_NO_SOURCE))
			holders_find(r->socket.lport);
	} else if (r->error == EADDRINUSE && r->wanted_port) {
		refusal_blocker(draft);
		holders_find(r->wanted_port);
	}
}

/* Marks whether the process had the capability that bind() asks for below ip_unprivileged_port_start. */
static __always_inline void refusal_capability(struct pc_refusal_record *r, const struct sock *sk)
{
	const struct user_namespace *ns;

	if (r->error != EACCES)
		return;
	ns = BPF_CORE_READ(sk, __sk_common.skc_net.net, user_ns);
	if (capable_in(ns))
		r->marks |= PC_MARK_CAPABLE;
	if (below_first_userns(ns))
		r->marks |= PC_MARK_USERNS;
}

/* Up to 5.12, the verifier knows no bound of a number whose bytes were swapped. */
static __always_inline void refusal_mark_port(__u32 port)
{
	asm volatile("" : "+r"(port));
	refused_ports[port & (PC_PORTS - 1)] = 1;
}

/* Reads the refused socket into this thread's draft. */
GLOBAL int refusal_socket(void)
{
	struct refusal_draft *draft = scratch_of(&refusal_drafts);

	if (draft)
		socket_read(&draft->record.socket, draft->self);
	return 0;
}

static __always_inline void refusal_fill(struct pc_refusal_record *r, const struct sock *sk,
					 const struct port_request *request, long ret)
{
	__u32 own = compat_own_range(sk);

	r->header.type = PC_RECORD_REFUSAL;
	r->time_ns = bpf_ktime_get_boot_ns();
	r->error = -ret;
	r->op = request->op;
	r->marks = request->marks;
	refusal_requester(r);
	refusal_capability(r, sk);
	refusal_socket();
	r->socket.flags |= compat_foreign_address(sk);
	r->proto = r->socket.proto;
	r->netns = r->socket.netns;
	if (leader_netns((void *)bpf_get_current_task()) == r->netns)
		r->marks |= PC_MARK_IN_NETNS;
	r->own_low = (__u16)own;
	r->own_high = (__u16)(own >> 16);
	refusal_wanted(r, request);
	if (r->op == PC_OP_BIND)
		refusal_mark_port(r->wanted_port);
}

/* Drafts a refusal, which the caller gives back. NULL: there is no room, or nobody wants to know. */
static __noinline struct refusal_draft *
refusal_make_draft(const struct sock *sk, const struct port_request *request, long ret)
{
	struct refusal_draft *draft;

	if (!sk || !request)
		return NULL;
	/* RPC tries one reserved port after another, and expects to be refused. */
	if (by_kernel_thread() && is_kernel_socket(sk))
		return NULL;
	draft = scratch_take(&refusal_drafts);
	if (!draft) {
		stat_count(PC_STAT_REFUSALS_LOST);
		return NULL;
	}
	draft->self = sk;
	draft->net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	refusal_fill(&draft->record, sk, request, ret);
	refusal_netns();
	refusal_holders(draft);
	return draft;
}

/* Fills the outline of a refusal: the facts that it can share with other refusals. */
static __always_inline void refusal_outline(struct pc_merged_record *m, const struct sock *sk,
					    const struct port_request *request, long ret)
{
	const struct sockaddr_in6 *v6 = &request->address;
	const struct sockaddr_in *v4 = (const void *)&request->address;

	process_key((void *)bpf_get_current_task(), &m->process);
	m->cgroup_id = bpf_get_current_cgroup_id();
	m->uid = (__u32)bpf_get_current_uid_gid();
	m->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	m->error = -ret;
	m->op = request->op;
	m->proto = protocol_of(BPF_CORE_READ_BITFIELD_PROBED(sk, sk_protocol));
	m->wanted_family = v6->sin6_family;
	m->wanted_port = __builtin_bswap16(v6->sin6_port);
	if (m->wanted_family == PC_FAMILY_V6)
		__builtin_memcpy(m->wanted, v6->sin6_addr, sizeof(m->wanted));
	else
		__builtin_memcpy(m->wanted, &v4->sin_addr, 4);
	if (!m->wanted_family)
		m->wanted_family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (request->op == PC_OP_LISTEN)
		m->wanted_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	bpf_get_current_comm(m->comm, sizeof(m->comm));
}

/* Gives the facts of a request that are no part of an address in one number: error, marks, operation, port and family,
 * from the highest bits on. */
static __always_inline __u64 request_number(const struct port_request *request, long ret)
{
	return (__u64)-ret << 48 | (__u64)request->marks << 40 | (__u64)request->op << 32 |
	       (__u64)request->address.sin6_port << 16 | request->address.sin6_family;
}

/* Makes the request of its numbers: request_number(), an address of IPv6, and one of IPv4. */
static __always_inline void request_of_numbers(struct port_request *request, __u64 call, __u64 low,
					       __u64 high, __u32 v4)
{
	struct sockaddr_in6 *address = &request->address;

	address->sin6_family = (__u16)call;
	address->sin6_port = (__u16)(call >> 16);
	address->sin6_flowinfo = v4;
	__builtin_memcpy(address->sin6_addr, &low, sizeof(low));
	__builtin_memcpy(&address->sin6_addr[8], &high, sizeof(high));
	request->op = (__u8)(call >> 32);
	request->marks = (__u8)(call >> 40);
}

static __always_inline long error_of_number(__u64 call)
{
	return -(long)(call >> 48);
}

/* Asks the quota whether a refusal is recorded. 0: the quota has counted it. */
GLOBAL int refusal_admitted(__u64 socket, __u64 call, __u64 low, __u64 high, __u32 v4)
{
	struct pc_merged_record outline = {};
	struct port_request request = {};

	request_of_numbers(&request, call, low, high, v4);
	refusal_outline(&outline, (const struct sock *)socket, &request, error_of_number(call));
	if (config.monitor_tgid && process_below(config.monitor_tgid))
		outline.marks = PC_MARK_DESCENDANT;
	return quota_admits(&outline);
}

/* Does this refusal leave a scar in its socket? */
static __always_inline bool refusal_leaves_scar(__u8 op, __u8 proto, long error)
{
	return op != PC_OP_BIND || (proto == PC_PROTO_UDP && error == EADDRINUSE);
}

/* Records a refusal: refusal_record() for numbers, see request_of_numbers(). Of a noted bind(), the program that takes the
 * note away sends the record. */
GLOBAL int refusal_record_numbers(__u64 socket, __u64 call, __u64 low, __u64 high, __u32 v4)
{
	const struct sock *sk = (const struct sock *)socket;
	struct port_request request = {};
	struct check *noted = NULL;
	struct refusal_draft *draft;

	request_of_numbers(&request, call, low, high, v4);
	if (request.op == PC_OP_BIND)
		noted = check_noted();
	if (noted) {
		noted->note.leaving = NOTE_REFUSED;
		if (noted->note.prepared)
			scratch_give_back(&prepared_refusals);
	}
	if (by_kernel_thread() && is_kernel_socket(sk))
		return 0;
	if (refusal_leaves_scar(request.op, socket_protocol(sk), -error_of_number(call)))
		scar_told(sk);
	if (!refusal_admitted(socket, call, low, high, v4)) {
		check_end();
		return 0;
	}
	draft = refusal_make_draft(sk, &request, error_of_number(call));
	if (!draft) {
		check_end();
		return 0;
	}
	if (!noted || check_end())
		refusal_send(&draft->record);
	if (request.op == PC_OP_BIND)
		check_end();
	scratch_give_back(&refusal_drafts);
	return 0;
}

/* Gives a pointer as a number. As such it is read from the stack, as any memory. */
static __always_inline __u64 pointer_number(const void *pointer)
{
	__u64 number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), &pointer);
	return number;
}

/* Records a refusal. */
static __always_inline void refusal_record(const struct sock *sk,
					   const struct port_request *request, long ret)
{
	const struct sockaddr_in6 *to = &request->address;
	__u64 low, high;

	__builtin_memcpy(&low, to->sin6_addr, sizeof(low));
	__builtin_memcpy(&high, &to->sin6_addr[8], sizeof(high));
	refusal_record_numbers(pointer_number(sk), request_number(request, ret), low, high,
			       to->sin6_flowinfo);
}

#endif
