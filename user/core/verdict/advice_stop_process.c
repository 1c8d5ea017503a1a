// SPDX-License-Identifier: GPL-2.0-only
/* The fixes that stop single processes, whatever they do with SIGTERM. */
#include "core/verdict/advice_phrases.h"
#include "core/verdict/stop_group.h"

const char *pc_stop_plural(const struct pc_stop_group *g)
{
	return g->count > 1 ? "s" : "";
}

void pc_stop_pids(const struct pc_stop_group *g, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < g->count && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%u",
					!i		  ? "" :
					i + 1 == g->count ? " and " :
							    ", ",
					g->parties[i]->who->key.tgid);
}

static void command_kill(struct pc_advice *a, const struct pc_stop_group *g, const char *kill)
{
	pc_advice_command(a, "%s", kill);
	for (unsigned i = 0; i < g->count; i++)
		pc_advice_command(a, " %u", g->parties[i]->who->key.tgid);
}

/* SIGTERM alone does not end these. */
static void fix_deaf(struct pc_advice *a, const struct pc_stop_group *g, const char *pids)
{
	bool many = g->count > 1;

	if (g->how.deaf == PC_DEAF_STOPPED) {
		pc_advice_fix(a, PC_NOW,
			      "end pid%s %s, which %s stopped as by Ctrl-Z and must go on for that",
			      pc_stop_plural(g), pids, many ? "are" : "is");
		command_kill(a, g, "kill");
		command_kill(a, g, " && kill -CONT");
		return;
	}
	if (g->how.deaf == PC_DEAF_FIRST)
		pc_advice_fix(
			a, PC_NOW,
			"end pid%s %s by SIGKILL, and with %s all processes of %s pid namespace%s: SIGTERM does nothing there",
			pc_stop_plural(g), pids, many ? "them" : "it", many ? "their" : "its",
			pc_stop_plural(g));
	else
		pc_advice_fix(
			a, PC_NOW,
			"end pid%s %s by SIGKILL, which leaves no time to save anything: SIGTERM is ignored",
			pc_stop_plural(g), pids);
	command_kill(a, g, "kill -KILL");
}

void pc_stop_process(struct pc_advice *a, const struct pc_stop_group *g, const char *or_wait)
{
	char pids[PC_STOP_PIDS];

	pc_stop_pids(g, pids, sizeof(pids));
	if (g->how.deaf) {
		fix_deaf(a, g, pids);
		return;
	}
	if (g->how.spared)
		pc_advice_fix(a, PC_NOW, "stop pid%s %s, but not %s, in whose cgroup %s%s",
			      pc_stop_plural(g), pids, g->how.spared,
			      g->count > 1 ? "they are" : "it is", or_wait);
	else
		pc_advice_fix(a, PC_NOW, "stop pid%s %s%s", pc_stop_plural(g), pids, or_wait);
	command_kill(a, g, "kill");
}

/* The unit may end with such a process, or start it anew; the id of an ended process may be another's by now. */
void pc_stop_unseen_process(struct pc_advice *a, const struct pc_stop_group *g)
{
	char pids[PC_STOP_PIDS];

	pc_stop_pids(g, pids, sizeof(pids));
	pc_advice_fix(
		a, PC_NOW,
		"look at pid%s %s first, then stop the unit, the container or the process itself: portclash could not tell what else would end with %s",
		pc_stop_plural(g), pids, g->count > 1 ? "them" : "it");
	pc_advice_command(a, g->how.spared ? "systemctl status" : "ps -f");
	for (unsigned i = 0; i < g->count; i++)
		pc_advice_command(a, g->how.spared ? " %u" : " -p %u",
				  g->parties[i]->who->key.tgid);
}

void pc_stop_never(struct pc_advice *a, const struct pc_stop_group *g)
{
	char name[PC_ADVICE_NAME];

	for (unsigned i = 0; i < g->count; i++) {
		struct pc_stopping how;

		pc_stopping_of(g->parties[i], a->verdict->requester.who, &how);
		pc_advice_fix(
			a, PC_NOW,
			"leave %s alone (%s); as long as it has the port, the refused program needs another port or address",
			pc_advice_name(g->parties[i], name), how.why);
	}
}
