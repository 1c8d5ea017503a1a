// SPDX-License-Identifier: GPL-2.0-only
/* A file of type information is read, or refused with a sentence. */
#include "bpf/types_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/types.h"
#include "core/config/support.h"

/* The kernel's build ID is among its notes. */
#define OWN_NOTES "/sys/kernel/notes"
#define BUILD_ID_MAX 64
#define NOTES_MAX 65536

/* The debug image of a kernel has up to one GiB. */
#define FILE_MAX (4LL << 30)
/* The types of a distribution's kernel have 3 to 6 MiB. libbpf reads into memory whatever there is. */
#define TYPES_MAX (256LL << 20)

struct build_id {
	size_t len; /* 0: not known */
	unsigned char bytes[BUILD_ID_MAX];
};

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static void find_build_id(const unsigned char *notes, size_t size, struct build_id *out)
{
	Elf64_Nhdr head;

	for (size_t at = 0; at + sizeof(head) <= size;) {
		size_t name = at + sizeof(head), bytes;

		memcpy(&head, notes + at, sizeof(head));
		if (head.n_namesz > size || head.n_descsz > size)
			return;
		bytes = name + padded(head.n_namesz);
		if (bytes > size || head.n_descsz > size - bytes)
			return;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
		    !memcmp(notes + name, "GNU", 4) && head.n_descsz <= BUILD_ID_MAX) {
			out->len = head.n_descsz;
			memcpy(out->bytes, notes + bytes, out->len);
			return;
		}
		at = bytes + padded(head.n_descsz);
	}
}

static void own_build_id(struct build_id *out)
{
	static unsigned char notes[NOTES_MAX];
	int fd = open(OWN_NOTES, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, notes, sizeof(notes));

	out->len = 0;
	if (fd >= 0)
		close(fd);
	if (n > 0)
		find_build_id(notes, (size_t)n, out);
}

static void build_id_of_elf(Elf *elf, struct build_id *out)
{
	Elf_Scn *section = NULL;

	out->len = 0;
	while (!out->len && (section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		Elf_Data *data;

		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_NOTE)
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_buf)
			find_build_id(data->d_buf, data->d_size, out);
	}
}

/* Is the file an ELF file of another kernel? */
static bool is_other_kernel(int fd)
{
	struct build_id own, its = { 0 };
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		build_id_of_elf(elf, &its);
	elf_end(elf);
	own_build_id(&own);
	return own.len && its.len && (own.len != its.len || memcmp(own.bytes, its.bytes, own.len));
}

static bool is_elf(int fd)
{
	char magic[SELFMAG];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

/* Each architecture saves its registers in a structure of its own. */
static const struct {
	const char *name;
	const char *type;
	const char *member;
} architectures[] = {
	{ "x86-64", "pt_regs", "r15" },	       { "x86-64", "pt_regs", "orig_ax" },
	{ "arm64", "user_pt_regs", "pstate" }, { "s390x", "pt_regs", "gprs" },
	{ "powerpc", "pt_regs", "gpr" },       { "riscv", "pt_regs", "badaddr" },
	{ "loongarch", "pt_regs", "csr_era" },
};

#if defined(__x86_64__)
#define OWN_ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE "arm64"
#else
#define OWN_ARCHITECTURE ""
#endif

static const char *architecture_of(const struct btf *btf, const struct pc_type_table *t)
{
	if (btf__pointer_size(btf) != sizeof(void *))
		return "with pointers of another size";
	for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++)
		if (pc_types_has_field(t, architectures[i].type, architectures[i].member))
			return architectures[i].name;
	return "";
}

static bool is_own_order(const struct btf *btf)
{
	const int one = 1;
	bool little = *(const char *)&one;

	return btf__endianness(btf) == (little ? BTF_LITTLE_ENDIAN : BTF_BIG_ENDIAN);
}

/* An eBPF program has the fields of the kernel's structures that it reads, and a licence. */
static bool is_of_program(const struct btf *btf)
{
	return btf__find_by_name_kind(btf, "license", BTF_KIND_DATASEC) > 0;
}

static int judge_table(const struct btf *btf, const struct pc_type_table *t, const char *file,
		       char *sentence)
{
	const char *architecture = architecture_of(btf, t);

	if (!is_own_order(btf)) {
		snprintf(sentence, PC_SENTENCE,
			 "%s is BTF of another architecture: its byte order is not this machine's",
			 file);
		return -EINVAL;
	}
	if (!pc_types_has_field(t, "task_struct", "group_leader") ||
	    !pc_types_has_field(t, "sock_common", "skc_num") || is_of_program(btf)) {
		snprintf(sentence, PC_SENTENCE,
			 "%s is BTF, but not of a kernel: it is of a module or of an eBPF program",
			 file);
		return -EINVAL;
	}
	if (*architecture && *OWN_ARCHITECTURE && strcmp(architecture, OWN_ARCHITECTURE)) {
		snprintf(sentence, PC_SENTENCE,
			 "%s is BTF of another architecture: %s, but this portclash is for %s",
			 file, architecture, OWN_ARCHITECTURE);
		return -EINVAL;
	}
	return 0;
}

static int judge_types(const struct btf *btf, const char *file, char *sentence)
{
	struct pc_type_table *t = pc_type_table_of_btf(btf);
	int err = judge_table(btf, t, file, sentence);

	pc_type_table_close(t);
	return err;
}

static int judge_kernel(int fd, const char *file, char *sentence)
{
	if (!is_elf(fd) || !is_other_kernel(fd))
		return 0;
	snprintf(sentence, PC_SENTENCE,
		 "%s is of another kernel: its build ID is not that of the running one (" OWN_NOTES
		 ")",
		 file);
	return -EINVAL;
}

/* The bytes that libbpf would read: of the section .BTF, or of all of a file that is no ELF */
static long long types_size(int fd)
{
	long long size = 0;
	Elf_Scn *section = NULL;
	size_t names;
	struct stat st;
	Elf *elf;

	if (!is_elf(fd))
		return fstat(fd, &st) ? 0 : (long long)st.st_size;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_getshdrstrndx(elf, &names))
		names = 0;
	while (names && (section = elf_nextscn(elf, section))) {
		GElf_Shdr head;
		const char *name =
			gelf_getshdr(section, &head) ? elf_strptr(elf, names, head.sh_name) : NULL;

		if (name && !strcmp(name, ".BTF"))
			size = head.sh_size > TYPES_MAX ? TYPES_MAX + 1 : (long long)head.sh_size;
	}
	elf_end(elf);
	return size;
}

static int parse(int fd, const char *file, struct btf **out, char *sentence)
{
	struct btf *btf;
	char path[32];
	int err;

	if (types_size(fd) > TYPES_MAX) {
		snprintf(
			sentence, PC_SENTENCE,
			"%s has more than 256 MiB of types, but a kernel has 3 to 6 MiB; " PC_TYPES_SOURCES,
			file);
		return -EFBIG;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	btf = btf__parse(path, NULL);
	if (!btf) {
		snprintf(sentence, PC_SENTENCE,
			 is_elf(fd) ? "%s has no section .BTF that can be read; " PC_TYPES_SOURCES :
				      "%s is not BTF, or is cut off; " PC_TYPES_SOURCES,
			 file);
		return -EINVAL;
	}
	err = judge_types(btf, file, sentence);
	if (!err)
		err = judge_kernel(fd, file, sentence);
	if (err)
		btf__free(btf);
	else
		*out = btf;
	return err;
}

/* A user who may change the types decides what portclash reads, and so whom it blames. */
static bool others_may_change(const struct stat *st)
{
	return (st->st_uid && st->st_uid != geteuid()) || st->st_mode & (S_IWGRP | S_IWOTH);
}

static int judge_file(const struct stat *st, const char *file, char *sentence)
{
	if (!S_ISREG(st->st_mode) || st->st_size > FILE_MAX) {
		snprintf(sentence, PC_SENTENCE, "%s is no file of BTF; " PC_TYPES_SOURCES, file);
		return -EINVAL;
	}
	if (!others_may_change(st))
		return 0;
	snprintf(
		sentence, PC_SENTENCE,
		"other users may change %s, and so what portclash reads: run `chown root` and `chmod go-w` on it",
		file);
	return -EPERM;
}

int pc_types_file_read(const char *file, int *out_fd, struct btf **out, char *sentence)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
		snprintf(sentence, PC_SENTENCE, "%s cannot be read: %s", file, strerror(-err));
	} else {
		err = judge_file(&st, file, sentence);
	}
	if (!err)
		err = parse(fd, file, out, sentence);
	if (!err)
		*out_fd = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}
