/* SPDX-License-Identifier: GPL-2.0-only */
/* A refusal's record is drafted in scratch memory, because its length is known only at its end.
 * Global functions take no pointers, so the draft also has the sockets that they need. */
#ifndef PORTCLASH_REFUSAL_DRAFT_BPF_H
#define PORTCLASH_REFUSAL_DRAFT_BPF_H

#include "maps.bpf.h"

struct refusal_draft {
	union {
		struct pc_refusal_record record;
		struct pc_foreign_record foreign; /* without a port */
	};
	const struct sock *self;    /* the refused socket */
	const struct sock *blocker; /* the holder that the record has already, or NULL */
	const struct net *net;
};

SCRATCH(refusal_drafts, struct refusal_draft);

/* Drafts made before a bind(), by thread: the kernel may run no exit program for that bind(). */
SCRATCH(prepared_refusals, struct refusal_draft);

#endif
