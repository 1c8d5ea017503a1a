/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of scenarios, one a case_*.c file. */
#ifndef LIVE_CASES_H
#define LIVE_CASES_H

#include "test.h"

extern const struct scenario cases_client[];
extern const struct scenario cases_options[];
extern const struct scenario cases_passed[];
extern const struct scenario cases_orphan[];
extern const struct scenario cases_time_wait[];
extern const struct scenario cases_bind[];
extern const struct scenario cases_connect[];
extern const struct scenario cases_udp[];
extern const struct scenario cases_listen[];
extern const struct scenario cases_lingering[];
extern const struct scenario cases_special[];
extern const struct scenario cases_older[];
extern const struct scenario cases_hostile[];
extern const struct scenario cases_filter[];
extern const struct scenario cases_session[];
extern const struct scenario cases_features[];
extern const struct scenario cases_claims[];
extern const struct scenario cases_brief[];
extern const struct scenario cases_many[];
extern const struct scenario cases_burst[];
extern const struct scenario cases_agent[];
extern const struct scenario cases_config[];
extern const struct scenario cases_disk[];
extern const struct scenario cases_stalled[];
extern const struct scenario cases_usage[];
extern const struct scenario cases_cgroup[];
extern const struct scenario cases_socket[];
extern const struct scenario cases_identity[];
extern const struct scenario cases_fix[];
extern const struct scenario cases_start[];
extern const struct scenario cases_uring[];
extern const struct scenario cases_fixed[];
extern const struct scenario cases_compat[];
extern const struct scenario cases_ways[];
extern const struct scenario cases_device[];
extern const struct scenario cases_kernel[];
extern const struct scenario cases_cause[];
extern const struct scenario cases_cause_fix[];
extern const struct scenario cases_cause_place[];
extern const struct scenario cases_churn[];
extern const struct scenario cases_busy[];
extern const struct scenario cases_fault[];
extern const struct scenario cases_stopped[];
extern const struct scenario cases_flood[];
extern const struct scenario cases_spaces[];
extern const struct scenario cases_crowd[];
extern const struct scenario cases_audit[];
extern const struct scenario cases_audit_edges[];
extern const struct scenario cases_who[];
extern const struct scenario cases_who_edges[];
extern const struct scenario cases_protect[];
extern const struct scenario cases_protect_listener[];
extern const struct scenario cases_range[];
extern const struct scenario cases_journal[];
extern const struct scenario cases_journal_service[];
extern const struct scenario cases_repeat[];
extern const struct scenario cases_notify[];
extern const struct scenario cases_privileges[];
extern const struct scenario cases_pid[];
extern const struct scenario cases_textfile[];
extern const struct scenario cases_rotate[];
extern const struct scenario cases_clock[];
extern const struct scenario cases_cost[];

#endif
