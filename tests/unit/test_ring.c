// SPDX-License-Identifier: GPL-2.0-only
/* The reader of a ring hands over each record once, whole and in order, whatever a program or the end of the ring does to
 * it. A file in memory stands for the ring, and the test for the kernel: as the kernel does, it keeps the data twice in a
 * row. Pages may be of every size that a kernel may have (arm64: 4, 16 and 64 KiB). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/ring.h"
#include "portclash/values.h"

#define SIZE 65536
#define RECORDS_MAX 16384

struct kernel {
	struct pc_ring_reader reader;
	unsigned char *file; /* mapped: reader's position, writers' position, data, data */
	size_t page, bytes;
};

struct taken {
	unsigned count;
	uint64_t sum;
	size_t sizes[RECORDS_MAX];
	unsigned char first[RECORDS_MAX];
};

static uint64_t *reader_at(struct kernel *k)
{
	return (uint64_t *)k->file;
}

static uint64_t *writers_at(struct kernel *k)
{
	return (uint64_t *)(k->file + k->page);
}

static void open_ring(struct kernel *k, size_t page, uint64_t begin)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	k->page = page;
	k->bytes = 2 * page + 2 * SIZE;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)k->bytes), 0);
	k->file = mmap(NULL, k->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(k->file, MAP_FAILED);
	memset(k->file, 0xdd, k->bytes); /* whatever is read in a wrong place is a large number */
	*reader_at(k) = *writers_at(k) = begin;
	assert_int_equal(pc_ring_reader_open(&k->reader, fd, SIZE, page), 0);
	close(fd);
}

static void close_ring(struct kernel *k)
{
	pc_ring_reader_close(&k->reader);
	assert_int_equal(k->reader.fd, -1);
	assert_null(k->reader.written);
	munmap(k->file, k->bytes);
}

static unsigned char *data_of(struct kernel *k)
{
	return k->file + 2 * k->page;
}

/* The two copies of the data are the same memory in a kernel. */
static void store(struct kernel *k, uint64_t position, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t at = (position + i) & (SIZE - 1);

		data_of(k)[at] = data_of(k)[at + SIZE] = ((const unsigned char *)bytes)[i];
	}
}

static void put_head(struct kernel *k, uint64_t position, uint32_t head)
{
	uint32_t both[2] = { head, 0 };

	store(k, position, both, sizeof(both));
}

/* Writes a record of `size` bytes that begin with `fill` and count up, with these bits in its head. Returns its position. */
static uint64_t write_record(struct kernel *k, size_t size, unsigned char fill, uint32_t bits)
{
	uint64_t position = *writers_at(k);

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)(fill + i);

		store(k, position + 8 + i, &byte, 1);
	}
	put_head(k, position, (uint32_t)size | bits);
	*writers_at(k) = position + ((size + 8 + 7) & ~7ULL);
	assert_true(*writers_at(k) - *reader_at(k) <= SIZE);
	return position;
}

static void take(void *context, const void *data, size_t size)
{
	struct taken *t = context;
	const unsigned char *bytes = data;

	assert_true(t->count < RECORDS_MAX);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], (unsigned char)(bytes[0] + i));
	t->first[t->count] = size ? bytes[0] : 0;
	t->sizes[t->count++] = size;
	t->sum += size;
}

static void read_ring(struct kernel *k, struct taken *t)
{
	memset(t, 0, sizeof(*t));
	pc_ring_reader_look(&k->reader);
	assert_int_equal(pc_ring_reader_read(&k->reader, take, t), 0);
}

static const size_t pages[] = { 4096, 16384, 65536 };

static struct taken taken;

static void the_positions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct kernel k = { 0 };

		if (pages[i] %
		    (size_t)sysconf(_SC_PAGESIZE)) /* no mapping of this machine's begins there */
			continue;
		open_ring(&k, pages[i], 1000);
		write_record(&k, 64, 1, 0);
		write_record(&k, 25, 2, 0); /* rounded up to 40 with its head */
		pc_ring_reader_look(&k.reader);
		assert_int_equal(k.reader.cost.size, SIZE);
		assert_int_equal(k.reader.cost.peak, 72 + 40);
		assert_false(pc_ring_reader_is_at_end(&k.reader));
		read_ring(&k, &taken);
		assert_int_equal(taken.count, 2);
		assert_int_equal(taken.sizes[0], 64);
		assert_int_equal(taken.sizes[1], 25);
		assert_int_equal(*reader_at(&k), 1000 + 72 + 40);
		assert_true(pc_ring_reader_is_at_end(&k.reader));
		close_ring(&k);
	}
}

/* A record that comes meanwhile is of the next reading. */
static void the_end_of_a_reading(void **state)
{
	struct kernel k = { 0 };

	(void)state;
	open_ring(&k, pages[2], 0);
	write_record(&k, 8, 1, 0);
	write_record(&k, 8, 2, BPF_RINGBUF_DISCARD_BIT);
	pc_ring_reader_look(&k.reader);
	write_record(&k, 8, 3, 0);
	memset(&taken, 0, sizeof(taken));
	assert_int_equal(pc_ring_reader_read(&k.reader, take, &taken), 0);
	assert_int_equal(taken.count, 1);
	assert_int_equal(taken.first[0], 1);
	assert_true(pc_ring_reader_is_at_end(&k.reader));
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 1);
	assert_int_equal(taken.first[0], 3);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 0);
	close_ring(&k);
}

/* A record lies across the end of the ring, at each of its bytes, at positions beyond 32 bits, too. */
static void a_record_across_the_end(void **state)
{
	const uint64_t begins[] = { SIZE, (1ULL << 32), (1ULL << 40) };

	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		for (uint64_t before = 8; before <= 96; before += 8) {
			struct kernel k = { 0 };

			open_ring(&k, pages[2], begins[i] - before);
			write_record(&k, 72, 7, 0);
			write_record(&k, 16, 9, 0);
			read_ring(&k, &taken);
			assert_int_equal(taken.count, 2);
			assert_int_equal(taken.sizes[0], 72);
			assert_int_equal(taken.first[1], 9);
			close_ring(&k);
		}
	}
}

/* The largest record begins with its head in the last 8 bytes. */
static void the_largest_record_across_the_end(void **state)
{
	struct kernel k = { 0 };

	(void)state;
	open_ring(&k, (size_t)sysconf(_SC_PAGESIZE), SIZE - 8);
	write_record(&k, PC_RING_RECORD_MAX - 8, 3, 0);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 1);
	assert_int_equal(taken.sizes[0], PC_RING_RECORD_MAX - 8);
	close_ring(&k);
}

/* A program still writes the second of three records: the reading stops there, and goes on from there. */
static void a_busy_record(void **state)
{
	struct kernel k = { 0 };
	uint64_t busy;

	(void)state;
	open_ring(&k, pages[2], SIZE - 64);
	write_record(&k, 40, 1, 0);
	busy = write_record(&k, 100, 2, BPF_RINGBUF_BUSY_BIT);
	write_record(&k, 40, 3, 0);
	for (int again = 0; again < 2; again++) {
		read_ring(&k, &taken);
		assert_int_equal(taken.count, again ? 0 : 1);
		assert_int_equal(*reader_at(&k), busy);
		assert_false(pc_ring_reader_is_at_end(&k.reader));
	}
	put_head(&k, busy, 100);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 2);
	assert_int_equal(taken.first[0], 2);
	assert_int_equal(taken.first[1], 3);
	close_ring(&k);
}

static void a_busy_record_is_discarded(void **state)
{
	struct kernel k = { 0 };
	uint64_t busy;

	(void)state;
	open_ring(&k, pages[2], 0);
	busy = write_record(&k, 100, 2, BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 0);
	assert_int_equal(*reader_at(&k), busy);
	put_head(&k, busy, 100 | BPF_RINGBUF_DISCARD_BIT);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 0);
	assert_int_equal(*reader_at(&k), *writers_at(&k));
	close_ring(&k);
}

static void records_without_bytes(void **state)
{
	struct kernel k = { 0 };

	(void)state;
	open_ring(&k, pages[2], SIZE - 16);
	for (int i = 0; i < 4; i++)
		write_record(&k, 0, 0, 0);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, 4);
	assert_int_equal(taken.sum, 0);
	assert_int_equal(*reader_at(&k), SIZE + 16);
	close_ring(&k);
}

/* All the room is taken, from a place in the middle. */
static void a_full_ring(void **state)
{
	struct kernel k = { 0 };

	(void)state;
	open_ring(&k, pages[2], 3 * SIZE + 1000);
	while (*writers_at(&k) - *reader_at(&k) < SIZE)
		write_record(&k, 24, 5, 0);
	assert_int_equal(*writers_at(&k) - *reader_at(&k), SIZE);
	read_ring(&k, &taken);
	assert_int_equal(taken.count, SIZE / 32);
	assert_int_equal(k.reader.cost.peak, SIZE);
	assert_int_equal(*reader_at(&k), *writers_at(&k));
	close_ring(&k);
}

/* A length that no record can have stops the reading before it: nothing is read behind the memory that is mapped. */
static void a_record_that_is_too_large(void **state)
{
	struct kernel k = { 0 };

	(void)state;
	open_ring(&k, pages[2], SIZE - 8);
	put_head(&k, SIZE - 8, PC_RING_RECORD_MAX - 7);
	*writers_at(&k) = SIZE + PC_RING_RECORD_MAX;
	pc_ring_reader_look(&k.reader);
	memset(&taken, 0, sizeof(taken));
	assert_int_equal(pc_ring_reader_read(&k.reader, take, &taken), -EBADMSG);
	assert_int_equal(taken.count, 0);
	assert_int_equal(*reader_at(&k), SIZE - 8);
	close_ring(&k);
}

/* Many rounds of the ring, with records of all sizes, some of them discarded, read a few at a time. */
static void many_rounds(void **state)
{
	struct kernel k = { 0 };
	uint64_t seed = 1, expected = 0, got = 0, bytes = 0, got_bytes = 0;

	(void)state;
	open_ring(&k, pages[2], (1ULL << 32) - 5 * SIZE);
	for (int round = 0; round < 400; round++) {
		for (int i = 0; i < 20; i++) {
			size_t size;
			bool discard;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			size = (seed >> 33) % ((seed >> 60) ? 300 : 3000);
			discard = (seed >> 20) % 8 == 0;
			if (*writers_at(&k) - *reader_at(&k) + size + 16 > SIZE)
				break;
			write_record(&k, size, (unsigned char)i, discard ? BPF_RINGBUF_DISCARD_BIT : 0);
			expected += !discard;
			bytes += discard ? 0 : size;
		}
		read_ring(&k, &taken);
		got += taken.count;
		got_bytes += taken.sum;
	}
	assert_int_equal(got, expected);
	assert_int_equal(got_bytes, bytes);
	assert_true(got > 5000);
	assert_true(*writers_at(&k) > (1ULL << 32) + SIZE);
	close_ring(&k);
}

static void no_ring(void **state)
{
	struct pc_ring_reader r = PC_RING_READER_INIT;

	(void)state;
	assert_int_equal(pc_ring_reader_open(&r, -1, SIZE, 4096), -EBADF);
	pc_ring_reader_close(&r);
	assert_int_equal(r.fd, -1);
}

static void sizes_of_rings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		assert_true(PC_PAGE_MAX >= pages[i]);
		assert_true(PC_IS_RING_SIZE(pages[i]) == (pages[i] == PC_PAGE_MAX));
	}
	assert_true(PC_IS_RING_SIZE(SIZE));
	assert_false(PC_IS_RING_SIZE(SIZE + PC_PAGE_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_positions),
		cmocka_unit_test(the_end_of_a_reading),
		cmocka_unit_test(a_record_across_the_end),
		cmocka_unit_test(the_largest_record_across_the_end),
		cmocka_unit_test(a_busy_record),
		cmocka_unit_test(a_busy_record_is_discarded),
		cmocka_unit_test(records_without_bytes),
		cmocka_unit_test(a_full_ring),
		cmocka_unit_test(a_record_that_is_too_large),
		cmocka_unit_test(many_rounds),
		cmocka_unit_test(no_ring),
		cmocka_unit_test(sizes_of_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
