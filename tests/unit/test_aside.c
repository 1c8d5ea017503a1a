// SPDX-License-Identifier: GPL-2.0-only
/* Looks that block: a command line, a path and a program in file systems that never answer. As root a FUSE file
 * system without a server takes part, as a user can have one; else a FIFO. A look that does not end would keep
 * the test for ever: an alarm ends it then. Each test has users of its own, because a thread that is let go
 * still needs a CPU to end. */
#include "fake_proc.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/mount.h>

#include "host/aside.h"
#include "host/clock.h"
#include "host/looks.h"

#define SECOND_NS 1000000000ULL
#define HANGS_S 120

/* Jobs that wait until the test lets them go. */
static sem_t gate, dropped;

static void wait_at_gate(void *job)
{
	(void)job;
	sem_wait(&gate);
}

static void count_dropped(void *job)
{
	(void)job;
	sem_post(&dropped);
}

static void no_job(void *job)
{
	(void)job;
}

static void let_go(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sem_post(&gate);
	for (unsigned i = 0; i < count; i++)
		sem_wait(&dropped);
}

static int run_blocked(uint32_t uid)
{
	return pc_aside_run(wait_at_gate, count_dropped, NULL, uid, 10000000);
}

/* The user's turn comes again; the alarm ends a test in which it does not. */
static void run_after_pause(uint32_t uid)
{
	int err;

	while ((err = pc_aside_run(no_job, count_dropped, NULL, uid, SECOND_NS)) == -EBUSY)
		usleep(10000);
	assert_int_equal(err, 0);
}

/* A user has one thread stuck, and the process a few; others are served meanwhile. */
static void test_stuck(void **state)
{
	(void)state;
	sem_init(&gate, 0, 0);
	sem_init(&dropped, 0, 0);
	assert_int_equal(run_blocked(1000), -ETIMEDOUT);
	assert_int_equal(run_blocked(1000), -EBUSY);
	assert_int_equal(pc_aside_run(no_job, count_dropped, NULL, 1000, SECOND_NS), -EBUSY);
	assert_int_equal(pc_aside_run(no_job, count_dropped, NULL, 0, SECOND_NS), 0);
	for (uint32_t i = 1; i < PC_ASIDE_STUCK_MAX; i++)
		assert_int_equal(run_blocked(1000 + i), -ETIMEDOUT);
	assert_int_equal(run_blocked(2000), -EBUSY);
	let_go(PC_ASIDE_STUCK_MAX);
	run_after_pause(1000);
}

static void sleep_long(void *job)
{
	(void)job;
	usleep(500000);
}

/* Jobs that are blocked for less than their limit take only a quarter of the caller's time, whichever of his ids the user
 * takes: after 500 ms a pause of three times as much, of which the last 300 ms are not kept. Others are served meanwhile,
 * and what was left out is counted. */
static void test_pause(void **state)
{
	uint64_t skipped = pc_aside_skipped(), blocked_ns;

	(void)state;
	assert_int_equal(pc_aside_run(sleep_long, count_dropped, NULL, 165536, 20 * SECOND_NS), 0);
	blocked_ns = pc_clock_ns(CLOCK_MONOTONIC);
	assert_int_equal(pc_aside_skipped(), skipped);
	assert_int_equal(pc_aside_run(no_job, count_dropped, NULL, 165537, SECOND_NS), -EBUSY);
	assert_int_equal(pc_aside_skipped(), skipped + 1);
	assert_int_equal(pc_aside_run(no_job, count_dropped, NULL, 4000, SECOND_NS), 0);
	run_after_pause(165536);
	assert_true(pc_clock_ns(CLOCK_MONOTONIC) - blocked_ns >= 1100000000);
}

/* Computes until this thread has used so much CPU time. */
static void compute_for(long ms)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	while (!t.tv_sec && t.tv_nsec < ms * 1000000);
}

static void compute_short(void *job)
{
	(void)job;
	compute_for(20);
}

static void compute_long(void *job)
{
	(void)job;
	compute_for(200);
}

#define RIVALS 8

static atomic_bool rivals_end;

static void *compute_as_rival(void *unused)
{
	(void)unused;
	while (!atomic_load(&rivals_end))
		;
	return NULL;
}

/* Eight threads that compute on one CPU; the caller's mask as it was goes to `all`. */
static cpu_set_t rivals_begin(pthread_t rivals[RIVALS], cpu_set_t *all)
{
	cpu_set_t one;

	atomic_store(&rivals_end, false);
	assert_int_equal(sched_getaffinity(0, sizeof(*all), all), 0);
	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	for (int i = 0; i < RIVALS; i++)
		assert_int_equal(pthread_create(&rivals[i], NULL, compute_as_rival, NULL), 0);
	return one;
}

static void rivals_stop(pthread_t rivals[RIVALS])
{
	atomic_store(&rivals_end, true);
	for (int i = 0; i < RIVALS; i++)
		pthread_join(rivals[i], NULL);
}

/* A job that waits for a CPU is no blocked job. It shares one CPU with eight threads that compute, and needs more
 * than its limit for a part of that as CPU time. */
static void test_starved(void **state)
{
	pthread_t rivals[RIVALS];
	cpu_set_t all;

	(void)state;
	rivals_begin(rivals, &all);
	assert_int_equal(pc_aside_run(compute_short, count_dropped, NULL, 3000, 50000000), 0);
	rivals_stop(rivals);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
}

/* Computes on a CPU that gives it a thousandth of its time. */
static void compute_as_idle(void *job)
{
	const struct sched_param none = { 0 };

	sched_setaffinity(0, sizeof(cpu_set_t), job);
	sched_setscheduler(0, SCHED_IDLE, &none);
	compute_for(20);
}

/* Nor has such a job time without end: with a limit of 30 ms it is left to its thread after 450 ms. */
static void test_starved_for_long(void **state)
{
	pthread_t rivals[RIVALS];
	cpu_set_t all, one;

	(void)state;
	sem_init(&dropped, 0, 0);
	one = rivals_begin(rivals, &all);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_int_equal(pc_aside_run(compute_as_idle, count_dropped, &one, 3002, 30000000),
			 -ETIMEDOUT);
	rivals_stop(rivals);
	sem_wait(&dropped);
}

/* A job that uses up its limit as CPU time is left to its thread, although nothing blocks it. */
static void test_busy(void **state)
{
	(void)state;
	sem_init(&dropped, 0, 0);
	assert_int_equal(pc_aside_run(compute_long, count_dropped, NULL, 3001, 10000000),
			 -ETIMEDOUT);
	sem_wait(&dropped);
}

/* The command line of a user's process is a FIFO that nobody writes. */
static void test_cmdline(void **state)
{
	const struct fake *f = *state;
	struct pc_identity who;
	char path[160];
	int fd;

	PUT(f, "status", "Name:\tx\nTgid:\t4120\nUid:\t65534\t65534\t65534\t65534\n");
	snprintf(path, sizeof(path), "%s/cmdline", f->dir);
	remove(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(pc_procfs_read(f->root, PID, &who), 0);
	assert_null(who.cmdline);
	assert_non_null(who.exe);
	pc_identity_free(&who);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	close(fd);
}

/* Mounts a FUSE file system that never answers, not even to its first request. Returns its server's
 * descriptor; negative: it cannot be made here. */
static int mount_silent(const char *folder)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fd);
	if (fd >= 0 && (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
			mount("silent", folder, "fuse", 0, options))) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint32_t own_mntns(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	return (uint32_t)st.st_ino;
}

/* A path, and the file of a program, below the silent file system. */
static void test_silent_mount(void **state)
{
	const struct pc_place_roots roots = { "/proc", "/sys/fs/cgroup", "/run", 0 };
	char folder[] = "/tmp/portclash-silent-XXXXXX", path[64];
	struct pc_path_question q = {
		.process = { .tgid = (uint32_t)getpid() },
		.uid = 65532,
		.root = "/",
		.cwd = "/",
		.path = path,
	};
	struct pc_identity who = { .key.tgid = (uint32_t)getpid(), .uid = 65533, .exe = path };
	struct pc_place place;
	struct pc_site site;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(folder));
	fd = mount_silent(folder);
	if (fd < 0) {
		remove(folder);
		skip();
	}
	snprintf(path, sizeof(path), "%s/s", folder);
	q.mntns = own_mntns();
	pc_looks_site("/proc", &q, pc_site_connect, &site);
	assert_int_equal(site.kind, PC_PATH_UNSEEN);
	assert_int_equal(site.error, ETIMEDOUT);
	pc_looks_site("/proc", &q, pc_site_connect, &site);
	assert_int_equal(site.error, EBUSY);
	pc_looks_place(&roots, &who, &place);
	assert_true(place.unseen);
	close(fd); /* the kernel ends what waits */
	umount2(folder, MNT_DETACH);
	remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starved),
		cmocka_unit_test(test_starved_for_long),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_pause),
		FAKE(test_cmdline),
		cmocka_unit_test(test_silent_mount),
	};

	alarm(HANGS_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
