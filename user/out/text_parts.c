// SPDX-License-Identifier: GPL-2.0-only
/* What the output for people is made of. */
#include "out/text_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/place.h"
#include "out/escape.h"

void pc_put_text(FILE *out, const char *text, size_t len)
{
	char *clean = malloc(PC_ESCAPE_SIZE(len));

	if (!clean)
		return;
	pc_escape_terminal(text, len, clean, PC_ESCAPE_SIZE(len));
	fputs(clean, out);
	free(clean);
}

void pc_put_string(FILE *out, const char *text)
{
	pc_put_text(out, text, strlen(text));
}

void pc_put_party(FILE *out, const struct pc_party *p)
{
	const struct pc_identity *who = p->who;
	const char *comm = p->comm[0] ? p->comm : who->comm;

	pc_put_text(out, comm, strnlen(comm, PC_COMM_LEN));
	fprintf(out, "[%u]", who->key.tgid);
	if (who->unit) {
		fputc(' ', out);
		pc_put_string(out, who->unit);
	}
	if (who->container) {
		fputs(" container ", out);
		pc_put_text(out, who->container, (size_t)pc_container_shown(who->container));
	}
	if (who->pod) {
		fputs(" pod ", out);
		pc_put_string(out, who->pod);
	}
}
