// SPDX-License-Identifier: GPL-2.0-only
/* The surroundings of the two sides of a refusal. */
#include "core/verdict/surroundings.h"

#include <string.h>

#include "core/base/text.h"
#include "core/process/party.h"

#define ID_LEN 64
#define ID_SHOWN 12

int pc_container_shown(const char *container)
{
	size_t len = strlen(container);

	return len == ID_LEN ? ID_SHOWN : (int)len;
}

void pc_container_put(FILE *out, const struct pc_identity *who)
{
	int shown = pc_container_shown(who->container);

	if (who->given.container)
		fprintf(out, "%s (%.*s)", who->given.container, shown, who->container);
	else
		fprintf(out, "%.*s", shown, who->container);
}

static const struct pc_identity *holder_who(const struct pc_holder *h)
{
	const struct pc_party *p = pc_holder_process(h);

	return p ? p->who : h->claimer.who;
}

enum pc_surroundings pc_surroundings_of(const struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_identity *refused = v->requester.who, *holder = holder_who(h);

	if (pc_holder_is_kernels(h) || !refused || !holder)
		return PC_SURROUNDINGS_UNREMARKABLE;
	if ((pc_text_same(refused->container, holder->container) &&
	     pc_identity_same_word(refused, holder)) ||
	    (!refused->container && !holder->container))
		return PC_SURROUNDINGS_UNREMARKABLE;
	if (pc_text_same(refused->pod, holder->pod) && refused->container && holder->container &&
	    pc_identity_same_word(refused, holder))
		return PC_SURROUNDINGS_ONE_POD;
	return v->request.netns == v->monitor_netns ? PC_SURROUNDINGS_HOST : PC_SURROUNDINGS_SHARED;
}

/* The names are hostile text; the sink escapes the sentence. */
static void put_where(FILE *out, const struct pc_identity *who, bool with_pod)
{
	if (!who->container) {
		fputs("in no container", out);
		return;
	}
	fputs("in container ", out);
	pc_container_put(out, who);
	if (with_pod && who->pod)
		fprintf(out, " of pod %s", who->given.pod ? who->given.pod : who->pod);
	if (who->container_word == PC_WORD_USER)
		fprintf(out, " (so named by user %u)", who->manager_user);
}

void pc_surroundings_explain(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_surroundings surroundings = pc_surroundings_of(v, h);

	if (surroundings == PC_SURROUNDINGS_UNREMARKABLE)
		return;
	fputs("; the refused process is ", out);
	put_where(out, v->requester.who, surroundings != PC_SURROUNDINGS_ONE_POD);
	fputs(", the holder ", out);
	put_where(out, holder_who(h), surroundings != PC_SURROUNDINGS_ONE_POD);
	switch (surroundings) {
	case PC_SURROUNDINGS_ONE_POD:
		fprintf(out,
			", both of pod %s, whose containers share one network namespace, so no restart of the refused container ends the holder",
			v->requester.who->given.pod ? v->requester.who->given.pod :
						      v->requester.who->pod);
		break;
	case PC_SURROUNDINGS_HOST:
		fputs(", and both use the host's network namespace (hostNetwork, --network=host)",
		      out);
		break;
	default:
		fputs(", and both use one network namespace, so no restart of the refused one ends the holder",
		      out);
	}
}
