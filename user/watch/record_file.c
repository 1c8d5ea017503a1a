// SPDX-License-Identifier: GPL-2.0-only
/* Write a recording: buffered in memory, a round at a time. The first error ends it; what was written
 * until then can be played. */
#include "watch/record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config/support.h"

struct pc_record_file {
	char *path;
	FILE *out;
	struct pc_recorder *recorder; /* NULL: not wrapped yet */
	uint64_t size;
	int error; /* negative; the first one, of the buffer or of the file */
	bool error_told;
	bool begun;
};

static int record_file_write(void *context, const void *data, size_t size)
{
	struct pc_record_file *f = context;

	if (f->error)
		return f->error;
	if (f->size + size > PC_RECORD_FILE_MAX)
		return f->error = -EOVERFLOW;
	f->size += size;
	errno = 0;
	if (fwrite(data, 1, size, f->out) != size)
		f->error = errno ? -errno : -EIO;
	return f->error;
}

int pc_record_file_open(const char *path, struct pc_record_file **out, char *sentence)
{
	struct pc_record_file *f = calloc(1, sizeof(*f));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : 0;

	if (err == -EEXIST)
		snprintf(sentence, PC_SENTENCE, "--record creates a new file, and %s exists: name another",
			 path);
	else if (err)
		snprintf(sentence, PC_SENTENCE, "cannot create %s: %s", path, strerror(-err));
	if (!err && f) {
		f->path = strdup(path);
		f->out = f->path ? fdopen(fd, "w") : NULL;
	}
	if (!err && f && f->out) {
		*out = f;
		return 0;
	}
	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	if (f)
		free(f->path);
	free(f);
	return err ? err : -ENOMEM;
}

int pc_record_file_wrap(struct pc_record_file *f, struct pc_join_options *options,
			struct pc_join_kernel *kernel, struct pc_join_host *host,
			uint64_t wall_minus_boot_ns)
{
	f->recorder = pc_recorder_new(options, kernel, host, wall_minus_boot_ns,
				      record_file_write, f);
	return f->recorder ? 0 : -ENOMEM;
}

void pc_record_file_session(struct pc_record_file *f, const struct pc_ready *ready,
			    const char *machine, bool has_command)
{
	const struct pc_recorded_session session = {
		.sockets = ready->sockets,
		.has_command = has_command,
		.version = ready->version,
		.backend = ready->backend,
		.why = ready->why,
		.blind = ready->blind,
		.kernel = ready->kernel,
		.machine = machine,
	};

	f->begun = true;
	pc_recorder_session(f->recorder, &session);
	pc_record_file_flush(f);
}

void pc_record_file_clock(struct pc_record_file *f, uint64_t wall_minus_boot_ns)
{
	pc_recorder_clock(f->recorder, wall_minus_boot_ns);
}

void pc_record_file_flush(struct pc_record_file *f)
{
	if (!f->error && fflush(f->out))
		f->error = -errno;
}

void pc_record_file_end(struct pc_record_file *f, const struct pc_recorded_end *end)
{
	pc_recorder_end(f->recorder, end);
	pc_record_file_flush(f);
}

static int record_file_error(const struct pc_record_file *f)
{
	return f->error || !f->recorder ? f->error : pc_recorder_error(f->recorder);
}

int pc_record_file_take_error(struct pc_record_file *f)
{
	int err = f->error_told ? 0 : record_file_error(f);

	f->error_told |= err != 0;
	return err;
}

bool pc_record_file_failed(const struct pc_record_file *f)
{
	return record_file_error(f) != 0;
}

void pc_record_file_close(struct pc_record_file *f)
{
	if (!f)
		return;
	pc_recorder_free(f->recorder);
	fclose(f->out);
	if (!f->begun)
		unlink(f->path);
	free(f->path);
	free(f);
}
