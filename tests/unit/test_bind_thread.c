// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the question whether a thread is still in its bind() (bpf/bind_thread.bpf.h): a note of a thread that gets no
 * processor stands for no refusal yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/types.h>
#include <netinet/in.h>

#include "portclash/record.h"
#include "kernel_side.h"

/* The kernel's types and helpers, as the test has them. */
#define PORTCLASH_COMPAT_BPF_H
#define BPF_CORE_READ(from, field) ((from)->field)
#define work_here() (&work)
#define compat_task_state thread_state

#define RUNNABLE 0
#define SLEEPS 1
#define DEAD 0x80

struct net;
struct sock;

struct task_struct {
	int tgid;
	int pid;
	uint32_t state;
	unsigned long nvcsw;
	unsigned long nivcsw;
};

static struct pc_cpu_work work;
static struct task_struct current;

static uint64_t bpf_get_current_task(void)
{
	return (uint64_t)(uintptr_t)&current;
}

static uint32_t thread_state(const struct task_struct *task)
{
	return task->state;
}

#include "../../bpf/bind_thread.bpf.h"

/* The note of the current thread, which then goes on. */
static struct bind_note noted(bool direct)
{
	struct bind_note note = { .tid = 8, .process = { .tgid = 7 } };

	current = (struct task_struct){ .tgid = 7, .pid = 8, .nvcsw = 100, .nivcsw = 50 };
	if (direct)
		bind_thread_note_typed(&note, &current);
	else
		bind_thread_note_probed(&note);
	return note;
}

/* A thread that is preempted, or whose quota is used up, is runnable. */
static void test_bind_thread_starved(void **state)
{
	(void)state;
	for (int direct = 0; direct < 2; direct++) {
		struct bind_note note = noted(direct);

		assert_true(bind_thread_may_be_inside(&note));
		current.nivcsw++;
		assert_true(bind_thread_may_be_inside(&note));
		current.nivcsw += INSIDE_SWITCHES;
		assert_false(bind_thread_may_be_inside(&note));
	}
}

static void test_bind_thread_asleep(void **state)
{
	struct bind_note note = noted(true);

	(void)state;
	current.state = SLEEPS;
	current.nvcsw++;
	assert_false(bind_thread_may_be_inside(&note));
}

/* The memory of a thread that has ended still shows it, or is another thread's. */
static void test_bind_thread_ended(void **state)
{
	struct bind_note note = noted(true);

	(void)state;
	current.state = DEAD;
	assert_false(bind_thread_may_be_inside(&note));
	current.state = RUNNABLE;
	assert_true(bind_thread_may_be_inside(&note));
	current.pid = 9;
	assert_false(bind_thread_may_be_inside(&note));
	current.pid = 8;
	current.tgid = 9;
	assert_false(bind_thread_may_be_inside(&note));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_thread_starved),
		cmocka_unit_test(test_bind_thread_asleep),
		cmocka_unit_test(test_bind_thread_ended),
	};

	(void)note_begun;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
