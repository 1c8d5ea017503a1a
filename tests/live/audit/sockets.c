// SPDX-License-Identifier: GPL-2.0-only
/* `portclash audit` on staged sockets in a network namespace whose range is known: every field
 * that is compared is the kernel's or the puppet's own word. */
#include <stdio.h>
#include <string.h>

#include "judge/audit.h"
#include "run/cases.h"
#include "stage/stage.h"

static void compare_listener(const struct audit *a, const struct prop *p, const char *proto)
{
	struct spot s = audit_line(a, "audit-listener", p->look.local.port), owners;

	expect_string(&s, "proto", proto);
	expect_string(&s, "family", strchr(p->look.local.address, ':') ? "ipv6" : "ipv4");
	expect_end(&s, "local", &p->look.local);
	expect_null(&s, "remote");
	expect_int(&s, "inode", (long long)p->look.inode);
	expect_int(&s, "cookie", (long long)p->look.cookie);
	expect_int(&s, "uid", p->look.uid);
	expect_person(&s, "process", &p->by->who);
	expect_null(&s, "process_note");
	owners = spot_below(&s, "owners");
	if (json_array_size(owners.json) != 1)
		expected(&owners, "one owner");
}

static void compare_exposed(const struct audit *a, const struct prop *p, const char *proto,
			    unsigned taken, unsigned of)
{
	struct spot s = audit_line(a, "audit-listener", p->look.local.port), chance;

	compare_listener(a, p, proto);
	expect_bool(&s, "exposed", true);
	expect_bool(&s, "claims_protected", false);
	expect_string(&s, "chosen_by", "number");
	chance = spot_below(&s, "chance");
	expect_int(&chance, "taken", taken);
	expect_int(&chance, "of", of);
}

/* 20000 to 20999, of which 20800 is reserved: 500 odd ports, 499 even ones. Each listener leaves
 * the candidates of the others, not its own; one that the kernel chose a port for does so too. */
static void scenario_audit_listeners(struct test *t)
{
	static const char *const argv[] = { "audit", "--json", "--netns", "self", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct prop exposed, v6, udp, chosen, client;
	bool even;
	struct audit a;
	struct spot s, range;

	audit_set(t, RANGE, "20000 20999");
	audit_set(t, RESERVED, "80,20800,30000-30010");
	exposed = stage_listener(web, 0, "0.0.0.0", 20500);
	v6 = stage_listener(web, OPT_V6, "::1", 20701);
	udp = stage_bound(web, OPT_UDP, "127.0.0.1", 20600);
	stage_listener(web, 0, "0.0.0.0", 20800);
	stage_listener(web, 0, "0.0.0.0", 8080);
	chosen = stage_bound(web, 0, "127.0.0.1", 0);
	stage_listen(&chosen, 5);
	client = stage_client(web, 0, "127.0.0.1", 8080);
	stage_look(&chosen);
	even = !(chosen.look.local.port % 2);
	a = audit_json(t, argv, 3);
	compare_exposed(&a, &exposed, "tcp", !(client.look.local.port % 2), 499 - even);
	compare_exposed(&a, &v6, "tcp", 0, 500 - !even);
	compare_exposed(&a, &udp, "udp", 0, 999);
	compare_listener(&a, &chosen, "tcp");
	s = audit_line(&a, "audit-listener", chosen.look.local.port);
	expect_bool(&s, "exposed", false);
	expect_string(&s, "chosen_by", "kernel");
	expect_null(&s, "chance");
	audit_count(&a, "audit-listener", 4);
	s = audit_line(&a, "audit-netns", 0);
	expect_bool(&s, "own", true);
	expect_bool(&s, "looked_at", true);
	expect_string(&s, "reserved", "80,20800,30000-30010");
	expect_int(&s, "exposed", 3);
	expect_int(&s, "claims", 0);
	range = spot_below(&s, "range");
	expect_int(&range, "low", 20000);
	expect_int(&range, "high", 20999);
	expect_int(&range, "reserved", 1);
	expect_int(&range, "offered", 999);
}

static void scenario_audit_usage(struct test *t)
{
	static const char *const argv[] = { "audit", "--json", "--netns", "self", NULL };
	struct puppet *web = puppet_start(t, "web");
	struct spot s, below, one;
	struct prop listener;
	struct audit a;

	audit_set(t, RANGE, "20000 20999");
	listener = stage_listener(web, 0, "127.0.0.1", 8080);
	for (int i = 0; i < 10; i++)
		stage_client(web, 0, "127.0.0.1", 8080);
	a = audit_json(t, argv, 0);
	s = audit_line(&a, "audit-netns", 0);
	below = spot_below(&s, "in_range");
	expect_int(&below, "tcp", 10);
	expect_int(&below, "udp", 0);
	below = spot_below(&s, "ports_in_use");
	expect_int(&below, "udp", 0);
	below = spot_below(&below, "tcp");
	expect_int(&below, "LISTEN", 1);
	expect_int(&below, "ESTABLISHED", 11);
	expect_int(&below, "TIME_WAIT", 0);
	below = spot_below(&s, "destinations");
	one = spot_at(&below, 0);
	if (json_array_size(below.json) != 1)
		expected(&below, "one destination");
	expect_end(&one, "remote", &listener.look.local);
	expect_string(&one, "local_address", "127.0.0.1");
	expect_int(&one, "ports", 10);
}

static void scenario_audit_two_namespaces(struct test *t)
{
	static const char *const argv[] = { "audit", "--json", NULL };
	struct puppet *here = puppet_start(t, "here"), *there = puppet_start(t, "there");
	struct prop one, two;
	struct audit a;
	struct spot s;

	puppet_go_elsewhere(there);
	one = stage_listener(here, 0, "0.0.0.0", 40000);
	two = stage_listener(there, 0, "0.0.0.0", 41000);
	a = audit_json(t, argv, 3);
	audit_count(&a, "audit-listener", 1);
	compare_listener(&a, &one, "tcp");
	a.netns = there->who.netns;
	audit_count(&a, "audit-listener", 1);
	compare_listener(&a, &two, "tcp");
	s = audit_line(&a, "audit-netns", 0);
	expect_bool(&s, "own", false);
	expect_bool(&s, "looked_at", true);
	expect_int(&s, "pid", there->who.pid);
	expect_contains(&s, "command", "portclash reserve 41000 --netns ");
	expect_contains(&s, "command_plain", "-n sysctl -w net.ipv4.ip_local_reserved_ports=41000");
}

static void scenario_audit_protect(struct test *t)
{
	struct puppet *backend = puppet_start(t, "backend"), *thief = puppet_start(t, "thief");
	char list[64];
	const char *argv[] = { "audit", "--json", "--netns", "self", "--protect", list, NULL };
	struct prop client;
	struct audit a;
	struct spot s;

	audit_set(t, RANGE, "20000 20999");
	audit_set(t, RESERVED, "20010");
	stage_listener(backend, 0, "127.0.0.1", 8080);
	client = stage_client(thief, 0, "127.0.0.1", 8080);
	snprintf(list, sizeof(list), "20010,19990-20000,8080,%u", client.look.local.port);
	a = audit_json(t, argv, 3);
	audit_count(&a, "audit-claim", 1);
	audit_count(&a, "audit-listener", 0);
	s = audit_line(&a, "audit-claim", client.look.local.port);
	expect_bool(&s, "claims_protected", true);
	expect_bool(&s, "exposed", false);
	expect_string(&s, "state", "ESTABLISHED");
	expect_end(&s, "local", &client.look.local);
	expect_end(&s, "remote", &client.look.remote);
	expect_person(&s, "process", &thief->who);
	s = audit_line(&a, "audit-netns", 0);
	snprintf(list, sizeof(list), "20000,%u", client.look.local.port);
	expect_string(&s, "protected_exposed", list);
	expect_int(&s, "protected_exposed_count", 2);
	expect_int(&s, "claims", 1);
}

/* Loads what sysctl(8) would load from the file; its other lines are comments. */
static void load_drop_in(struct test *t, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[512], value[256] = "";

	while (file && fgets(line, sizeof(line), file))
		if (line[0] != '#' &&
		    sscanf(line, "net.ipv4.ip_local_reserved_ports = %255s", value) != 1)
			test_fail(t, "expected only the list in the file, got \"%s\"", line);
	if (file)
		fclose(file);
	if (strcmp(value, "80,20500-20501"))
		test_fail(t, "expected 80,20500-20501 in the file, got \"%s\"", value);
	audit_set(t, RESERVED, value);
}

static void scenario_audit_write(struct test *t)
{
	char path[128], command[160];
	const char *argv[] = { "audit", "--json",  "--netns", "self", "--protect",
			       "20501", "--write", path,      NULL };
	struct puppet *web = puppet_start(t, "web");
	struct audit a;
	struct spot s;

	test_path(t, "60-portclash.conf", path, sizeof(path));
	snprintf(command, sizeof(command), "sysctl -p %s", path);
	audit_set(t, RANGE, "20000 20999");
	audit_set(t, RESERVED, "80");
	stage_listener(web, 0, "0.0.0.0", 20500);
	for (int turn = 0; turn < 2; turn++) {
		a = audit_json(t, argv, turn ? 0 : 3);
		s = audit_line(&a, "audit-summary", 0);
		expect_int(&s, "exit_status", turn ? 0 : 3);
		s = spot_below(&s, "dropin");
		expect_string(&s, "ports", "80,20500-20501");
		expect_string(&s, "written", path);
		expect_string(&s, "load_command", command);
		load_drop_in(t, path);
	}
}

static void scenario_audit_queues(struct test *t)
{
	static const char *const argv[] = { "audit", "--json", "--netns", "self", NULL };
	struct puppet *slow = puppet_start(t, "slow");
	struct prop full, cut;
	struct audit a;
	struct spot s;

	audit_set(t, "core/somaxconn", "16");
	full = stage_bound(slow, 0, "127.0.0.1", 8080);
	stage_listen(&full, 1);
	stage_client(slow, 0, "127.0.0.1", 8080);
	stage_client(slow, 0, "127.0.0.1", 8080);
	cut = stage_bound(slow, 0, "127.0.0.1", 8081);
	stage_listen(&cut, 100);
	a = audit_json(t, argv, 0);
	s = audit_line(&a, "audit-listener", 8080);
	s = spot_below(&s, "queue");
	expect_int(&s, "waiting", 2);
	expect_int(&s, "backlog", 1);
	expect_bool(&s, "full", true);
	expect_bool(&s, "at_somaxconn", false);
	s = audit_line(&a, "audit-listener", 8081);
	s = spot_below(&s, "queue");
	expect_int(&s, "waiting", 0);
	expect_int(&s, "backlog", 16);
	expect_bool(&s, "full", false);
	expect_bool(&s, "at_somaxconn", true);
}

const struct scenario cases_audit_sockets[] = {
	{ .name = "audit-listeners",
	  .run = scenario_audit_listeners,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-usage",
	  .run = scenario_audit_usage,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-two-namespaces",
	  .run = scenario_audit_two_namespaces,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-protect",
	  .run = scenario_audit_protect,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-write",
	  .run = scenario_audit_write,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-queues",
	  .run = scenario_audit_queues,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
