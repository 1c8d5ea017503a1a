// SPDX-License-Identifier: GPL-2.0-only
/* Answers of NETLINK_SOCK_DIAG, and the audit made of them: the input is the settings of the
 * network namespace, then what recv() gave. The sums of the audit are right, and it can be
 * printed. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "host/sockdiag.h"

struct settings {
	uint16_t low;
	uint16_t high;
	uint32_t somaxconn;
	uint64_t reserved;
	uint64_t protect;
	uint8_t known;
	uint8_t udp;
	uint8_t kernel_chose;
	uint8_t print; /* costs ten times what the rest does: the input says whether to */
	uint8_t pad[4];
};

static void check_sockets(const struct pc_socket_list *sockets)
{
	for (size_t i = 0; i < sockets->count; i++) {
		const struct pc_socket *s = &sockets->list[i].socket;

		FUZZ_CHECK(s->state < PC_STATE_COUNT);
		FUZZ_CHECK(s->proto == PC_PROTO_TCP || s->proto == PC_PROTO_UDP);
	}
}

static void check_sums(const struct pc_netns_audit *a, const struct pc_socket_list *sockets)
{
	unsigned exposed = 0, claims = 0;

	FUZZ_CHECK(a->sockets == sockets->count && a->entries_count <= sockets->count);
	FUZZ_CHECK(a->destinations.count <= PC_DESTINATIONS_MAX);
	FUZZ_CHECK(a->tcp_in_range <= a->offered && a->udp_in_range <= a->offered);
	for (size_t i = 0; i < a->entries_count; i++) {
		const struct pc_audit_entry *e = &a->entries[i];

		exposed += e->exposed;
		claims += e->holds_protected;
		FUZZ_CHECK(e->chance.taken <= e->chance.of);
		FUZZ_CHECK(!e->exposed || e->s.socket.lport);
	}
	FUZZ_CHECK(exposed == a->exposed && claims == a->protected_held);
}

static void check_printed(const struct pc_netns_audit *a)
{
	const struct pc_sysctl_findings none = { 0 };

	fuzz_check_report(
		&(struct pc_audit_report){ .spaces = a, .spaces_count = 1, .sysctls = &none });
}

/* Ports of a range are gone through one by one, for each listener. */
#define RANGE_MAX 512

static uint16_t high_of(const struct settings *s)
{
	return s->high > s->low + RANGE_MAX ? (uint16_t)(s->low + RANGE_MAX) : s->high;
}

static void audit(const struct settings *s, const struct pc_socket_list *sockets)
{
	uint64_t protect[PC_PORT_WORDS] = { [35000 / 64] = s->protect };
	struct pc_netns_audit a = {
		.own = true,
		.settings = {
			.known = s->known && s->low && s->low <= s->high,
			.low = s->low,
			.high = high_of(s),
			.somaxconn = s->somaxconn,
			.tcp_tw_reuse = -1,
			.autobind_reuse = -1,
			.reserved = { [35000 / 64] = s->reserved },
		},
	};

	FUZZ_CHECK(!pc_audit_netns(sockets, protect, &a));
	check_sums(&a, sockets);
	if (s->print % 8 == 0)
		check_printed(&a);
	pc_audit_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct pc_socket_list sockets = { 0 };
	struct settings s;
	char *answer;
	int err;

	fuzz_take(&in, &s, sizeof(s));
	answer = in.size ? memcpy(malloc(in.size), in.data, in.size) : NULL;
	err = pc_sockdiag_take(answer, in.size, s.udp ? PC_PROTO_UDP : PC_PROTO_TCP, s.kernel_chose,
			       &sockets);
	FUZZ_CHECK(err <= 1);
	check_sockets(&sockets);
	if (sockets.count) /* the audit costs a thousand times as much */
		audit(&s, &sockets);
	pc_sockdiag_free(&sockets);
	free(answer);
	return 0;
}
