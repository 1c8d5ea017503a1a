// SPDX-License-Identifier: GPL-2.0-only
/* The fixes of a verdict: exactly the right ones are there, and the reserve command keeps the ports
 * that are reserved already. */
#include <stdio.h>
#include <string.h>

#include "judge/verdict.h"
#include "stage/space.h"

static const char *fix_text(json_t *fix, const char *key)
{
	const char *text = json_string_value(json_object_get(fix, key));

	return text ? text : "";
}

/* A text that identifies each fix: in its command or, for fixes without a command, in its words. */
static bool is_fix(json_t *fix, unsigned which)
{
	const char *what = fix_text(fix, "what"), *command = fix_text(fix, "command");

	switch (which) {
	case FIX_STOP:
		return !strncmp(command, "kill ", 5) || !strncmp(command, "systemctl stop ", 15);
	case FIX_CUT:
		return strstr(command, "portclash free ") && !strstr(command, "--stop");
	case FIX_RESERVE:
		return !strncmp(command, "portclash reserve ", 18);
	case FIX_OTHER_PORT:
		return strstr(what, "listen on a port outside");
	case FIX_REUSEADDR:
		return strstr(what, "set SO_REUSEADDR on the refused socket");
	case FIX_REUSEADDR_ALL:
		return strstr(what, "set SO_REUSEADDR before bind() in every run");
	case FIX_OWN:
		return strstr(what, "the refused process's own");
	case FIX_REUSEPORT:
		return strstr(what, "set SO_REUSEPORT on both");
	case FIX_ONE_USER:
		return strstr(what, "run both as one user");
	case FIX_V6ONLY:
		return strstr(what, "set IPV6_V6ONLY on");
	case FIX_SPECIFIC:
		return strstr(what, "instead of any address");
	case FIX_CLOEXEC:
		return strstr(what, "SOCK_CLOEXEC");
	case FIX_CHILDREN:
		return strstr(what, "PR_SET_PDEATHSIG");
	case FIX_ONCE:
		return strstr(what, "start it in one place only");
	case FIX_POD:
		return strstr(what, "delete the pod");
	default:
		return false;
	}
}

static json_t *find_fix_of_kind(json_t *fixes, unsigned which)
{
	for (size_t i = 0; i < json_array_size(fixes); i++)
		if (is_fix(json_array_get(fixes, i), which))
			return json_array_get(fixes, i);
	return NULL;
}

static void check_shape(const struct spot *fixes)
{
	for (size_t i = 0; i < json_array_size(fixes->json); i++) {
		struct spot fix = spot_at(fixes, i), command = spot_below(&fix, "command");

		expect_contains(&fix, "what", NULL);
		if (!json_is_null(command.json))
			expect_contains(&fix, "command", NULL);
	}
}

/* A command that enters a namespace must enter the right one; it has a placeholder where no process
 * is known in the namespace. */
static void check_enter(const struct spot *fixes, uint64_t netns)
{
	for (size_t i = 0; i < json_array_size(fixes->json); i++) {
		const char *command = fix_text(json_array_get(fixes->json, i), "command");
		int pid;

		if (sscanf(command, "nsenter -t %d ", &pid) == 1 && space_of(pid) != netns)
			expected(fixes, "a process of namespace %llu after nsenter (%d is in %llu)",
				 (unsigned long long)netns, pid, (unsigned long long)space_of(pid));
	}
}

/* With two to stop, the order is that of the kernel's table. */
static void check_stop(const struct spot *fixes, const struct truth *truth)
{
	const struct puppet *one = truth->stop, *other = truth->stop_too;
	json_t *fix = find_fix_of_kind(fixes->json, FIX_STOP);
	char command[64], turned[64];

	if (!fix || !one)
		return;
	if (other) {
		snprintf(command, sizeof(command), "kill %d %d", one->pid, other->pid);
		snprintf(turned, sizeof(turned), "kill %d %d", other->pid, one->pid);
	} else {
		snprintf(command, sizeof(command), "%s %d", truth->kill ? truth->kill : "kill",
			 one->pid);
		snprintf(turned, sizeof(turned), "%s", command);
	}
	if (strcmp(fix_text(fix, "command"), command) && strcmp(fix_text(fix, "command"), turned))
		expected(fixes, "the command \"%s\"", command);
}

bool fixes_is_reserved_and(const char *list, const char *reserved, uint16_t port)
{
	static bool have[PORTS], want[PORTS];

	if (!space_parse_ports(list, have) || !space_parse_ports(reserved ? reserved : "", want))
		return false;
	want[port] = true;
	return !memcmp(have, want, sizeof(have));
}

/* Returns whether there is a list, which must have what is reserved, and the port. */
static bool check_reserved_list(const struct spot *fixes, const struct truth *truth,
				const char *command)
{
	const char *at = strstr(command, "ip_local_reserved_ports");
	char list[512];

	if (!at || sscanf(at, "ip_local_reserved_ports%*[ =]%511[0-9,-]", list) != 1)
		return false;
	if (!fixes_is_reserved_and(list, truth->reserved, truth->attempt->wanted.port))
		expected(fixes, "\"%s\" and %u in each command that reserves",
			 truth->reserved ? truth->reserved : "", truth->attempt->wanted.port);
	return true;
}

/* portclash's own command is about that port alone; the plain one has the whole list. */
static void check_reserve(const struct spot *fixes, const struct truth *truth)
{
	char command[64];
	json_t *fix;
	int len;

	snprintf(command, sizeof(command), "portclash reserve %u%n", truth->attempt->wanted.port,
		 &len);
	fix = find_fix_of_kind(fixes->json, FIX_RESERVE);
	if (strncmp(fix_text(fix, "command"), command, (size_t)len) ||
	    !strchr(" ", fix_text(fix, "command")[len]))
		expected(fixes, "the command \"%s\"", command);
	if (!check_reserved_list(fixes, truth, fix_text(fix, "command_plain")))
		expected(fixes, "the same by sysctl");
	for (size_t i = 0; i < json_array_size(fixes->json); i++)
		check_reserved_list(fixes, truth,
				    fix_text(json_array_get(fixes->json, i), "command"));
}

void fixes_check(const struct spot *line, const struct truth *truth)
{
	static const struct {
		unsigned which;
		const char *name;
	} all[] = {
		{ FIX_STOP, "stop the process" },
		{ FIX_CUT, "cut the connection" },
		{ FIX_RESERVE, "reserve the port" },
		{ FIX_OTHER_PORT, "use another port" },
		{ FIX_REUSEADDR, "set SO_REUSEADDR on the refused socket" },
		{ FIX_REUSEADDR_ALL, "set SO_REUSEADDR in every run" },
		{ FIX_REUSEPORT, "set SO_REUSEPORT" },
		{ FIX_OWN, "close the own socket" },
		{ FIX_ONE_USER, "run both as one user" },
		{ FIX_V6ONLY, "set IPV6_V6ONLY" },
		{ FIX_SPECIFIC, "bind specific addresses" },
		{ FIX_CLOEXEC, "close on exec" },
		{ FIX_CHILDREN, "end forked children" },
		{ FIX_ONCE, "start it once" },
		{ FIX_POD, "delete the pod" },
	};
	struct spot fixes = spot_below(line, "fixes");

	check_shape(&fixes);
	check_enter(&fixes, truth->attempt->who.netns);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct spot fix = fixes;

		fix.json = find_fix_of_kind(fixes.json, all[i].which);
		if (!fix.json != !(truth->fixes & all[i].which))
			expected(&fixes, "%s fix \"%s\"", fix.json ? "no" : "a", all[i].name);
		if (fix.json)
			expect_bool(&fix, "lasting", !(all[i].which & FIXES_NOW));
	}
	if (truth->fixes & FIX_STOP)
		check_stop(&fixes, truth);
	if (truth->fixes & FIX_RESERVE)
		check_reserve(&fixes, truth);
}

static json_t *fix_having(json_t *line, const char *key, const char *part)
{
	json_t *fixes = json_object_get(line, "fixes");

	for (size_t i = 0; i < json_array_size(fixes); i++)
		if (strstr(fix_text(json_array_get(fixes, i), key), part))
			return json_array_get(fixes, i);
	return NULL;
}

json_t *fixes_with_command(json_t *line, const char *part)
{
	return fix_having(line, "command", part);
}

json_t *fixes_with_plain(json_t *line, const char *part)
{
	return fix_having(line, "command_plain", part);
}
