// SPDX-License-Identifier: GPL-2.0-only
/* BTF is read where it is. One pass finds where each type begins, and files its name. */
#include "bpf/type_table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lists of names with one hash; a kernel has 75,000 names. */
#define LISTS 16384

struct pc_type_table {
	const struct pc_type_table *base;
	const char *bytes;
	size_t size;
	const char *types;
	uint32_t types_size;
	const char *names;
	uint32_t names_size;
	uint32_t first, end; /* ids */
	uint32_t *begins;    /* by id: where in `types` it begins */
	uint32_t *next;	     /* by id: the next one in its list; 0: none */
	uint32_t heads[LISTS], tails[LISTS];
	void *mapped, *copied; /* the file, if it is the table's own */
};

/* Eight characters of a name at once. */
#define EACH(byte) ((byte)*0x0101010101010101ULL)

/* Marks bytes that are 0, with their highest bit. The lowest mark is right; one above it may be wrong. */
static inline uint64_t zero_bytes(uint64_t word)
{
	return (word - EACH(1)) & ~word & EACH(0x80);
}

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static inline uint32_t list_of(uint64_t hash)
{
	return (uint32_t)(hash % LISTS);
}

/* Up to eight characters. The rest of the word is 0. */
static inline uint64_t characters_at(const char *at, size_t len)
{
	uint64_t word = 0;

	memcpy(&word, at, len < sizeof(word) ? len : sizeof(word));
	return word;
}

static uint32_t list_of_name(const char *name, size_t len)
{
	uint64_t hash = 0;

	for (; len >= sizeof(hash); len -= sizeof(hash), name += sizeof(hash))
		hash = mix(hash, characters_at(name, sizeof(hash)));
	return list_of(mix(hash, characters_at(name, len)));
}

/* Gives the size of what follows the head of a type; -1: the kind is not known. */
static inline long tail_size(const struct btf_type *t)
{
	static const struct {
		unsigned char fixed, each;
	} sizes[] = {
		[BTF_KIND_INT] = { 4, 0 },
		[BTF_KIND_PTR] = { 0, 0 },
		[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0 },
		[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member) },
		[BTF_KIND_UNION] = { 0, sizeof(struct btf_member) },
		[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum) },
		[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
		[BTF_KIND_VAR] = { sizeof(struct btf_var), 0 },
		[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo) },
		[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0 },
		[BTF_KIND_TYPE_TAG] = { 0, 0 },
		[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64) },
	};
	unsigned kind = btf_kind(t);

	if (kind == BTF_KIND_UNKN || kind >= sizeof(sizes) / sizeof(sizes[0]))
		return -1;
	return sizes[kind].fixed + (long)sizes[kind].each * btf_vlen(t);
}

size_t pc_type_size(const struct btf_type *type)
{
	return sizeof(*type) + (size_t)tail_size(type);
}

size_t pc_type_name_len(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = len > 4 ? len - 4 : 0; i-- > 0;)
		if (name[i + 1] == '_' && name[i + 2] == '_' && name[i + 3] == '_' &&
		    name[i] != '_' && name[i + 4] != '_')
			return i + 1;
	return len;
}

/* A function has no flavour. */
static bool is_type(const struct btf_type *t)
{
	return !btf_is_func(t) && !btf_is_var(t) && !btf_is_datasec(t);
}

static size_t length_in_table(const struct btf_type *t, const char *name)
{
	return is_type(t) ? pc_type_name_len(name) : strlen(name);
}

/* The next eight characters of names that end before `end`, which is a 0 */
static inline uint64_t next_word(const char *at, const char *end)
{
	uint64_t word;

	if ((size_t)(end - at) < sizeof(word))
		return characters_at(at, (size_t)(end - at));
	memcpy(&word, at, sizeof(word));
	return word;
}

static inline uint64_t without_tail(uint64_t word, uint64_t zero)
{
	return word & (((zero & -zero) - 1) >> 7);
}

/* Gives the list of a name without a flavour. */
static inline uint32_t list_of_function(const char *at, const char *end)
{
	uint64_t hash = 0, word = next_word(at, end), zero;

	for (; !(zero = zero_bytes(word)); word = next_word(at, end)) {
		hash = mix(hash, word);
		at += sizeof(word);
	}
	return list_of(mix(hash, without_tail(word, zero)));
}

/* Three underscores may begin a flavour. */
static bool has_threes(const char *at, const char *end)
{
	uint64_t before = 0, word, lines;

	do {
		word = next_word(at, end);
		lines = zero_bytes(word ^ EACH('_'));
		if (lines & (lines << 8 | before >> 56) & (lines << 16 | before >> 48))
			return true;
		before = lines;
		at += sizeof(word);
	} while (!zero_bytes(word));
	return false;
}

static inline uint32_t list_of_type(const struct btf_type *t, const char *name, const char *end)
{
	if (is_type(t) && has_threes(name, end))
		return list_of_name(name, pc_type_name_len(name));
	return list_of_function(name, end);
}

/* Gives the table that has the name at an offset, and the place in its names. A module has names of its kernel's. */
static const struct pc_type_table *table_of_name(const struct pc_type_table *t, uint32_t *offset)
{
	uint32_t below = t->base ? t->base->names_size : 0;

	if (*offset < below)
		return t->base;
	*offset -= below;
	return t;
}

static void index_name(struct pc_type_table *t, const struct btf_type *type, uint32_t id)
{
	uint32_t offset = type->name_off, list;
	const struct pc_type_table *named = table_of_name(t, &offset);

	if (offset >= named->names_size || !named->names[offset])
		return;
	list = list_of_type(type, named->names + offset, named->names + named->names_size);
	if (t->tails[list])
		t->next[t->tails[list] - t->first] = id;
	else
		t->heads[list] = id;
	t->tails[list] = id;
}

static bool read_types(struct pc_type_table *t)
{
	uint32_t at = 0;

	for (t->end = t->first; at < t->types_size; t->end++) {
		const struct btf_type *type = (const struct btf_type *)(t->types + at);
		uint32_t left = t->types_size - at;
		long tail = left >= sizeof(*type) ? tail_size(type) : -1;

		if (tail < 0 || sizeof(*type) + (size_t)tail > left)
			return false;
		t->begins[t->end - t->first] = at;
		index_name(t, type, t->end);
		at += (uint32_t)(sizeof(*type) + (size_t)tail);
	}
	return true;
}

static bool read_head(struct pc_type_table *t)
{
	const struct btf_header *head = (const struct btf_header *)t->bytes;
	size_t left;

	if (t->size < sizeof(*head) || head->magic != BTF_MAGIC || head->version != BTF_VERSION ||
	    head->hdr_len < sizeof(*head) || head->hdr_len > t->size)
		return false;
	left = t->size - head->hdr_len;
	if (head->type_off > left || head->type_len > left - head->type_off ||
	    head->str_off > left || head->str_len > left - head->str_off || !head->str_len ||
	    head->type_off % 4 || head->hdr_len % 4)
		return false;
	t->types = t->bytes + head->hdr_len + head->type_off;
	t->types_size = head->type_len;
	t->names = t->bytes + head->hdr_len + head->str_off;
	t->names_size = head->str_len;
	return !t->names[t->names_size - 1];
}

struct pc_type_table *pc_type_table_of(const void *bytes, size_t size,
				       const struct pc_type_table *base)
{
	struct pc_type_table *t = calloc(1, sizeof(*t));
	size_t most;

	if (!t)
		return NULL;
	t->base = base;
	t->bytes = bytes;
	t->size = size;
	t->first = base ? base->end : 1;
	most = bytes && read_head(t) ? t->types_size / sizeof(struct btf_type) + 1 : 0;
	t->begins = malloc(most * sizeof(*t->begins));
	t->next = calloc(most, sizeof(*t->next));
	if (most && t->begins && t->next && read_types(t))
		return t;
	pc_type_table_close(t);
	return NULL;
}

struct pc_type_table *pc_type_table_of_btf(const struct btf *btf)
{
	__u32 size = 0;
	const void *bytes = btf ? btf__raw_data(btf, &size) : NULL;

	return bytes ? pc_type_table_of(bytes, size, NULL) : NULL;
}

/* sysfs gives one page a read. Since Linux 6.16 it also maps the file. */
static char *read_pages(int fd, size_t size)
{
	char *bytes = malloc(size);
	size_t at = 0;
	ssize_t got = 1;

	while (bytes && at < size && got > 0) {
		got = read(fd, bytes + at, size - at);
		at += got > 0 ? (size_t)got : 0;
	}
	if (bytes && at == size)
		return bytes;
	free(bytes);
	return NULL;
}

struct pc_type_table *pc_type_table_read(const char *path, const struct pc_type_table *base)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct pc_type_table *t = NULL;
	void *mapped, *copied = NULL;
	struct stat s;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &s) || s.st_size <= 0) {
		close(fd);
		return NULL;
	}
	mapped = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED)
		copied = read_pages(fd, (size_t)s.st_size);
	close(fd);
	if (mapped != MAP_FAILED || copied)
		t = pc_type_table_of(copied ? copied : mapped, (size_t)s.st_size, base);
	if (t) {
		t->mapped = copied ? NULL : mapped;
		t->copied = copied;
		return t;
	}
	free(copied);
	if (mapped != MAP_FAILED)
		munmap(mapped, (size_t)s.st_size);
	return NULL;
}

void pc_type_table_close(struct pc_type_table *t)
{
	if (!t)
		return;
	if (t->mapped)
		munmap(t->mapped, t->size);
	free(t->copied);
	free(t->begins);
	free(t->next);
	free(t);
}

uint32_t pc_type_count(const struct pc_type_table *t)
{
	return t->end;
}

const struct btf_type *pc_type(const struct pc_type_table *t, uint32_t id)
{
	while (t && id < t->first)
		t = t->base;
	return t && id && id < t->end ?
		       (const struct btf_type *)(t->types + t->begins[id - t->first]) :
		       NULL;
}

const char *pc_type_name(const struct pc_type_table *t, uint32_t offset)
{
	const struct pc_type_table *named = table_of_name(t, &offset);

	return offset < named->names_size ? named->names + offset : "";
}

static bool bears_name(const struct pc_type_table *t, uint32_t id, const char *name, size_t len)
{
	const struct btf_type *type = pc_type(t, id);
	const char *own = pc_type_name(t, type->name_off);

	return !strncmp(own, name, len) && (!own[len] || length_in_table(type, own) == len);
}

uint32_t pc_type_find(const struct pc_type_table *t, uint32_t after, const char *name, size_t len)
{
	uint32_t id = after ? t->next[after - t->first] : t->heads[list_of_name(name, len)];

	while (id && !bears_name(t, id, name, len))
		id = t->next[id - t->first];
	return id;
}

uint32_t pc_type_find_kind(const struct pc_type_table *t, const char *name, uint32_t kind)
{
	size_t len = strlen(name);
	uint32_t id = pc_type_find(t, 0, name, len);

	while (id && (btf_kind(pc_type(t, id)) != kind ||
		      strcmp(pc_type_name(t, pc_type(t, id)->name_off), name) != 0))
		id = pc_type_find(t, id, name, len);
	return id;
}

const void *pc_type_bytes(const struct pc_type_table *t, size_t *size)
{
	*size = t->size;
	return t->bytes;
}
