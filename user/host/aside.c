// SPDX-License-Identifier: GPL-2.0-only
/* Looks that may block, in threads of their own. */
#include "host/aside.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/subuid.h"
#include "core/base/time.h"
#include "host/clock.h"

/* A job whose thread is ready to run, but gets no CPU, has so many times its limit: until its thread has used as
 * much CPU time as the limit. */
#define READY_LIMITS 15

/* A job, and whose turn it is to free it. */
struct aside {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	void (*run)(void *job);
	void (*drop)(void *job);
	void *job;
	uint32_t user;
	pid_t tid; /* 0: it has not begun */
	bool is_over;
	bool is_left; /* nobody waits any more */
};

/* A user whose jobs were blocked pauses for so many times as long: a quarter of the caller's time is his at most.
 * The pause may begin so much later: a disk can be slow once. */
#define PAUSE_TIMES 3
#define PAUSE_LATER_NS (300 * PC_NS_PER_MS)

/* A job that took no longer was not blocked. */
#define USUAL_NS (2 * PC_NS_PER_MS)

/* Users whose pauses are remembered. A further user takes the place of the pause that ends first. */
#define PAUSES_MAX 16

struct aside_pause {
	uint32_t user;
	uint64_t until_ns;
};

/* The users whose jobs are stuck, and those who pause. They outlive the callers, so they belong to the process. */
static struct {
	pthread_mutex_t lock;
	unsigned count;
	uint32_t users[PC_ASIDE_STUCK_MAX];
	struct aside_pause pauses[PAUSES_MAX];
	uint64_t skipped;
} stuck = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool may_begin(uint32_t user)
{
	uint64_t now_ns = pc_clock_ns(CLOCK_MONOTONIC);
	bool may;

	pthread_mutex_lock(&stuck.lock);
	may = stuck.count < PC_ASIDE_STUCK_MAX;
	for (unsigned i = 0; i < stuck.count; i++)
		may &= stuck.users[i] != user;
	for (unsigned i = 0; i < PAUSES_MAX; i++)
		may &= stuck.pauses[i].user != user ||
		       stuck.pauses[i].until_ns <= now_ns + PAUSE_LATER_NS;
	pthread_mutex_unlock(&stuck.lock);
	return may;
}

/* The user's pause, or the one that ends first. */
static struct aside_pause *aside_pause_of(uint32_t user)
{
	struct aside_pause *found = &stuck.pauses[0];

	for (unsigned i = 0; i < PAUSES_MAX; i++) {
		if (stuck.pauses[i].user == user)
			return &stuck.pauses[i];
		if (stuck.pauses[i].until_ns < found->until_ns)
			found = &stuck.pauses[i];
	}
	return found;
}

static void lengthen_pause(uint32_t user, uint64_t blocked_ns)
{
	uint64_t now_ns = pc_clock_ns(CLOCK_MONOTONIC);
	struct aside_pause *pause;

	pthread_mutex_lock(&stuck.lock);
	pause = aside_pause_of(user);
	if (pause->user != user || pause->until_ns < now_ns)
		*pause = (struct aside_pause){ user, now_ns };
	pause->until_ns += PAUSE_TIMES * blocked_ns;
	pthread_mutex_unlock(&stuck.lock);
}

static void count_skipped(void)
{
	pthread_mutex_lock(&stuck.lock);
	stuck.skipped++;
	pthread_mutex_unlock(&stuck.lock);
}

uint64_t pc_aside_skipped(void)
{
	uint64_t skipped;

	pthread_mutex_lock(&stuck.lock);
	skipped = stuck.skipped;
	pthread_mutex_unlock(&stuck.lock);
	return skipped;
}

static void stuck_add(uint32_t user)
{
	pthread_mutex_lock(&stuck.lock);
	if (stuck.count < PC_ASIDE_STUCK_MAX)
		stuck.users[stuck.count++] = user;
	pthread_mutex_unlock(&stuck.lock);
}

static void stuck_remove(uint32_t user)
{
	pthread_mutex_lock(&stuck.lock);
	for (unsigned i = 0; i < stuck.count; i++) {
		if (stuck.users[i] == user) {
			stuck.users[i] = stuck.users[--stuck.count];
			break;
		}
	}
	pthread_mutex_unlock(&stuck.lock);
}

static void aside_free(struct aside *a)
{
	pthread_cond_destroy(&a->ended);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

/* The time that this thread was on a CPU or waited for one: the first two numbers of its schedstat, which a kernel
 * may lack. Then the wait for a CPU is not known. */
static uint64_t aside_cpu_time(void)
{
	FILE *file = fopen("/proc/thread-self/schedstat", "re");
	unsigned long long on = 0, ready = 0;

	if (!file || fscanf(file, "%llu %llu", &on, &ready) != 2) {
		on = pc_clock_ns(CLOCK_THREAD_CPUTIME_ID);
		ready = 0;
	}
	if (file)
		fclose(file);
	return on + ready;
}

static void *aside_main(void *argument)
{
	struct aside *a = argument;
	uint64_t began_ns, took_ns, cpu_ns;
	bool left;

	pthread_mutex_lock(&a->lock);
	a->tid = gettid();
	pthread_mutex_unlock(&a->lock);
	began_ns = pc_clock_ns(CLOCK_MONOTONIC);
	a->run(a->job);
	took_ns = pc_clock_ns(CLOCK_MONOTONIC) - began_ns;
	cpu_ns = took_ns > USUAL_NS ? aside_cpu_time() : took_ns;
	if (took_ns > cpu_ns + USUAL_NS)
		lengthen_pause(a->user, took_ns - cpu_ns);
	pthread_mutex_lock(&a->lock);
	a->is_over = true;
	left = a->is_left;
	pthread_cond_signal(&a->ended);
	pthread_mutex_unlock(&a->lock);
	if (!left)
		return NULL;
	stuck_remove(a->user);
	a->drop(a->job);
	aside_free(a);
	return NULL;
}

static struct aside *aside_new(void (*run)(void *job), void (*drop)(void *job), void *job,
			       uint32_t user)
{
	struct aside *a = calloc(1, sizeof(*a));
	pthread_condattr_t attributes;

	if (!a)
		return NULL;
	*a = (struct aside){ .run = run, .drop = drop, .job = job, .user = user };
	pthread_mutex_init(&a->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&a->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	return a;
}

/* Waits until the job is over, or for so long; with the lock. */
static void aside_wait_once(struct aside *a, uint64_t limit_ns)
{
	uint64_t until_ns = pc_clock_ns(CLOCK_MONOTONIC) + limit_ns;
	const struct timespec until = { .tv_sec = (time_t)(until_ns / PC_NS_PER_SECOND),
					.tv_nsec = (long)(until_ns % PC_NS_PER_SECOND) };
	int err = 0;

	while (!a->is_over && !err)
		err = pthread_cond_timedwait(&a->ended, &a->lock, &until);
}

/* A thread that is ready to run waits for a CPU, and nothing blocks it. A thread without an id has not run yet. */
static bool aside_is_ready(pid_t tid)
{
	char path[64], text[128];
	FILE *file;
	bool ready;

	if (!tid)
		return true;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	ready = fgets(text, sizeof(text), file) && strrchr(text, ')') &&
		!strncmp(strrchr(text, ')'), ") R", 3);
	fclose(file);
	return ready;
}

/* The CPU time of the thread is below the limit. A thread that cannot be asked has no time left. */
static bool aside_has_time(pthread_t thread, uint64_t limit_ns)
{
	struct timespec used;
	clockid_t clock;

	return !pthread_getcpuclockid(thread, &clock) && !clock_gettime(clock, &used) &&
	       (uint64_t)used.tv_sec * PC_NS_PER_SECOND + (uint64_t)used.tv_nsec < limit_ns;
}

/* Looks at the thread; without the lock, for which it waits when its job is over. */
static bool aside_looks_ready(struct aside *a)
{
	pid_t tid = a->tid;
	bool ready;

	pthread_mutex_unlock(&a->lock);
	ready = aside_is_ready(tid);
	pthread_mutex_lock(&a->lock);
	return ready;
}

/* Waits for the job's end. False: the job is left to its thread. Any thread sleeps for instants: one is blocked that sleeps at
 * a second look, too. */
static bool aside_wait(struct aside *a, pthread_t thread, uint64_t limit_ns)
{
	bool sleeps = false, over;

	pthread_mutex_lock(&a->lock);
	for (int i = 0; i < READY_LIMITS && !a->is_over; i++) {
		bool slept = sleeps;

		aside_wait_once(a, slept ? limit_ns / 8 : limit_ns);
		sleeps = !aside_looks_ready(a);
		if (!aside_has_time(thread, limit_ns) || (sleeps && slept))
			break;
	}
	over = a->is_over;
	a->is_left = !over;
	if (!over)
		stuck_add(a->user);
	pthread_mutex_unlock(&a->lock);
	return over;
}

/* 0: the job has run. Another result is a negative errno. */
static int aside_try(void (*run)(void *job), void (*drop)(void *job), void *job, uint32_t user,
		     uint64_t limit_ns)
{
	struct aside *a = may_begin(user) ? aside_new(run, drop, job, user) : NULL;
	pthread_t thread;
	int err;

	if (!a)
		return -EBUSY;
	err = pthread_create(&thread, NULL, aside_main, a);
	if (err) {
		aside_free(a);
		return -err;
	}
	if (!aside_wait(a, thread, limit_ns)) {
		pthread_detach(thread);
		return -ETIMEDOUT;
	}
	pthread_join(thread, NULL);
	aside_free(a);
	return 0;
}

int pc_aside_run(void (*run)(void *job), void (*drop)(void *job), void *job, uint32_t uid,
		 uint64_t limit_ns)
{
	int err = aside_try(run, drop, job, (uint32_t)pc_subuid_first(uid), limit_ns);

	if (err)
		count_skipped();
	return err;
}
