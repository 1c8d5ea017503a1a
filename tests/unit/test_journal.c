// SPDX-License-Identifier: GPL-2.0-only
/* The journal's protocol against a socket of the test's own: what an entry is made of, large ones
 * in sealed files, a journald that is not there, hangs or comes back. tests/live has the real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cases.h"
#include "core/verdict/advice.h"
#include "core/verdict/decide.h"
#include "core/base/text.h"
#include "out/journal.h"
#include "out/journal_fields.h"

static char folder[64];
static char path[96];
static int server = -1;

static void journal_serve(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	server = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int journal_set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/portclash-journal-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	journal_serve();
	return 0;
}

static int journal_tear_down(void **state)
{
	(void)state;
	if (server >= 0)
		close(server);
	server = -1;
	unlink(path);
	return rmdir(folder);
}

static struct pc_journal journal_here(void)
{
	return (struct pc_journal){ .path = path, .fd = -1 };
}

/* The next entry into `out`, from the datagram or the file that came with it; its length. */
static size_t receive(char *out, size_t size, int *seals)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = { out, size };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(server, &message, 0);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fd;

	assert_true(n >= 0);
	*seals = 0;
	if (!header)
		return (size_t)n;
	assert_int_equal(n, 0);
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	*seals = fcntl(fd, F_GET_SEALS);
	n = pread(fd, out, size, 0);
	close(fd);
	assert_true(n > 0);
	return (size_t)n;
}

static void journal_fields(void **state)
{
	static const char want[] = "A=b\nC\n\x03\0\0\0\0\0\0\0x\ny\nD=\nE=a=b\nF=\x01\0\xff\n";
	struct pc_text text;
	char *entry;

	(void)state;
	assert_int_equal(pc_text_open(&text), 0);
	pc_journal_field(text.out, "A", "b", 1);
	pc_journal_field(text.out, "C", "x\ny", 3);
	pc_journal_field(text.out, "D", "", 0);
	pc_journal_field(text.out, "E", "a=b", 3);
	pc_journal_field(text.out, "F", "\x01\0\xff", 3);
	entry = pc_text_close(&text);
	assert_int_equal(text.len, sizeof(want) - 1);
	assert_memory_equal(entry, want, sizeof(want) - 1);
	free(entry);
}

static void datagram(void **state)
{
	struct pc_journal j = journal_here();
	char have[64];
	int seals;

	(void)state;
	assert_int_equal(pc_journal_send(&j, "MESSAGE=a\n", 10), 0);
	assert_int_equal(pc_journal_send(&j, "MESSAGE=b\n", 10), 0);
	assert_int_equal(receive(have, sizeof(have), &seals), 10);
	assert_memory_equal(have, "MESSAGE=a\n", 10);
	assert_int_equal(receive(have, sizeof(have), &seals), 10);
	assert_memory_equal(have, "MESSAGE=b\n", 10);
	assert_int_equal(j.lost, 0);
	pc_journal_close(&j);
}

/* Larger than any socket's buffer. */
static void large(void **state)
{
	size_t len = 4 << 20;
	char *entry = malloc(len), *have = malloc(len + 1);
	struct pc_journal j = journal_here();
	int seals;

	(void)state;
	memset(entry, 'x', len);
	memcpy(entry, "MESSAGE=", 8);
	entry[len - 1] = '\n';
	assert_int_equal(pc_journal_send(&j, entry, len), 0);
	assert_int_equal(receive(have, len + 1, &seals), len);
	assert_memory_equal(have, entry, len);
	assert_int_equal(seals, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
	assert_int_equal(j.lost, 0);
	pc_journal_close(&j);
	free(entry);
	free(have);
}

static void absent_and_back(void **state)
{
	struct pc_journal j = journal_here();
	char have[64];
	int seals;

	(void)state;
	close(server);
	assert_int_equal(pc_journal_send(&j, "A=1\n", 4), -ECONNREFUSED);
	unlink(path);
	assert_int_equal(pc_journal_send(&j, "A=2\n", 4), -ENOENT);
	journal_serve();
	assert_int_equal(pc_journal_send(&j, "A=3\n", 4), 0);
	assert_int_equal(receive(have, sizeof(have), &seals), 4);
	/* Made anew while we were connected: nothing is lost. */
	close(server);
	journal_serve();
	assert_int_equal(pc_journal_send(&j, "A=4\n", 4), 0);
	assert_int_equal(receive(have, sizeof(have), &seals), 4);
	assert_memory_equal(have, "A=4\n", 4);
	assert_int_equal(j.lost, 2);
	pc_journal_close(&j);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A journal that takes nothing: the first entry waits for it, the others do not. */
static void hangs(void **state)
{
	struct pc_journal j = journal_here();
	unsigned sent = 0;
	double before;
	char have[64];
	int seals;

	(void)state;
	while (pc_journal_send(&j, "A=1\n", 4) == 0)
		assert_true(++sent < 100000);
	assert_true(j.stuck);
	before = seconds();
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(pc_journal_send(&j, "A=2\n", 4), -EAGAIN);
	assert_true(seconds() - before < 100 * PC_JOURNAL_WAIT_MS / 1000.0 / 4);
	assert_int_equal(j.lost, 101);
	while (sent--)
		receive(have, sizeof(have), &seals);
	assert_int_equal(pc_journal_send(&j, "A=3\n", 4), 0);
	assert_false(j.stuck);
	pc_journal_close(&j);
}

static void stream(void **state)
{
	char own[64], other[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(server, &st), 0);
	snprintf(own, sizeof(own), "%lu:%lu", st.st_dev, st.st_ino);
	snprintf(other, sizeof(other), "%lu:%lu", st.st_dev, st.st_ino + 1);
	assert_true(pc_journal_is_stream(own, server));
	assert_false(pc_journal_is_stream(other, server));
	assert_false(pc_journal_is_stream(own, -1));
	strcat(own, " ");
	assert_false(pc_journal_is_stream(own, server));
	assert_false(pc_journal_is_stream(NULL, server));
	assert_false(pc_journal_is_stream("", server));
	assert_false(pc_journal_is_stream("1", server));
	assert_false(pc_journal_is_stream("a:b", server));
}

static void assert_field(const char *entry, size_t len, const char *name, const char *value)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "\n%s=%s\n", name, value);

	if (!memmem(entry, len, line, (size_t)n))
		fail_msg("no field %s with the value %s", name, value);
}

static void assert_none(const char *entry, size_t len, const char *part)
{
	if (memmem(entry, len, part, strlen(part)))
		fail_msg("%s is there", part);
}

/* Names made to look like fields of their own, and to be obeyed by terminals. */
static void hostile(void **state)
{
	struct pc_clock clock = { 0 };
	struct pc_journal j = journal_here();
	struct pc_identity evil = *case_thief();
	struct pc_verdict v;
	char have[16384];
	size_t len;
	int seals;

	(void)state;
	evil.exe = (char *)"/tmp/a\nPRIORITY=0\n\033[31m";
	evil.cmdline = (char *)"\xff\n_PID=1";
	memcpy(evil.comm, "a\nERRNO=1\x1b", 10);
	case_refusal(&v);
	case_client(&v)->claimer = case_party(&evil);
	v.requester.key.tgid = 4312;
	pc_decide(&v);
	assert_int_equal(pc_advise(&v), 0);
	assert_int_equal(pc_sink_journal.verdict(&j, &clock, &v), 0);
	len = receive(have, sizeof(have), &seals);
	assert_none(have, len, "\n_PID");
	assert_none(have, len, "\nPRIORITY=0");
	assert_none(have, len, "\nERRNO=1\\");
	assert_null(memchr(have, 033, len));
	assert_field(have, len, "PORTCLASH_HOLDER_EXE", "/tmp/a\\x0aPRIORITY=0\\x0a\\x1b[31m");
	assert_field(have, len, "PORTCLASH_HOLDER_COMM", "a\\x0aERRNO=1\\x1b");
	assert_field(have, len, "OBJECT_PID", "4312");
	assert_field(have, len, "OBJECT_SYSTEMD_UNIT", "orders.service");
	pc_verdict_clear(&v);
	pc_journal_close(&j);
}

/* A group that a user was given to name as he likes must not show in another unit's log. */
static void delegated_unit(void **state)
{
	struct pc_clock clock = { 0 };
	struct pc_journal j = journal_here();
	struct pc_identity user = *case_server();
	struct pc_verdict v;
	char have[16384];
	size_t len;
	int seals;

	(void)state;
	user.cgroup = (char *)"/user.slice/user-1000.slice/user@1000.service/orders.service";
	case_refusal(&v);
	v.requester.who = &user;
	pc_decide(&v);
	assert_int_equal(pc_sink_journal.verdict(&j, &clock, &v), 0);
	len = receive(have, sizeof(have), &seals);
	assert_none(have, len, "OBJECT_SYSTEMD_UNIT");
	assert_field(have, len, "PORTCLASH_REQUESTER_UNIT", "orders.service");
	pc_journal_close(&j);
}

static char *journal_read_whole(const char *name)
{
	FILE *file = fopen(name, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		fail_msg("%s: run this in the folder of the source", name);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	fclose(file);
	return text;
}

static bool is_field(const char *name, size_t len)
{
	for (int i = 0; i < PC_FIELD_COUNT; i++)
		if (strlen(pc_field_name(i)) == len && !memcmp(pc_field_name(i), name, len))
			return true;
	return false;
}

/* journald accepts each field, docs/journal.md has each, and no other. */
static void table_and_document(void **state)
{
	char *text = journal_read_whole("docs/journal.md"), quoted[80];

	(void)state;
	for (int i = 0; i < PC_FIELD_COUNT; i++) {
		const char *name = pc_field_name(i);

		assert_in_range(strlen(name), 1, 64);
		assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), strlen(name));
		snprintf(quoted, sizeof(quoted), "`%s`", name);
		if (!strstr(text, quoted))
			fail_msg("%s is not in docs/journal.md", name);
	}
	for (char *at = text; (at = strstr(at, "`PORTCLASH_")); at++) {
		size_t len = strcspn(at + 1, "`");

		if (!memmem(at + 1, len, "…", strlen("…")) && !is_field(at + 1, len))
			fail_msg("there is no field %.*s", (int)len, at + 1);
	}
	free(text);
}

static void message_ids(void **state)
{
	static const char *const ids[] = { PC_JOURNAL_REFUSAL_ID, PC_JOURNAL_REPEAT_ID,
					   PC_JOURNAL_OUTCOME_ID, PC_JOURNAL_WARNING_ID,
					   PC_JOURNAL_READY_ID,	  PC_JOURNAL_SUMMARY_ID,
					   PC_JOURNAL_GUARD_ID };
	char *catalog = journal_read_whole("packaging/systemd/portclash.catalog"), line[64];
	char *text = journal_read_whole("docs/journal.md");

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		snprintf(line, sizeof(line), "\n-- %s\nSubject: ", ids[i]);
		assert_non_null(strstr(catalog, line));
		assert_non_null(strstr(text, ids[i]));
	}
	for (char *at = catalog; (at = strstr(at, "@PORTCLASH_")); at += strcspn(at + 1, "@") + 2)
		if (!is_field(at + 1, strcspn(at + 1, "@")))
			fail_msg("there is no field %.40s", at + 1);
	free(catalog);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal_fields),
		cmocka_unit_test(table_and_document),
		cmocka_unit_test(message_ids),
		cmocka_unit_test_setup_teardown(datagram, journal_set_up, journal_tear_down),
		cmocka_unit_test_setup_teardown(large, journal_set_up, journal_tear_down),
		cmocka_unit_test_setup_teardown(absent_and_back, journal_set_up, journal_tear_down),
		cmocka_unit_test_setup_teardown(hangs, journal_set_up, journal_tear_down),
		cmocka_unit_test_setup_teardown(stream, journal_set_up, journal_tear_down),
		cmocka_unit_test_setup_teardown(hostile, journal_set_up, journal_tear_down),
		cmocka_unit_test_setup_teardown(delegated_unit, journal_set_up, journal_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
