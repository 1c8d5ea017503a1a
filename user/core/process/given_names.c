// SPDX-License-Identifier: GPL-2.0-only
/* The names that people gave to containers and pods. The files are JSON, which jansson reads. */
#include "core/process/given_names.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Docker and podman allow [a-zA-Z0-9][a-zA-Z0-9_.-]*, Kubernetes less; a file's name has 255 bytes at most. */
#define NAME_LEN_MAX 255
#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define NAME_OTHERS NAME_FIRST "_.-"

/* k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT. */
#define KUBE_PARTS 6

static int take_name(const char *text, size_t len, char **out)
{
	if (*out || !len || len > NAME_LEN_MAX || strcspn(text, NAME_FIRST) ||
	    strspn(text, NAME_OTHERS) < len)
		return 0;
	*out = strndup(text, len);
	return *out ? 0 : -ENOMEM;
}

static int take_json(const json_t *value, char **out)
{
	return json_is_string(value) ?
		       take_name(json_string_value(value), json_string_length(value), out) :
		       0;
}

/* Splits `text` at each "_". False: it has another number of parts, or an empty one. */
static bool split_name(const char *text, size_t *starts, size_t *lens, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		starts[i] = at;
		lens[i] = strcspn(text + at, "_");
		at += lens[i];
		if (!lens[i] || (text[at] == '_') != (i + 1 < count))
			return false;
		at++;
	}
	return true;
}

static int take_kube_name(const char *name, struct pc_given_names *out)
{
	size_t starts[KUBE_PARTS], lens[KUBE_PARTS];
	int err;

	if (!split_name(name, starts, lens, KUBE_PARTS))
		return take_name(name, strlen(name), &out->container);
	err = take_name(name + starts[1], lens[1], &out->container);
	if (!err)
		err = take_name(name + starts[2], lens[2], &out->pod);
	return err ? err : take_name(name + starts[3], lens[3], &out->pod_namespace);
}

static int take_runtime_name(const json_t *value, struct pc_given_names *out)
{
	const char *name = json_string_value(value);

	if (!name || strlen(name) != json_string_length(value))
		return 0;
	if (*name == '/') /* Docker's names are paths; a link's has a second part */
		name++;
	return !strncmp(name, "k8s_", strlen("k8s_")) ?
		       take_kube_name(name, out) :
		       take_name(name, strlen(name), &out->container);
}

static bool is_id(const json_t *value, const char *id)
{
	return json_is_string(value) && !strcmp(json_string_value(value), id);
}

int pc_given_from_docker(const char *text, size_t len, const char *id, struct pc_given_names *out)
{
	json_t *file = json_loadb(text, len, 0, NULL);
	int err = -EBADMSG;

	if (is_id(json_object_get(file, "ID"), id))
		err = take_runtime_name(json_object_get(file, "Name"), out);
	json_decref(file);
	return err;
}

int pc_given_docker_root(const char *text, size_t len, char **root)
{
	json_t *file = json_loadb(text, len, 0, NULL);
	const json_t *value = json_object_get(file, "data-root");
	const char *path = json_string_value(value);
	int err = json_is_object(file) ? 0 : -EBADMSG;
	char *own = NULL;

	if (!err && path && *path == '/' && strlen(path) == json_string_length(value)) {
		own = strdup(path);
		err = own ? 0 : -ENOMEM;
	}
	json_decref(file);
	if (!err)
		*root = own;
	return err;
}

int pc_given_from_storage(const char *text, size_t len, const char *id, struct pc_given_names *out)
{
	json_t *list = json_loadb(text, len, 0, NULL), *container;
	int err = json_is_array(list) ? 0 : -EBADMSG;
	size_t i;

	json_array_foreach(list, i, container)
	{
		const json_t *names = json_object_get(container, "names");

		if (!err && is_id(json_object_get(container, "id"), id))
			err = take_runtime_name(json_array_get(names, 0), out);
	}
	json_decref(list);
	return err;
}

int pc_given_from_bundle(const char *text, size_t len, struct pc_given_names *out)
{
	json_t *file = json_loadb(text, len, 0, NULL);
	const json_t *a = json_object_get(file, "annotations");
	int err = json_is_object(file) ? 0 : -EBADMSG;

	if (!err)
		err = take_json(json_object_get(a, "io.kubernetes.cri.container-name"),
				&out->container);
	if (!err)
		err = take_json(json_object_get(a, "nerdctl/name"), &out->container);
	if (!err)
		err = take_json(json_object_get(a, "io.kubernetes.cri.sandbox-name"), &out->pod);
	if (!err)
		err = take_json(json_object_get(a, "io.kubernetes.cri.sandbox-namespace"),
				&out->pod_namespace);
	json_decref(file);
	return err;
}

/* The length of `text` without "-ID.log" at its end; 0: it does not end so. */
static size_t without_id(const char *text, const char *id)
{
	size_t len = strlen(text), id_len = strlen(id), tail = 1 + id_len + strlen(".log");
	const char *end = text;

	if (len <= tail)
		return 0;
	end += len - tail;
	return *end == '-' && !strncmp(end + 1, id, id_len) && !strcmp(end + 1 + id_len, ".log") ?
		       len - tail :
		       0;
}

int pc_given_from_log(const char *entry, const char *id, struct pc_given_names *out)
{
	size_t starts[3], lens[3], len = without_id(entry, id);
	int err;

	if (!len || !split_name(entry, starts, lens, 3) || starts[2] >= len)
		return 0;
	err = take_name(entry + starts[2], len - starts[2], &out->container);
	if (!err)
		err = take_name(entry + starts[0], lens[0], &out->pod);
	return err ? err : take_name(entry + starts[1], lens[1], &out->pod_namespace);
}

int pc_given_from_pod(const char *entry, const char *uid, struct pc_given_names *out)
{
	size_t starts[3], lens[3];
	int err;

	if (!split_name(entry, starts, lens, 3) || strcmp(entry + starts[2], uid))
		return 0;
	err = take_name(entry + starts[1], lens[1], &out->pod);
	return err ? err : take_name(entry + starts[0], lens[0], &out->pod_namespace);
}

static void move_name(char **from, char **out)
{
	if (!*out) {
		*out = *from;
		*from = NULL;
	}
}

void pc_given_add(struct pc_given_names *from, struct pc_identity *who)
{
	move_name(&from->container, &who->given.container);
	move_name(&from->pod, &who->given.pod);
	move_name(&from->pod_namespace, &who->given.pod_namespace);
	if (from->runtime != PC_RUNTIME_NONE)
		who->given.runtime = from->runtime;
	if (from->runtime != PC_RUNTIME_NONE && who->runtime == PC_RUNTIME_OTHER)
		who->runtime = from->runtime;
	pc_given_free(from);
}

static int copy_name(const char *name, char **out)
{
	*out = name ? strdup(name) : NULL;
	return name && !*out ? -ENOMEM : 0;
}

int pc_given_copy(const struct pc_given_names *names, struct pc_given_names *out)
{
	struct pc_given_names own = { 0 };

	if (copy_name(names->container, &own.container) || copy_name(names->pod, &own.pod) ||
	    copy_name(names->pod_namespace, &own.pod_namespace)) {
		pc_given_free(&own);
		return -ENOMEM;
	}
	own.runtime = names->runtime;
	*out = own;
	return 0;
}

void pc_given_free(struct pc_given_names *names)
{
	if (!names)
		return;
	free(names->container);
	free(names->pod);
	free(names->pod_namespace);
	*names = (struct pc_given_names){ 0 };
}
