// SPDX-License-Identifier: GPL-2.0-only
/* `portclash free` on each kind of theft: the socket that has the port goes, the server's first bind()
 * succeeds, and no other socket of the client notices. */
#include <errno.h>
#include <stdio.h>

#include "judge/free.h"
#include "judge/proc_net.h"
#include "run/cases.h"
#include "stage/group.h"

/* A bind() without options to all addresses is refused: else the scenario would prove nothing. */
static void expect_robbed(struct robbery *r)
{
	stage_refused(r->web, r->options & (OPT_V6 | OPT_UDP), r->any, r->port, EADDRINUSE);
}

static void free_established(struct test *t, unsigned options, const char *address)
{
	struct robbery r = robbery_stage(t, options, address);

	expect_robbed(&r);
	free_check(&r, NULL, "ESTABLISHED", true);
}

static void scenario_free_established(struct test *t)
{
	free_established(t, 0, "127.0.0.1");
}

static void scenario_free_established_v6(struct test *t)
{
	free_established(t, OPT_V6, "::1");
}

static void scenario_free_mapped(struct test *t)
{
	free_established(t, OPT_V6, "::ffff:127.0.0.1");
}

/* The client's connection keeps a server of IPv4 from the port, too. */
static void scenario_free_mapped_for_v4(struct test *t)
{
	struct robbery r = robbery_stage(t, OPT_V6, "::ffff:127.0.0.1");

	r.options = 0;
	r.any = "0.0.0.0";
	expect_robbed(&r);
	free_check(&r, NULL, "ESTABLISHED", true);
}

/* Two puppets fill the queue of a listener that does not accept: the client's SYN is not answered. */
static void scenario_free_syn_sent(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");
	struct prop out, full;

	r.listener = stage_bound(r.backend, 0, "127.0.0.1", SERVER_PORT);
	stage_listen(&r.listener, 0);
	for (int i = 0; i < 2; i++) {
		full = stage_socket(r.backend, 0);
		stage_try_connect(&full, "127.0.0.1", SERVER_PORT);
	}
	out = stage_socket(r.client, 0);
	stage_try_connect(&out, "127.0.0.1", SERVER_PORT);
	robbery_of(&r, &out);
	robbery_await(&r, PROC_NET_SYN_SENT);
	expect_robbed(&r);
	free_check(&r, NULL, "SYN_SENT", true);
}

static void scenario_free_close_wait(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_close(&r.in);
	robbery_await(&r, PROC_NET_CLOSE_WAIT);
	expect_robbed(&r);
	free_check(&r, NULL, "CLOSE_WAIT", true);
}

static void scenario_free_fin_wait2_open(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_shut(&r.out);
	robbery_await(&r, PROC_NET_FIN_WAIT2);
	expect_robbed(&r);
	free_check(&r, NULL, "FIN_WAIT2", true);
}

/* A process that shut its side down and does not close: not an orphan, on any kernel. */
static void scenario_free_fin_wait1_open(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_fill(&r.out);
	stage_shut(&r.out);
	robbery_await(&r, PROC_NET_FIN_WAIT1);
	expect_robbed(&r);
	free_check(&r, NULL, "FIN_WAIT1", true);
}

static void scenario_free_last_ack_open(struct test *t)
{
	struct robbery r = robbery_stage(t, 0, "127.0.0.1");

	stage_fill(&r.out);
	stage_shut(&r.in);
	robbery_await(&r, PROC_NET_CLOSE_WAIT);
	stage_shut(&r.out);
	robbery_await(&r, PROC_NET_LAST_ACK);
	expect_robbed(&r);
	free_check(&r, NULL, "LAST_ACK", true);
}

/* A client in a range of one port connects to that very port, and to itself (simultaneous open). */
static void scenario_free_self_connect(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");
	struct prop out;

	audit_set(t, RANGE, "45000 45000");
	out = stage_client(r.client, 0, "127.0.0.1", 45000);
	robbery_of(&r, &out);
	expect_robbed(&r);
	audit_set(t, RANGE, "32768 60999");
	free_check(&r, NULL, "ESTABLISHED", true);
}

static void scenario_free_udp_connected(struct test *t)
{
	free_established(t, OPT_UDP, "127.0.0.1");
}

static void scenario_free_udp_connected_v6(struct test *t)
{
	free_established(t, OPT_UDP | OPT_V6, "::1");
}

/* A resolver's socket: it has sent, to nobody in particular, and keeps the port that it got. */
static void scenario_free_udp_sent(struct test *t)
{
	struct robbery r = robbery_cast(t, OPT_UDP, "127.0.0.1");
	struct prop out = stage_socket(r.client, OPT_UDP);

	r.listener = stage_bound(r.backend, OPT_UDP, "127.0.0.1", SERVER_PORT);
	stage_send(&out, "127.0.0.1", SERVER_PORT);
	robbery_of(&r, &out);
	expect_robbed(&r);
	free_check(&r, NULL, "CLOSE", true);
}

/* Many connections of one client and one port, to several backends: all of them are ended. */
static void scenario_free_several(struct test *t)
{
	struct robbery r = robbery_cast(t, 0, "127.0.0.1");
	struct prop out[3], listener;
	struct freed f;

	audit_set(t, RANGE, "45000 45000");
	for (int i = 0; i < 3; i++) {
		listener = stage_listener(r.backend, 0, "127.0.0.1", (uint16_t)(7011 + i));
		out[i] = stage_client(r.client, 0, "127.0.0.1", (uint16_t)(7011 + i));
	}
	(void)listener;
	robbery_of(&r, &out[0]);
	expect_robbed(&r);
	audit_set(t, RANGE, "32768 60999");
	f = free_robbed(&r, NULL, 0);
	free_expect_result(&f, "freed", 3);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DOCKER "/" GROUP_ROOT "/docker-" ID ".scope"

/* From the host: in the container's network namespace, which is named by its number or by a process's path. */
static void check_in_container(struct test *t, bool by_path)
{
	struct robbery r = robbery_in_container(t, DOCKER);
	char path[64];
	struct freed f;

	snprintf(r.number, sizeof(r.number), "%llu", (unsigned long long)r.client->who.netns);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", r.client->pid);
	r.netns = by_path ? path : r.number;
	stage_refused(r.web, 0, r.any, r.port, EADDRINUSE);
	f = free_robbed(&r, NULL, 0);
	free_expect_socket(&f, &r, "end", "ESTABLISHED", r.client);
	expect_int(&f.plan, "netns", (long long)r.client->who.netns);
	expect_bool(&f.plan, "own", false);
	free_expect_result(&f, "freed", 1);
	robbery_serve(&r);
	robbery_expect_bystanders(&r);
	puppet_exit(r.client);
	group_remove(DOCKER);
}

static void scenario_free_in_container(struct test *t)
{
	check_in_container(t, false);
}

static void scenario_free_in_container_by_path(struct test *t)
{
	check_in_container(t, true);
}

/* The same port in another network namespace: nothing is touched there. */
static void scenario_free_not_elsewhere(struct test *t)
{
	struct robbery r = robbery_in_container(t, DOCKER);
	struct freed f = free_robbed(&r, NULL, 4);

	free_expect_result(&f, "nothing", 0);
	robbery_expect_word(t, &r.out, &r.in, "the connection in the container");
	robbery_expect_bystanders(&r);
	puppet_exit(r.client);
	group_remove(DOCKER);
}

const struct scenario cases_cure_ends[] = {
	{ .name = "free-established", .run = scenario_free_established, .where = EACH_KERNEL },
	{ .name = "free-established-v6",
	  .run = scenario_free_established_v6,
	  .where = EACH_KERNEL },
	{ .name = "free-mapped", .run = scenario_free_mapped, .where = EACH_KERNEL },
	{ .name = "free-mapped-for-v4", .run = scenario_free_mapped_for_v4, .where = EACH_KERNEL },
	{ .name = "free-syn-sent", .run = scenario_free_syn_sent, .where = EACH_KERNEL },
	{ .name = "free-close-wait", .run = scenario_free_close_wait, .where = EACH_KERNEL },
	{ .name = "free-fin-wait1-open",
	  .run = scenario_free_fin_wait1_open,
	  .where = EACH_KERNEL },
	{ .name = "free-fin-wait2-open",
	  .run = scenario_free_fin_wait2_open,
	  .where = EACH_KERNEL },
	{ .name = "free-last-ack-open", .run = scenario_free_last_ack_open, .where = EACH_KERNEL },
	{ .name = "free-self-connect", .run = scenario_free_self_connect, .where = EACH_KERNEL },
	{ .name = "free-udp-connected", .run = scenario_free_udp_connected, .where = EACH_KERNEL },
	{ .name = "free-udp-connected-v6",
	  .run = scenario_free_udp_connected_v6,
	  .where = EACH_KERNEL },
	{ .name = "free-udp-sent", .run = scenario_free_udp_sent, .where = EACH_KERNEL },
	{ .name = "free-several", .run = scenario_free_several, .where = EACH_KERNEL },
	{ .name = "free-in-container", .run = scenario_free_in_container, .where = EACH_KERNEL },
	{ .name = "free-in-container-by-path",
	  .run = scenario_free_in_container_by_path,
	  .where = EACH_KERNEL },
	{ .name = "free-not-elsewhere", .run = scenario_free_not_elsewhere, .where = EACH_KERNEL },
	{ 0 },
};
