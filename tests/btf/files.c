// SPDX-License-Identifier: GPL-2.0-only
/* Files that --btf refuses, and what it says of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/types.h"
#include "btf/rewrite.h"
#include "btf/suite.h"
#include "core/config/support.h"

/* The programs as the build leaves them. */
#ifndef BPF_OBJECT
#define BPF_OBJECT "build/portclash.bpf.o"
#endif

static void refuses_file(const char *name, const char *path, const char *says)
{
	struct pc_types t;
	char sentence[PC_SENTENCE] = "";
	int err = pc_types_open(path, &t, sentence);

	report(err && strstr(sentence, says) && strstr(sentence, path), name, "%d, \"%s\"", err,
	       sentence);
	pc_types_close(&t);
}

static void write_bytes(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "we");

	if (!file || fwrite(data, size, 1, file) != 1)
		abort();
	fclose(file);
}

/* Another architecture has other registers, or another order of bytes. */
static void check_architectures(const char *path)
{
	struct btf *btf = btf__parse(OWN, NULL);
	const void *data;
	__u32 size;

	rewrite(btf, "field pt_regs.orig_ax");
	rewrite(btf, "field pt_regs.r15");
	btf__add_struct(btf, "user_pt_regs", 8);
	btf__add_field(btf, "pstate", 1, 0, 0);
	data = btf__raw_data(btf, &size);
	write_bytes(path, data, size);
	refuses_file("types of arm64", path, "of another architecture: arm64");
	btf__set_endianness(btf, BTF_BIG_ENDIAN);
	data = btf__raw_data(btf, &size);
	write_bytes(path, data, size);
	refuses_file("types in another order of bytes", path, "byte order");
	btf__free(btf);
}

void suite_files(void)
{
	char path[256], command[1024];
	struct btf *btf = edited("type mptcp_sock", path, sizeof(path));
	struct pc_types t;
	char sentence[PC_SENTENCE] = "";

	btf__free(btf);
	report(!pc_types_open(path, &t, sentence), "a good file", "\"%s\"", sentence);
	pc_types_close(&t);
	chmod(path, 0666);
	refuses_file("a file that others may change", path, "other users may change");
	chmod(path, 0644);
	if (chown(path, 65534, (gid_t)-1))
		abort();
	refuses_file("a file of another user", path, "other users may change");
	if (chown(path, 0, (gid_t)-1) || truncate(path, 1 << 20))
		abort();
	refuses_file("a file that is cut off", path, "is not BTF, or is cut off");
	write_bytes(path, "no BTF", 6);
	refuses_file("a file of something else", path, "BTFHub");
	refuses_file("a folder", "/tmp", "is no file of BTF");
	refuses_file("a file that is not there", "/nonexistent", "cannot be read");
	refuses_file("a program's types", BPF_OBJECT, "eBPF program");
	refuses_file("an ELF file without types", "/bin/true", "no section .BTF");
	snprintf(command, sizeof(command), "objcopy --add-section .BTF=" OWN " /bin/true %s", path);
	if (system(command))
		abort();
	refuses_file("a vmlinux of another kernel", path, "build ID");
	check_architectures(path);
}
