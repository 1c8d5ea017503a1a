/* SPDX-License-Identifier: GPL-2.0-only */
/* Filters by the process that was refused: words for network namespaces, units, containers and users, and
 * whether they mean a process. Pure. */
#ifndef PORTCLASH_WHOSE_H
#define PORTCLASH_WHOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/model.h"

/* A person writes them, and nobody writes more. */
#define PC_WHOSE_WORDS_MAX 32

/* Room for a word: the name of a unit, a container, a pod or a namespace. */
#define PC_WHOSE_NAME 128

enum pc_whose_kind {
	PC_WHOSE_NETNS = 0, /* netns:WHICH: self, a name in /run/netns, a path or an inode number */
	PC_WHOSE_UNIT,	    /* unit:NAME, where * and ? stand for others, as in a shell */
	PC_WHOSE_CONTAINER, /* container:ID (12 digits or more), its NAME, or NAMESPACE/POD; * and ? as above */
	PC_WHOSE_UID,	    /* uid:NUMBER */
	PC_WHOSE_KINDS,
	PC_WHOSE_ANY = PC_WHOSE_KINDS, /* a list whose words name their kind */
};

struct pc_whose_word {
	enum pc_whose_kind kind;
	uint32_t number; /* the uid, or the inode of a namespace; 0: not looked up yet */
	uint64_t cookie; /* of the namespace; 0: not known, and the inode decides */
	char name[PC_WHOSE_NAME];
};

struct pc_whose {
	struct pc_whose_word words[PC_WHOSE_WORDS_MAX];
	unsigned count; /* 0: no filter */
};

/* A refusal passes if each list of `only` that is not empty has a word for its process, and `ignore` has none. */
struct pc_whose_filter {
	struct pc_whose only[PC_WHOSE_KINDS];
	struct pc_whose ignore;
};

/* Adds the words of `text`, with commas between them, to `out`. Words of PC_WHOSE_ANY begin with their kind:
 * "unit:nginx.service,uid:999". 0; or -EINVAL, and `out` is as it was. */
int pc_whose_add(struct pc_whose *out, enum pc_whose_kind kind, const char *text);

/* Do the lists have the same words in the same order? A cookie that one of them could not find out says nothing. */
bool pc_whose_same(const struct pc_whose *a, const struct pc_whose *b);

/* The network namespace of a process. The kernel uses the inode number of one that is gone again at once. */
struct pc_whose_netns {
	uint32_t inode;
	uint64_t cookie; /* 0: not known */
};

/* Does the filter let what this process did pass? A process that is not known (`who` NULL), or whose control
 * group is not, passes the lists of units and containers, and a container whose name is not known passes those of
 * names. A name that a user can give to his own control group counts for `only`, but never
 * for `ignore`: nobody can hide by it. */
bool pc_whose_passes(const struct pc_whose_filter *filter, const struct pc_identity *who, uint32_t uid,
		     const struct pc_whose_netns *netns);

#endif
