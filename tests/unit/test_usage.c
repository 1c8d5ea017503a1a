// SPDX-License-Identifier: GPL-2.0-only
/* The use of the range: settings from a folder that looks like /proc, sockets from the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/ports.h"
#include "fake_proc.h"
#include "host/usage.h"

/* `f`, and settings that offer the ports from `low` to `high` without `reserved`. */
static void offer(const struct fake *f, unsigned low, unsigned high, const char *reserved)
{
	static const char *const folders[] = { "sys", "sys/net", "sys/net/ipv4" };
	char text[160];
	int n;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(text, sizeof(text), "%s/%s", f->root, folders[i]);
		mkdir(text, 0755);
	}
	n = snprintf(text, sizeof(text), "%u\t%u\n", low, high);
	put(f, "../sys/net/ipv4/ip_local_port_range", text, (size_t)n);
	put(f, "../sys/net/ipv4/ip_local_reserved_ports", reserved, strlen(reserved));
}

static int usage_bound(int type, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static uint16_t usage_port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

/* The kernel chooses it, and it is given back: nobody else has it in the next instant. */
static uint16_t free_port(int type)
{
	int fd = usage_bound(type, 0);
	uint16_t port = usage_port_of(fd);

	close(fd);
	return port;
}

static struct pc_port_usage usage_of(const struct fake *f, uint16_t port, const char *reserved)
{
	struct pc_port_usage usage;

	offer(f, port, port, reserved);
	pc_usage_read(f->root, NULL, &usage);
	assert_true(usage.known && usage.exposed_known && !usage.in_use_known);
	return usage;
}

static void a_listener_by_number_is_exposed(void **state)
{
	uint16_t port = free_port(SOCK_STREAM);
	int fd = usage_bound(SOCK_STREAM, port);
	struct pc_port_usage usage = usage_of(*state, port, "\n");
	char reserved[16];

	assert_int_equal(usage.tcp_exposed, 1);
	assert_int_equal(usage.udp_exposed, 0);
	assert_int_equal(usage.offered, 1);
	snprintf(reserved, sizeof(reserved), "%u\n", port);
	usage = usage_of(*state, port, reserved);
	assert_int_equal(usage.tcp_exposed, 0);
	assert_int_equal(usage.offered, 0);
	assert_int_equal(usage_of(*state, port + 1, "\n").tcp_exposed, 0);
	close(fd);
	assert_int_equal(usage_of(*state, port, "\n").tcp_exposed, 0);
}

/* A server on a port that the kernel chose is given another one when it is started anew. */
static void a_port_that_the_kernel_chose_is_not(void **state)
{
	int tcp = usage_bound(SOCK_STREAM, 0), udp = usage_bound(SOCK_DGRAM, 0);

	assert_int_equal(usage_of(*state, usage_port_of(tcp), "\n").tcp_exposed, 0);
	assert_int_equal(usage_of(*state, usage_port_of(udp), "\n").udp_exposed, 0);
	close(tcp);
	close(udp);
}

static void a_udp_server_is_exposed_until_it_connects(void **state)
{
	uint16_t port = free_port(SOCK_DGRAM);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = usage_bound(SOCK_DGRAM, port);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(usage_of(*state, port, "\n").udp_exposed, 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(usage_of(*state, port, "\n").udp_exposed, 0);
	close(fd);
}

static void ports_held_in_the_range(void **state)
{
	static const char udp[] =
		"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
		"   12: 0100007F:0066 00000000:0000 07 00000000:00000000 00:00000000 00000000\n";
	const struct fake *f = *state;
	uint64_t tcp[PC_PORT_WORDS] = { 0 };
	struct pc_port_usage usage;
	char path[160];

	offer(f, 100, 109, "105-107\n");
	snprintf(path, sizeof(path), "%s/net", f->root);
	assert_int_equal(mkdir(path, 0755), 0);
	PUT(f, "../net/udp", udp);
	pc_ports_add(tcp, 99);
	pc_ports_add(tcp, 100);
	pc_ports_add(tcp, 105);
	pc_ports_add(tcp, 109);
	pc_usage_read(f->root, tcp, &usage);
	assert_true(usage.known && usage.in_use_known);
	assert_int_equal(usage.offered, 7);
	assert_int_equal(usage.tcp_in_use, 4);
	assert_int_equal(usage.tcp_in_range, 3);
	assert_int_equal(usage.tcp_offered, 2);
	assert_int_equal(usage.udp_in_use, 1);
	assert_int_equal(usage.udp_offered, 1);
	assert_int_equal(usage.reserved_in_range, 3);
}

static void without_settings_nothing_is_known(void **state)
{
	const struct fake *f = *state;
	struct pc_port_usage usage;

	pc_usage_read(f->root, NULL, &usage);
	assert_false(usage.known || usage.exposed_known || usage.in_use_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAKE(a_listener_by_number_is_exposed),
		FAKE(a_port_that_the_kernel_chose_is_not),
		FAKE(a_udp_server_is_exposed_until_it_connects),
		FAKE(ports_held_in_the_range),
		FAKE(without_settings_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
