// SPDX-License-Identifier: GPL-2.0-only
/* The arguments of a helper: what is taken from them may stand in a command. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/process/helper.h"

static void check_helper_program(const char *exe, char *cmdline, uint32_t uid)
{
	struct pc_identity who = { .uid = uid, .exe = (char *)exe, .cmdline = cmdline };
	struct pc_helper helper;

	FUZZ_CHECK(pc_helper_of(&who, &helper));
	FUZZ_CHECK(helper.by_root == !uid);
	FUZZ_CHECK(!helper.container[0] || strlen(helper.container) == 64);
	FUZZ_CHECK(strspn(helper.container, "0123456789abcdef") == strlen(helper.container));
	FUZZ_CHECK(strspn(helper.address, "0123456789abcdefABCDEF.:") == strlen(helper.address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);

	check_helper_program("/usr/bin/docker-proxy", text, 0);
	check_helper_program("/usr/bin/conmon", text, 1000);
	check_helper_program("/usr/bin/containerd-shim-runc-v2", text, 0);
	check_helper_program("/usr/bin/pasta", text, 0);
	free(text);
	return 0;
}
