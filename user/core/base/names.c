// SPDX-License-Identifier: GPL-2.0-only
/* The words for the enumerations, as they stand in the output and in the documents. */
#include "core/base/names.h"

#include <errno.h>

#include "core/base/outcome.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))
#define COMPLETE(table, count) \
	_Static_assert(COUNT_OF(table) == (count), #table " has a name for each value")

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
	[PC_STAT_CLAIMS_LOST] = "claims",
	[PC_STAT_PROCESSES_LOST] = "processes",
	[PC_STAT_ENDPOINTS_LOST] = "endpoints",
	[PC_STAT_REFUSALS_LOST] = "refusals",
	[PC_STAT_CALLS_UNTRACKED] = "calls",
	[PC_STAT_COOKIES_MISSING] = "cookies",
	[PC_STAT_ARGUMENTS_MISSING] = "arguments",
	[PC_STAT_NOT_RUN] = "not_run",
	[PC_STAT_ENDS_LOST] = "ends",
	[PC_STAT_OVER_SHARE] = "over_share",
};
COMPLETE(stats, PC_STAT_COUNT);

static const char *const rings[] = {
	[PC_RING_CLAIMS] = "claims",
	[PC_RING_REFUSALS] = "refusals",
};
COMPLETE(rings, PC_RING_COUNT);

static const char *const outcomes[] = {
	[PC_OUTCOME_INVALID] = "unknown",	 [PC_OUTCOME_TOOK_ANOTHER] = "took-another-port",
	[PC_OUTCOME_GOT_LATER] = "got-it-later", [PC_OUTCOME_GAVE_UP] = "gave-up",
	[PC_OUTCOME_WAITING] = "still-waiting",
};
COMPLETE(outcomes, PC_OUTCOME_COUNT);

#define NAME_OF(table, value) ((size_t)(value) < COUNT_OF(table) ? (table)[value] : "unknown")

const char *pc_outcome_name(enum pc_outcome_kind kind)
{
	return NAME_OF(outcomes, kind);
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
	switch (proto) {
	case PC_PROTO_TCP:
		return "tcp";
	case PC_PROTO_UDP:
		return "udp";
	case PC_PROTO_UNIX:
		return "unix";
	case PC_PROTO_OTHER:
		return "other";
	default:
		return "unknown";
	}
}

const char *pc_address_family_name(uint16_t family)
{
	return family == PC_FAMILY_V4 ? "ipv4" : family == PC_FAMILY_V6 ? "ipv6" : "unknown";
}

const char *pc_scope_name(enum pc_scope scope)
{
	static const char *const names[] = {
		[PC_SCOPE_INVALID] = "invalid",
		[PC_SCOPE_PORT] = "port",
		[PC_SCOPE_PROCESS] = "process",
		[PC_SCOPE_USER] = "user",
		[PC_SCOPE_OTHERS] = "others",
		[PC_SCOPE_UNWRITTEN] = "unwritten",
	};
	_Static_assert(sizeof(names) / sizeof(names[0]) == PC_SCOPE_COUNT, "a name for each scope");

	return (unsigned)scope < PC_SCOPE_COUNT ? names[scope] : names[PC_SCOPE_INVALID];
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
	case EPERM:
		return "EPERM";
	default:
		return NULL;
	}
}

const char *pc_word_name(enum pc_word word)
{
	static const char *const words[] = { NULL, "system", "unit", "user" };

	return (size_t)word < sizeof(words) / sizeof(words[0]) ? words[word] : NULL;
}
