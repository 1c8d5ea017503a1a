// SPDX-License-Identifier: GPL-2.0-only
/* The words for every enumeration, as they stand in the output and in the documents. */
#include "core/names.h"

#include <errno.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define COMPLETE(table, count) \
	_Static_assert(COUNT_OF(table) == (count), #table " has a name for each value")

static const char *const causes[] = {
	[PC_CAUSE_INVALID] = "invalid",
	[PC_CAUSE_EPHEMERAL_CLIENT] = "ephemeral-client",
	[PC_CAUSE_EPHEMERAL_BIND] = "ephemeral-bind",
	[PC_CAUSE_EXPLICIT_CLIENT] = "explicit-client",
	[PC_CAUSE_LISTENER] = "listener",
	[PC_CAUSE_BOUND_NOT_LISTENING] = "bound-not-listening",
	[PC_CAUSE_TIME_WAIT] = "time-wait",
	[PC_CAUSE_LINGERING_CONNECTION] = "lingering-connection",
	[PC_CAUSE_SELF_CONNECT] = "self-connect",
	[PC_CAUSE_PRIVILEGED_PORT] = "privileged-port",
	[PC_CAUSE_ADDRESS_NOT_LOCAL] = "address-not-local",
	[PC_CAUSE_RANGE_EXHAUSTED] = "range-exhausted",
	[PC_CAUSE_CONNECTION_EXISTS] = "connection-exists",
	[PC_CAUSE_DUPLICATE_INSTANCE] = "duplicate-instance",
	[PC_CAUSE_INHERITED_LISTENER] = "inherited-listener",
	[PC_CAUSE_REUSEPORT_MISMATCH] = "reuseport-mismatch",
	[PC_CAUSE_WILDCARD_OVERLAP] = "wildcard-overlap",
	[PC_CAUSE_DUAL_STACK] = "dual-stack",
	[PC_CAUSE_LISTEN_RACE] = "listen-race",
	[PC_CAUSE_KERNEL_SOCKET] = "kernel-socket",
	[PC_CAUSE_UNKNOWN] = "unknown",
};
COMPLETE(causes, PC_CAUSE_COUNT);

static const char *const hows[] = {
	[PC_HOW_UNKNOWN] = "unknown",	  [PC_HOW_CONNECT] = "connect",
	[PC_HOW_BIND_ZERO] = "bind-zero", [PC_HOW_BIND] = "bind",
	[PC_HOW_AUTOBIND] = "autobind",	  [PC_HOW_ACCEPT] = "accept",
};
COMPLETE(hows, PC_HOW_COUNT);

static const char *const ops[] = {
	[PC_OP_INVALID] = "invalid", [PC_OP_BIND] = "bind", [PC_OP_LISTEN] = "listen",
	[PC_OP_CONNECT] = "connect", [PC_OP_SEND] = "send",
};
COMPLETE(ops, PC_OP_COUNT);

static const char *const states[] = {
	[PC_STATE_INVALID] = "unknown",	      [PC_STATE_ESTABLISHED] = "ESTABLISHED",
	[PC_STATE_SYN_SENT] = "SYN_SENT",     [PC_STATE_SYN_RECV] = "SYN_RECV",
	[PC_STATE_FIN_WAIT1] = "FIN_WAIT1",   [PC_STATE_FIN_WAIT2] = "FIN_WAIT2",
	[PC_STATE_TIME_WAIT] = "TIME_WAIT",   [PC_STATE_CLOSE] = "CLOSE",
	[PC_STATE_CLOSE_WAIT] = "CLOSE_WAIT", [PC_STATE_LAST_ACK] = "LAST_ACK",
	[PC_STATE_LISTEN] = "LISTEN",	      [PC_STATE_CLOSING] = "CLOSING",
};
COMPLETE(states, PC_STATE_COUNT);

static const char *const stats[] = {
	[PC_STAT_CLAIMS_LOST] = "claims",	   [PC_STAT_PROCESSES_LOST] = "processes",
	[PC_STAT_ENDPOINTS_LOST] = "endpoints",	   [PC_STAT_REFUSALS_LOST] = "refusals",
	[PC_STAT_CALLS_UNTRACKED] = "calls",	   [PC_STAT_COOKIES_MISSING] = "cookies",
	[PC_STAT_ARGUMENTS_MISSING] = "arguments", [PC_STAT_NOT_RUN] = "not_run",
};
COMPLETE(stats, PC_STAT_COUNT);

static const char *const rings[] = {
	[PC_RING_CLAIMS] = "claims",
	[PC_RING_REFUSALS] = "refusals",
};
COMPLETE(rings, PC_RING_COUNT);

#define NAME_OF(table, value) ((size_t)(value) < COUNT_OF(table) ? (table)[value] : "unknown")

const char *pc_cause_name(enum pc_cause cause)
{
	return NAME_OF(causes, cause);
}

const char *pc_how_name(enum pc_how how)
{
	return NAME_OF(hows, how);
}

const char *pc_op_name(enum pc_op op)
{
	return NAME_OF(ops, op);
}

const char *pc_state_name(enum pc_state state)
{
	return NAME_OF(states, state);
}

const char *pc_stat_name(enum pc_stat stat)
{
	return NAME_OF(stats, stat);
}

const char *pc_ring_name(enum pc_ring ring)
{
	return NAME_OF(rings, ring);
}

const char *pc_proto_name(uint8_t proto)
{
	return proto == PC_PROTO_TCP ? "tcp" : proto == PC_PROTO_UDP ? "udp" : "unknown";
}

const char *pc_family_name(uint16_t family)
{
	return family == PC_FAMILY_V4 ? "ipv4" : family == PC_FAMILY_V6 ? "ipv6" : "unknown";
}

const char *pc_errno_name(int number)
{
	switch (number) {
	case EADDRINUSE:
		return "EADDRINUSE";
	case EADDRNOTAVAIL:
		return "EADDRNOTAVAIL";
	case EAGAIN:
		return "EAGAIN";
	case EACCES:
		return "EACCES";
	default:
		return NULL;
	}
}
