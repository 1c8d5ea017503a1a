// SPDX-License-Identifier: GPL-2.0-only
/* The owners of a socket, when pids are used again meanwhile. What was read of a process by its pid
 * counts only if the socket was that process's descriptor all the while. */
#include "fake_proc.h"

#include "host/owners.h"

#define INODE 777

static void make_socket(const struct fake *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/fd", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	put_link(f, "fd/3", "socket:[777]");
}

static void find_owners_of(const struct fake *f, struct pc_holder *h, struct pc_owners *owners)
{
	struct pc_owners_sought sought = { &h->socket, h->owners, &h->owners_count,
					   &h->process_note };

	*h = (struct pc_holder){ .socket.inode = INODE };
	assert_int_equal(pc_owners_find(f->root, &sought, 1, owners), 0);
}

static void named(void **state)
{
	struct fake *f = *state;
	struct pc_owners owners = { 0 };
	struct pc_holder h;

	make_socket(f);
	find_owners_of(f, &h, &owners);
	assert_int_equal(h.owners_count, 1);
	assert_int_equal(h.owners[0].fd, 3);
	assert_string_equal(h.owners[0].who->comm, "curl");
	assert_null(h.process_note);
	pc_owners_free(&owners);
}

/* Inode numbers are used again: the socket of another network namespace has another owner. */
static void one_number_in_two_namespaces(void **state)
{
	struct fake *f = *state;
	struct pc_owners owners = { 0 };
	struct pc_holder h[3] = { { .socket = { .inode = INODE, .netns = NETNS } },
				  { .socket = { .inode = INODE, .netns = NETNS + 1 } },
				  { .socket = { .inode = INODE, .netns = NETNS } } };
	struct pc_owners_sought sought[3];

	make_socket(f);
	for (int i = 0; i < 3; i++)
		sought[i] = (struct pc_owners_sought){ &h[i].socket, h[i].owners,
						       &h[i].owners_count, &h[i].process_note };
	assert_int_equal(pc_owners_find(f->root, sought, 3, &owners), 0);
	assert_int_equal(h[0].owners_count, 1);
	assert_int_equal(h[1].owners_count, 0);
	assert_int_equal(h[2].owners_count, 1);
	assert_non_null(h[1].process_note);
	pc_owners_free(&owners);
}

/* A process may have the socket of another namespace open, as long as the number says which it is. */
static void socket_of_another_namespace(void **state)
{
	struct fake *f = *state;
	struct pc_owners owners = { 0 };
	struct pc_holder h = { .socket = { .inode = INODE, .netns = NETNS + 1 } };
	struct pc_owners_sought sought = { &h.socket, h.owners, &h.owners_count, &h.process_note };

	make_socket(f);
	assert_int_equal(pc_owners_find(f->root, &sought, 1, &owners), 0);
	assert_int_equal(h.owners_count, 1);
	pc_owners_free(&owners);
}

/* The process was read before, for something else; another process has its pid now, and the socket. */
static void recycled_between_two_looks(void **state)
{
	struct fake *f = *state;
	struct pc_owners owners = { 0 };
	struct pc_holder h;

	make_socket(f);
	assert_string_equal(pc_owners_identity(f->root, PID, &owners)->comm, "curl");
	assert_string_equal(pc_owners_identity(f->root, PID, &owners)->comm, "curl");
	assert_int_equal(owners.count, 1);
	put_stat(f, "other", 'S', 1, TICKS + 1);
	find_owners_of(f, &h, &owners);
	assert_int_equal(h.owners_count, 1);
	assert_string_equal(h.owners[0].who->comm, "other");
	assert_string_equal(pc_owners_identity(f->root, PID, &owners)->comm, "other");
	pc_owners_free(&owners);
}

/* The reader of the command line, a FIFO, waits until the socket is another's. */
static void *close_socket(void *argument)
{
	const struct fake *f = argument;
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/cmdline", f->dir);
	fd = open(path, O_WRONLY);
	put_link(f, "fd/3", "socket:[778]");
	close(fd);
	return NULL;
}

static void recycled_halfway(void **state)
{
	struct fake *f = *state;
	struct pc_owners owners = { 0 };
	struct pc_holder h;
	pthread_t thread;
	char path[160];

	make_socket(f);
	snprintf(path, sizeof(path), "%s/cmdline", f->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, close_socket, f), 0);
	find_owners_of(f, &h, &owners);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(h.owners_count, 0);
	assert_non_null(h.process_note);
	pc_owners_free(&owners);
}

static void is_or_was(void **state)
{
	struct fake *f = *state;
	struct pc_process_key key = { TICKS * TICK_NS + 1, PID, 0 };

	assert_true(pc_procfs_is_or_was(f->root, &key));
	put_stat(f, "curl", 'Z', 1, TICKS);
	assert_true(pc_procfs_is_or_was(f->root, &key));
	assert_false(pc_procfs_is(f->root, &key));
	put_stat(f, "other", 'S', 1, TICKS + 1);
	assert_false(pc_procfs_is_or_was(f->root, &key));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FAKE(named),
		FAKE(one_number_in_two_namespaces),
		FAKE(socket_of_another_namespace),
		FAKE(recycled_between_two_looks),
		FAKE(recycled_halfway),
		FAKE(is_or_was),
	};

	alarm(120); /* a FIFO that never answers is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
