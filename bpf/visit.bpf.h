/* SPDX-License-Identifier: GPL-2.0-only */
/* The two walks of portclash.bpf.c: the sweep, and the holders of one port. */
#ifndef PORTCLASH_VISIT_BPF_H
#define PORTCLASH_VISIT_BPF_H

#include "holders.bpf.h"
#include "sweep.bpf.h"

static __always_inline bool walk_enter(struct walk *w, const struct inet_bind_bucket *tb)
{
	if (!w->sweep)
		return holders_enter(w, tb);
	if (!w->sweep_ports)
		return true;
	sweep_port(w, tb);
	return false;
}

static __always_inline bool walk_visit(struct walk *w, const struct sock *sk)
{
	if (w->sweep)
		return sweep_take(w, sk);
	holders_visit(w, sk);
	return true;
}

#endif
