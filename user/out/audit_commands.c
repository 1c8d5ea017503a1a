// SPDX-License-Identifier: GPL-2.0-only
/* The commands that an audit tells to type. */
#include <stdlib.h>
#include <string.h>

#include "core/base/ports.h"
#include "core/base/text.h"
#include "out/audit.h"

#define WHOLE "bs=1M iflag=fullblock status=none of="
#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"

static void put_enter(FILE *out, const struct pc_netns_audit *a)
{
	if (a->own)
		return;
	if (a->path) {
		fputs("nsenter --net=", out);
		pc_text_quote(out, a->path);
		fputc(' ', out);
	} else {
		fprintf(out, "nsenter -t %u -n ", a->pid);
	}
}

char *pc_audit_command(const struct pc_netns_audit *a)
{
	uint64_t ports[PC_PORT_WORDS];
	struct pc_text text;
	char *list;

	memcpy(ports, a->reserve, sizeof(ports));
	pc_ports_subtract(ports, a->settings.reserved);
	list = pc_ports_format(ports);
	if (!list || pc_text_open(&text)) {
		free(list);
		return NULL;
	}
	fprintf(text.out, "portclash reserve %s", list);
	if (a->boots && a->own)
		fputs(" --persist", text.out);
	else if (!a->own)
		fprintf(text.out, " --netns %u", a->inode);
	free(list);
	return pc_text_close(&text);
}

char *pc_audit_plain_command(const struct pc_netns_audit *a)
{
	char *list = pc_ports_format(a->reserve);
	struct pc_text text;

	if (!list || pc_text_open(&text)) {
		free(list);
		return NULL;
	}
	put_enter(text.out, a);
	/* dd writes the list in pieces, on from where the kernel stopped. */
	if (strlen(list) > PC_RESERVED_AT_ONCE)
		fprintf(text.out, "sh -c 'echo %s | dd " WHOLE RESERVED "'", list);
	else
		fprintf(text.out, "sysctl -w net.ipv4.ip_local_reserved_ports=%s", list);
	free(list);
	return pc_text_close(&text);
}

char *pc_audit_load_command(const struct pc_audit_report *r)
{
	const char *file = r->written, *reserve = r->reserve;
	struct pc_text text;

	/* The administrator may have reasons not to load the file's other settings now. */
	if (r->mixed)
		return pc_audit_plain_command(&r->spaces[0]);
	if (pc_text_open(&text))
		return NULL;
	if (strlen(reserve) > PC_RESERVED_AT_ONCE) {
		fputs("sed -n 's/^net.ipv4.ip_local_reserved_ports = //p' ", text.out);
		pc_text_quote(text.out, file);
		fputs(" | dd " WHOLE RESERVED, text.out);
	} else {
		fputs("sysctl -p ", text.out);
		pc_text_quote(text.out, file);
	}
	return pc_text_close(&text);
}
