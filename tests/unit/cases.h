/* SPDX-License-Identifier: GPL-2.0-only */
/* Refusals, holders and processes made by hand, for the tests of what core/ makes of them. */
#ifndef PORTCLASH_TESTS_CASES_H
#define PORTCLASH_TESTS_CASES_H

#include "core/base/model.h"

#define CASE_PORT 35000
#define CASE_NETNS 4026531840U
#define CASE_LOW 32768
#define CASE_HIGH 60999

/* A TCP bind() of 0.0.0.0:35000 refused with EADDRINUSE, in the monitor's namespace; nobody
 * is known to hold the port. */
void case_refusal(struct pc_verdict *v);
void case_udp(struct pc_verdict *v);

/* Adds a holder of the wanted port in this state, bound by number; with a remote end where the
 * state has one. */
struct pc_holder *case_holder(struct pc_verdict *v, uint8_t state);

/* The holders that the causes are about: as the kernel's flags show each. */
struct pc_holder *case_listener(struct pc_verdict *v);
struct pc_holder *case_bound(struct pc_verdict *v);
struct pc_holder *case_client(struct pc_verdict *v);   /* connect(), port chosen by the kernel */
struct pc_holder *case_accepted(struct pc_verdict *v); /* its listener is gone */
struct pc_holder *case_time_wait(struct pc_verdict *v);

/* A refusal for each cause that a server in the way can have. */
void case_duplicate(struct pc_verdict *v);
void case_inherited(struct pc_verdict *v);
void case_reuseport(struct pc_verdict *v);
void case_wildcard(struct pc_verdict *v);
void case_dual_stack(struct pc_verdict *v);
void case_listen_race(struct pc_verdict *v);
void case_kernel(struct pc_verdict *v);

/* Static processes: a server that is refused and two that hold ports. */
/* A client that was refused: no port for a connect(), for a send; the connection is there. */
void case_privileged(struct pc_verdict *v);
void case_not_local(struct pc_verdict *v);
void case_denied(struct pc_verdict *v);
void case_denied_capable(struct pc_verdict *v);
void case_denied_by_cgroup(struct pc_verdict *v);
void case_not_seen(struct pc_verdict *v);
void case_late_address(struct pc_verdict *v);
void case_no_source(struct pc_verdict *v);

/* A bind() of the Unix socket /run/app/app.sock that was refused, and what was at the path. */
void case_unix(struct pc_verdict *v, enum pc_path_kind kind, enum pc_path_bound bound);
struct pc_holder *case_unix_holder(struct pc_verdict *v);
void case_unix_server(struct pc_verdict *v);
void case_unix_left_behind(struct pc_verdict *v);
void case_unix_folder(struct pc_verdict *v);
void case_unix_abstract(struct pc_verdict *v);
void case_vsock(struct pc_verdict *v);
void case_connect_exhausted(struct pc_verdict *v);
void case_send_exhausted(struct pc_verdict *v);
void case_connection_exists(struct pc_verdict *v);
/* A transparent proxy that binds its client's address and port once more. */
void case_transparent(struct pc_verdict *v);
/* The same request beside a listener on any address: it may also be a server's, of a virtual IP. */
void case_transparent_server(struct pc_verdict *v);

const struct pc_identity *case_server(void);
const struct pc_identity *case_thief(void);
const struct pc_identity *case_other(void);

struct pc_party case_party(const struct pc_identity *who);

/* Decides and advises, which ends the verdict: is there a fix with these words? */
bool case_advises(struct pc_verdict *v, const char *words);

#endif
