// SPDX-License-Identifier: GPL-2.0-only
/* Stopping several processes, not the refused one with them; helpers that were refused; setcap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "core/verdict/stopping.h"

#define HEX16 "0123456789abcdef"
#define ID HEX16 HEX16 HEX16 HEX16
static bool says_somewhere(const struct pc_verdict *v, const char *words)
{
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (strstr(v->fixes[i].what, words) ||
		    (v->fixes[i].command && strstr(v->fixes[i].command, words)))
			return true;
	return strstr(v->explanation, words);
}

static unsigned now_commands(const struct pc_verdict *v, const char **out, unsigned max)
{
	unsigned count = 0;

	for (unsigned i = 0; i < v->fixes_count; i++)
		if (v->fixes[i].when == PC_NOW && v->fixes[i].command && count < max)
			out[count++] = v->fixes[i].command;
	return count;
}

/* The refused process would end, too. */
static void not_with_the_refused(void **state)
{
	struct pc_identity who = *case_thief(), refused = *case_server();
	struct pc_party p = case_party(&who);
	struct pc_stopping how;

	(void)state;
	p.place.role = PC_ROLE_CHILD;
	who.unit = refused.unit = (char *)"web.service";
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	assert_string_equal(how.spared, "web.service");
	p.place.role = PC_ROLE_MAIN;
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_NEVER);
	p.place.role = PC_ROLE_CHILD;
	refused.below_user = true;
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_UNIT);

	refused.below_user = false;
	who.container = refused.container = (char *)ID;
	who.container_word = PC_WORD_SYSTEM;
	who.runtime = PC_RUNTIME_DOCKER;
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	/* The refused process is in a container inside of the holder's. */
	refused.container = (char *)"fedcba9876543210";
	refused.cgroup = (char *)"/docker/" ID "/kubelet/pod/fedcba9876543210";
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	refused.below_user = true; /* a user can name a group like the holder's container */
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_CONTAINER);
	refused.below_user = false;
	refused.cgroup = (char *)"/docker/fedcba9876543210";
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_CONTAINER);
	refused.cgroup = (char *)"/docker/" ID "/kubelet/pod/fedcba9876543210";
	p.place.first = true;
	pc_stopping_of(&p, &refused, &how);
	assert_int_equal(how.means, PC_MEANS_NEVER);
}

/* systemd made the socket in a child, and passed it to the service: both have it open. */
static void socket_unit_and_service(void **state)
{
	struct pc_identity manager = { .key.tgid = 1, .comm = "systemd" };
	struct pc_identity service = *case_other();
	const char *commands[4];
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	service.unit = (char *)"web.service";
	case_refusal(&v);
	h = case_listener(&v);
	h->claimer.running = false; /* "(sd-listen)" */
	h->owners[0] = case_party(&service);
	h->owners[0].place.role = PC_ROLE_MAIN;
	h->owners[1] = case_party(&manager);
	h->owners_count = 2;
	pc_decide(&v);
	assert_int_equal(v.cause, PC_CAUSE_LISTENER);
	assert_int_equal(pc_advise(&v), 0);
	assert_int_equal(now_commands(&v, commands, 4), 2);
	assert_string_equal(commands[0], "systemctl list-sockets --all");
	assert_string_equal(commands[1], "systemctl stop web.service");
	pc_verdict_clear(&v);

	/* The kernel told the unit. */
	strcpy(h->socket_unit, "web-it's.socket");
	assert_int_equal(pc_advise(&v), 0);
	assert_int_equal(now_commands(&v, commands, 4), 2);
	assert_string_equal(commands[0], "systemctl stop -- 'web-it'\\''s.socket'");
	assert_true(says_somewhere(&v, "for a socket unit, web-it's.socket"));
	pc_verdict_clear(&v);
}

/* All owners of a socket have to go; a unit is stopped once for all of its processes. */
static void several_owners(void **state)
{
	struct pc_identity one = *case_thief(), two = *case_other();
	const char *commands[4];
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_listener(&v);
	h->claimer = h->owners[0] = case_party(&one);
	h->owners[1] = case_party(&two);
	h->owners_count = 2;
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_int_equal(now_commands(&v, commands, 4), 1);
	assert_string_equal(commands[0], "kill 4120 4200");
	assert_true(says_somewhere(&v, "stop pids 4120 and 4200"));
	pc_verdict_clear(&v);

	one.unit = two.unit = (char *)"web.service";
	h->owners[0].place.role = PC_ROLE_MAIN;
	h->owners[1].place.role = PC_ROLE_CHILD;
	assert_int_equal(pc_advise(&v), 0);
	assert_int_equal(now_commands(&v, commands, 4), 1);
	assert_string_equal(commands[0], "systemctl stop web.service");
	pc_verdict_clear(&v);
}

/* A refused helper asked for somebody else; a user's process that only has the name did not. */
static void refused_helper(void **state)
{
	struct pc_identity proxy = *case_server();
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	proxy.uid = 0;
	strcpy(proxy.comm, "docker-proxy");
	proxy.exe = (char *)"/usr/bin/docker-proxy";
	proxy.cmdline = (char *)"/usr/bin/docker-proxy -container-ip fd00::2 -container-port 8080";
	v.requester = case_party(&proxy);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_true(says_somewhere(&v, "asked for a container, fd00::2 port 8080"));
	pc_verdict_clear(&v);
	proxy.exe = (char *)"/tmp/docker-proxy";
	proxy.uid = 1000;
	assert_int_equal(pc_advise(&v), 0);
	assert_false(says_somewhere(&v, "asked for a container"));
	pc_verdict_clear(&v);
}

/* Two containers can publish one port, each on an address of its own. */
static void only_the_one_that_publishes(void **state)
{
	struct pc_identity proxy = *case_thief();
	struct pc_holder *h;
	struct pc_verdict v;

	(void)state;
	proxy.uid = 0;
	strcpy(proxy.comm, "docker-proxy");
	proxy.exe = (char *)"/usr/bin/docker-proxy";
	proxy.cmdline = (char *)"/usr/bin/docker-proxy -container-ip 172.17.0.2 -container-port 80";
	case_refusal(&v);
	h = case_listener(&v);
	h->claimer = case_party(&proxy);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_true(says_somewhere(&v, "docker ps --filter"));
	assert_true(says_somewhere(&v, "xargs"));
	pc_verdict_clear(&v);

	case_refusal(&v);
	h = case_listener(&v);
	h->claimer = case_party(&proxy);
	memcpy(h->socket.local, "\x0a\0\0\x05", 4);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_true(says_somewhere(&v, "docker ps --filter"));
	assert_false(says_somewhere(&v, "xargs"));
	pc_verdict_clear(&v);
}

/* The child of systemd that binds for a socket unit; and somebody else of that name. */
static void refused_socket_unit(void **state)
{
	struct pc_identity child = *case_server();
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	child.uid = 0;
	strcpy(child.comm, "(sd-listen)");
	child.cgroup = (char *)"/system.slice/web.socket";
	v.requester = case_party(&child);
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_true(says_somewhere(&v, "for the socket unit web.socket"));
	pc_verdict_clear(&v);
	child.uid = 1000;
	assert_int_equal(pc_advise(&v), 0);
	assert_false(says_somewhere(&v, "socket unit"));
	pc_verdict_clear(&v);
}

/* SIGTERM alone does not end them: the command does, and a process apart stays apart. */
static void deaf_processes(void **state)
{
	static const struct {
		enum pc_deaf deaf;
		const char *command, *words;
	} all[] = {
		{ PC_DEAF_NOT, "kill 4120", "stop pid 4120" },
		{ PC_DEAF_STOPPED, "kill 4120 && kill -CONT 4120", "is stopped as by Ctrl-Z" },
		{ PC_DEAF_IGNORES, "kill -KILL 4120", "SIGTERM is ignored" },
		{ PC_DEAF_FIRST, "kill -KILL 4120", "all processes of its pid namespace" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *commands[4];
		struct pc_verdict v;
		struct pc_holder *h;

		case_refusal(&v);
		h = case_listener(&v);
		h->claimer = case_party(case_thief());
		h->claimer.place.deaf = all[i].deaf;
		h->owners[0] = h->claimer;
		h->owners_count = 1;
		pc_decide(&v);
		assert_int_equal(pc_advise(&v), 0);
		assert_int_equal(now_commands(&v, commands, 4), 1);
		assert_string_equal(commands[0], all[i].command);
		assert_true(says_somewhere(&v, all[i].words));
		pc_verdict_clear(&v);
	}
}

/* setcap on an interpreter would give the capability to each script. */
static void no_setcap_for_interpreters(void **state)
{
	struct pc_identity who = *case_server();
	struct pc_verdict v;

	(void)state;
	case_privileged(&v);
	v.requester.who = &who;
	v.requester.place.hosts_file = v.requester.place.roots_file = true;
	who.exe = (char *)"/usr/bin/python3.11";
	assert_false(case_advises(&v, "setcap cap_net"));
	assert_true(case_advises(&v, "is an interpreter"));
	who.exe = (char *)"/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2";
	assert_false(case_advises(&v, "setcap cap_net"));
	who.exe = (char *)"/usr/bin/socat";
	assert_false(case_advises(&v, "setcap cap_net"));
	assert_true(case_advises(&v, "a tool that does what anybody tells it"));
	who.exe = (char *)"/usr/bin/pythonia";
	assert_true(case_advises(&v, "setcap cap_net"));
}

/* A path names another file below another root, and setcap would change the host's. */
static void no_setcap_elsewhere(void **state)
{
	struct pc_identity who = *case_server();
	struct pc_verdict v;

	(void)state;
	case_privileged(&v);
	v.requester.who = &who;
	v.requester.place.hosts_file = v.requester.place.roots_file = true;
	assert_true(case_advises(&v, "setcap"));
	v.requester.place.roots_file = false; /* another user could put another file there */
	assert_false(case_advises(&v, "setcap"));
	assert_true(case_advises(&v, "once it is where only root can write"));
	v.requester.place.hosts_file = false;
	assert_false(case_advises(&v, "only root can write"));
	who.container = (char *)ID;
	assert_true(case_advises(&v, "--cap-add NET_BIND_SERVICE"));
	assert_false(case_advises(&v, "setcap"));
	assert_false(case_advises(&v, "AmbientCapabilities"));
}

/* A user's own control group is named like a unit, a container or a pod of the system, or a user's manager. */
static void names_of_a_user(void **state)
{
	struct pc_identity who = *case_thief();
	struct pc_party p = case_party(&who);
	struct pc_stopping how;

	(void)state;
	p.place.users_word = true;
	p.place.role = PC_ROLE_MAIN;
	who.unit = (char *)"nginx.service";
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	assert_null(how.spared);
	who.unit = (char *)"ssh.service"; /* one that is spared */
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	who.container = (char *)ID;
	who.container_word = PC_WORD_SYSTEM;
	who.runtime = PC_RUNTIME_DOCKER;
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	who.runtime = PC_RUNTIME_CRI;
	who.pod = (char *)"1b4e28ba";
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);
	p.place.users_word = false;
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_POD);
	who.container_word = PC_WORD_USER;
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_PROCESS);

	who = *case_thief();
	strcpy(who.comm, "systemd");
	who.exe = (char *)"/usr/lib/systemd/systemd";
	who.unit = (char *)"user@1000.service";
	who.below_user = true;
	who.manager_user = 1000;
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_USER_SOCKET);
	p.place.users_word = true;
	pc_stopping_of(&p, case_server(), &how);
	assert_int_equal(how.means, PC_MEANS_NEVER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_with_the_refused),
		cmocka_unit_test(socket_unit_and_service),
		cmocka_unit_test(several_owners),
		cmocka_unit_test(refused_helper),
		cmocka_unit_test(only_the_one_that_publishes),
		cmocka_unit_test(refused_socket_unit),
		cmocka_unit_test(no_setcap_elsewhere),
		cmocka_unit_test(deaf_processes),
		cmocka_unit_test(names_of_a_user),
		cmocka_unit_test(no_setcap_for_interpreters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
