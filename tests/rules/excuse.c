// SPDX-License-Identifier: GPL-2.0-only
/* The known differences between kernels, each with its probe and its combinations. */
#include "excuse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define QUIRK_V4 0x7f000006

const char *excuse_name(enum excuse excuse)
{
	static const char *const names[] = {
		[EXCUSE_NONE] = "none",
		[EXCUSE_QUIRK_ADDRESS] = "127.0.0.6 over an IPv6 connection (6.1 on)",
		[EXCUSE_MAPPED_ANY] = "the v4-mapped wildcard (6.1 to 6.8)",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == EXCUSE_COUNT, "one name each");
	return names[excuse];
}

/* Does this kernel let `asking` bind over `holding`? */
static int allows(struct space *space, const struct side *holding, const struct side *asking,
		  bool *answer)
{
	struct holder h;
	int err = holder_stage(&h, holding, space), fd;

	if (err)
		return err;
	fd = socket_open(asking);
	if (fd >= 0)
		*answer = socket_bind(fd, asking, h.socket.lport) == 0;
	socket_close(fd);
	holder_close(&h);
	return fd < 0 ? fd : 0;
}

int excuse_probe(struct space *space, bool has[EXCUSE_COUNT])
{
	const struct side client = { .kind = KIND_CLIENT,
				     .family = FAMILY_DUAL,
				     .address = ADDRESS_FIRST };
	const struct side quirk = { .kind = KIND_BOUND, .address = ADDRESS_QUIRK };
	const struct side any = { .kind = KIND_BOUND, .family = FAMILY_MAPPED };
	const struct side mapped = { .kind = KIND_BOUND,
				     .family = FAMILY_MAPPED,
				     .address = ADDRESS_FIRST };
	int err;

	memset(has, 0, sizeof(bool) * EXCUSE_COUNT);
	err = allows(space, &client, &quirk, &has[EXCUSE_QUIRK_ADDRESS]);
	return err ? err : allows(space, &any, &mapped, &has[EXCUSE_MAPPED_ANY]);
}

/* 6.1 looks the port up by address; an IPv6 connection is found by its IPv6 address only. */
static bool is_quirk(const struct side *asking, const struct pc_side *holding)
{
	return asking->family == FAMILY_V4 && asking->address == ADDRESS_QUIRK &&
	       holding->family == PC_FAMILY_V6 && holding->v4 == htonl(QUIRK_V4);
}

static bool is_mapped_any(const struct side *s)
{
	return s->family == FAMILY_MAPPED && s->address == ADDRESS_ANY;
}

enum excuse excuse_find(const bool has[EXCUSE_COUNT], const struct side *asking,
			const struct pc_side *holding, const struct side *holding_side)
{
	if (has[EXCUSE_QUIRK_ADDRESS] && is_quirk(asking, holding))
		return EXCUSE_QUIRK_ADDRESS;
	if (has[EXCUSE_MAPPED_ANY] && (is_mapped_any(asking) || is_mapped_any(holding_side)))
		return EXCUSE_MAPPED_ANY;
	return EXCUSE_NONE;
}
