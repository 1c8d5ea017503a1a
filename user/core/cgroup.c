// SPDX-License-Identifier: GPL-2.0-only
/* The names in a cgroup path: one walk over its components, from the root to the leaf,
 * in which what is further in replaces what was found before. */
#include "core/cgroup.h"

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
	struct span container;
	struct span pod;
};

struct line {
	struct span hierarchy;
	struct span controllers;
	struct span path;
};

static const struct span nothing = { NULL, 0 };

static bool equals(struct span s, const char *word)
{
	return s.len == strlen(word) && !memcmp(s.text, word, s.len);
}

static bool starts_with(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len > len && !memcmp(s.text, prefix, len);
}

static bool ends_with(struct span s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len > len && !memcmp(s.text + s.len - len, suffix, len);
}

static struct span skip(struct span s, size_t count)
{
	return (struct span){ s.text + count, s.len - count };
}

static struct span find(struct span s, const char *word)
{
	const char *at = s.len ? memmem(s.text, s.len, word, strlen(word)) : NULL;

	return at ? skip(s, (size_t)(at - s.text)) : nothing;
}

/* The text up to `end`, which is stepped over in *rest. */
static struct span cut_at(struct span *rest, char end)
{
	const char *at = memchr(rest->text, end, rest->len);
	struct span part = { rest->text, at ? (size_t)(at - rest->text) : rest->len };

	*rest = skip(*rest, at ? part.len + 1 : part.len);
	return part;
}

static int copy(struct span s, char **out)
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
};

static const struct runtime_form runtime_forms[] = {
	{ NULL, "docker-", "", false },
	{ NULL, "cri-containerd-", "", false },
	{ NULL, "containerd-", "", false },
	{ NULL, "nerdctl-", "", false },
	{ NULL, "crio-", "", false },
	{ NULL, "libpod-payload-", "", false }, /* podman --cgroups=split */
	{ NULL, "libpod-", "", false },
	{ NULL, "", "", false },      /* docker/<id>, kubepods/pod<uid>/<id>, actions_job/<id> */
	{ "buildkit", "", "", true }, /* a step of a build: docker/buildkit/<id of another form> */
	{ "lxc", "", "", true },      /* LXC 3 */
	{ "lxc.payload", "", "", true },
	{ NULL, "lxc.payload.", "", true },		 /* LXC 4, LXD, Incus */
	{ "machine.slice", "machine-", ".scope", true }, /* systemd-nspawn */
	{ NULL, "systemd-nspawn@", ".service", true },
};

static struct span without_ends(struct span name, const struct runtime_form *f)
{
	if (*f->prefix && !starts_with(name, f->prefix))
		return nothing;
	name = skip(name, strlen(f->prefix));
	if (*f->suffix && !ends_with(name, f->suffix))
		return nothing;
	name.len -= strlen(f->suffix);
	if (!f->named && ends_with(name, ".scope"))
		name.len -= strlen(".scope");
	return name;
}

/* libvirt's virtual machines are scopes of machine.slice too. */
static bool is_virtual_machine(struct span name)
{
	return starts_with(name, "qemu\\x2d") || starts_with(name, "xen\\x2d");
}

static struct span container_of(struct span before, struct span name)
{
	const char *colon = memrchr(name.text, ':', name.len);

	/* "SLICE:cri-containerd:ID": a systemd-style name given to runc's cgroupfs driver. */
	if (colon)
		name = skip(name, (size_t)(colon + 1 - name.text));
	for (size_t i = 0; i < sizeof(runtime_forms) / sizeof(runtime_forms[0]); i++) {
		const struct runtime_form *f = &runtime_forms[i];
		struct span id = without_ends(name, f);

		if (f->parent && !equals(before, f->parent))
			continue;
		if (id.len && (f->named ? !is_virtual_machine(id) : is_container_id(id)))
			return id;
	}
	return nothing;
}

/* systemd-nspawn itself, beside its container's "payload", is a process of the host. */
static bool is_nspawn_itself(struct span before, struct span name)
{
	return equals(name, "supervisor") &&
	       (starts_with(before, "systemd-nspawn@") || starts_with(before, "machine-"));
}

static struct span pod_of_slice(struct span name)
{
	struct span pod = find(find(name, "kubepods"), "-pod");
	struct span tail = find(pod, ".slice");

	if (!pod.len || !tail.len)
		return nothing;
	pod.len -= tail.len;
	return skip(pod, strlen("-pod"));
}

static struct span pod_of_folder(struct span before, struct span name)
{
	if (!equals(before, "kubepods") && !equals(before, "besteffort") &&
	    !equals(before, "burstable"))
		return nothing;
	return starts_with(name, "pod") ? skip(name, strlen("pod")) : nothing;
}

static bool is_user_manager(struct span unit)
{
	return starts_with(unit, "user@") && ends_with(unit, ".service");
}

static bool is_unit(const struct walk *w, struct span name, bool container)
{
	if (ends_with(name, ".service"))
		return true;
	if (!ends_with(name, ".scope"))
		return false;
	return container || !w->unit.len ||
	       (is_user_manager(w->unit) && !equals(name, "init.scope"));
}

/* systemd's cg_escape(): a unit whose name would be a file of the kernel's ("memory.*",
 * "cgroup.*", "tasks"), or begins with "_" itself, gets a "_" in front. */
static struct span without_escape(struct span unit)
{
	return starts_with(unit, "_") ? skip(unit, 1) : unit;
}

static void visit(struct walk *w, struct span name)
{
	struct span container = container_of(w->before, name);
	struct span slice = pod_of_slice(name);
	struct span folder = pod_of_folder(w->before, name);
	bool unit = is_unit(w, without_escape(name), container.len > 0);

	if (unit)
		w->unit = without_escape(name);
	if (container.len)
		w->container = container;
	else if (is_nspawn_itself(w->before, name))
		w->container = nothing;
	if (slice.len || folder.len)
		w->pod = slice.len ? slice : folder;
	w->before = name;
}

static void walk_path(const char *path, struct walk *w)
{
	struct span rest = { path, strlen(path) };

	while (rest.len) {
		struct span name = cut_at(&rest, '/');

		if (name.len && !equals(name, ".") && !equals(name, ".."))
			visit(w, name);
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
	struct walk w = { 0 };

	walk_path(path ? path : "", &w);
	if (copy(w.unit, &names.unit) || copy(w.container, &names.container) ||
	    copy(w.pod, &names.pod)) {
		pc_cgroup_names_free(&names);
		return -ENOMEM;
	}
	for (char *c = names.pod; c && *c; c++)
		if (*c == '_')
			*c = '-';
	unescape_dashes(names.container);
	*out = names;
	return 0;
}

void pc_cgroup_names_free(struct pc_cgroup_names *names)
{
	if (!names)
		return;
	free(names->unit);
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
	if (ends_with(line.path, " (deleted)"))
		line.path.len -= strlen(" (deleted)");
	return line;
}

static bool has_main_controller(struct span controllers)
{
	while (controllers.len) {
		struct span name = cut_at(&controllers, ',');

		if (equals(name, "memory") || equals(name, "cpu") || equals(name, "pids"))
			return true;
	}
	return false;
}

int pc_cgroup_of_procfile(const char *text, char **path)
{
	struct span systemd = nothing, unified = nothing, longest = nothing;
	struct span rest = { text, strlen(text) };

	while (rest.len) {
		struct line line = next_line(&rest);

		if (!starts_with(line.path, "/"))
			continue; /* the root, or no path */
		if (equals(line.controllers, "name=systemd"))
			systemd = line.path;
		else if (equals(line.hierarchy, "0") && !line.controllers.len)
			unified = line.path;
		else if (has_main_controller(line.controllers) && line.path.len > longest.len)
			longest = line.path;
	}
	if (systemd.len)
		return copy(systemd, path);
	if (unified.len)
		return copy(unified, path);
	return copy(longest.len ? longest : (struct span){ "/", 1 }, path);
}
