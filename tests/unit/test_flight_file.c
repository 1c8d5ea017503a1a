// SPDX-License-Identifier: GPL-2.0-only
/* The flight recorder's file: which files it takes, and that nothing that happens to the file ends the agent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/time.h"
#include "core/flight/answer.h"
#include "core/flight/flight.h"
#include "folder.h"
#include "host/flight_file.h"

static const struct pc_flight_losses nothing_lost;

#define SIZE 65536
#define NOW (UINT64_C(1796045400) * PC_NS_PER_SECOND)

static void expect_not_taken(const char *path, const char *because)
{
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	char sentence[PC_FLIGHT_SENTENCE] = "";

	assert_true(pc_flight_file_open(path, SIZE, &f, sentence) < 0);
	if (!strstr(sentence, because))
		fail_msg("expected \"%s\", got \"%s\"", because, sentence);
	assert_int_equal(f.fd, -1);
}

static void expect_unreadable(const char *path, const char *because)
{
	char sentence[PC_FLIGHT_SENTENCE] = "";
	void *data = NULL;
	size_t size;

	assert_true(pc_flight_file_read(path, &data, &size, sentence) < 0);
	assert_null(data);
	if (!strstr(sentence, because))
		fail_msg("expected \"%s\", got \"%s\"", because, sentence);
}

static void open_or_fail(struct pc_flight_file *f)
{
	char sentence[PC_FLIGHT_SENTENCE] = "";

	if (pc_flight_file_open("flight", SIZE, f, sentence))
		fail_msg("%s", sentence);
}

static void a_file_of_others_is_not_taken(void **state)
{
	(void)state;
	folder_put("mine", "notes that nobody may overwrite\n");
	chmod("mine", 0600);
	assert_int_equal(symlink("mine", "link"), 0);
	expect_not_taken("link", "is a symbolic link");
	expect_not_taken("mine", "overwrites no other file");
	folder_expect("mine", "notes that nobody may overwrite\n");
	chmod("mine", 0644);
	expect_not_taken("mine", "open to others");
	chmod("mine", 0600);
	assert_int_equal(link("mine", "other"), 0);
	expect_not_taken("mine", "several names");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	expect_not_taken("pipe", "no plain file");
	expect_not_taken("folder/none", "No such file");
	expect_unreadable("mine", "is no flight recorder");
	expect_unreadable("pipe", "no plain file");
	expect_unreadable("none", "No such file");
	if (!geteuid()) {
		unlink("other");
		assert_int_equal(chown("mine", 1234, 0), 0);
		expect_not_taken("mine", "belongs to another user");
	}
}

static void the_file_is_private_and_whole(void **state)
{
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	struct stat st;

	(void)state;
	umask(0);
	open_or_fail(&f);
	assert_int_equal(fstat(f.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, SIZE);
	/* No hole that a full disk could not fill. */
	assert_true(st.st_blocks * 512 >= SIZE);
	expect_not_taken("flight", "in use by another agent");
	expect_unreadable("flight", "is empty");
	pc_flight_file_close(&f);
	open_or_fail(&f);
	pc_flight_file_close(&f);
}

static void a_file_of_another_size_is_begun_anew(void **state)
{
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	struct pc_flight *flight;
	char sentence[PC_FLIGHT_SENTENCE];
	struct stat st;

	(void)state;
	open_or_fail(&f);
	flight = pc_flight_new(f.map, f.size, 1, NOW);
	pc_flight_begin(flight, NOW);
	pc_flight_free(flight);
	pc_flight_file_close(&f);
	assert_int_equal(pc_flight_file_open("flight", 2 * SIZE, &f, sentence), 0);
	assert_non_null(f.note);
	assert_non_null(strstr(f.note, "had another flight_size"));
	assert_int_equal(pc_flight_look(f.map, 2 * SIZE), PC_FLIGHT_DAMAGED);
	flight = pc_flight_new(f.map, f.size, 1, NOW);
	assert_int_equal(pc_flight_look(f.map, 2 * SIZE), PC_FLIGHT_OURS);
	assert_int_equal(fstat(f.fd, &st), 0);
	assert_int_equal(st.st_size, 2 * SIZE);
	pc_flight_free(flight);
	pc_flight_file_close(&f);
}

/* Writes what a file begins with, and its length. */
static void put_beginning(const char *path, const void *data, size_t len, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(pwrite(fd, data, len, 0), (ssize_t)len);
	close(fd);
}

/* A disk image begins with zeros, too. */
static void a_file_that_begins_with_zeros_is_not_taken(void **state)
{
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	char have[5] = "";
	int fd;

	(void)state;
	put_beginning("flight", "", 0, SIZE + 9000);
	fd = open("flight", O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "data", 4, SIZE + 8000), 4);
	expect_not_taken("flight", "overwrites no other file");
	expect_unreadable("flight", "is no flight recorder");
	assert_int_equal(pread(fd, have, 4, SIZE + 8000), 4);
	assert_string_equal(have, "data");
	close(fd);
	/* The room of an agent that was killed before it wrote. */
	put_beginning("flight", "", 0, SIZE);
	open_or_fail(&f);
	assert_null(f.note);
	pc_flight_file_close(&f);
}

static void put_recorder_of_version(uint32_t version)
{
	struct pc_flight_head head = { .version = version, .slot_size = PC_FLIGHT_SLOT };

	head.slots = pc_flight_slots(SIZE);
	memcpy(head.magic, PC_FLIGHT_MAGIC, sizeof(head.magic));
	head.check = pc_flight_sum(&head, offsetof(struct pc_flight_head, check));
	put_beginning("flight", &head, sizeof(head), SIZE);
}

static void a_newer_recorder_stays_as_it_is(void **state)
{
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	struct stat before, after;

	(void)state;
	put_recorder_of_version(PC_FLIGHT_VERSION + 1);
	assert_int_equal(stat("flight", &before), 0);
	expect_not_taken("flight", "was written by a newer portclash");
	expect_unreadable("flight", "was written by a newer portclash");
	assert_int_equal(stat("flight", &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	put_recorder_of_version(PC_FLIGHT_VERSION - 1);
	expect_unreadable("flight", "was written by an older portclash");
	open_or_fail(&f);
	assert_non_null(f.note);
	assert_non_null(strstr(f.note, "was written by an older portclash"));
	pc_flight_file_close(&f);
}

/* The kernel sends SIGBUS for a page behind the end of a file. */
static void a_shorter_file_ends_the_recording_only(void **state)
{
	struct pc_claim c = { .time_ns = 1, .how = PC_HOW_BIND, .proto = PC_PROTO_TCP, .port = 80 };
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	struct pc_flight *flight;

	(void)state;
	open_or_fail(&f);
	flight = pc_flight_new(f.map, f.size, PC_NS_PER_SECOND, NOW);
	pc_flight_begin(flight, NOW);
	assert_false(pc_flight_file_broken());
	assert_int_equal(truncate("flight", 0), 0);
	for (unsigned i = 0; i < 1000; i++)
		pc_flight_claim(flight, &c, NOW);
	pc_flight_round(flight, &nothing_lost, NOW + 2 * PC_NS_PER_SECOND);
	assert_true(pc_flight_file_broken());
	expect_unreadable("flight", "is empty");
	pc_flight_free(flight);
	pc_flight_file_close(&f);
}

/* A fault in another map ends the process as ever. */
static void fault_elsewhere(void)
{
	int fd = open("elsewhere", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	volatile char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	at[0] = 1;
	_exit(0);
}

static void another_fault_still_kills(void **state)
{
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	int status = 0;
	pid_t pid;

	(void)state;
	open_or_fail(&f);
	pid = fork();
	if (!pid)
		fault_elsewhere();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	pc_flight_file_close(&f);
}

/* The agent writes on while somebody reads. */
static void it_is_read_while_it_is_written(void **state)
{
	struct pc_claim c = { .how = PC_HOW_BIND, .proto = PC_PROTO_TCP, .port = 80 };
	struct pc_flight_file f = PC_FLIGHT_FILE_INIT;
	struct pc_flight *flight;
	pid_t pid;

	(void)state;
	open_or_fail(&f);
	flight = pc_flight_new(f.map, f.size, PC_NS_PER_SECOND, NOW);
	pc_flight_begin(flight, NOW);
	pid = fork();
	for (unsigned i = 0; !pid; i++) {
		c.time_ns = i + 1;
		pc_flight_claim(flight, &c, NOW);
	}
	for (unsigned i = 0; i < 200; i++) {
		char sentence[PC_FLIGHT_SENTENCE] = "";
		uint64_t ports[PC_PORT_WORDS] = { [1] = 1 << (80 - 64) };
		struct pc_flight_question q = { .ports = ports, .to_ns = UINT64_MAX };
		struct pc_flight_answer a;
		void *data = NULL;
		size_t size = 0;

		if (pc_flight_file_read("flight", &data, &size, sentence))
			fail_msg("%s", sentence);
		pc_flight_ask(data, size, &q, &a);
		assert_true(a.torn <= 1);
		for (unsigned k = 0; k < a.count; k++)
			assert_int_equal(a.held[k]->port, 80);
		free(data);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	pc_flight_free(flight);
	pc_flight_file_close(&f);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_enter, folder_leave)

/* A user who floods portclash with claims loses only claims. */
static void claims_are_no_ends(void **state)
{
	struct pc_counters c = { .states_missed = 3, .ledger_refused = 5 };

	(void)state;
	for (int i = 0; i < PC_STAT_COUNT; i++)
		c.lost[i] = i == PC_STAT_ENDPOINTS_LOST ? 0 : 7;
	assert_int_equal(pc_lost_ends(&c), 0);
	c.lost[PC_STAT_ENDPOINTS_LOST] = 1;
	c.ends_missed = 10;
	c.records_bad = 100;
	assert_int_equal(pc_lost_ends(&c), 111);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_are_no_ends),
		IN_FOLDER(a_file_of_others_is_not_taken),
		IN_FOLDER(the_file_is_private_and_whole),
		IN_FOLDER(a_file_of_another_size_is_begun_anew),
		IN_FOLDER(a_file_that_begins_with_zeros_is_not_taken),
		IN_FOLDER(a_newer_recorder_stays_as_it_is),
		IN_FOLDER(a_shorter_file_ends_the_recording_only),
		IN_FOLDER(another_fault_still_kills),
		IN_FOLDER(it_is_read_while_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
