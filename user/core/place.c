// SPDX-License-Identifier: GPL-2.0-only
/* Where the two sides of a refusal live. */
#include "core/place.h"

#include <string.h>

#include "core/party.h"

#define ID_LEN 64
#define ID_SHOWN 12

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

int pc_container_shown(const char *container)
{
	size_t len = strlen(container);

	return len == ID_LEN ? ID_SHOWN : (int)len;
}

static const struct pc_identity *holder_who(const struct pc_holder *h)
{
	const struct pc_party *p = pc_holder_actor(h);

	return p ? p->who : h->maker.who;
}

enum pc_place pc_place_of(const struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_identity *refused = v->requester.who, *holder = holder_who(h);

	if (pc_holder_is_kernels(h) || !refused || !holder)
		return PC_PLACE_UNREMARKABLE;
	if (same(refused->container, holder->container) ||
	    (!refused->container && !holder->container))
		return PC_PLACE_UNREMARKABLE;
	if (same(refused->pod, holder->pod) && refused->container && holder->container)
		return PC_PLACE_ONE_POD;
	return v->refusal.netns == v->monitor_netns ? PC_PLACE_HOST : PC_PLACE_SHARED;
}

/* Text of the kernel's: printed as it is, for the sink to escape. */
static void put_where(FILE *out, const struct pc_identity *who, bool with_pod)
{
	if (!who->container) {
		fputs("in no container", out);
		return;
	}
	fprintf(out, "in container %.*s", pc_container_shown(who->container), who->container);
	if (with_pod && who->pod)
		fprintf(out, " of pod %s", who->pod);
}

void pc_place_explain(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	enum pc_place place = pc_place_of(v, h);

	if (place == PC_PLACE_UNREMARKABLE)
		return;
	fputs("; the refused process is ", out);
	put_where(out, v->requester.who, place != PC_PLACE_ONE_POD);
	fputs(", the holder ", out);
	put_where(out, holder_who(h), place != PC_PLACE_ONE_POD);
	switch (place) {
	case PC_PLACE_ONE_POD:
		fprintf(out,
			", both of pod %s, whose containers share one network namespace, so no "
			"restart of the refused container ends the holder",
			v->requester.who->pod);
		break;
	case PC_PLACE_HOST:
		fputs(", and both use the host's network namespace (hostNetwork, --network=host)",
		      out);
		break;
	default:
		fputs(", and both use one network namespace, so no restart of the refused one "
		      "ends the holder",
		      out);
	}
}
