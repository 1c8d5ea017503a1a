/* SPDX-License-Identifier: GPL-2.0-only */
/* The surroundings of the two sides of a refusal: containers, pods, network namespaces. Only sockets
 * of one network namespace collide, but processes of several containers can share a namespace. */
#ifndef PORTCLASH_SURROUNDINGS_H
#define PORTCLASH_SURROUNDINGS_H

#include <stdio.h>

#include "core/base/model.h"

enum pc_surroundings {
	PC_SURROUNDINGS_UNREMARKABLE = 0, /* one container, no container, or not known */
	PC_SURROUNDINGS_ONE_POD,	  /* two containers of one pod */
	PC_SURROUNDINGS_HOST,	/* portclash's own network namespace, as a rule the host's */
	PC_SURROUNDINGS_SHARED, /* another network namespace that both are in */
};

/* The number of characters to show: of an id as many as its runtime prints, of a name all. */
int pc_container_shown(const char *container);

/* Writes a process's container: by name and id, or by id alone. Hostile text; the sink escapes it. */
void pc_container_put(FILE *out, const struct pc_identity *who);

/* Tells how the refused process and this holder come to be in one network namespace, if at least one
 * of them is in a container, and not both in the same. */
enum pc_surroundings pc_surroundings_of(const struct pc_verdict *v, const struct pc_holder *h);

/* Prints the surroundings as a clause "; the refused process is in container …", or nothing. */
void pc_surroundings_explain(FILE *out, const struct pc_verdict *v, const struct pc_holder *h);

#endif
