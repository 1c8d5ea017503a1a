// SPDX-License-Identifier: GPL-2.0-only
/* Answers of NETLINK_SOCK_DIAG that are cut off or lie about their lengths: nothing behind their
 * end is read (the same tests run under ASan). What a true one says is tested in tests/live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>

#include "host/sockdiag.h"

/* One socket with one attribute, whose last byte is the message's last. */
struct answer {
	struct nlmsghdr header;
	struct inet_diag_msg socket;
	struct rtattr attribute;
	uint8_t v6only;
	uint8_t padding[3];
};

#define UNPADDED offsetof(struct answer, padding)

static struct answer sockdiag_listener(void)
{
	return (struct answer){
		.header = { .nlmsg_len = UNPADDED, .nlmsg_type = SOCK_DIAG_BY_FAMILY },
		.socket = { .idiag_family = PC_FAMILY_V6,
			    .idiag_state = PC_STATE_LISTEN,
			    .id = { .idiag_sport = 0xb888 /* 35000 */ } },
		.attribute = { .rta_len = RTA_LENGTH(1), .rta_type = INET_DIAG_SKV6ONLY },
		.v6only = 1,
	};
}

/* In memory of exactly this size. */
static int sockdiag_take(const struct answer *a, size_t size, struct pc_socket_list *out)
{
	void *copy = memcpy(malloc(size), a, size);
	int err = pc_sockdiag_take(copy, size, PC_PROTO_TCP, false, out);

	free(copy);
	return err;
}

static void without_padding(void **state)
{
	struct pc_socket_list sockets = { 0 };
	struct answer a = sockdiag_listener();

	(void)state;
	assert_int_equal(sockdiag_take(&a, UNPADDED, &sockets), 0);
	assert_int_equal(sockets.count, 1);
	assert_int_equal(sockets.list[0].socket.lport, 35000);
	assert_int_equal(sockets.list[0].socket.flags, PC_SOCKET_V6ONLY);
	pc_sockdiag_free(&sockets);
}

static void cut_anywhere(void **state)
{
	struct answer a = sockdiag_listener();

	(void)state;
	for (size_t size = 1; size < UNPADDED; size++) {
		struct pc_socket_list sockets = { 0 };

		assert_int_equal(sockdiag_take(&a, size, &sockets), 0);
		assert_int_equal(sockets.count, 0);
		a.header.nlmsg_len = (uint32_t)size; /* and says so */
		assert_int_equal(sockdiag_take(&a, size, &sockets), 0);
		a.header.nlmsg_len = UNPADDED;
		pc_sockdiag_free(&sockets);
	}
}

static void attribute_lies(void **state)
{
	struct answer a = sockdiag_listener();

	(void)state;
	for (unsigned len = 0; len <= UINT16_MAX; len++) {
		struct pc_socket_list sockets = { 0 };

		a.attribute.rta_len = (uint16_t)len;
		assert_int_equal(sockdiag_take(&a, sizeof(a), &sockets), 0);
		assert_int_equal(sockets.count, 1);
		pc_sockdiag_free(&sockets);
	}
}

static void errors(void **state)
{
	struct pc_socket_list sockets = { 0 };
	struct answer a = sockdiag_listener();
	struct nlmsgerr error = { .error = -ENOENT };

	(void)state;
	a.header.nlmsg_type = NLMSG_ERROR;
	memcpy(&a.socket, &error, sizeof(error));
	assert_int_equal(sockdiag_take(&a, sizeof(a), &sockets), -ENOENT);
	/* The kernel sends no positive error. It must not be taken for the end of the dump. */
	error.error = 1;
	memcpy(&a.socket, &error, sizeof(error));
	assert_int_equal(sockdiag_take(&a, sizeof(a), &sockets), -EBADMSG);
	a.header.nlmsg_len = NLMSG_LENGTH(sizeof(error)) - 1;
	assert_int_equal(sockdiag_take(&a, sizeof(a), &sockets), -EBADMSG);
	a.header.nlmsg_type = NLMSG_DONE;
	assert_int_equal(sockdiag_take(&a, sizeof(a), &sockets), 1);
	assert_int_equal(sockets.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_padding),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(attribute_lies),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
