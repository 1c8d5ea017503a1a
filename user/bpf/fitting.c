// SPDX-License-Identifier: GPL-2.0-only
/* libbpf takes the types from a file: from one in memory, which has only those that count. */
#include "bpf/fitting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/sections.h"
#include "bpf/types_few.h"

/* The kernel lists the types of its modules to CAP_SYS_ADMIN only. */
static bool may_list_modules(void)
{
	cap_t have = cap_get_proc();
	cap_flag_value_t value = CAP_CLEAR;

	if (have && cap_get_flag(have, CAP_SYS_ADMIN, CAP_EFFECTIVE, &value))
		value = CAP_CLEAR;
	cap_free(have);
	return value == CAP_SET;
}

/* libbpf looks for a type that this kernel lacks among those of the modules, and gives up if it may not. Of a file
 * it takes only what is in there: the kernel's own file serves then. */
static const char *file_with_all(const struct pc_kernel *k)
{
	if (k->types.file)
		return k->types.path;
	return k->types.own && !may_list_modules() ? PC_TYPES_OWN : NULL;
}

void pc_fitting_begin(struct pc_fitting *f, const struct pc_kernel *k)
{
	pc_sections_open();
	memset(f, 0, sizeof(*f)); /* libbpf refuses a byte of padding that is not 0 */
	f->opts.sz = sizeof(f->opts);
	f->kernel = k;
	f->fd = k->types.all ? memfd_create("portclash-types", MFD_CLOEXEC) : -1;
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	f->opts.btf_custom_path = f->fd < 0 || access(f->path, R_OK) ? file_with_all(k) : f->path;
}

static bool write_types(int fd, const char *bytes, size_t size)
{
	ssize_t written = 0;

	for (size_t at = 0; bytes && at < size; at += (size_t)written) {
		written = pwrite(fd, bytes + at, size - at, (off_t)at);
		if (written <= 0)
			return false;
	}
	return bytes;
}

void pc_fitting_types(const struct pc_fitting *f, struct bpf_object *object)
{
	const struct pc_type_table *all = f->kernel->types.all;
	size_t size = 0;
	void *few;

	pc_sections_load(object);
	if (f->fd < 0)
		return;
	few = pc_types_few(all, bpf_object__btf(object), &size);
	if (!write_types(f->fd, few, size)) {
		const void *bytes = pc_type_bytes(all, &size);

		write_types(f->fd, bytes, size);
	}
	free(few);
}

void pc_fitting_end(struct pc_fitting *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
