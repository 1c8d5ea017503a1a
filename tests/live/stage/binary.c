// SPDX-License-Identifier: GPL-2.0-only
/* Copies of this binary: puppets of another executable file. */
#include "stage/binary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

const char *binary_copy(struct test *t, const char *name, char *path, size_t size)
{
	int in, out;
	struct stat st;

	test_path(t, name, path, size);
	if (!access(path, X_OK))
		return path;
	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (in < 0 || out < 0 || fstat(in, &st) || chmod(t->folder, 0755))
		test_abort(t, "stage: cannot copy the binary: %s", strerror(errno));
	while (sendfile(out, in, NULL, (size_t)st.st_size) > 0)
		;
	close(in);
	close(out);
	return path;
}
