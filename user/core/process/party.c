// SPDX-License-Identifier: GPL-2.0-only
/* Relations of the processes of a verdict. */
#include "core/process/party.h"

#include <ctype.h>
#include <string.h>

#include "core/base/subuid.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/process/helper.h"
#include "core/process/spared.h"

const struct pc_party *pc_holder_process(const struct pc_holder *h)
{
	if (h->owners_count)
		return &h->owners[0];
	return h->claimer.who && h->claimer.running ? &h->claimer : NULL;
}

bool pc_party_same(const struct pc_party *a, const struct pc_party *b)
{
	return a->who && b->who && a->who->key.tgid == b->who->key.tgid &&
	       a->who->key.start_ns == b->who->key.start_ns;
}

bool pc_party_is_given(const struct pc_identity *who, const struct pc_socket *s)
{
	return s->uid && pc_subuid_first(s->uid) != pc_subuid_first(who->uid);
}

bool pc_holder_is_own(const struct pc_verdict *v, const struct pc_holder *h)
{
	return pc_party_same(&h->claimer, &v->requester);
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

bool pc_party_is_manager(const struct pc_party *p)
{
	const struct pc_identity *who = p->who;

	if (!who || strcmp(who->comm, "systemd") || !pc_spared_process(who))
		return false;
	return who->key.tgid == 1 || (p->place.first && !who->uid) ||
	       (who->below_user && !who->inner_unit && !who->container);
}

/* The parent of a daemon ends in order once the daemon has started, for which systemd gives a service 90 s
 * (DefaultTimeoutStartSec=). */
#define DAEMON_START_NS (90 * PC_NS_PER_SECOND)

/* Did `maker` end to go on as this child of its own? An end that was not seen may have been such a one. A
 * server that crashed, or that served on beside its child, left an heir. */
static bool went_on_as(const struct pc_identity *maker, const struct pc_party *p)
{
	if (!p->daemon || !p->who || !pc_identity_same_file(p->who, maker))
		return false;
	return !maker->ended_ns ||
	       (!maker->status && maker->ended_ns < p->who->key.start_ns + DAEMON_START_NS);
}

bool pc_holder_is_inherited(const struct pc_holder *h)
{
	struct pc_helper helper;

	if (!pc_holder_is_server(h) || !h->claimer.who || h->older || !h->owners_count)
		return false;
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_party *p = &h->owners[i];

		/* A service manager makes the sockets of socket units in a child, podman those that it hands to
		 * conmon. */
		if (pc_party_same(p, &h->claimer) || pc_party_is_manager(p) ||
		    (p->who && pc_helper_of(p->who, &helper)))
			return false;
		if (went_on_as(h->claimer.who, p))
			return false;
	}
	return true;
}

/* A path may end in " (deleted)", once the file was replaced by an upgrade. */
static size_t path_len(const char *path)
{
	static const char deleted[] = " (deleted)";
	size_t len = strlen(path), tail = sizeof(deleted) - 1;

	return len > tail && !strcmp(path + len - tail, deleted) ? len - tail : len;
}

bool pc_identity_same_word(const struct pc_identity *a, const struct pc_identity *b)
{
	if (a->container_word != b->container_word)
		return false;
	if (a->container_word == PC_WORD_USER)
		return a->manager_user == b->manager_user;
	return a->container_word != PC_WORD_UNIT || pc_text_same_or_none(a->unit, b->unit);
}

static bool same_place(const struct pc_identity *a, const struct pc_identity *b)
{
	return pc_text_same_or_none(a->container, b->container);
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

/* A program keeps its name in another folder: /opt/app-1.2/bin/app and /opt/app-1.3/bin/app. */
static bool same_name(const struct pc_identity *a, const struct pc_identity *b)
{
	const char *a_base, *b_base;

	if (!a->exe || !b->exe)
		return false;
	a_base = base_name(a->exe);
	b_base = base_name(b->exe);
	return same_span(a_base, path_len(a_base), b_base, path_len(b_base));
}

/* ld-linux-x86-64.so.2, ld-musl-x86_64.so.1, ld64.so.1: `ld.so PROGRAM` runs any program. */
static bool is_loader(const char *base)
{
	return !strncmp(base, "ld", 2) && strstr(base, ".so");
}

/* "python3.11": a name of the list and nothing but a version behind it. */
bool pc_identity_is_interpreter(const struct pc_identity *who)
{
	static const char *const names[] = {
		"python",   "pypy", "perl",   "ruby",  "node",	"nodejs",  "bun",
		"deno",	    "php",  "java",   "mono",  "lua",	"sh",	   "bash",
		"dash",	    "ash",  "zsh",    "ksh",   "tclsh", "busybox", "dotnet",
		"beam.smp", "gawk", "expect", "guile", "julia", "R",	   "erl",
	};
	const char *base = base_name(who->exe);
	size_t len = path_len(base);

	if (is_loader(base))
		return true;
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
	return pc_text_same(a->cmdline, b->cmdline) && !a->cmdline_cut && !b->cmdline_cut;
}

/* A service is one program's, a scope or a user's manager anything's. */
static bool is_service(const char *unit)
{
	size_t len = unit ? strlen(unit) : 0;

	return len > 8 && !strcmp(unit + len - 8, ".service") && strncmp(unit, "user@", 5);
}

static bool same_inner_unit(const struct pc_identity *a, const struct pc_identity *b)
{
	return pc_text_same_or_none(a->inner_unit, b->inner_unit);
}

/* The unit closest to the process. */
static const char *own_unit(const struct pc_identity *who)
{
	return who->inner_unit ? who->inner_unit : who->unit;
}

static bool is_of_one_service(const struct pc_identity *a, const struct pc_identity *b)
{
	return is_service(own_unit(a)) && is_service(own_unit(b)) &&
	       pc_text_same(a->unit, b->unit) && same_inner_unit(a, b);
}

bool pc_identity_same_program(const struct pc_identity *a, const struct pc_identity *b)
{
	return is_of_one_service(a, b) ||
	       (pc_identity_same_file(a, b) &&
		(!pc_identity_is_interpreter(a) || same_arguments(a, b)));
}

/* "8080", "10.0.0.1:80", "[::1]:80"; not "." */
static bool is_numbers(const char *word, size_t len)
{
	return strcspn(word, "0123456789") < len && strspn(word, "0123456789.:[]") >= len;
}

/* A word of the arguments, or the value behind "=". Whether an option without "=" has a path in it is not known. */
static bool is_relative(const char *word, size_t len)
{
	const char *value = *word == '-' ? memchr(word, '=', len) : word - 1;

	if (!value)
		return false;
	len -= (size_t)(value + 1 - word);
	value++;
	return len && *value != '/' && !is_numbers(value, len);
}

/* Behind the first word, which is the program. */
static const char *arguments_of(const struct pc_identity *who)
{
	return who->cmdline ? who->cmdline + strcspn(who->cmdline, " ") : "";
}

bool pc_identity_uses_folder(const struct pc_identity *who)
{
	for (const char *at = arguments_of(who); *at;) {
		size_t len;

		at += strspn(at, " ");
		len = strcspn(at, " ");
		if (len && is_relative(at, len))
			return true;
		at += len;
	}
	return false;
}

/* A daemon goes to "/", wherever it was started. */
static bool is_folder_known(const struct pc_identity *a, const struct pc_identity *b)
{
	if (!a->folder || !b->folder)
		return false;
	return strcmp(a->folder, "/") || a->container || is_of_one_service(a, b);
}

static bool same_folder(const struct pc_identity *a, const struct pc_identity *b, bool perhaps)
{
	if (!is_folder_known(a, b) || !is_folder_known(b, a))
		return perhaps;
	return !strcmp(a->folder, b->folder);
}

/* An upgrade puts the program of a service or container into another folder, and its first word with it. Some
 * interpreters tell by the first word what they are to be. */
static bool same_purpose(const struct pc_identity *a, const struct pc_identity *b, bool perhaps)
{
	bool same = a->cmdline && b->cmdline && !a->cmdline_cut && !b->cmdline_cut &&
		    !strcmp(arguments_of(a), arguments_of(b));

	if (!same || (pc_identity_is_interpreter(a) && !same_arguments(a, b)))
		return false;
	return !pc_identity_uses_folder(a) || same_folder(a, b, perhaps);
}

/* `perhaps`: directories that are not known may be the same. */
static enum pc_twin twin_of(const struct pc_identity *a, const struct pc_identity *b, bool perhaps)
{
	if (!same_place(a, b) || !pc_identity_same_word(a, b) || !same_name(a, b) ||
	    !same_purpose(a, b, perhaps))
		return PC_TWIN_NONE;
	if (is_of_one_service(a, b))
		return PC_TWIN_UNIT;
	if (a->container && !(is_service(own_unit(a)) && is_service(own_unit(b))))
		return PC_TWIN_CONTAINER;
	return same_arguments(a, b) && pc_identity_same_file(a, b) ? PC_TWIN_ARGUMENTS :
								     PC_TWIN_NONE;
}

enum pc_twin pc_identity_twin(const struct pc_identity *a, const struct pc_identity *b)
{
	return twin_of(a, b, false);
}

bool pc_identity_may_be_twin(const struct pc_identity *a, const struct pc_identity *b)
{
	return twin_of(a, b, true) != PC_TWIN_NONE;
}

static bool is_twin(const struct pc_verdict *v, const struct pc_party *p, enum pc_twin *twin)
{
	if (!p->who || !p->running || pc_party_same(p, &v->requester))
		return false;
	*twin = pc_identity_twin(p->who, v->requester.who);
	return *twin != PC_TWIN_NONE;
}

/* The claimer is described as it was at its claim. It may run another program now, with the socket. */
static bool runs_another_program(const struct pc_holder *h)
{
	for (unsigned i = 0; i < h->owners_count; i++) {
		const struct pc_identity *now = h->owners[i].who;

		if (pc_party_same(&h->owners[i], &h->claimer) && now->exe && h->claimer.who->exe &&
		    !pc_identity_same_file(now, h->claimer.who))
			return true;
	}
	return false;
}

const struct pc_party *pc_holder_twin(const struct pc_verdict *v, const struct pc_holder *h,
				      enum pc_twin *twin)
{
	*twin = PC_TWIN_NONE;
	if (!v->requester.who || h->kin)
		return NULL;
	if (is_twin(v, &h->claimer, twin)) {
		if (!runs_another_program(h))
			return &h->claimer;
		*twin = PC_TWIN_NONE;
	}
	for (unsigned i = 0; i < h->owners_count; i++)
		if (is_twin(v, &h->owners[i], twin))
			return &h->owners[i];
	return NULL;
}
