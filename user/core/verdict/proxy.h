/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice about a refused socket that may be a transparent proxy's or a server's: both may bind an address of another
 * machine, the one its client's, the other a virtual IP that may arrive. The bind() alone does not tell which. */
#ifndef PORTCLASH_PROXY_H
#define PORTCLASH_PROXY_H

#include "core/verdict/advice_builder.h"

/* "; this may be a proxy's socket": where that is possible and not certain. */
void pc_advice_explain_proxy(struct pc_advice *a);

/* Has the reader look before the fixes that end the holder; the same condition. */
void pc_advice_fix_proxy_first(struct pc_advice *a);

/* How the proxy avoids the refusal; the same condition. */
void pc_advice_fix_proxy_last(struct pc_advice *a);

/* The same where it is certain. */
void pc_advice_fix_proxy(struct pc_advice *a);

#endif
