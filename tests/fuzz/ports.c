// SPDX-License-Identifier: GPL-2.0-only
/* Lists of ports: what is taken comes back from its shortest form, what is refused changes
 * nothing, and the place that is blamed lies within the list. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"

static void ports_check_taken(const uint64_t *set)
{
	uint64_t again[PC_PORT_WORDS] = { 0 };
	char *list = pc_ports_format(set), *same;
	unsigned count = 0;
	const char *bad;

	FUZZ_CHECK(list && !pc_ports_parse(list, true, again, &bad));
	FUZZ_CHECK(!memcmp(set, again, sizeof(again)));
	same = pc_ports_format(again);
	FUZZ_CHECK(same && !strcmp(same, list));
	for (unsigned port = 0; port < PC_PORTS; port++)
		count += pc_ports_has(set, (uint16_t)port);
	FUZZ_CHECK(count == pc_ports_count(set, 0, PC_PORTS - 1));
	free(same);
	free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t set[PC_PORT_WORDS], before[PC_PORT_WORDS];
	char *list = fuzz_string(data, size);
	const char *bad = NULL;
	int err;

	memset(set, 0x5a, sizeof(set));
	memcpy(before, set, sizeof(set));
	err = pc_ports_parse(list, size % 2, set, &bad);
	if (err) {
		FUZZ_CHECK(err == -EINVAL && bad >= list && bad <= list + strlen(list));
		FUZZ_CHECK(!memcmp(set, before, sizeof(set)));
	} else {
		ports_check_taken(set);
	}
	free(list);
	return 0;
}
