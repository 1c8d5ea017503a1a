// SPDX-License-Identifier: GPL-2.0-only
/* The lines that are kept. */
#include "core/history/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/subuid.h"

static int kept_copy(struct pc_kept_line *to, const struct pc_logged *e, const char *text,
		     size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	free(to->text);
	*to = (struct pc_kept_line){ copy, e->time_ns, pc_subuid_first(e->requester.uid),
				     (uint16_t)e->requested.port };
	return 0;
}

static bool has_room(const struct pc_kept *k, const struct pc_logged *e)
{
	unsigned of_port = 0, of_user = 0;

	if (k->verdicts_count == PC_KEPT_VERDICTS)
		return false;
	for (size_t i = 0; i < k->verdicts_count; i++) {
		of_port += k->verdicts[i].port == e->requested.port;
		of_user += k->verdicts[i].uid == pc_subuid_first(e->requester.uid);
	}
	return of_port < PC_KEPT_OF_PORT && of_user < PC_KEPT_OF_USER;
}

int pc_kept_take(void *kept, const struct pc_logged *e, const char *text, size_t len)
{
	struct pc_kept *k = kept;

	if (e->type == PC_LOGGED_READY) {
		if (len > PC_KEPT_LINE_MAX) {
			k->starts_left++;
			return 0;
		}
		return kept_copy(&k->starts[k->starts_count++ % PC_KEPT_STARTS], e, text, len);
	}
	if (len > PC_KEPT_LINE_MAX || !has_room(k, e)) {
		k->verdicts_left++;
		return 0;
	}
	return kept_copy(&k->verdicts[k->verdicts_count++], e, text, len);
}

void pc_kept_free(struct pc_kept *kept)
{
	for (size_t i = 0; i < PC_KEPT_VERDICTS; i++)
		free(kept->verdicts[i].text);
	for (size_t i = 0; i < PC_KEPT_STARTS; i++)
		free(kept->starts[i].text);
}
