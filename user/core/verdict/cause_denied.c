// SPDX-License-Identifier: GPL-2.0-only
/* In these causes a rule of the machine refuses the port: no socket is in the way, and the process lacks
 * no capability that would help. */
#include <errno.h>

#include "core/base/names.h"
#include "core/verdict/advice_builder.h"
#include "core/verdict/causes.h"

static void explain_security(struct pc_advice *a)
{
	const struct pc_request *r = &a->verdict->request;
	const struct pc_port_settings *s = &a->verdict->settings;

	pc_advice_explain(a, "permission was denied");
	if (r->op == PC_OP_BIND && r->wanted_port && r->capable &&
	    r->wanted_port < s->unprivileged_start)
		pc_advice_explain(a, " although the process has CAP_NET_BIND_SERVICE");
	else if (r->op == PC_OP_BIND && r->wanted_port)
		pc_advice_explain(a,
				  " although the port is not below %u, so it needs no capability",
				  s->unprivileged_start);
	pc_advice_explain(
		a,
		": a security module (SELinux, AppArmor, Landlock) or a program on the process's cgroup refused it; nobody holds the port");
}

static void fix_security(struct pc_advice *a)
{
	const struct pc_verdict *v = a->verdict;

	pc_advice_fix(a, PC_NOW, "with SELinux: see what it refused");
	pc_advice_command(a, "ausearch -m avc -ts recent");
	if (v->requester.comm[0]) {
		pc_advice_command(a, " -c ");
		pc_advice_command_word(a, v->requester.comm);
	}
	pc_advice_fix(a, PC_NOW, "with AppArmor: see what it refused");
	pc_advice_command(a, "journalctl -k -g 'apparmor=.DENIED'");
	if (v->request.wanted_port) {
		pc_advice_fix(
			a, PC_LASTING,
			"with SELinux: see which type each port has; `semanage port -a -t TYPE -p %s %u` gives this one the type that the program may bind",
			pc_proto_name(v->request.proto), v->request.wanted_port);
		pc_advice_command(a, "semanage port -l");
	}
	pc_advice_fix(
		a, PC_LASTING,
		"with AppArmor: allow it in the program's profile; with Landlock the program, or what started it, has limited itself, and its own configuration must name the port");
}

const struct pc_cause_row pc_cause_security_denied = {
	.name = "security-denied",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_BIND, .error = EACCES },
	.explain = explain_security,
	.fix = fix_security,
};

/* systemd's own unit of the process: not what a container or a user calls one. */
static const char *unit_of_requester(const struct pc_verdict *v)
{
	const struct pc_identity *who = v->requester.who;

	return who && !who->container && !who->below_user ? who->unit : NULL;
}

static void explain_cgroup(struct pc_advice *a)
{
	const char *unit = unit_of_requester(a->verdict);

	pc_advice_explain(
		a,
		"\"operation not permitted\" means here that a rule refused this bind(): a BPF program on the process's cgroup (systemd's SocketBindDeny= is one) or a filter of system calls; nobody holds the port, and no capability helps");
	if (unit)
		pc_advice_explain(a, "; the process belongs to %s", unit);
}

/* systemd mounts cgroup v2 at another place on a machine that has v1, too. */
static void fix_programs(struct pc_advice *a, const struct pc_identity *who)
{
	pc_advice_fix(a, PC_NOW, "see the programs on its cgroup");
	pc_advice_command(a, who->cgroup_v2 ? "bpftool cgroup show /sys/fs/cgroup/unified" :
					      "bpftool cgroup show /sys/fs/cgroup");
	pc_advice_command_word(a, who->cgroup_v2 ? who->cgroup_v2 : who->cgroup);
	pc_advice_command(a, " effective");
}

static void fix_cgroup(struct pc_advice *a)
{
	const struct pc_verdict *v = a->verdict;
	const struct pc_identity *who = v->requester.who;
	const char *unit = unit_of_requester(v);

	if (unit) {
		pc_advice_fix(a, PC_NOW, "see what the unit allows and denies");
		pc_advice_command(
			a,
			"systemctl show -p SocketBindAllow -p SocketBindDeny -p SystemCallFilter -- ");
		pc_advice_command_word(a, unit);
	}
	if (who && who->cgroup)
		fix_programs(a, who);
	if (unit)
		pc_advice_fix(
			a, PC_LASTING,
			"if SocketBindDeny= is set, add SocketBindAllow=%s:%u to the unit; if SystemCallFilter= leaves bind out, add SystemCallFilter=bind; then `systemctl daemon-reload` and restart it",
			pc_proto_name(v->request.proto), v->request.wanted_port);
}

const struct pc_cause_row pc_cause_cgroup_denied = {
	.name = "cgroup-denied",
	.kind = PC_KIND_NO_HOLDER,
	.usual = { .op = PC_OP_BIND, .error = EPERM },
	.explain = explain_cgroup,
	.fix = fix_cgroup,
};
