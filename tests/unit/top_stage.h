/* SPDX-License-Identifier: GPL-2.0-only */
/* Events, claims and a look for the tests of top. */
#ifndef PORTCLASH_TESTS_TOP_STAGE_H
#define PORTCLASH_TESTS_TOP_STAGE_H

#include "top/view.h"

#define TOPSTAGE_NETNS 4026531840
#define TOPSTAGE_SECOND 1000

/* A model at the boot clock's second TOPSTAGE_SECOND. */
struct pc_top *topstage_top(void);
void topstage_seconds(struct pc_top *top, uint64_t seconds);

/* A process of that name; static, one for each pid below 16. */
const struct pc_identity *topstage_process(uint32_t pid, const char *comm);

/* Through the sink of top: a refused bind() of a TCP port, held by a client; a claim. */
void topstage_refusal(struct pc_top *top, uint16_t port, const char *server, const char *client);
void topstage_outcome(struct pc_top *top, uint16_t port, const char *server);
void topstage_claim(struct pc_top *top, uint32_t pid, const char *comm);

/* A look with an own namespace, and a listener on this port. */
void topstage_look(struct pc_top *top, uint16_t port, const char *server);

/* Is `text` somewhere on the screen, in one row? */
bool topstage_shows(const struct pc_cells *cells, const char *text);

/* Fails unless each row is as wide as the screen, and each of its cells can be shown. */
void topstage_assert_whole(const struct pc_cells *cells);

#endif
