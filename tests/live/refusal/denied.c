// SPDX-License-Identifier: GPL-2.0-only
/* bind() refused by a rule of the machine: a security module, a program on a cgroup, a capability that
 * counts only in another user namespace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "judge/verdict.h"
#include "monitor/monitor.h"
#include "run/cases.h"
#include "stage/acts_uring.h"
#include "stage/group.h"
#include "stage/rule.h"

static const char group_path[] = "/" GROUP_ROOT "/guarded.service";

static void must(struct puppet *p, puppet_fn fn, const char *what)
{
	struct io_rule a = { 0 };

	puppet_call(p, fn, &a, sizeof(a));
	if (a.error)
		test_skip(p->t, "no %s here: %s", what, strerror(a.error));
}

static json_t *check_denied(struct test *t, const struct attempt *a, const char *cause,
			    const char *says, const char *part)
{
	json_t *line =
		verdict_check(t, &(struct truth){ .attempt = a, .cause = cause, .says = says });

	if (line && part && !fixes_with_command(line, part))
		test_fail(t, "no fix has the command \"%s\"", part);
	if (line && fixes_with_command(line, "setcap"))
		test_fail(t, "a fix gives a capability, which does not help");
	return line;
}

static void forbidden_of(struct test *t, uint16_t port, const char *says)
{
	struct puppet *web = puppet_start(t, "web");
	struct attempt a;

	monitor_watch(t, NULL);
	must(web, act_forbid_tcp, "Landlock for TCP");
	a = stage_refused(web, 0, "127.0.0.1", port, EACCES);
	check_denied(t, &a, "security-denied", says, "ausearch -m avc");
}

/* The process is root's: it has CAP_NET_BIND_SERVICE. */
static void scenario_security_denied_capable(struct test *t)
{
	forbidden_of(t, 80, "although the process has CAP_NET_BIND_SERVICE");
}

static void scenario_security_denied_high_port(struct test *t)
{
	forbidden_of(t, 8080, "although the port is not below 1024");
}

/* All capabilities of an inner user namespace are none in the first one. */
static void scenario_privileged_port_inner_user(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct attempt a;
	json_t *line;

	monitor_watch(t, NULL);
	must(web, act_leave_user, "user namespaces");
	a = stage_refused(web, 0, "127.0.0.1", 80, EACCES);
	line = check_denied(t, &a, "privileged-port", "an inner user namespace",
			    "net.ipv4.ip_unprivileged_port_start=80");
	fixes_run(t, line, "net.ipv4.ip_unprivileged_port_start=80");
	fixes_expect_free(web, 0, "127.0.0.1", 80);
}

/* Puts the puppet into a control group whose program denies each bind(). */
static void deny_by_cgroup(struct test *t, struct puppet *web)
{
	char folder[1024];
	int err;

	group_move(t, group_path, web);
	err = group_folder(group_path, folder, sizeof(folder));
	if (!err)
		err = rule_deny_cgroup(folder, 0);
	if (err)
		test_abort(t, "stage: a program on %s: %s", group_path, strerror(-err));
	puppet_identify(web);
}

static void scenario_cgroup_denied(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct attempt a;

	deny_by_cgroup(t, web);
	monitor_watch(t, NULL);
	a = stage_refused(web, 0, "127.0.0.1", 8080, EPERM);
	check_denied(t, &a, "cgroup-denied", "SocketBindDeny=", "guarded.service");
	puppet_exit(web);
	group_remove(group_path);
}

/* No system call of bind() is made, whose end would tell. */
static void scenario_cgroup_denied_uring(struct test *t)
{
	struct puppet *web = puppet_start(t, "web");
	struct attempt a;
	struct prop p;

	uring_or_skip(web, URING_BIND, "IORING_OP_BIND");
	deny_by_cgroup(t, web);
	monitor_watch(t, NULL);
	p = stage_socket(web, 0);
	a = stage_refused_bind(&p, act_uring_bind, "127.0.0.1", 8080, EPERM);
	verdict_check(t, &(struct truth){ .attempt = &a, .cause = "cgroup-denied" });
	puppet_exit(web);
	group_remove(group_path);
}

const struct scenario cases_refusal_denied[] = {
	{ .name = "security-denied-capable",
	  .run = scenario_security_denied_capable,
	  .where = EACH_KERNEL },
	{ .name = "security-denied-high-port",
	  .run = scenario_security_denied_high_port,
	  .where = EACH_KERNEL },
	{ .name = "privileged-port-inner-user",
	  .run = scenario_privileged_port_inner_user,
	  .where = EACH_KERNEL },
	{ .name = "cgroup-denied", .run = scenario_cgroup_denied, .where = EACH_KERNEL },
	{ .name = "cgroup-denied-uring", .run = scenario_cgroup_denied_uring, .where = EACH_KERNEL },
	{ 0 },
};
