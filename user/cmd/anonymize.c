// SPDX-License-Identifier: GPL-2.0-only
/* Write a recording with pseudonyms. */
#include "cmd/anonymize.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static int write_to_stream(void *context, const void *data, size_t size)
{
	errno = 0;
	return fwrite(data, 1, size, context) == size ? 0 : errno ? -errno : -EIO;
}

/* 0, or the first negative errno. */
static int write_anonymized(const struct pc_playback *p, int fd)
{
	FILE *out = fdopen(fd, "w");
	int err = out ? pc_recording_anonymize(p, write_to_stream, out) : -errno;

	if (!out)
		close(fd);
	else if (fclose(out) && !err)
		err = errno ? -errno : -EIO;
	return err;
}

int pc_anonymize_to(const struct pc_playback *p, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : write_anonymized(p, fd);
	char shown[PC_SHOWN];

	pc_shown(path, shown);
	if (!err) {
		printf("%s: names, command lines, paths and addresses are pseudonyms; ports, process and user ids, times and settings are as they were\n",
		       shown);
		return pc_output_failed(0) ? PC_EXIT_FAILED : PC_EXIT_OK;
	}
	if (err == -EEXIST)
		fprintf(stderr,
			"portclash: --anonymize creates a new file, and %s exists: name another\n",
			shown);
	else
		fprintf(stderr, "portclash: cannot write %s: %s\n", shown, strerror(-err));
	if (fd >= 0)
		unlink(path);
	return PC_EXIT_FAILED;
}
