// SPDX-License-Identifier: GPL-2.0-only
/* The advice of a verdict comes from the row of its cause; two parts are added for any cause. */
#include "core/verdict/advice.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/verdict/advice_builder.h"
#include "core/verdict/advice_kernel.h"
#include "core/verdict/advice_phrases.h"
#include "core/verdict/advice_stop.h"
#include "core/verdict/causes.h"
#include "core/verdict/proxy.h"
#include "core/verdict/surroundings.h"

/* No restart of a container ends a holder in another container of its pod. */
static void fix_pod(struct pc_advice *a)
{
	if (pc_surroundings_of(a->verdict, a->holder) == PC_SURROUNDINGS_ONE_POD)
		pc_advice_fix(
			a, PC_NOW,
			"or delete the pod, which ends all of its containers and its network namespace; to restart the refused container is no help");
}

/* The functions of a cause that speaks of a holder rely on it. */
static const struct pc_cause_row *row_of(const struct pc_advice *a)
{
	const struct pc_cause_row *row = pc_cause_row(a->verdict->cause);

	return a->holder || row->kind == PC_KIND_NO_HOLDER ? row : &pc_cause_unknown;
}

int pc_advise(struct pc_verdict *v)
{
	const struct pc_cause_row *row;
	struct pc_advice a;

	if (pc_advice_begin(&a, v))
		return -ENOMEM;
	row = row_of(&a);
	row->explain(&a);
	if (a.holder) {
		pc_advice_explain_holder_for(&a);
		pc_advice_others(&a);
		if (!v->request.foreign.family)
			pc_surroundings_explain(a.explanation.out, v, a.holder);
	}
	pc_advice_explain_asked_for(&a);
	pc_advice_explain_kernel_asked(&a);
	pc_advice_explain_proxy(&a);
	pc_advice_fix_proxy_first(&a);
	row->fix(&a);
	pc_advice_fix_proxy_last(&a);
	pc_advice_fix_kernel_asked(&a);
	if (a.holder && !v->request.foreign.family)
		fix_pod(&a);
	return pc_advice_end(&a);
}

static void free_fix(struct pc_fix *fix)
{
	free(fix->what);
	free(fix->command);
	free(fix->plain);
}

static bool has_process_id(const char *command)
{
	const char *proc = strstr(command, "/proc/");

	return !strncmp(command, "kill ", 5) || strstr(command, "nsenter -t ") ||
	       (proc && isdigit((unsigned char)proc[6]));
}

void pc_advice_drop_ids(struct pc_fix *fixes, unsigned *count)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < *count; i++) {
		if (fixes[i].command && has_process_id(fixes[i].command))
			free_fix(&fixes[i]);
		else
			fixes[kept++] = fixes[i];
	}
	*count = kept;
}

void pc_advice_clear_fixes(struct pc_fix *fixes, unsigned *count)
{
	for (unsigned i = 0; i < *count; i++)
		free_fix(&fixes[i]);
	*count = 0;
}

void pc_verdict_clear(struct pc_verdict *v)
{
	free(v->explanation);
	v->explanation = NULL;
	pc_advice_clear_fixes(v->fixes, &v->fixes_count);
}
