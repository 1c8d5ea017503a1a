// SPDX-License-Identifier: GPL-2.0-only
/* `portclash audit` on ports that several sockets share: strangers are found, families are not. */
#include <string.h>

#include "judge/audit.h"
#include "run/cases.h"
#include "stage/binary.h"
#include "stage/stage.h"

#define PORT 8080

static const char *const shared_argv[] = { "audit", "--json", "--netns", "self", NULL };

/* A program of its own: no other puppet, and not their parent, runs its file. */
static struct puppet *program_of_its_own(struct test *t, const char *name)
{
	char path[256];

	return puppet_start_as(
		t, &(struct puppet_spec){ .name = name,
					  .exe = binary_copy(t, name, path, sizeof(path)) });
}

static void check_strangers(struct test *t, struct puppet *a, struct puppet *b, unsigned options)
{
	struct prop (*const stage)(struct puppet *, unsigned, const char *, uint16_t) =
		options & OPT_UDP ? stage_bound : stage_listener;
	struct prop one = stage(a, options | OPT_REUSEPORT, "0.0.0.0", PORT);
	struct prop two = stage(b, options | OPT_REUSEPORT, "0.0.0.0", PORT);
	struct audit audit = audit_json(t, shared_argv, 0);
	struct spot s = audit_line(&audit, "audit-summary", 0);
	unsigned found = 0;

	expect_int(&s, "shared", 1);
	s = audit_line(&audit, "audit-netns", 0);
	expect_int(&s, "shared", 1);
	audit_count(&audit, "audit-listener", 2);
	for (size_t i = 0; i < audit.m->count; i++) {
		json_t *line = audit.m->lines[i];
		const char *type = json_string_value(json_object_get(line, "type"));

		if (!type || strcmp(type, "audit-listener"))
			continue;
		s = spot_of(t, line);
		expect_int(&s, "strangers", 2);
		expect_bool(&s, "strangers_cut", false);
		expect_bool(&s, "exposed", false);
		found += json_integer_value(json_object_get(line, "inode")) ==
				 (json_int_t)one.look.inode ||
			 json_integer_value(json_object_get(line, "inode")) ==
				 (json_int_t)two.look.inode;
	}
	if (found != 2)
		test_fail(t, "expected a line for each of the two sockets, got %u", found);
}

static void scenario_audit_shared_by_strangers(struct test *t)
{
	check_strangers(t, program_of_its_own(t, "orders"), program_of_its_own(t, "billing"), 0);
}

static void scenario_audit_shared_by_instances(struct test *t)
{
	struct puppet *first = program_of_its_own(t, "orders");
	struct puppet_spec spec = { .name = "orders", .exe = first->who.exe };

	check_strangers(t, first, puppet_start_as(t, &spec), 0);
}

static void scenario_audit_shared_udp(struct test *t)
{
	check_strangers(t, program_of_its_own(t, "orders"), program_of_its_own(t, "billing"),
			OPT_UDP);
}

/* The puppets have one parent, which runs their file: workers of one server. The file of a receiver of
 * multicast is another one, but they share their port on purpose. */
static void scenario_audit_shared_by_family(struct test *t)
{
	struct puppet *workers[3];
	struct audit audit;
	struct spot s;

	for (unsigned i = 0; i < 3; i++) {
		workers[i] = puppet_start(t, "worker");
		stage_listener(workers[i], OPT_REUSEPORT, "0.0.0.0", PORT);
	}
	stage_bound(workers[0], OPT_UDP | OPT_REUSEADDR, "0.0.0.0", 5353);
	stage_bound(program_of_its_own(t, "receiver"), OPT_UDP | OPT_REUSEADDR, "0.0.0.0", 5353);
	audit = audit_json(t, shared_argv, 0);
	audit_count(&audit, "audit-listener", 0);
	s = audit_line(&audit, "audit-summary", 0);
	expect_int(&s, "shared", 0);
}

const struct scenario cases_audit_shared[] = {
	{ .name = "audit-shared-by-strangers",
	  .run = scenario_audit_shared_by_strangers,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-shared-by-instances",
	  .run = scenario_audit_shared_by_instances,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-shared-udp",
	  .run = scenario_audit_shared_udp,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ .name = "audit-shared-by-family",
	  .run = scenario_audit_shared_by_family,
	  .watch = WATCH_OWN,
	  .where = EACH_KERNEL },
	{ 0 },
};
