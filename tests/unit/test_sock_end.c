// SPDX-License-Identifier: GPL-2.0-only
/* This test asks which socket a descriptor is, with sockets of its own process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/process/identity.h"
#include "host/procfs.h"
#include "host/sock_end.h"

static struct pc_process_key own_key(void)
{
	struct pc_identity who;
	struct pc_process_key key;

	assert_int_equal(pc_procfs_read("/proc", (uint32_t)getpid(), &who), 0);
	key = who.key;
	pc_identity_free(&who);
	return key;
}

/* A TCP socket that is bound and no more, as the kernel's tables show it: nothing has asked for its cookie. */
static int bind_idle(int family, struct pc_socket *out)
{
	struct sockaddr_in6 name = { .sin6_family = (sa_family_t)family };
	socklen_t len = family == AF_INET6 ? sizeof(name) : sizeof(struct sockaddr_in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &len), 0);
	assert_int_equal(fstat(fd, &st), 0);
	*out = (struct pc_socket){ .inode = st.st_ino,
				   .proto = PC_PROTO_TCP,
				   .family = (uint8_t)family,
				   .state = PC_STATE_CLOSE,
				   .lport = ntohs(name.sin6_port) };
	return fd;
}

static int own_socket_is_at(const struct pc_socket *s, int fd)
{
	struct pc_process_key key = own_key();

	return pc_sock_is_at("/proc", s, &key, fd);
}

static void without_a_cookie(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct pc_socket s, other;
		int fd = bind_idle(families[i], &s), there = bind_idle(families[i], &other);

		assert_int_equal(own_socket_is_at(&s, fd), 0);
		assert_int_equal(own_socket_is_at(&other, there), 0);
		assert_int_equal(own_socket_is_at(&s, there), -ENOENT);
		assert_int_equal(own_socket_is_at(&s, -1), -ENOENT);
		s.lport++;
		assert_int_equal(own_socket_is_at(&s, fd), -ENOENT);
		s.lport--;
		s.inode = 0;
		assert_int_equal(own_socket_is_at(&s, fd), -ENOENT);
		close(fd);
		close(there);
	}
}

/* A cookie alone decides, whatever inode and port are. */
static void by_its_cookie(void **state)
{
	struct pc_socket s;
	int fd = bind_idle(AF_INET, &s);
	socklen_t len = sizeof(s.cookie);

	(void)state;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &s.cookie, &len), 0);
	s.inode++;
	s.lport++;
	assert_int_equal(own_socket_is_at(&s, fd), 0);
	s.inode--;
	s.lport--;
	s.cookie++;
	assert_int_equal(own_socket_is_at(&s, fd), -ENOENT);
	close(fd);
}

/* The inode is enough to stop a process, and not enough to end a socket. */
static void never_ended_without_a_cookie(void **state)
{
	struct pc_process_key key = own_key();
	struct pc_socket s;
	int fd = bind_idle(AF_INET, &s);

	(void)state;
	assert_int_equal(pc_sock_destroy(&s), -EINVAL);
	assert_int_equal(pc_sock_copy("/proc", &s, &key, fd), -ENOENT);
	assert_int_equal(pc_sock_disconnect("/proc", &s, &key, fd), -ENOENT);
	assert_int_equal(own_socket_is_at(&s, fd), 0);
	close(fd);
}

/* Anybody can make the file of a Unix socket, whose inode number is that of a socket in another file system. */
static void file_of_a_unix_socket(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char folder[] = "/tmp/portclash-test-XXXXXX";
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name.sun_path, sizeof(name.sun_path), "%s/socket", folder);
	assert_int_equal(bind(server, (struct sockaddr *)&name, sizeof(name)), 0);
	fd = open(name.sun_path, O_PATH | O_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(own_socket_is_at(&(struct pc_socket){ .inode = st.st_ino }, fd), -ENOENT);
	unlink(name.sun_path);
	rmdir(folder);
	close(fd);
	close(server);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_cookie),
		cmocka_unit_test(by_its_cookie),
		cmocka_unit_test(never_ended_without_a_cookie),
		cmocka_unit_test(file_of_a_unix_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
