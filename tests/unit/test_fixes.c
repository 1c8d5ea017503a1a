// SPDX-License-Identifier: GPL-2.0-only
/* Advice is only what is true: SO_REUSEADDR only where it lets the socket in, the reserve command
 * with all that is reserved today, commands that a shell reads as meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/rule/conflict.h"
#include "core/verdict/decide.h"
#include "core/base/ports.h"
#include "core/verdict/causes.h"
#include "core/verdict/range_use.h"

#define RESERVE "net.ipv4.ip_local_reserved_ports"
#define REUSEADDR "set SO_REUSEADDR on the refused socket"

static void advise(struct pc_verdict *v)
{
	pc_decide(v);
	assert_int_equal(pc_advise(v), 0);
}

/* The fix with these words in its text or command, or NULL. */
static const struct pc_fix *fixes_find_fix(const struct pc_verdict *v, const char *words)
{
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (strstr(v->fixes[i].what, words) ||
		    (v->fixes[i].command && strstr(v->fixes[i].command, words)) ||
		    (v->fixes[i].plain && strstr(v->fixes[i].plain, words)))
			return &v->fixes[i];
	return NULL;
}

/* Offered only if it would really let the socket in past everything that blocks. */
static bool reuseaddr_helps(const struct pc_verdict *v)
{
	struct pc_side asking, holding;

	pc_side_of_requester(&v->request, &asking);
	if (asking.reuse)
		return false;
	asking.reuse = 1;
	for (unsigned i = 0; i < v->holders_count; i++) {
		pc_side_of_holder(&v->holders[i].socket, &holding);
		if (pc_conflict(v->request.proto, &asking, &holding))
			return false;
	}
	return true;
}

static void check_reuseaddr(struct pc_verdict *v)
{
	bool offered;

	advise(v);
	offered = fixes_find_fix(v, REUSEADDR);
	if (offered != (v->primary >= 0 && reuseaddr_helps(v))) {
		print_error("%s: SO_REUSEADDR is %s\n", pc_cause_name(v->cause),
			    offered ? "offered and does not help" : "not offered and would help");
		fail();
	}
	pc_verdict_clear(v);
}

static struct pc_holder *(*const holders[])(struct pc_verdict *) = {
	case_listener, case_bound, case_client, case_accepted, case_time_wait,
};
#define HOLDERS (sizeof(holders) / sizeof(holders[0]))

static void reuseaddr_one_holder(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOLDERS; i++) {
		for (int options = 0; options < 8; options++) {
			struct pc_verdict v;

			case_refusal(&v);
			if (options & 4)
				case_udp(&v);
			v.request.socket.reuse = options & 1;
			holders[i](&v)->socket.reuse = !!(options & 2);
			check_reuseaddr(&v);
		}
	}
}

/* All that block must have it: past one of two is not in. */
static void reuseaddr_two_holders(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOLDERS; i++) {
		for (size_t j = 0; j < HOLDERS; j++) {
			for (int options = 0; options < 4; options++) {
				struct pc_verdict v;

				case_refusal(&v);
				holders[i](&v)->socket.reuse = options & 1;
				holders[j](&v)->socket.reuse = !!(options & 2);
				check_reuseaddr(&v);
			}
		}
	}
}

/* More on the port than could be described: that they all have it is not known. */
static void reuseaddr_unseen_holders(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v)->socket.reuse = 1;
	v.holders_total = PC_HOLDERS_MAX + 1;
	advise(&v);
	assert_null(fixes_find_fix(&v, REUSEADDR));
	pc_verdict_clear(&v);
}

/* The command adds; the plain one has all that is reserved today. */
static void reserve_list(struct pc_verdict *v, const char *today, const char *want)
{
	uint64_t reserved[PC_PORT_WORDS] = { 0 };
	const struct pc_fix *fix;
	const char *bad;
	char plain[128];

	assert_int_equal(pc_ports_parse(today, true, reserved, &bad), 0);
	v->settings.reserved = reserved;
	v->monitor_boots = true;
	advise(v);
	snprintf(plain, sizeof(plain), "sysctl -w " RESERVE "=%s", want);
	fix = fixes_find_fix(v, "portclash reserve");
	assert_non_null(fix);
	assert_string_equal(fix->command, "portclash reserve 35000 --persist");
	assert_string_equal(fix->plain, plain);
	assert_null(fixes_find_fix(v, "/etc/sysctl.d/"));
	assert_null(fixes_find_fix(v, "made anew"));
	pc_verdict_clear(v);
	v->settings.reserved = NULL;
}

static void reserve_keeps_the_others(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	reserve_list(&v, "", "35000");
	reserve_list(&v, "22,35001,34999", "22,34999-35001");
	reserve_list(&v, "8080,30000-34999,35002", "8080,30000-35000,35002");
	reserve_list(&v, "0-34999,35001-65535", "0-65535");
}

static void reserve_only_if_it_helps(void **state)
{
	uint64_t none[PC_PORT_WORDS] = { 0 };
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	advise(&v); /* not known what is reserved: the plain command would undo it */
	assert_null(fixes_find_fix(&v, "portclash reserve")->plain);
	assert_null(fixes_find_fix(&v, RESERVE));
	pc_verdict_clear(&v);

	v.settings.reserved = none;
	v.settings.wanted_reserved = 1;
	advise(&v);
	assert_null(fixes_find_fix(&v, "reserve"));
	pc_verdict_clear(&v);

	v.settings.wanted_reserved = 0;
	v.holders[0].how = PC_HOW_BIND; /* asked for by number: reserving is no help */
	v.holders[0].socket.userlocks = PC_LOCK_PORT;
	advise(&v);
	assert_null(fixes_find_fix(&v, "portclash reserve"));
	pc_verdict_clear(&v);
}

/* Every command acts on the namespace of the refusal, not on the monitor's. */
static void other_namespace(void **state)
{
	struct pc_identity elsewhere = *case_other();
	uint64_t none[PC_PORT_WORDS] = { 0 };
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	v.settings.reserved = none;
	v.monitor_netns = 1;
	advise(&v);
	assert_string_equal(fixes_find_fix(&v, "portclash reserve")->command,
			    "portclash reserve 35000 --netns 4026531840");
	assert_string_equal(fixes_find_fix(&v, "sysctl -w")->plain,
			    "nsenter -t 4312 -n sysctl -w " RESERVE "=35000");
	assert_null(fixes_find_fix(&v, "/etc/sysctl.d/"));
	pc_verdict_clear(&v);

	v.netns_pid = 4120; /* but the advice stops that one: no way in for what comes after */
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "nsenter -t 4312 -n sysctl -w"));
	pc_verdict_clear(&v);

	v.netns_pid = 77;
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "nsenter -t 77 -n sysctl -w"));
	pc_verdict_clear(&v);

	v.netns_pid = 0;
	v.requester.running = false; /* nobody else is left */
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "nsenter -t 4120 -n sysctl -w"));
	pc_verdict_clear(&v);
	v.requester.running = true;

	elsewhere.netns = 2; /* it was passed the socket, and lives in yet another one */
	v.holders[0].claimer = case_party(&elsewhere);
	advise(&v);
	assert_null(fixes_find_fix(&v, "nsenter -t 4200"));
	assert_non_null(fixes_find_fix(&v, "nsenter -t 4312 -n sysctl -w"));
	pc_verdict_clear(&v);

	v.holders[0].claimer.running = false;
	v.requester.running = false; /* nobody left: said, not guessed */
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "nsenter -t PID_IN_THAT_NAMESPACE -n sysctl -w"));
	pc_verdict_clear(&v);
}

static void stop_whom(void **state)
{
	struct pc_identity unit = *case_thief();
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_client(&v);
	advise(&v);
	assert_string_equal(fixes_find_fix(&v, "stop pid 4120")->command, "kill 4120");
	pc_verdict_clear(&v);

	/* The claimer has passed the socket on and exited: the owner is the one to stop. */
	v.holders[0].claimer.running = false;
	v.holders[0].owners[0] = case_party(case_other());
	v.holders[0].owners_count = 1;
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "kill 4200"));
	assert_null(fixes_find_fix(&v, "4120"));
	pc_verdict_clear(&v);

	unit.unit = (char *)"backup.service";
	v.holders[0].owners[0].who = &unit;
	v.holders[0].owners[0].place.role = PC_ROLE_MAIN;
	advise(&v);
	assert_string_equal(fixes_find_fix(&v, "systemctl")->command,
			    "systemctl stop backup.service");
	pc_verdict_clear(&v);

	unit.container = (char *)"0123"; /* perhaps a unit of the container's own systemd */
	advise(&v);
	assert_null(fixes_find_fix(&v, "systemctl"));
	assert_non_null(fixes_find_fix(&v, "kill 4120"));
	pc_verdict_clear(&v);
}

/* Nobody is told to kill the process that was refused. */
static void own_socket(void **state)
{
	struct pc_verdict v;

	(void)state;
	case_refusal(&v);
	case_bound(&v)->claimer = case_party(case_server());
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "own"));
	assert_null(fixes_find_fix(&v, "kill"));
	assert_null(fixes_find_fix(&v, "systemctl"));
	pc_verdict_clear(&v);
}

/* Only a connection that the kernel is ending ends by itself. */
static void wait_only_for_orphans(void **state)
{
	static const struct {
		uint16_t flags;
		bool ends;
	} sockets[] = {
		{ PC_SOCKET_ORPHAN | PC_SOCKET_DEAD, true },
		{ PC_SOCKET_ORPHAN, false },  /* waits to be accepted */
		{ PC_SOCKET_NO_FILE, false }, /* the kernel's own: an NFS mount */
		{ 0, false },		      /* somebody has it, we do not know who */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		struct pc_verdict v;
		struct pc_holder *h;

		case_refusal(&v);
		h = case_client(&v);
		h->claimer = case_party(NULL);
		h->socket.flags = sockets[i].flags;
		advise(&v);
		assert_int_equal(!!fixes_find_fix(&v, "the kernel ends this connection by itself"),
				 sockets[i].ends);
		pc_verdict_clear(&v);
	}
}

static void cut_command(void **state)
{
	struct pc_verdict v;
	struct pc_holder *h;

	(void)state;
	case_refusal(&v);
	h = case_client(&v);
	h->claimer = case_party(NULL);
	h->socket.flags = PC_SOCKET_ORPHAN | PC_SOCKET_DEAD;
	advise(&v);
	assert_string_equal(fixes_find_fix(&v, "portclash free")->command, "portclash free 35000");
	pc_verdict_clear(&v);
}

/* A wider range is a command only after a look at the servers that it would reach. */
static void wider_range_after_a_look(void **state)
{
	struct pc_range_use use = { .wider = { 32768, 61000 } };
	const struct pc_fix *fix;
	struct pc_verdict v;

	(void)state;
	case_send_exhausted(&v);
	v.range_use = &use;
	advise(&v);
	assert_non_null(fixes_find_fix(&v, "ip_local_port_range='32768 61000'"));
	pc_verdict_clear(&v);

	case_send_exhausted(&v);
	advise(&v);
	fix = fixes_find_fix(&v, "ip_local_port_range");
	assert_non_null(fix);
	assert_null(fix->command);
	assert_non_null(strstr(fix->what, "could not look"));
	pc_verdict_clear(&v);
}

/* In doubt, the reader is to look first, also where the addresses are not known. IP_FREEBIND beside a listener is clear. */
static void proxy_or_server(void **state)
{
	struct pc_verdict v;

	(void)state;
	for (int i = 0; i < 3; i++) {
		case_transparent_server(&v);
		if (i == 1)
			v.address.state = PC_ADDRESS_UNKNOWN;
		if (i == 2)
			v.request.socket.flags = PC_SOCKET_FREEBIND;
		advise(&v);
		assert_int_equal(!!strstr(v.explanation, "may also be that of a proxy"), i < 2);
		assert_int_equal(!!strstr(v.fixes[0].what, "first see what"), i < 2);
		assert_null(i < 2 ? v.fixes[0].command : NULL);
		assert_int_equal(!!fixes_find_fix(&v, "IP_BIND_ADDRESS_NO_PORT"), i < 2);
		assert_non_null(fixes_find_fix(&v, "kill "));
		pc_verdict_clear(&v);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reuseaddr_one_holder),
		cmocka_unit_test(reuseaddr_two_holders),
		cmocka_unit_test(reuseaddr_unseen_holders),
		cmocka_unit_test(reserve_keeps_the_others),
		cmocka_unit_test(reserve_only_if_it_helps),
		cmocka_unit_test(other_namespace),
		cmocka_unit_test(stop_whom),
		cmocka_unit_test(own_socket),
		cmocka_unit_test(wait_only_for_orphans),
		cmocka_unit_test(cut_command),
		cmocka_unit_test(wider_range_after_a_look),
		cmocka_unit_test(proxy_or_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
