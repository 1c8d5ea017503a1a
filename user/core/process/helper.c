// SPDX-License-Identifier: GPL-2.0-only
/* Helpers that hold or ask for a port for a container. */
#include "core/process/helper.h"

#include <stdlib.h>
#include <string.h>

#include "core/process/spared.h"

#define ID_LEN 64
#define HEX "0123456789abcdef"

struct helper_program {
	const char *name; /* what its file's name begins with */
	enum pc_helper_kind kind;
};

static const struct helper_program helper_programs[] = {
	{ "docker-proxy", PC_HELPER_DOCKER },	{ "dockerd", PC_HELPER_DOCKER },
	{ "conmon", PC_HELPER_PODMAN },		{ "rootlessport", PC_HELPER_PODMAN },
	{ "containerd-shim", PC_HELPER_SHIM },	{ "pasta", PC_HELPER_NETWORK },
	{ "slirp4netns", PC_HELPER_NETWORK },	{ "rootlesskit", PC_HELPER_NETWORK },
	{ "kube-proxy", PC_HELPER_KUBE_PROXY },
};

/* passt.avx2 is run as "pasta" for a container, and as "passt" for a virtual machine. */
static bool is_run_as_pasta(const struct pc_identity *who)
{
	size_t len = strcspn(who->cmdline ? who->cmdline : "", " "), start = len;

	while (start && who->cmdline[start - 1] != '/')
		start--;
	return len - start == strlen("pasta") &&
	       !strncmp(who->cmdline + start, "pasta", len - start);
}

static const char *file_name(const struct pc_identity *who)
{
	const char *slash = who->exe ? strrchr(who->exe, '/') : NULL;

	return slash ? slash + 1 : who->comm;
}

size_t pc_helper_known(const char *name)
{
	for (size_t i = 0; i < sizeof(helper_programs) / sizeof(helper_programs[0]); i++)
		if (!strncmp(name, helper_programs[i].name, strlen(helper_programs[i].name)))
			return strlen(helper_programs[i].name);
	return 0;
}

static enum pc_helper_kind helper_kind_of(const struct pc_identity *who)
{
	const char *name = file_name(who);

	for (size_t i = 0; i < sizeof(helper_programs) / sizeof(helper_programs[0]); i++)
		if (!strncmp(name, helper_programs[i].name, strlen(helper_programs[i].name)))
			return helper_programs[i].kind;
	return !strncmp(name, "passt", strlen("passt")) && is_run_as_pasta(who) ?
		       PC_HELPER_NETWORK :
		       PC_HELPER_NONE;
}

/* The value behind " -NAME " or " --NAME " in the arguments, and its length; NULL: there is none. */
static const char *argument_of(const struct pc_identity *who, const char *name, size_t *len)
{
	size_t n = strlen(name);

	for (const char *at = who->cmdline; at && (at = strstr(at, " -")); at++) {
		const char *word = at + 2 + (at[2] == '-');

		if (strncmp(word, name, n) || (word[n] != ' ' && word[n] != '='))
			continue;
		*len = strcspn(word + n + 1, " ");
		return word + n + 1;
	}
	return NULL;
}

/* Takes the value only if all of it is of these characters. */
static void take_argument(const struct pc_identity *who, const char *name, const char *characters,
			  char out[PC_HELPER_TEXT])
{
	size_t len = 0;
	const char *value = argument_of(who, name, &len);

	if (!value || !len || len >= PC_HELPER_TEXT || strspn(value, characters) < len)
		return;
	memcpy(out, value, len);
	out[len] = '\0';
}

static void take_id(const struct pc_identity *who, const char *name, struct pc_helper *out)
{
	take_argument(who, name, HEX, out->container);
	if (strlen(out->container) != ID_LEN)
		out->container[0] = '\0';
}

static bool argument_is(const struct pc_identity *who, const char *name, const char *value)
{
	size_t len = 0;
	const char *at = argument_of(who, name, &len);

	return at && len == strlen(value) && !memcmp(at, value, len);
}

static void ask_docker_proxy(const struct pc_identity *who, struct pc_helper *out)
{
	char port[PC_HELPER_TEXT] = "";
	unsigned long number;

	take_argument(who, "container-ip", HEX "ABCDEF.:", out->address);
	take_argument(who, "container-port", "0123456789", port);
	number = strtoul(port, NULL, 10);
	if (number <= UINT16_MAX)
		out->port = (uint16_t)number;
	out->runtime = PC_RUNTIME_DOCKER;
}

/* conmon watches over CRI-O's containers, too. */
static void ask_conmon(const struct pc_identity *who, struct pc_helper *out)
{
	take_id(who, "c", out);
	out->runtime =
		who->cmdline && strstr(who->cmdline, "crio") ? PC_RUNTIME_CRI : PC_RUNTIME_PODMAN;
}

static void ask_shim(const struct pc_identity *who, struct pc_helper *out)
{
	take_id(who, "id", out);
	out->runtime = argument_is(who, "namespace", "moby")	? PC_RUNTIME_DOCKER :
		       argument_is(who, "namespace", "default") ? PC_RUNTIME_NERDCTL :
		       argument_is(who, "namespace", "k8s.io")	? PC_RUNTIME_CRI :
								  PC_RUNTIME_OTHER;
}

bool pc_helper_of(const struct pc_identity *who, struct pc_helper *out)
{
	struct pc_helper helper = { .kind = helper_kind_of(who), .by_root = !who->uid };

	if (helper.kind == PC_HELPER_NONE || who->container)
		return false;
	if (!helper.by_root && (!who->exe || !pc_spared_path(who->exe)))
		return false;
	if (helper.kind == PC_HELPER_DOCKER)
		ask_docker_proxy(who, &helper);
	else if (helper.kind == PC_HELPER_PODMAN)
		ask_conmon(who, &helper);
	else if (helper.kind == PC_HELPER_SHIM)
		ask_shim(who, &helper);
	*out = helper;
	return true;
}
