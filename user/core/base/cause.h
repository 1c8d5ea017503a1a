/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of causes, in the order in which they are printed. The row of a cause (its name, kind,
 * explanation and fixes) stands in core/verdict/cause_*.c under the second name. */
#ifndef PORTCLASH_CAUSE_H
#define PORTCLASH_CAUSE_H

/* clang-format makes a ladder of the list. */
/* clang-format off */

/* X(TIME_WAIT, time_wait): the value PC_CAUSE_TIME_WAIT, and the row pc_cause_time_wait. */
#define PC_CAUSES(X) \
	X(EPHEMERAL_CLIENT, ephemeral_client) \
	X(EPHEMERAL_BIND, ephemeral_bind) \
	X(EXPLICIT_CLIENT, explicit_client) \
	X(LISTENER, listener) \
	X(BOUND_NOT_LISTENING, bound_not_listening) \
	X(TIME_WAIT, time_wait) \
	X(LINGERING_CONNECTION, lingering_connection) \
	X(SELF_CONNECT, self_connect) \
	X(PRIVILEGED_PORT, privileged_port) \
	X(SECURITY_DENIED, security_denied) \
	X(CGROUP_DENIED, cgroup_denied) \
	X(ADDRESS_NOT_LOCAL, address_not_local) \
	X(RANGE_EXHAUSTED, range_exhausted) \
	X(NO_SOURCE_ADDRESS, no_source_address) \
	X(CONNECTION_EXISTS, connection_exists) \
	X(TRANSPARENT_SOURCE, transparent_source) \
	X(DUPLICATE_INSTANCE, duplicate_instance) \
	X(INHERITED_LISTENER, inherited_listener) \
	X(REUSEPORT_MISMATCH, reuseport_mismatch) \
	X(WILDCARD_OVERLAP, wildcard_overlap) \
	X(DUAL_STACK, dual_stack) \
	X(LISTEN_RACE, listen_race) \
	X(KERNEL_SOCKET, kernel_socket) \
	X(UNIX_SERVER, unix_server) \
	X(UNIX_LEFT_BEHIND, unix_left_behind) \
	X(UNIX_NOT_A_SOCKET, unix_not_a_socket) \
	X(UNIX_ABSTRACT, unix_abstract) \
	X(OTHER_FAMILY, other_family) \
	X(NOT_SEEN, not_seen) \
	X(UNKNOWN, unknown)

#define PC_CAUSE_VALUE(value, row) PC_CAUSE_##value,
enum pc_cause { PC_CAUSE_INVALID = 0, PC_CAUSES(PC_CAUSE_VALUE) PC_CAUSE_COUNT };
#undef PC_CAUSE_VALUE

/* clang-format on */

#endif
