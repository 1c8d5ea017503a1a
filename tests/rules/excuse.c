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
		[EXCUSE_QUIRK_ADDRESS] = "127.0.0.6 beside an IPv6 connection (6.1 on)",
		[EXCUSE_MAPPED_ANY] = "a v4-mapped address beside ::ffff:0.0.0.0 (6.1)",
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

/* 6.1 looks a TCP port up by address, and finds an IPv6 connection by its IPv6 address only. */
static bool is_quirk(const struct side *asking, const struct side *holding,
		     const struct pc_side *held)
{
	return side_proto(holding->kind) == PC_PROTO_TCP && asking->family == FAMILY_V4 &&
	       asking->address == ADDRESS_QUIRK && held->family == PC_FAMILY_V6 &&
	       held->v4 == htonl(QUIRK_V4);
}

/* 6.1.192 looks a v4-mapped address up by address as well (5e07e672412b, backported), and does
 * not take "::ffff:0.0.0.0" for a wildcard there (inet_bind2_bucket_match_addr_any()). */
static bool is_mapped_any(const struct side *asking, const struct side *holding)
{
	return side_proto(holding->kind) == PC_PROTO_TCP && asking->family == FAMILY_MAPPED &&
	       asking->address != ADDRESS_ANY && holding->family == FAMILY_MAPPED &&
	       holding->address == ADDRESS_ANY && side_effective(holding) == ADDRESS_ANY;
}

enum excuse excuse_find(const bool has[EXCUSE_COUNT], const struct side *asking,
			const struct side *holding, const struct pc_side *held)
{
	if (has[EXCUSE_QUIRK_ADDRESS] && is_quirk(asking, holding, held))
		return EXCUSE_QUIRK_ADDRESS;
	if (has[EXCUSE_MAPPED_ANY] && is_mapped_any(asking, holding))
		return EXCUSE_MAPPED_ANY;
	return EXCUSE_NONE;
}
