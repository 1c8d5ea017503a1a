// SPDX-License-Identifier: GPL-2.0-only
/* The gauge of a ring finds both positions in pages of every size that a kernel may have (arm64: 4, 16 and 64 KiB). A
 * file in memory stands for the ring: this machine's own pages are no larger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/ring.h"
#include "portclash/values.h"

#define SIZE (1024 * 1024)
/* A record has a header of 8 bytes. */
#define HEADER 8

static const size_t pages[] = { 4096, 16384, 65536 };

/* The file: reader's position, writers' position, data; whatever is read in a wrong place is a large number. */
static int ring_of(size_t page)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	uint64_t wrong = 0xdddddddddddddddd;

	assert_true(fd >= 0);
	for (size_t at = 0; at < 3 * page; at += sizeof(wrong))
		assert_int_equal(pwrite(fd, &wrong, sizeof(wrong), (off_t)at), sizeof(wrong));
	return fd;
}

static void set_positions(int fd, size_t page, uint64_t reader, uint64_t writers)
{
	assert_int_equal(pwrite(fd, &reader, sizeof(reader), 0), sizeof(reader));
	assert_int_equal(pwrite(fd, &writers, sizeof(writers), (off_t)page), sizeof(writers));
}

static void the_positions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct pc_ring_gauge g = { 0 };
		int fd = ring_of(pages[i]);

		if (pages[i] %
		    (size_t)sysconf(_SC_PAGESIZE)) { /* no mapping of this machine's begins there */
			close(fd);
			continue;
		}
		set_positions(fd, pages[i], 1000, 1000 + 72 + 40);
		assert_int_equal(pc_ring_gauge_open(&g, fd, SIZE, pages[i]), 0);
		pc_ring_gauge_look(&g);
		assert_int_equal(g.cost.size, SIZE);
		assert_int_equal(g.cost.peak, 72 + 40);
		assert_false(pc_ring_gauge_is_at_end(&g));
		assert_false(pc_ring_gauge_ends(&g, 72 - HEADER));
		set_positions(fd, pages[i], 1000 + 72,
			      5000); /* what comes meanwhile is of the next reading */
		assert_true(pc_ring_gauge_ends(&g, 33 - HEADER)); /* rounded up to 40 */
		assert_false(pc_ring_gauge_ends(&g, 32 - HEADER));
		set_positions(fd, pages[i], 1000 + 72 + 40, 5000);
		assert_true(pc_ring_gauge_is_at_end(&g));
		pc_ring_gauge_close(&g);
		assert_null(g.positions);
		close(fd);
	}
}

static void sizes_of_rings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		assert_true(PC_PAGE_MAX >= pages[i]);
		assert_true(PC_IS_RING_SIZE(pages[i]) == (pages[i] == PC_PAGE_MAX));
	}
	assert_true(PC_IS_RING_SIZE(SIZE));
	assert_false(PC_IS_RING_SIZE(SIZE + PC_PAGE_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_positions),
		cmocka_unit_test(sizes_of_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
