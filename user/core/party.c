// SPDX-License-Identifier: GPL-2.0-only
/* Who is who among the processes of a verdict. */
#include "core/party.h"

#include <ctype.h>
#include <string.h>

const struct pc_party *pc_holder_actor(const struct pc_holder *h)
{
	if (h->owners_count)
		return &h->owners[0];
	return h->maker.who && h->maker.running ? &h->maker : NULL;
}

bool pc_party_same(const struct pc_party *a, const struct pc_party *b)
{
	return a->who && b->who && a->who->key.tgid == b->who->key.tgid &&
	       a->who->key.start_ns == b->who->key.start_ns;
}

bool pc_holder_is_own(const struct pc_verdict *v, const struct pc_holder *h)
{
	return pc_party_same(&h->maker, &v->requester);
}

bool pc_holder_is_kernels(const struct pc_holder *h)
{
	return h->socket.flags & PC_SOCKET_NO_FILE && !h->owners_count;
}

bool pc_holder_is_server(const struct pc_holder *h)
{
	return h->socket.proto == PC_PROTO_UDP ? !h->socket.rport :
						 h->socket.state == PC_STATE_LISTEN;
}

bool pc_holder_is_inherited(const struct pc_holder *h)
{
	if (!pc_holder_is_server(h) || !h->maker.who || h->older || !h->owners_count)
		return false;
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_party *p = &h->owners[i];

		if (pc_party_same(p, &h->maker))
			return false;
		if (p->daemon && p->who && pc_identity_same_file(p->who, h->maker.who))
			return false;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* A path may end in " (deleted)", once the file was replaced by an upgrade. */
static size_t path_len(const char *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(path), tail = sizeof(deleted) - 1;

	return len > tail && !strcmp(path + len - tail, deleted) ? len - tail : len;
}

static bool same_place(const struct pc_identity *a, const struct pc_identity *b)
{
	return (!a->container && !b->container) || same_text(a->container, b->container);
}

static bool same_span(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && !memcmp(a, b, a_len);
}

bool pc_identity_same_file(const struct pc_identity *a, const struct pc_identity *b)
{
	return a->exe && b->exe && same_place(a, b) &&
	       same_span(a->exe, path_len(a->exe), b->exe, path_len(b->exe));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The same name in another folder too: /opt/app-1.2/bin/app and /opt/app-1.3/bin/app. */
static bool same_name(const struct pc_identity *a, const struct pc_identity *b)
{
	const char *a_base, *b_base;

	if (!a->exe || !b->exe)
		return false;
	a_base = base_name(a->exe);
	b_base = base_name(b->exe);
	return same_span(a_base, path_len(a_base), b_base, path_len(b_base));
}

/* "python3.11": a name of the list and nothing but a version behind it. */
static bool is_interpreter(const struct pc_identity *who)
{
	static const char *const names[] = {
		"python", "pypy", "perl",  "ruby",    "node",	"nodejs",   "bun",  "deno",
		"php",	  "java", "mono",  "lua",     "sh",	"bash",	    "dash", "ash",
		"zsh",	  "ksh",  "tclsh", "busybox", "dotnet", "beam.smp",
	};
	const char *base = base_name(who->exe);
	size_t len = path_len(base);

	while (len && (isdigit((unsigned char)base[len - 1]) || base[len - 1] == '.' ||
		       base[len - 1] == '-'))
		len--;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (same_span(base, len, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool same_arguments(const struct pc_identity *a, const struct pc_identity *b)
{
	return same_text(a->cmdline, b->cmdline) && !a->cmdline_cut && !b->cmdline_cut;
}

/* A service is one program's, a scope or a user's manager anything's. */
static bool is_service(const char *unit)
{
	size_t len = unit ? strlen(unit) : 0;

	return len > 8 && !strcmp(unit + len - 8, ".service") && strncmp(unit, "user@", 5);
}

enum pc_twin pc_identity_twin(const struct pc_identity *a, const struct pc_identity *b)
{
	bool arguments;

	if (!same_place(a, b) || !same_name(a, b))
		return PC_TWIN_NONE;
	arguments = same_arguments(a, b);
	if (!arguments && is_interpreter(a))
		return PC_TWIN_NONE;
	if (is_service(a->unit) && is_service(b->unit)) {
		if (same_text(a->unit, b->unit))
			return PC_TWIN_UNIT;
	} else if (a->container)
		return PC_TWIN_CONTAINER;
	return arguments && pc_identity_same_file(a, b) ? PC_TWIN_ARGUMENTS : PC_TWIN_NONE;
}

static bool is_twin(const struct pc_verdict *v, const struct pc_party *p, enum pc_twin *twin)
{
	if (!p->who || !p->running || pc_party_same(p, &v->requester))
		return false;
	*twin = pc_identity_twin(p->who, v->requester.who);
	return *twin != PC_TWIN_NONE;
}

const struct pc_party *pc_holder_twin(const struct pc_verdict *v, const struct pc_holder *h,
				      enum pc_twin *twin)
{
	*twin = PC_TWIN_NONE;
	if (!v->requester.who || h->kin)
		return NULL;
	if (is_twin(v, &h->maker, twin))
		return &h->maker;
	for (unsigned i = 0; i < h->owners_count; i++)
		if (is_twin(v, &h->owners[i], twin))
			return &h->owners[i];
	return NULL;
}
