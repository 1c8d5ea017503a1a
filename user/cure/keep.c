// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's list of reserved ports and the record of it, changed together. A port is on record
 * before it is in the list, and leaves the record after it has left the list: whenever portclash is
 * killed, no port is left that nobody admits to. */
#include "cure/keep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cure/keep_file.h"

static int say_kernel(char *sentence, const char *what, int err)
{
	return pc_cure_say(sentence, err, "net.ipv4.ip_local_reserved_ports %s: %s", what,
			   pc_reserved_why(err));
}

/* The ports of `keeper` in this namespace, and those of all others. */
static void split_keepers(const struct pc_record *r, const struct pc_netns_id *netns,
			  enum pc_keeper keeper, uint64_t *own, uint64_t *rest)
{
	for (int i = PC_KEEPER_INVALID + 1; i < PC_KEEPER_COUNT; i++)
		pc_record_ports(r, netns, (enum pc_keeper)i, i == (int)keeper ? own : rest);
}

static void copy_ports(uint64_t *to, const uint64_t *from)
{
	memcpy(to, from, PC_PORT_WORDS * sizeof(*to));
}

int pc_keep_plan_add(const struct pc_keep *k, const struct pc_reserved *list, enum pc_keeper keeper,
		     const uint64_t *ports, struct pc_keep_change *out)
{
	uint64_t kept[PC_PORT_WORDS] = { 0 };
	int err;

	memset(out, 0, sizeof(*out));
	err = pc_reserved_read(list, out->before);
	if (err)
		return err;
	split_keepers(&k->record, &list->netns, keeper, kept, kept);
	copy_ports(out->changed, ports);
	pc_ports_subtract(out->changed, out->before);
	copy_ports(out->others, ports);
	pc_ports_intersect(out->others, out->before);
	pc_ports_subtract(out->others, kept);
	copy_ports(out->after, out->before);
	pc_ports_unite(out->after, ports);
	return 0;
}

/* Sort the ports that are reserved and asked for: some leave the list, others stay for another keeper. */
int pc_keep_plan_remove(const struct pc_keep *k, const struct pc_reserved *list,
			enum pc_keeper keeper, const uint64_t *ports, const uint64_t *wanted,
			bool force, struct pc_keep_change *out)
{
	uint64_t own[PC_PORT_WORDS] = { 0 }, rest[PC_PORT_WORDS] = { 0 };
	int err;

	memset(out, 0, sizeof(*out));
	err = pc_reserved_read(list, out->before);
	if (err)
		return err;
	split_keepers(&k->record, &list->netns, keeper, own, rest);
	if (wanted)
		pc_ports_unite(rest, wanted);
	copy_ports(out->changed, ports);
	pc_ports_intersect(out->changed, out->before);
	if (!force) {
		copy_ports(out->others, out->changed);
		pc_ports_subtract(out->others, own);
		pc_ports_intersect(out->changed, own);
		copy_ports(out->shared, out->changed);
		pc_ports_intersect(out->shared, rest);
		pc_ports_subtract(out->changed, rest);
	}
	copy_ports(out->after, out->before);
	pc_ports_subtract(out->after, out->changed);
	return 0;
}

/* Drop from the record the ports that the list has lost. Find out, too, whether the list can be
 * changed at all. */
static int settle(struct pc_keep *k, const struct pc_reserved *list, unsigned *forgotten,
		  char *sentence)
{
	uint64_t now[PC_PORT_WORDS];
	int err = list->cannot_write ? list->cannot_write : pc_reserved_read(list, now);

	if (err)
		return say_kernel(sentence, "cannot be changed", err);
	*forgotten = pc_record_settle(&k->record, &list->netns, now);
	return 0;
}

/* After the change: the list as it is, not as it was planned. */
static int read_after(const struct pc_reserved *list, struct pc_keep_change *out, char *sentence)
{
	int err = pc_reserved_read(list, out->after);

	return err ? say_kernel(sentence, "was changed and then could not be read", err) : 0;
}

static int write_down(struct pc_keep *k, const struct pc_netns_id *netns, enum pc_keeper keeper,
		      const uint64_t *own, char *sentence)
{
	int err = pc_record_add(&k->record, netns, keeper, own);

	if (err)
		return pc_cure_say(sentence, err, "the record of reserved ports %s",
				   err == -ENOSPC ? "is full" : "does not fit into memory");
	err = pc_keep_file_write(k, sentence);
	if (err)
		pc_record_take(&k->record, netns, keeper, own);
	return err;
}

/* Takes back what write_down() wrote, because the kernel did not take the ports. */
static int strike_out(struct pc_keep *k, const struct pc_netns_id *netns, enum pc_keeper keeper,
		      const uint64_t *own, int err)
{
	char second[PC_CURE_SENTENCE];

	pc_record_take(&k->record, netns, keeper, own);
	return pc_keep_file_write(k, second) ? -EIO : err;
}

/* The ports among these that are new on the keeper's record. */
static void find_new(const struct pc_keep *k, const struct pc_netns_id *netns,
		     enum pc_keeper keeper, const uint64_t *ports, const uint64_t *others,
		     uint64_t *out)
{
	uint64_t had[PC_PORT_WORDS] = { 0 };

	pc_record_ports(&k->record, netns, keeper, had);
	copy_ports(out, ports);
	pc_ports_subtract(out, others);
	pc_ports_subtract(out, had);
}

int pc_keep_add(struct pc_keep *k, const struct pc_reserved *list, enum pc_keeper keeper,
		const uint64_t *ports, struct pc_keep_change *out, char *sentence)
{
	uint64_t own[PC_PORT_WORDS];
	unsigned forgotten = 0;
	int err = settle(k, list, &forgotten, sentence);

	if (!err)
		err = pc_keep_plan_add(k, list, keeper, ports, out);
	if (err)
		return err;
	out->forgotten = forgotten;
	find_new(k, &list->netns, keeper, ports, out->others, own);
	if (!pc_ports_is_empty(own) || forgotten)
		err = write_down(k, &list->netns, keeper, own, sentence);
	if (err)
		return err;
	err = pc_reserved_add(list, ports);
	if (!err)
		return read_after(list, out, sentence);
	say_kernel(sentence, "was not written", err);
	return strike_out(k, &list->netns, keeper, own, err);
}

int pc_keep_remove(struct pc_keep *k, const struct pc_reserved *list, enum pc_keeper keeper,
		   const uint64_t *ports, const uint64_t *wanted, bool force,
		   struct pc_keep_change *out, char *sentence)
{
	unsigned forgotten = 0;
	int err = settle(k, list, &forgotten, sentence);

	if (!err)
		err = pc_keep_plan_remove(k, list, keeper, ports, wanted, force, out);
	if (err)
		return err;
	out->forgotten = forgotten;
	err = pc_reserved_remove(list, out->changed);
	if (err)
		return say_kernel(sentence, "was not written", err);
	pc_record_take(&k->record, &list->netns, force ? PC_KEEPER_INVALID : keeper, ports);
	err = pc_keep_file_write(k, sentence);
	return err ? err : read_after(list, out, sentence);
}

int pc_keep_adopt(struct pc_keep *k, const struct pc_netns_id *netns, enum pc_keeper keeper,
		  const uint64_t *ports, char *sentence)
{
	static const uint64_t nobodys[PC_PORT_WORDS];
	uint64_t own[PC_PORT_WORDS];

	find_new(k, netns, keeper, ports, nobodys, own);
	return pc_ports_is_empty(own) ? 0 : write_down(k, netns, keeper, own, sentence);
}

int pc_keep_forget(struct pc_keep *k, const struct pc_netns_id *netns, enum pc_keeper keeper,
		   char *sentence)
{
	uint64_t all[PC_PORT_WORDS];

	memset(all, 0xff, sizeof(all));
	pc_record_take(&k->record, netns, keeper, all);
	return pc_keep_file_write(k, sentence);
}
