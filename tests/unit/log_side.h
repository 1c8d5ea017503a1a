/* SPDX-License-Identifier: GPL-2.0-only */
/* A fake side whose claims come as from the kernel side's log: between the join and its operations. */
#ifndef PORTCLASH_TESTS_LOG_SIDE_H
#define PORTCLASH_TESTS_LOG_SIDE_H

#include "fake_side.h"

#define LOG_SIDE_CLAIMS 200

struct log_side {
	bool as_records; /* the claims come as records, but as the log would have them */
	unsigned runs;	 /* so often claims were handed over as they are in the log */
	struct pc_join_kernel kernel;
	const struct pc_taker *taker;
	struct pc_logged_claim claims[LOG_SIDE_CLAIMS];
	size_t count;
};

/* A fake_wrap_fn; the context is a struct log_side. */
void log_side_wrap(void *context, struct pc_join_options *options, struct pc_join_kernel *kernel,
		   struct pc_join_host *host);

/* The claim as the log has it. */
struct pc_logged_claim log_side_claim(const struct pc_claim_record *r);

#endif
