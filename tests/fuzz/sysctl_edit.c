// SPDX-License-Identifier: GPL-2.0-only
/* A sysctl.d file of which one line is edited: all other bytes stay, the ports are those that were there
 * and one more, and a second edit changes nothing. */
#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/audit/sysctl_edit.h"

#define DROPIN "# new\nnet.ipv4.ip_local_reserved_ports = 8080\n"

static unsigned lines_of(const char *text, size_t len)
{
	unsigned lines = len && text[len - 1] != '\n';

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Compares what is around the value, before and after. */
static void check_rest(const char *text, const struct pc_sysctl_edit *e, const char *edited)
{
	size_t tail = strlen(text) - e->to;

	if (!e->to) {
		FUZZ_CHECK(!strncmp(edited, text, strlen(text)));
		return;
	}
	FUZZ_CHECK(e->from <= e->to && e->to <= strlen(text));
	FUZZ_CHECK(!strncmp(edited, text, e->from));
	FUZZ_CHECK(strlen(edited) >= e->from + tail);
	FUZZ_CHECK(!strcmp(edited + strlen(edited) - tail, text + e->to));
}

static void check_edited(const char *text, const struct pc_sysctl_edit *e)
{
	uint64_t ports[PC_PORT_WORDS];
	struct pc_sysctl_edit again;
	char *edited, *twice;
	unsigned line;

	memcpy(ports, e->ports, sizeof(ports));
	pc_ports_add(ports, 8080);
	edited = pc_sysctl_edit_format(text, e, ports, DROPIN);
	FUZZ_CHECK(edited);
	check_rest(text, e, edited);
	FUZZ_CHECK(!pc_sysctl_edit_parse(edited, strlen(edited), &again, &line));
	FUZZ_CHECK(!memcmp(again.ports, ports, sizeof(ports)));
	twice = pc_sysctl_edit_format(edited, &again, ports, DROPIN);
	FUZZ_CHECK(twice && !strcmp(twice, edited));
	free(twice);
	free(edited);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	struct pc_sysctl_edit e;
	unsigned line = 0;
	int err = pc_sysctl_edit_parse(text, size, &e, &line);

	if (err)
		FUZZ_CHECK((err == -ENOEXEC || err == -EBADMSG) && line &&
			   line <= lines_of(text, size));
	else if (strlen(text) == size)
		check_edited(text, &e);
	else
		FUZZ_CHECK(!"what is behind a NUL was taken");
	free(text);
	return 0;
}
