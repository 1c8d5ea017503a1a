/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the two sides of a refusal live: containers, pods, network namespaces. Only sockets of
 * one network namespace collide; processes of several containers can share one. */
#ifndef PORTCLASH_PLACE_H
#define PORTCLASH_PLACE_H

#include <stdio.h>

#include "core/model.h"

enum pc_place {
	PC_PLACE_UNREMARKABLE = 0, /* one container, or none at all, or not known */
	PC_PLACE_ONE_POD,	   /* two containers of one pod */
	PC_PLACE_HOST,		   /* the namespace is portclash's own, as a rule the host's */
	PC_PLACE_SHARED,	   /* any other namespace that both are in */
};

/* As much of a container's id as its runtime prints; all of a name. */
int pc_container_shown(const char *container);

/* How the refused process and this holder come to be in one network namespace, when at least
 * one of them is in a container, and not both in the same. */
enum pc_place pc_place_of(const struct pc_verdict *v, const struct pc_holder *h);

/* Prints it as a clause "; the refused process is in container …", or nothing. */
void pc_place_explain(FILE *out, const struct pc_verdict *v, const struct pc_holder *h);

#endif
