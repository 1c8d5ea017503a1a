// SPDX-License-Identifier: GPL-2.0-only
/* Names of containers and pods from any text: each is one that a runtime allows, which needs no escape anywhere,
 * and what is there already stays. */
#include "fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/given_names.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void given_check_name(const char *name)
{
	if (!name)
		return;
	FUZZ_CHECK(isalnum((unsigned char)*name) && strlen(name) <= 255);
	for (; *name; name++)
		FUZZ_CHECK(isalnum((unsigned char)*name) || strchr("_.-", *name));
}

static void given_check(struct pc_given_names *names)
{
	given_check_name(names->container);
	given_check_name(names->pod);
	given_check_name(names->pod_namespace);
	pc_given_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size), *root = NULL;
	struct pc_given_names names = { 0 };

	pc_given_from_docker((const char *)data, size, ID, &names);
	given_check(&names);
	pc_given_from_storage((const char *)data, size, ID, &names);
	given_check(&names);
	pc_given_from_bundle((const char *)data, size, &names);
	given_check(&names);
	pc_given_from_log(text, ID, &names);
	given_check(&names);
	pc_given_from_pod(text, "uid", &names);
	given_check(&names);
	pc_given_docker_root((const char *)data, size, &root);
	FUZZ_CHECK(!root || *root == '/');
	free(root);
	free(text);
	return 0;
}
