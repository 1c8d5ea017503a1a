// SPDX-License-Identifier: GPL-2.0-only
/* The configuration file as it lies on the disk: what can be read, how much of it, and who else may
 * change it (as root: a file is given away). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/settings.h"
#include "host/config_file.h"

#define NOBODY 65534

struct folder {
	char path[40];
	char file[64];
};

static int config_file_enter(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->path, sizeof(f->path), "/tmp/portclash-config-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->file, sizeof(f->file), "%s/portclash.yaml", f->path);
	*state = f;
	return 0;
}

static int leave(void **state)
{
	struct folder *f = *state;

	unlink(f->file);
	rmdir(f->file);
	assert_int_equal(rmdir(f->path), 0);
	free(f);
	return 0;
}

static void config_file_put(const struct folder *f, size_t len, mode_t mode)
{
	char *text = malloc(len + 1);
	int fd = open(f->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_non_null(text);
	memset(text, '#', len);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	free(text);
}

static void reads_no_more_than_is_taken(void **state)
{
	static const size_t sizes[] = { 0, 1, PC_SETTINGS_BYTES_MAX, PC_SETTINGS_BYTES_MAX + 1,
					PC_SETTINGS_BYTES_MAX + 4096 };
	const struct folder *f = *state;
	struct pc_config_file file;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t most = PC_SETTINGS_BYTES_MAX + 1;

		config_file_put(f, sizes[i], 0644);
		assert_int_equal(pc_config_file_read(f->file, &file), 0);
		assert_int_equal(file.len, sizes[i] < most ? sizes[i] : most);
		for (size_t k = 0; k < file.len; k++)
			assert_int_equal(file.text[k], '#');
		free(file.text);
	}
	assert_int_equal(pc_config_file_read("/dev/zero", &file), 0);
	assert_int_equal(file.len, PC_SETTINGS_BYTES_MAX + 1);
	free(file.text);
}

static void what_cannot_be_read(void **state)
{
	const struct folder *f = *state;
	struct pc_config_file file;

	assert_int_equal(pc_config_file_read(f->file, &file), -ENOENT);
	assert_int_equal(pc_config_file_read("/dev/null/x", &file), -ENOTDIR);
	assert_int_equal(symlink("portclash.yaml", f->file), 0);
	assert_int_equal(pc_config_file_read(f->file, &file), -ELOOP);
	assert_int_equal(unlink(f->file), 0);
	assert_int_equal(mkdir(f->file, 0700), 0);
	assert_int_equal(pc_config_file_read(f->file, &file), -EISDIR);
	assert_int_equal(pc_config_file_read("/proc/self/mem", &file), -EIO);
}

/* Nobody writes: it is empty, and is not waited for. */
static void a_fifo_is_not_waited_for(void **state)
{
	const struct folder *f = *state;
	struct pc_config_file file;

	assert_int_equal(mkfifo(f->file, 0600), 0);
	assert_int_equal(pc_config_file_read(f->file, &file), 0);
	assert_int_equal(file.len, 0);
	free(file.text);
}

static void says_who_else_may_change_it(void **state)
{
	static const struct {
		uid_t owner;
		gid_t group;
		mode_t mode;
		bool foreign;
	} files[] = {
		{ 0, 0, 0600, false },	    { 0, 0, 0644, false },     { 0, 0, 0664, false },
		{ 0, NOBODY, 0640, false }, { 0, NOBODY, 0660, true }, { 0, 0, 0666, true },
		{ 0, 0, 0602, true },	    { NOBODY, 0, 0600, true },
	};
	const struct folder *f = *state;
	struct pc_config_file file;

	if (geteuid()) {
		print_message("skip says_who_else_may_change_it: giving a file away needs root\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		config_file_put(f, 1, 0600);
		assert_int_equal(chown(f->file, files[i].owner, files[i].group), 0);
		assert_int_equal(chmod(f->file, files[i].mode), 0);
		assert_int_equal(pc_config_file_read(f->file, &file), 0);
		assert_int_equal(file.foreign, files[i].foreign);
		assert_int_equal(file.owner, files[i].owner);
		assert_int_equal(file.mode, files[i].mode);
		free(file.text);
		unlink(f->file);
	}
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, config_file_enter, leave)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_FOLDER(reads_no_more_than_is_taken),
		IN_FOLDER(what_cannot_be_read),
		IN_FOLDER(a_fifo_is_not_waited_for),
		IN_FOLDER(says_who_else_may_change_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
