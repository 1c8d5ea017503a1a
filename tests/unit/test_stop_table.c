// SPDX-License-Identifier: GPL-2.0-only
/* Processes that may be stopped for a port, and the commands for it: nothing that the advice does not name ends with it,
 * whatever a user calls his processes and control groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/process/identity.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "core/verdict/stopping.h"

#define HEX16 "0123456789abcdef"
#define ID HEX16 HEX16 HEX16 HEX16
#define USERS "/user.slice/user-1000.slice/user@1000.service"

struct stopping_case {
	const char *comm, *exe, *cmdline, *cgroup;
	uint32_t pid, uid;
	struct pc_place place;
	enum pc_means means;
	const char *command; /* the first that must be there; NULL: none at all */
	const char *also;    /* another; NULL: no other one */
	const char *words;   /* in some fix or in the explanation; NULL: nothing particular */
};

#define PLACE(...)          \
	{                   \
		__VA_ARGS__ \
	}
#define MAIN PLACE(.role = PC_ROLE_MAIN)
#define CHILD PLACE(.role = PC_ROLE_CHILD)
#define STRAY PLACE(.role = PC_ROLE_STRAY)
#define FIRST PLACE(.first = true)
#define FIRST_STRAY PLACE(.role = PC_ROLE_STRAY, .first = true)
#define UNSEEN PLACE(.unseen = true)
#define LEADS PLACE(.leads_session = true)

static const struct stopping_case stopping_cases[] = {
	/* a service: its main process, a child, a stray, and what is not known */
	{ "web", "/usr/bin/web", NULL, "/system.slice/web.service", 70, 33, MAIN, PC_MEANS_UNIT,
	  "systemctl stop web.service", NULL, "stop the unit of pid 70" },
	{ "web", "/usr/bin/web", NULL, "/system.slice/web.service", 70, 33, CHILD, PC_MEANS_UNIT,
	  "systemctl stop web.service", NULL, NULL },
	{ "web", "/usr/bin/web", NULL, "/system.slice/web.service", 70, 33, STRAY, PC_MEANS_PROCESS,
	  "kill 70", NULL, "not web.service" },
	{ "web",
	  "/usr/bin/web",
	  NULL,
	  "/system.slice/web.service",
	  70,
	  33,
	  { 0 },
	  PC_MEANS_UNSEEN,
	  "systemctl status 70",
	  NULL,
	  "look at pid 70 first" },
	{ "web", "/usr/bin/web", NULL, "/system.slice/web.service", 70, 33, UNSEEN, PC_MEANS_UNSEEN,
	  "systemctl status 70", NULL, NULL },
	{ "node", "/usr/bin/node", NULL, "/user.slice/user-1000.slice/session-3.scope", 70, 1000,
	  UNSEEN, PC_MEANS_UNSEEN, "ps -f -p 70", NULL,
	  "could not tell what else would end with it" },
	/* strays of services that must go on, and their main processes */
	{ "node", "/usr/bin/node", NULL, "/system.slice/ssh.service", 70, 1000, STRAY,
	  PC_MEANS_PROCESS, "kill 70", NULL, "not ssh.service" },
	{ "job", "/usr/bin/job", NULL, "/system.slice/cron.service", 70, 0, CHILD, PC_MEANS_PROCESS,
	  "kill 70", NULL, "not cron.service" },
	{ "helper", "/usr/bin/helper", NULL, "/system.slice/containerd.service", 70, 0, STRAY,
	  PC_MEANS_PROCESS, "kill 70", NULL, "not containerd.service" },
	{ "cron", "/usr/sbin/cron", NULL, "/system.slice/cron.service", 70, 0, MAIN, PC_MEANS_NEVER,
	  NULL, NULL, "leave cron[70] alone" },
	{ "cron",
	  "/usr/sbin/cron",
	  NULL,
	  "/system.slice/cron.service",
	  70,
	  0,
	  { 0 },
	  PC_MEANS_NEVER,
	  NULL,
	  NULL,
	  "leave cron[70] alone" },
	{ "sshd", "/usr/sbin/sshd", NULL, "/system.slice/ssh.service", 70, 0, MAIN, PC_MEANS_NEVER,
	  NULL, NULL, "leave sshd[70] alone" },
	{ "kubelet", "/usr/bin/kubelet", NULL, "/system.slice/kubelet.service", 70, 0, MAIN,
	  PC_MEANS_NEVER, NULL, NULL, NULL },
	{ "containerd", "/usr/bin/containerd", NULL, "/system.slice/containerd.service", 70, 0,
	  MAIN, PC_MEANS_NEVER, NULL, NULL, NULL },
	/* sessions */
	{ "node",
	  "/usr/bin/node",
	  NULL,
	  "/user.slice/user-1000.slice/session-3.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_PROCESS,
	  "kill 70",
	  NULL,
	  NULL },
	{ "bash", "/usr/bin/bash", NULL, "/user.slice/user-1000.slice/session-3.scope", 70, 1000,
	  LEADS, PC_MEANS_NEVER, NULL, NULL, "leads a session" },
	{ "sshd-session",
	  "/usr/lib/openssh/sshd-session",
	  NULL,
	  "/user.slice/user-1000.slice/session-3.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_NEVER,
	  NULL,
	  NULL,
	  NULL },
	/* pid 1 and other managers */
	{ "systemd",
	  "/usr/lib/systemd/systemd",
	  NULL,
	  "/init.scope",
	  1,
	  0,
	  { 0 },
	  PC_MEANS_SOCKET_UNIT,
	  "systemctl list-sockets --all",
	  NULL,
	  "stop that .socket" },
	{ "init", "/sbin/init", NULL, "/", 1, 0, { 0 }, PC_MEANS_NEVER, NULL, NULL, "pid 1" },
	{ "systemd",
	  "/usr/lib/systemd/systemd",
	  NULL,
	  USERS "/init.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_USER_SOCKET,
	  "systemctl --user -M 1000@ list-sockets --all",
	  NULL,
	  NULL },
	{ "systemd", "/usr/lib/systemd/systemd", NULL, "/machines/x/init.scope", 70, 0, FIRST,
	  PC_MEANS_INNER_SOCKET, NULL, NULL, "systemctl list-sockets" },
	{ "systemd",
	  "/home/x/evil",
	  NULL,
	  USERS "/init.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_PROCESS,
	  "kill 70",
	  NULL,
	  NULL },
	{ "systemd", "/home/x/systemd", NULL, USERS "/x.service", 70, 1000, FIRST_STRAY,
	  PC_MEANS_PROCESS, "kill 70", NULL, NULL },
	/* a user's units, and names that a user gave */
	{ "app", "/usr/bin/app", NULL, USERS "/app.slice/app.service", 70, 1000, MAIN,
	  PC_MEANS_USER_UNIT, "systemctl --user -M 1000@ stop app.service", NULL, "user 1000" },
	{ "app", "/usr/bin/app", NULL, USERS "/app.slice/app.service", 70, 1000, STRAY,
	  PC_MEANS_PROCESS, "kill 70", NULL, NULL },
	{ "evil", "/home/x/evil", NULL, USERS "/nginx.service", 70, 1000, STRAY, PC_MEANS_PROCESS,
	  "kill 70", NULL, NULL },
	{ "evil", "/home/x/evil", NULL, USERS "/nginx.service", 70, 1000, MAIN, PC_MEANS_USER_UNIT,
	  "systemctl --user -M 1000@ stop nginx.service", NULL, NULL },
	{ "evil",
	  "/home/x/evil",
	  NULL,
	  USERS "/docker-" ID ".scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_PROCESS,
	  "kill 70",
	  NULL,
	  NULL },
	{ "evil", "/home/x/evil", NULL, "/system.slice/own.service/docker-" ID ".scope", 70, 1000,
	  MAIN, PC_MEANS_PROCESS, "kill 70", NULL, NULL },
	{ "dockerd", "/usr/bin/dockerd", NULL, USERS "/app.slice/docker.service", 70, 1000, MAIN,
	  PC_MEANS_FOR_CONTAINER, NULL, NULL, "as user 1000" },
	{ "dockerd",
	  "/home/x/evil",
	  NULL,
	  "/user.slice/user-1000.slice/session-3.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_PROCESS,
	  "kill 70",
	  NULL,
	  NULL },
	{ "sshd",
	  "/usr/bin/python3.11",
	  NULL,
	  "/user.slice/user-1000.slice/session-3.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_PROCESS,
	  "kill 70",
	  NULL,
	  NULL },
	/* containers */
	{ "nginx", "/usr/sbin/nginx", NULL, "/system.slice/docker-" ID ".scope", 70, 0, FIRST,
	  PC_MEANS_CONTAINER, "docker stop 0123456789ab", NULL, "container of pid 70" },
	{ "nginx",
	  "/usr/sbin/nginx",
	  NULL,
	  "/docker/" ID,
	  70,
	  0,
	  { 0 },
	  PC_MEANS_CONTAINER,
	  "docker stop 0123456789ab",
	  NULL,
	  NULL },
	{ "nginx", "/usr/sbin/nginx", NULL, "/machine.slice/libpod-" ID ".scope/container", 70, 0,
	  FIRST, PC_MEANS_CONTAINER, "podman stop 0123456789ab", NULL, NULL },
	{ "nginx", "/usr/sbin/nginx", NULL, "/lxc.payload.web/system.slice/nginx.service", 70, 0,
	  MAIN, PC_MEANS_PROCESS, "kill 70", NULL, NULL },
	{ "nginx", "/usr/sbin/nginx", NULL, "/mysteries/" ID, 70, 0, FIRST, PC_MEANS_NEVER, NULL,
	  NULL, "first process of a container" },
	{ "nginx", "/usr/sbin/nginx", NULL,
	  "/kubepods.slice/kubepods-pod1b4e28ba_2fa1_11d2_883f_0016d3cca427.slice/cri-containerd-" ID
	  ".scope",
	  70, 0, FIRST, PC_MEANS_POD, NULL, NULL, "kubelet" },
	/* helpers that hold a port for a container */
	{ "docker-proxy", "/usr/bin/docker-proxy",
	  "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 35000 -container-ip 172.17.0.2 -container-port 80",
	  "/system.slice/docker.service", 70, 0, CHILD, PC_MEANS_FOR_CONTAINER,
	  "docker ps --filter publish=35000/tcp",
	  "docker ps -q --filter publish=35000/tcp | xargs -r docker stop", "172.17.0.2 port 80" },
	{ "conmon",
	  "/usr/bin/conmon",
	  "/usr/bin/conmon --api-version 1 -c " ID " -u " ID,
	  "/machine.slice/libpod-conmon-" ID ".scope",
	  70,
	  0,
	  { 0 },
	  PC_MEANS_FOR_CONTAINER,
	  "podman stop 0123456789ab",
	  NULL,
	  NULL },
	{ "containerd-shim", "/usr/bin/containerd-shim-runc-v2",
	  "/usr/bin/containerd-shim-runc-v2 -namespace moby -id " ID,
	  "/system.slice/containerd.service", 70, 0, CHILD, PC_MEANS_FOR_CONTAINER,
	  "docker stop 0123456789ab", NULL, NULL },
	{ "containerd-shim", "/usr/bin/containerd-shim-runc-v2",
	  "/usr/bin/containerd-shim-runc-v2 -namespace moby -id $(reboot)",
	  "/system.slice/containerd.service", 70, 0, CHILD, PC_MEANS_FOR_CONTAINER, NULL, NULL,
	  "crictl ps" },
	{ "kube-proxy", "/usr/local/bin/kube-proxy", "kube-proxy",
	  "/system.slice/kube-proxy.service", 70, 0, MAIN, PC_MEANS_FOR_CONTAINER,
	  "kubectl get services -A", NULL, NULL },
	{ "pasta.avx2",
	  "/usr/bin/pasta.avx2",
	  "pasta --config-net -t 35000-35000:80-80",
	  USERS "/user.slice/podman.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_FOR_CONTAINER,
	  NULL,
	  NULL,
	  "podman ps" },
	{ "passt.avx2",
	  "/usr/bin/passt.avx2",
	  "/usr/bin/pasta -f -t 35000",
	  USERS "/user.slice/podman.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_FOR_CONTAINER,
	  NULL,
	  NULL,
	  "stopped if there is none" },
	/* the network of a virtual machine */
	{ "passt.avx2",
	  "/usr/bin/passt.avx2",
	  "passt -t 35000 pasta",
	  USERS "/app.slice/vm.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_NEVER,
	  NULL,
	  NULL,
	  "depend on it" },
	{ "docker-proxy",
	  "/usr/bin/docker-proxy",
	  "/usr/bin/docker-proxy -container-ip 10.0.0.1 -container-port 22",
	  USERS "/x.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_FOR_CONTAINER,
	  NULL,
	  NULL,
	  "as its arguments say" },
	{ "docker-proxy",
	  "/home/x/docker-proxy",
	  "/usr/bin/docker-proxy -container-ip 10.0.0.1 -container-port 22",
	  USERS "/x.scope",
	  70,
	  1000,
	  { 0 },
	  PC_MEANS_PROCESS,
	  "kill 70",
	  NULL,
	  NULL },
};
#define STOPPING_CASES (sizeof(stopping_cases) / sizeof(stopping_cases[0]))

static void make_identity(const struct stopping_case *c, struct pc_identity *who)
{
	*who = (struct pc_identity){ .key.tgid = c->pid, .uid = c->uid, .netns = CASE_NETNS };
	strncpy(who->comm, c->comm, sizeof(who->comm) - 1);
	who->exe = strdup(c->exe);
	who->cmdline = c->cmdline ? strdup(c->cmdline) : NULL;
	who->cgroup = strdup(c->cgroup);
	assert_int_equal(pc_identity_name_cgroup(who), 0);
}

static bool stopping_says(const struct pc_verdict *v, const char *words)
{
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (strstr(v->fixes[i].what, words))
			return true;
	return strstr(v->explanation, words);
}

/* The commands that are for now, which are those that stop something. */
static unsigned commands_of(const struct pc_verdict *v, const char **out, unsigned max)
{
	unsigned count = 0;

	for (unsigned i = 0; i < v->fixes_count; i++)
		if (v->fixes[i].when == PC_NOW && v->fixes[i].command && count < max)
			out[count++] = v->fixes[i].command;
	return count;
}

static void check_commands(size_t at, const struct pc_verdict *v)
{
	const struct stopping_case *c = &stopping_cases[at];
	const char *commands[4] = { NULL };
	unsigned count = commands_of(v, commands, 4), want = !!c->command + !!c->also;

	if (count != want || (c->command && strcmp(commands[0], c->command)) ||
	    (c->also && strcmp(commands[1], c->also)))
		fail_msg("case %zu (%s): %u commands, \"%s\" and \"%s\"", at, c->cgroup, count,
			 commands[0] ? commands[0] : "", commands[1] ? commands[1] : "");
	if (c->words && !stopping_says(v, c->words))
		fail_msg("case %zu (%s): nothing says \"%s\": %s", at, c->cgroup, c->words,
			 v->explanation);
}

static void check_case(size_t at)
{
	const struct stopping_case *c = &stopping_cases[at];
	struct pc_stopping how;
	struct pc_identity who;
	struct pc_verdict v;

	make_identity(c, &who);
	case_refusal(&v);
	case_listener(&v)->claimer = case_party(&who);
	v.holders[0].claimer.place = c->place;
	pc_stopping_of(&v.holders[0].claimer, v.requester.who, &how);
	if (how.means != c->means)
		fail_msg("case %zu (%s): means %d, not %d", at, c->cgroup, how.means, c->means);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	check_commands(at, &v);
	pc_verdict_clear(&v);
	pc_identity_free(&who);
}

static void each_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < STOPPING_CASES; i++)
		check_case(i);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
