// SPDX-License-Identifier: GPL-2.0-only
/* The live tests: real sockets on the running kernel, the real portclash, each scenario in a
 * network namespace of its own, every field of the verdict compared with the truth. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/shared.h"
#include "run/cases.h"
#include "run/run.h"
#include "stage/command.h"
#include "stage/puppet.h"

#define TABLE_OF(file) cases_##file,
static const struct scenario *const tables[] = { CASES(TABLE_OF) };

#define TABLES (sizeof(tables) / sizeof(tables[0]))

static int live_usage(FILE *out, int status)
{
	fputs("usage: live [OPTION…] PORTCLASH [SCENARIO…]\n"
	      "  --list         name the scenarios\n"
	      "  --fast         without the slow ones\n"
	      "  --churn N      connections that come and go in the churn scenario (1000000)\n"
	      "  --burst N      collisions at once in the burst scenario (1000, or fewer)\n"
	      "  --patience F   multiply every time limit, for a slow (emulated) machine\n"
	      "  --backend NAME have portclash use this back end\n"
	      "  --shared       one portclash for all scenarios for which any will do\n"
	      "  --no-skip      a skipped scenario is a failure\n"
	      "Exit status: 0 all passed or were skipped, 1 something failed, 2 usage.\n",
	      out);
	return status;
}

static const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct scenario *s = tables[i]; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	return strcmp(name, shared_end.name) ? NULL : &shared_end;
}

static int list_scenarios(void)
{
	static const char *const where[] = {
		[EVERYWHERE] = "",
		[EACH_KERNEL] = " (each-kernel)",
		[ONCE] = " (once)",
		[NATIVE] = " (native)",
	};

	for (size_t i = 0; i < TABLES; i++)
		for (const struct scenario *s = tables[i]; s->name; s++)
			printf("%s%s%s%s\n", s->name, where[s->where],
			       s->watch == WATCH_OWN ? " (own)" : "", s->slow ? " (slow)" : "");
	return 0;
}

/* Ends the shared portclashes: after all scenarios that share them, and before the load that would
 * make them lose records. */
static void end_shared(struct tally *tally, int load)
{
	if (!load && tally->settings->shared)
		run_shared_end(tally);
}

static int run_named_scenarios(struct tally *tally, char **names)
{
	for (char **name = names; *name; name++) {
		if (find_scenario(*name))
			continue;
		fprintf(stderr, "live: there is no scenario \"%s\"; --list names them\n", *name);
		return 2;
	}
	for (int load = 0; load <= 1; load++) {
		for (char **name = names; *name; name++)
			if (find_scenario(*name)->load == load &&
			    find_scenario(*name) != &shared_end)
				run_scenario(tally, find_scenario(*name));
		end_shared(tally, load);
	}
	return 0;
}

static void run_all(struct tally *tally, bool fast)
{
	for (int load = 0; load <= 1; load++) {
		for (size_t i = 0; i < TABLES; i++) {
			for (const struct scenario *s = tables[i]; s->name; s++) {
				if (s->load != load)
					continue;
				if (fast && s->slow)
					run_skip(tally, s->name, "it is slow");
				else
					run_scenario(tally, s);
			}
		}
		end_shared(tally, load);
	}
}

static bool positive(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end != text && !*end && *value > 0 && *value <= 1e9;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "fast", no_argument, NULL, 'f' },
		{ "churn", required_argument, NULL, 'c' },
		{ "burst", required_argument, NULL, 'u' },
		{ "patience", required_argument, NULL, 'p' },
		{ "backend", required_argument, NULL, 'b' },
		{ "shared", no_argument, NULL, 'm' },
		{ "no-skip", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct settings settings = { .patience = 1, .churn = 1000000, .burst = 1000 };
	bool fast = false, no_skip = false;
	struct tally tally;
	double number;
	int c;

	if (argc > 1 && !strcmp(argv[1], "--puppet"))
		puppet_main(argc, argv);
	if (argc > 2 && !strcmp(argv[1], "--command"))
		return command_main(argv[2]);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l')
			return list_scenarios();
		if (c == 'h')
			return live_usage(stdout, 0);
		if (c == 'f')
			fast = true;
		else if (c == 'm')
			settings.shared = true;
		else if (c == 's')
			no_skip = true;
		else if (c == 'b')
			settings.backend = optarg;
		else if (c == '?' || !positive(optarg, &number))
			return live_usage(stderr, 2);
		else if (c == 'c')
			settings.churn = (unsigned long)number;
		else if (c == 'u')
			settings.burst = (unsigned long)number;
		else
			settings.patience = number;
	}
	if (optind == argc)
		return live_usage(stderr, 2);
	settings.portclash = argv[optind++];
	if (run_open(&tally, &settings))
		return 1;
	c = 0;
	if (argv[optind])
		c = run_named_scenarios(&tally, argv + optind);
	else
		run_all(&tally, fast);
	return c ? c : run_close(&tally, no_skip);
}
