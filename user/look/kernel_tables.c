// SPDX-License-Identifier: GPL-2.0-only
/* The source with root: the kernel's own tables of ports and of open files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/who.h"
#include "core/join/decode.h"
#include "core/rule/peer.h"
#include "host/procfs.h"
#include "look/port_source.h"

#define PROC "/proc"

static const char note_open[] =
	"it has the socket open; who made it, and when, only a monitor that ran then would know";
static const char note_none[] =
	"no process was found that has it open: it was just closed, or only io_uring or a message in flight refers to it";

static int open_tables(const struct pc_source_options *o, void **out, char *sentence)
{
	struct pc_who *kernel;
	int err = pc_who_open(o->btf, o->verbose, &kernel, sentence);

	if (!err)
		*out = kernel;
	return err;
}

static void close_tables(void *source)
{
	pc_who_close(source);
}

static int sockets_of_tables(void *source, uint8_t proto, uint16_t port,
			     struct pc_source_sockets *out)
{
	struct pc_who_sockets found;
	int err = pc_who_ask(source, proto, port, &found);
	struct pc_socket *list;

	if (err)
		return err;
	list = malloc((found.count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < found.count; i++)
		pc_socket_decode(&found.sockets[i], &list[i]);
	*out = (struct pc_source_sockets){ list, found.count, found.total, found.whole };
	return 0;
}

/* The list whose holders get owners. */
struct owned {
	struct pc_who_list *list;
	struct pc_owners *owners;
};

/* Names an owner. A process that has ended meanwhile, or whose pid another process has by now, is
 * left out. */
static bool name_open_owner(void *context, const struct pc_open_socket *o, struct pc_party *out)
{
	struct owned *owned = context;
	const struct pc_identity *who = pc_owners_identity(PROC, o->process.tgid, owned->owners);

	if (!who || !pc_procfs_is(PROC, &o->process))
		return false;
	*out = (struct pc_party){ .who = who, .key = o->process, .running = true, .fd = -1 };
	memcpy(out->comm, o->comm, sizeof(out->comm));
	return true;
}

static void on_owner(void *context, const struct pc_owner_record *record)
{
	struct owned *owned = context;
	struct pc_open_socket o;

	pc_open_socket_decode(record, &o);
	for (size_t i = 0; i < owned->list->count; i++) {
		struct pc_verdict *v;

		for (unsigned j = 0; (v = pc_who_page(&owned->list->entries[i], j)); j++)
			pc_holder_owners_give(v, &o, name_open_owner, owned);
	}
}

/* A pass takes so many keys that the holders of these entries fit in. */
#define ENTRIES_MAX (PC_WANTED_MAX / PC_HOLDER_OWNERS_KEYS)

static int search_owners(struct pc_who *kernel, struct owned *owned, size_t entries)
{
	struct pc_wanted wanted = { 0 };
	uint64_t *keys = malloc((PC_WANTED_MAX + 1) * sizeof(*keys));
	struct pc_verdict *v;
	int err = 0;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < entries; i++)
		wanted.count += pc_holder_owners_keys(&owned->list->entries[i].verdict,
						      keys + wanted.count);
	for (size_t i = 0; i < entries; i++)
		for (unsigned j = 1; (v = pc_who_page(&owned->list->entries[i], j)); j++)
			if (wanted.count + PC_HOLDER_OWNERS_KEYS <= PC_WANTED_MAX)
				wanted.count += pc_holder_owners_keys(v, keys + wanted.count);
			else
				pc_who_list_unseen(
					owned->list,
					"the processes of some sockets: too many sockets are on the port");
	wanted.keys = keys;
	if (wanted.count)
		err = pc_who_owners(kernel, &wanted, on_owner, owned);
	free(keys);
	if (err < 0)
		pc_who_list_unseen(owned->list, "some processes that have the sockets open: %s",
				   err == -EOVERFLOW ?
					   "there are too many descriptors to read them in time" :
					   strerror(-err));
	return 0;
}

static int owners_by_tables(void *source, struct pc_who_list *list, struct pc_owners *owners)
{
	struct owned owned = { list, owners };
	size_t entries = list->count;

	if (entries > ENTRIES_MAX) {
		pc_who_list_unseen(
			list,
			"the port is held in %zu pairs of network namespace and protocol; the processes of the first %d are named",
			entries, ENTRIES_MAX);
		entries = ENTRIES_MAX;
	}
	return search_owners(source, &owned, entries);
}

static const char *note_of_tables(const struct pc_holder *h)
{
	const char *note = pc_holder_note(h);

	return h->owners_count ? note_open : note ? note : note_none;
}

const struct pc_port_source pc_kernel_tables = {
	.open = open_tables,
	.sockets = sockets_of_tables,
	.owners = owners_by_tables,
	.note = note_of_tables,
	.close = close_tables,
};
