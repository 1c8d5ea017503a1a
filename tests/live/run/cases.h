/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of scenarios: FOLDER/FILE.c has cases_FOLDER_FILE. */
#ifndef LIVE_RUN_CASES_H
#define LIVE_RUN_CASES_H

#include "run/test.h"

/* Every table, in the order in which the scenarios run. */
#define CASES(DO)                  \
	DO(agent_config)           \
	DO(agent_cost)             \
	DO(agent_files)            \
	DO(agent_flight)           \
	DO(agent_intruder)         \
	DO(agent_notify)           \
	DO(agent_privileges)       \
	DO(audit_edges)            \
	DO(audit_shared)           \
	DO(audit_sockets)          \
	DO(cause_capability)       \
	DO(cause_container)        \
	DO(cause_fix_command)      \
	DO(cause_server)           \
	DO(cause_server_fix)       \
	DO(cause_several)          \
	DO(cause_stopping)         \
	DO(client_orphan)          \
	DO(client_range_used_up)   \
	DO(client_refused)         \
	DO(client_reuseaddr)       \
	DO(client_took_port)       \
	DO(cure_asking)            \
	DO(cure_ends)              \
	DO(cure_never)             \
	DO(cure_orphans)           \
	DO(cure_outcomes)          \
	DO(cure_ports)             \
	DO(cure_reserve)           \
	DO(cure_trouble)           \
	DO(cure_ways)              \
	DO(guard_agent)            \
	DO(guard_keeps)            \
	DO(load_burst)             \
	DO(load_busy_port)         \
	DO(load_busy_start)        \
	DO(load_churn)             \
	DO(load_claims_flood)      \
	DO(load_claims_share)      \
	DO(load_closed_by_another) \
	DO(load_crowd)             \
	DO(load_crowded_bucket)    \
	DO(load_crowded_slot)      \
	DO(load_flood)             \
	DO(load_held_claims)       \
	DO(load_long_arguments)    \
	DO(load_looks)             \
	DO(load_many_descriptors)  \
	DO(load_many_sockets)      \
	DO(load_namespaces)        \
	DO(load_slots_raced)       \
	DO(load_stopped)           \
	DO(load_storm)             \
	DO(load_threads)           \
	DO(load_used_up)           \
	DO(load_victim)            \
	DO(outcome_hunt)           \
	DO(outcome_binders)        \
	DO(outcome_server)         \
	DO(output_claims)          \
	DO(output_claims_odd)      \
	DO(output_full_disk)       \
	DO(output_journal_fields)  \
	DO(output_journal_service) \
	DO(output_log_capped)      \
	DO(output_log_rotated)     \
	DO(output_repeat)          \
	DO(output_stalled_reader)  \
	DO(output_textfile)        \
	DO(process_cgroup)         \
	DO(process_hostile_name)   \
	DO(process_identity)       \
	DO(process_passed_on)      \
	DO(process_pid_used_again) \
	DO(process_short_lived)    \
	DO(protect_client)         \
	DO(protect_ended_listener) \
	DO(refusal_address)        \
	DO(refusal_bound)          \
	DO(refusal_closed)         \
	DO(refusal_denied)         \
	DO(refusal_device)         \
	DO(refusal_kernel_socket)  \
	DO(refusal_lingering)      \
	DO(refusal_listener)       \
	DO(refusal_no_rival)       \
	DO(refusal_no_source)      \
	DO(refusal_older_holder)   \
	DO(refusal_time_wait)      \
	DO(refusal_udp)            \
	DO(refusal_unix)           \
	DO(refusal_unix_attack)    \
	DO(session_anonymize)      \
	DO(session_apart)          \
	DO(session_clock)          \
	DO(session_clock_chaos)    \
	DO(session_end)            \
	DO(session_fault)          \
	DO(session_features)       \
	DO(session_filter)         \
	DO(session_history)        \
	DO(session_record)         \
	DO(session_usage)          \
	DO(way_calls_32bit)        \
	DO(way_moving_argument)    \
	DO(way_mptcp)              \
	DO(way_port_range)         \
	DO(way_tcp)                \
	DO(way_transparent)        \
	DO(way_udp)                \
	DO(way_uring)              \
	DO(way_uring_fixed_file)   \
	DO(who_edges)              \
	DO(who_holders)

#define CASES_DECLARE(file) extern const struct scenario cases_##file[];
CASES(CASES_DECLARE)

#endif
