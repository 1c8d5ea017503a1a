// SPDX-License-Identifier: GPL-2.0-only
/* The names in a cgroup path: one walk over its components, from the root to the leaf,
 * in which what is further in replaces what was found before. */
#include "core/process/cgroup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINER_ID_LEN 64

/* A part of a terminated text. len 0: none. */
struct span {
	const char *text;
	size_t len;
};

struct walk {
	struct span before; /* the component above the present one */
	struct span unit;
	struct span inner_unit;
	struct span container;
	struct span pod;
	enum pc_word word; /* whose word the components are from here on */
	enum pc_word container_word;
	enum pc_runtime runtime;
	uint32_t user;
};

struct line {
	struct span hierarchy;
	struct span controllers;
	struct span path;
};

static const struct span nothing = { NULL, 0 };

static bool cgroup_equals(struct span s, const char *word)
{
	return s.len == strlen(word) && !memcmp(s.text, word, s.len);
}

static bool starts_with(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len > len && !memcmp(s.text, prefix, len);
}

static bool cgroup_ends_with(struct span s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len > len && !memcmp(s.text + s.len - len, suffix, len);
}

static struct span cgroup_skip(struct span s, size_t count)
{
	return (struct span){ s.text + count, s.len - count };
}

static struct span cgroup_find(struct span s, const char *word)
{
	const char *at = s.len ? memmem(s.text, s.len, word, strlen(word)) : NULL;

	return at ? cgroup_skip(s, (size_t)(at - s.text)) : nothing;
}

/* The text up to `end`, which is stepped over in *rest. */
static struct span cut_at(struct span *rest, char end)
{
	const char *at = memchr(rest->text, end, rest->len);
	struct span part = { rest->text, at ? (size_t)(at - rest->text) : rest->len };

	*rest = cgroup_skip(*rest, at ? part.len + 1 : part.len);
	return part;
}

static int cgroup_copy(struct span s, char **out)
{
	char *text = NULL;

	if (s.len) {
		text = strndup(s.text, s.len);
		if (!text)
			return -ENOMEM;
	}
	*out = text;
	return 0;
}

static bool is_container_id(struct span s)
{
	return s.len == CONTAINER_ID_LEN && strspn(s.text, "0123456789abcdef") >= s.len;
}

/* How the runtimes name the control group of a container, one row a form; `parent` is the
 * component right above, NULL for any. An id is 64 hex digits, and ".scope" may be behind it; it
 * must follow the prefix at once: crio-conmon-<id> is not a container. */
struct runtime_form {
	const char *parent;
	const char *prefix;
	const char *suffix;
	bool named; /* by a name, not by an id */
	enum pc_runtime runtime;
};

static const struct runtime_form runtime_forms[] = {
	{ NULL, "docker-", "", false, PC_RUNTIME_DOCKER },
	{ NULL, "cri-containerd-", "", false, PC_RUNTIME_CRI },
	{ NULL, "containerd-", "", false, PC_RUNTIME_OTHER },
	{ NULL, "nerdctl-", "", false, PC_RUNTIME_NERDCTL },
	{ NULL, "crio-", "", false, PC_RUNTIME_CRI },
	{ NULL, "libpod-payload-", "", false, PC_RUNTIME_PODMAN }, /* podman --cgroups=split */
	{ NULL, "libpod-", "", false, PC_RUNTIME_PODMAN },
	{ "docker", "", "", false, PC_RUNTIME_DOCKER },
	{ NULL, "", "", false, PC_RUNTIME_OTHER }, /* kubepods/pod<uid>/<id>, actions_job/<id> */
	{ "buildkit", "", "", true,
	  PC_RUNTIME_OTHER }, /* a step of a build: docker/buildkit/<id of another form> */
	{ "lxc", "", "", true, PC_RUNTIME_SYSTEM }, /* LXC 3 */
	{ "lxc.payload", "", "", true, PC_RUNTIME_SYSTEM },
	{ NULL, "lxc.payload.", "", true, PC_RUNTIME_SYSTEM },		    /* LXC 4, LXD, Incus */
	{ "machine.slice", "machine-", ".scope", true, PC_RUNTIME_SYSTEM }, /* systemd-nspawn */
	{ NULL, "systemd-nspawn@", ".service", true, PC_RUNTIME_SYSTEM },
};

static struct span without_ends(struct span name, const struct runtime_form *f)
{
	if (*f->prefix && !starts_with(name, f->prefix))
		return nothing;
	name = cgroup_skip(name, strlen(f->prefix));
	if (*f->suffix && !cgroup_ends_with(name, f->suffix))
		return nothing;
	name.len -= strlen(f->suffix);
	if (!f->named && cgroup_ends_with(name, ".scope"))
		name.len -= strlen(".scope");
	return name;
}

/* libvirt's virtual machines are scopes of machine.slice too. */
static bool is_virtual_machine(struct span name)
{
	return starts_with(name, "qemu\\x2d") || starts_with(name, "xen\\x2d");
}

static struct span container_of(struct span before, struct span name, enum pc_runtime *runtime)
{
	const char *colon = memrchr(name.text, ':', name.len);

	/* "SLICE:cri-containerd:ID": a systemd-style name given to runc's cgroupfs driver. */
	if (colon)
		name = cgroup_skip(name, (size_t)(colon + 1 - name.text));
	for (size_t i = 0; i < sizeof(runtime_forms) / sizeof(runtime_forms[0]); i++) {
		const struct runtime_form *f = &runtime_forms[i];
		struct span id = without_ends(name, f);

		if (f->parent && !cgroup_equals(before, f->parent))
			continue;
		if (id.len && (f->named ? !is_virtual_machine(id) : is_container_id(id))) {
			*runtime = f->runtime;
			return id;
		}
	}
	return nothing;
}

/* systemd-nspawn itself, beside its container's "payload", is a process of the host. */
static bool is_nspawn_itself(struct span before, struct span name)
{
	return cgroup_equals(name, "supervisor") &&
	       (starts_with(before, "systemd-nspawn@") || starts_with(before, "machine-"));
}

static struct span pod_of_slice(struct span name)
{
	struct span pod = cgroup_find(cgroup_find(name, "kubepods"), "-pod");
	struct span tail = cgroup_find(pod, ".slice");

	if (!pod.len || !tail.len)
		return nothing;
	pod.len -= tail.len;
	return cgroup_skip(pod, strlen("-pod"));
}

static struct span pod_of_folder(struct span before, struct span name)
{
	if (!cgroup_equals(before, "kubepods") && !cgroup_equals(before, "besteffort") &&
	    !cgroup_equals(before, "burstable"))
		return nothing;
	return starts_with(name, "pod") ? cgroup_skip(name, strlen("pod")) : nothing;
}

/* The UID of user@UID.service; UINT32_MAX: the unit is no user's manager. */
static uint32_t user_of(struct span unit)
{
	struct span number =
		cgroup_skip(unit, starts_with(unit, "user@") ? strlen("user@") : unit.len);
	uint64_t uid = 0;

	if (!cgroup_ends_with(number, ".service"))
		return UINT32_MAX;
	number.len -= strlen(".service");
	for (size_t i = 0; i < number.len; i++) {
		if (number.text[i] < '0' || number.text[i] > '9' || uid > UINT32_MAX / 10)
			return UINT32_MAX;
		uid = uid * 10 + (uint64_t)(number.text[i] - '0');
	}
	return uid < UINT32_MAX ? (uint32_t)uid : UINT32_MAX;
}

/* systemd's cg_escape(): a unit whose name would be a file of the kernel's ("memory.*",
 * "cgroup.*", "tasks"), or begins with "_" itself, gets a "_" in front. */
static struct span without_escape(struct span unit)
{
	return starts_with(unit, "_") ? cgroup_skip(unit, 1) : unit;
}

static bool is_service_or_scope(struct span name)
{
	return cgroup_ends_with(name, ".service") || cgroup_ends_with(name, ".scope");
}

/* Root alone makes the path down to here. Below, the unit's processes or the user make it. */
static void enter_unit(struct walk *w, struct span unit)
{
	w->unit = unit;
	w->user = user_of(unit);
	w->word = w->user == UINT32_MAX ? PC_WORD_UNIT : PC_WORD_USER;
}

static void take_unit(struct walk *w, struct span name)
{
	if (!is_service_or_scope(name))
		return;
	if (!w->unit.len && !w->container.len)
		enter_unit(w, name);
	else if (w->user != UINT32_MAX ? !cgroup_equals(name, "init.scope") :
					 w->container.len && cgroup_ends_with(name, ".service"))
		w->inner_unit = name;
}

/* A container's own cgroup is its runtime's; below it the container makes what it likes. */
static void take_container(struct walk *w, struct span container, enum pc_runtime runtime)
{
	w->container = container;
	w->runtime = runtime;
	w->container_word = w->word;
	w->inner_unit = nothing;
	if (w->word == PC_WORD_SYSTEM)
		w->word = PC_WORD_UNIT;
}

static void cgroup_visit(struct walk *w, struct span name)
{
	enum pc_runtime runtime = PC_RUNTIME_NONE;
	struct span container = container_of(w->before, name, &runtime);
	struct span slice = pod_of_slice(name);
	struct span folder = pod_of_folder(w->before, name);
	enum pc_word word = w->word;

	take_unit(w, without_escape(name));
	if (container.len) {
		w->word = word;
		take_container(w, container, runtime);
	} else if (is_nspawn_itself(w->before, name)) {
		w->container = nothing;
		w->container_word = PC_WORD_NONE;
		w->runtime = PC_RUNTIME_NONE;
	}
	if (slice.len || folder.len)
		w->pod = slice.len ? slice : folder;
	w->before = name;
}

static void walk_path(const char *path, struct walk *w)
{
	struct span rest = { path, strlen(path) };

	while (rest.len) {
		struct span name = cut_at(&rest, '/');

		if (name.len && !cgroup_equals(name, ".") && !cgroup_equals(name, ".."))
			cgroup_visit(w, name);
	}
}

/* systemd writes a "-" within a machine's name as "\x2d". */
static void unescape_dashes(char *name)
{
	char *at;

	while (name && (at = strstr(name, "\\x2d"))) {
		*at = '-';
		memmove(at + 1, at + 4, strlen(at + 4) + 1);
		name = at + 1;
	}
}

int pc_cgroup_parse(const char *path, struct pc_cgroup_names *out)
{
	struct pc_cgroup_names names = { 0 };
	struct walk w = { .word = PC_WORD_SYSTEM, .user = UINT32_MAX };

	walk_path(path ? path : "", &w);
	if (cgroup_copy(w.unit, &names.unit) || cgroup_copy(w.inner_unit, &names.inner_unit) ||
	    cgroup_copy(w.container, &names.container) || cgroup_copy(w.pod, &names.pod)) {
		pc_cgroup_names_free(&names);
		return -ENOMEM;
	}
	for (char *c = names.pod; c && *c; c++)
		if (*c == '_')
			*c = '-';
	unescape_dashes(names.container);
	names.container_word = w.container_word;
	names.runtime = w.runtime;
	names.below_user = w.user != UINT32_MAX;
	names.user = names.below_user ? w.user : 0;
	*out = names;
	return 0;
}

void pc_cgroup_names_free(struct pc_cgroup_names *names)
{
	if (!names)
		return;
	free(names->unit);
	free(names->inner_unit);
	free(names->container);
	free(names->pod);
	*names = (struct pc_cgroup_names){ 0 };
}

/* "4:memory,cpu:/path". A path may hold colons but no newline: cgroup_mkdir() refuses those. */
static struct line next_line(struct span *rest)
{
	struct span text = cut_at(rest, '\n');
	struct line line;

	line.hierarchy = cut_at(&text, ':');
	line.controllers = cut_at(&text, ':');
	line.path = text;
	if (cgroup_ends_with(line.path, " (deleted)"))
		line.path.len -= strlen(" (deleted)");
	return line;
}

static bool has_main_controller(struct span controllers)
{
	while (controllers.len) {
		struct span name = cut_at(&controllers, ',');

		if (cgroup_equals(name, "memory") || cgroup_equals(name, "cpu") ||
		    cgroup_equals(name, "pids"))
			return true;
	}
	return false;
}

static bool span_leads_to(struct span above, struct span path)
{
	return path.len >= above.len && !memcmp(path.text, above.text, above.len) &&
	       (path.len == above.len || path.text[above.len] == '/');
}

int pc_cgroup_of_procfile(const char *text, char **path)
{
	struct span systemd = nothing, unified = nothing, pids = nothing, longest = nothing;
	struct span rest = { text, strlen(text) };

	while (rest.len) {
		struct line line = next_line(&rest);

		if (!starts_with(line.path, "/"))
			continue; /* the root, or no path */
		if (cgroup_equals(line.controllers, "name=systemd"))
			systemd = line.path;
		else if (cgroup_equals(line.hierarchy, "0") && !line.controllers.len)
			unified = line.path;
		else if (has_main_controller(line.controllers) && line.path.len > longest.len)
			longest = line.path;
		if (cgroup_equals(line.controllers, "pids"))
			pids = line.path;
	}
	if (systemd.len)
		return cgroup_copy(systemd, path);
	if (unified.len && pids.len && !span_leads_to(pids, unified))
		return cgroup_copy(pids, path);
	if (unified.len)
		return cgroup_copy(unified, path);
	return cgroup_copy(longest.len ? longest : (struct span){ "/", 1 }, path);
}
