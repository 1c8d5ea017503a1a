// SPDX-License-Identifier: GPL-2.0-only
/* Running `portclash who` and comparing its answer with the truth. */
#include "judge/who.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct spot who_ask(struct test *t, uint16_t port, const char *proto, int status)
{
	char text[16];
	const char *const argv[] = { "who", "--json", "--netns", "self", text, NULL };
	struct audit a;
	struct spot s;

	snprintf(text, sizeof(text), "%u/%s", port, proto);
	a = audit_json(t, argv, status);
	audit_count(&a, "who", 1);
	s = audit_line(&a, "who", 0);
	expect_string(&s, "proto", proto);
	expect_int(&s, "port", port);
	if (status)
		expect_int(&s, "netns", (long long)a.netns);
	return s;
}

struct spot who_holder(const struct spot *line, unsigned index, const struct prop *socket,
		       const char *state, const struct puppet *by)
{
	struct spot list = spot_below(line, "holders"), s = spot_at(&list, index), owners, owner;

	expect_string(&s, "state", state);
	expect_end(&s, "local", &socket->look.local);
	expect_end(&s, "remote", &socket->look.remote);
	expect_null(&s, "since");
	expect_person(&s, "process", by ? &by->who : NULL);
	owners = spot_below(&s, "owners");
	if (json_array_size(owners.json) != (by ? 1 : 0))
		expected(&owners, "%d owners", by ? 1 : 0);
	if (!by)
		return s;
	owner = spot_at(&owners, 0);
	expect_int(&s, "inode", (long long)socket->look.inode);
	expect_int(&s, "uid", socket->look.uid);
	expect_options(&s, "options", &socket->look);
	expect_int(&owner, "fd", socket->fd);
	return s;
}

static const struct {
	const char *name;
	unsigned flag;
} options_of[] = {
	{ "plain", 0 },
	{ "reuseaddr", OPT_REUSEADDR },
	{ "reuseport", OPT_REUSEPORT },
};

struct spot who_answer(const struct spot *line, const char *address, const char *option)
{
	struct spot list = spot_below(line, "if_bound");

	for (size_t i = 0; i < json_array_size(list.json); i++) {
		struct spot s = spot_at(&list, i);

		if (!strcmp(json_string_value(json_object_get(s.json, "address")), address) &&
		    !strcmp(json_string_value(json_object_get(s.json, "option")), option))
			return s;
	}
	expected(&list, "an answer for %s, %s", address, option);
	return spot_at(&list, 0);
}

static bool really(struct puppet *judge, unsigned options, const char *address, uint16_t port)
{
	struct io_socket s = { .options = options };
	struct io_name a = { .to.port = port };

	puppet_call(judge, act_socket, &s, sizeof(s));
	a.fd = s.fd;
	snprintf(a.to.address, sizeof(a.to.address), "%s", address);
	puppet_call(judge, act_bind, &a, sizeof(a));
	puppet_call(judge, act_close, &(struct io_close){ .fd = s.fd }, sizeof(struct io_close));
	if (s.error || (a.error && a.error != EADDRINUSE))
		test_abort(judge->t, "stage: bind() to %s says %s", address, strerror(a.error));
	return !a.error;
}

void who_judge(const struct spot *line, uint16_t port, unsigned options)
{
	struct puppet *judge = puppet_start(line->t, "judge");

	/* IPv6 first: a bind() that is allowed with SO_REUSEPORT leaves its address in the bind bucket
	 * (inet_csk_update_fastreuse()), and sk_reuseport_match() then lets in what fits that,
	 * whatever else holds the port. */
	for (unsigned i = 0; i < 6; i++) {
		const char *address = i < 3 ? "::" : "0.0.0.0";
		unsigned flags = options_of[i % 3].flag | options | (i < 3 ? OPT_V6 : 0);
		struct spot s = who_answer(line, address, options_of[i % 3].name);
		bool allowed = really(judge, flags, address, port);

		expect_bool(&s, "allowed", allowed);
		if (allowed) {
			expect_null(&s, "cause");
			expect_null(&s, "holder");
		}
	}
}
