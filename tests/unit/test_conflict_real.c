// SPDX-License-Identifier: GPL-2.0-only
/* The conflict rule against the running kernel: every holder with every binder over the
 * options that count, asked by bind() and listen() in a network namespace of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "real_socket.h"

#define PORT 20000
#define OTHER_UID 1000

/* Whoever looks through the descriptors of all processes (a monitor's pass over all socket
 * files, lsof) holds each for an instant, and close() does not free the port then. What the
 * kernel says once and not again was that. */
#define ATTEMPTS 8

/* Differences that are shown; after so many nothing is asked twice. */
#define SHOWN 8

/* Said once, and nothing is counted as passed. */
static int entered;

/* 6.1 to 6.8 let some v4-mapped wildcards through that the rule refuses. */
static bool has_mapped_bug;

static unsigned long asked;
static unsigned long differed;
static unsigned long excused;
static unsigned long disturbed;
static bool last_attempt;

static void differs(const char *call, uint8_t proto, const struct oracle_side *a,
		    const struct oracle_side *h, int got)
{
	differed++;
	if (!last_attempt || differed > SHOWN)
		return;
	print_error("%s %s: asking %s reuse %d port %d cb %d uid %u dev %u; holding %s state %d "
		    "reuse %d port %d uid %u dev %u: the kernel says %s\n",
		    proto == PC_PROTO_TCP ? "tcp" : "udp", call, address_kind_name(a->address),
		    a->reuse, a->reuseport, a->reuseport_cb, a->uid, a->device,
		    address_kind_name(h->address), h->state, h->reuse, h->reuseport, h->uid,
		    h->device, got ? strerror(got) : "yes");
}

/* Compares what the kernel said (`got`: errno) with what the rule says. */
static void compare(const char *call, uint8_t proto, const struct oracle_side *a,
		    const struct oracle_side *h, int got)
{
	struct pc_side asking = oracle_side(a), holding = oracle_side(h);
	bool conflict = pc_conflict(proto, &asking, &holding);

	asked++;
	if (oracle_is_version_dependent(a->address, h->address))
		return;
	if (got == (conflict ? EADDRINUSE : 0))
		return;
	if (has_mapped_bug && conflict && !got &&
	    (a->address == MAPPED_ANY || h->address == MAPPED_ANY))
		excused++;
	else
		differs(call, proto, a, h, got);
}

/* Both are bound: listen() asks again, for the one with the other bound, then listening. */
static void compare_listen(int holder, struct oracle_side *h, int binder, struct oracle_side *a)
{
	int err = listen(holder, 1) ? errno : 0;

	compare("listen() of the first", PC_PROTO_TCP, h, a, err);
	if (err)
		return;
	h->state = SOCKET_LISTENING;
	compare("listen()", PC_PROTO_TCP, a, h, listen(binder, 1) ? errno : 0);
}

/* The first, in its state; its port. */
static uint16_t make_holder(uint8_t proto, const struct oracle_side *h, int *holder)
{
	int err = EADDRINUSE, port;

	if (h->state == SOCKET_CONNECTED || h->state == SOCKET_TIME_WAIT) {
		port = real_connect(proto, h, h->state == SOCKET_TIME_WAIT, holder);
		assert_true(port > 0);
		return (uint16_t)port;
	}
	*holder = real_open(proto, h);
	assert_true(*holder >= 0);
	for (int i = 0; i < 1000 && err == EADDRINUSE; i++) {
		err = real_bind(*holder, h, PORT);
		if (err)
			usleep(1000);
	}
	assert_int_equal(err, 0);
	if (h->state == SOCKET_LISTENING)
		assert_int_equal(listen(*holder, 1), 0);
	return PORT;
}

static void ask_once(uint8_t proto, struct oracle_side h, struct oracle_side a)
{
	int holder, binder, err;
	uint16_t port = make_holder(proto, &h, &holder);

	binder = real_open(proto, &a);
	assert_true(binder >= 0);
	err = real_bind(binder, &a, port);
	compare("bind()", proto, &a, &h, err);
	if (!err && proto == PC_PROTO_TCP && h.state == SOCKET_BOUND)
		compare_listen(holder, &h, binder, &a);
	real_close(binder);
	real_close(holder);
}

static void ask(uint8_t proto, struct oracle_side h, struct oracle_side a)
{
	unsigned long before = differed;

	for (int i = 0; i < ATTEMPTS; i++) {
		last_attempt = i == ATTEMPTS - 1 || before >= SHOWN;
		ask_once(proto, h, a);
		if (differed == before || last_attempt)
			return;
		differed = before;
		disturbed++;
		usleep(1000u << i);
	}
}

/* Without SO_REUSEPORT neither the user nor the group counts. */
static bool options_of(unsigned bits, struct oracle_side *s)
{
	s->reuse = bits & 1;
	s->reuseport = bits >> 1 & 1;
	s->reuseport_cb = bits >> 2 & 1;
	s->uid = bits >> 3 & 1 ? OTHER_UID : 0;
	return s->reuseport || !(s->reuseport_cb || s->uid);
}

static void ask_all_options(uint8_t proto, struct oracle_side h, struct oracle_side a)
{
	for (unsigned hb = 0; hb < 4; hb++)
		for (unsigned ab = 0; ab < 16; ab++)
			if (options_of(hb, &h) && options_of(ab, &a))
				ask(proto, h, a);
}

static void begin(void)
{
	if (entered) {
		print_message("skip conflict with real sockets: no network namespace: %s\n",
			      strerror(-entered));
		skip();
	}
	asked = differed = excused = disturbed = 0;
}

static void end(void)
{
	print_message("%lu questions to the kernel, %lu known bugs of it, %lu disturbed\n", asked,
		      excused, disturbed);
	assert_true(asked > 0);
	assert_int_equal(differed, 0);
}

static void ask_all_binders(uint8_t proto, enum socket_kind state, enum address_kind holding)
{
	for (int asking = 0; asking < ADDRESS_KINDS; asking++) {
		struct oracle_side h = { .address = holding, .state = state };
		struct oracle_side a = { .address = (enum address_kind)asking };

		if (asking != V6_CLIENT)
			ask_all_options(proto, h, a);
	}
}

static void against_bound(uint8_t proto, enum socket_kind state)
{
	begin();
	for (int holding = 0; holding < ADDRESS_KINDS; holding++)
		if (holding != V6_CLIENT)
			ask_all_binders(proto, state, (enum address_kind)holding);
	end();
}

static void against_clients(uint8_t proto, enum socket_kind state)
{
	begin();
	ask_all_binders(proto, state, V4_LOOPBACK);
	ask_all_binders(proto, state, V6_CLIENT);
	ask_all_binders(proto, state, MAPPED_LOOPBACK);
	end();
}

static void tcp_bound(void **state)
{
	(void)state;
	against_bound(PC_PROTO_TCP, SOCKET_BOUND);
}

static void tcp_listening(void **state)
{
	(void)state;
	against_bound(PC_PROTO_TCP, SOCKET_LISTENING);
}

static void udp_bound(void **state)
{
	(void)state;
	against_bound(PC_PROTO_UDP, SOCKET_BOUND);
}

static void tcp_connected(void **state)
{
	(void)state;
	against_clients(PC_PROTO_TCP, SOCKET_CONNECTED);
}

static void tcp_time_wait(void **state)
{
	(void)state;
	against_clients(PC_PROTO_TCP, SOCKET_TIME_WAIT);
}

static void udp_connected(void **state)
{
	(void)state;
	against_clients(PC_PROTO_UDP, SOCKET_CONNECTED);
}

/* SO_BINDTODEVICE: two devices only meet where one side has none. */
static void ask_devices(uint8_t proto, enum address_kind asking, enum address_kind holding,
			unsigned devices)
{
	for (unsigned i = 0; i < devices * devices; i++) {
		struct oracle_side h = { .address = holding, .device = i / devices };
		struct oracle_side a = { .address = asking, .device = i % devices };

		ask(proto, h, a);
	}
}

static void devices(void **state)
{
	static const enum address_kind kinds[] = { V4_ANY, V4_LOOPBACK, V6_ANY, V6_ANY_ONLY,
						   MAPPED_ANY };
	unsigned count = DEVICES;
	int err;

	(void)state;
	begin();
	err = real_second_device();
	if (err) {
		print_message("skip two devices: no tun device: %s\n", strerror(-err));
		count = DEVICE_SECOND;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			ask_devices(PC_PROTO_TCP, kinds[i], kinds[j], count);
			ask_devices(PC_PROTO_UDP, kinds[i], kinds[j], count);
		}
	}
	end();
}

static bool allows(enum address_kind asking, struct oracle_side h)
{
	struct oracle_side a = { .address = asking };
	int port = PORT, holder, binder, err;

	if (h.state == SOCKET_CONNECTED) {
		port = real_connect(PC_PROTO_TCP, &h, false, &holder);
	} else {
		holder = real_open(PC_PROTO_TCP, &h);
		real_bind(holder, &h, PORT);
	}
	binder = real_open(PC_PROTO_TCP, &a);
	err = real_bind(binder, &a, (uint16_t)port);
	real_close(binder);
	real_close(holder);
	return !err;
}

/* Differs between kernels; what the rule says is on record here, not compared. */
static void version_dependent(void **state)
{
	struct oracle_side h = { .address = V6_CLIENT, .state = SOCKET_CONNECTED };
	struct oracle_side a = { .address = V4_QUIRK };
	struct pc_side asking = oracle_side(&a), holding = oracle_side(&h);

	(void)state;
	begin();
	print_message("127.0.0.6 over a client on ::1: the rule says %s, this kernel %s\n",
		      pc_conflict(PC_PROTO_TCP, &asking, &holding) ? "no" : "yes",
		      allows(V4_QUIRK, h) ? "yes" : "no");
}

static int enter(void **state)
{
	(void)state;
	entered = real_enter();
	if (!entered) {
		struct oracle_side h = { .address = MAPPED_ANY };

		has_mapped_bug = allows(MAPPED_LOOPBACK, h);
	}
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_bound),	 cmocka_unit_test(tcp_listening),
		cmocka_unit_test(udp_bound),	 cmocka_unit_test(tcp_connected),
		cmocka_unit_test(tcp_time_wait), cmocka_unit_test(udp_connected),
		cmocka_unit_test(devices),	 cmocka_unit_test(version_dependent),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
