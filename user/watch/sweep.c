// SPDX-License-Identifier: GPL-2.0-only
/* What was open before portclash started, and what is still alive when the ledger has grown:
 * the one pass over all socket files and the sweep of the TCP port table serve both. */
#include "watch/watch_private.h"

/* From the claim, made as connect() begins, to the socket's being in the port table: its thread can be
 * preempted, or its cgroup throttled, in between. */
#define CLAIM_NS 1000000000ULL

static void add_older(struct pc_watch *w, uint64_t cookie, uint32_t process)
{
	struct pc_entry e = {
		.cookie = cookie,
		.process = process,
		.flags = (PC_ENTRY_OLDER | w->inventory_flags) & 0x3f,
	};

	if (pc_ledger_find(w->ledger, cookie))
		return;
	if (pc_ledger_put(w->ledger, &e))
		w->counters.ledger_refused++;
	else
		w->sockets_before++;
}

static void on_older_owner(void *context, const struct pc_owner *o)
{
	struct pc_watch *w = context;
	struct pc_party p;
	uint32_t index;

	if (!o->socket.lport || pc_ledger_find(w->ledger, o->socket.cookie))
		return;
	/* Up to 5.11 nobody can name a socket that is there already. */
	if (!o->socket.cookie) {
		w->unnamed_before = true;
		return;
	}
	/* One look into /proc a process, not a socket. */
	index = pc_processes_find(w->processes, &o->process);
	if (!index) {
		pc_resolve_party(w, &o->process, o->comm, &p);
		index = p.who ? pc_processes_find(w->processes, &p.who->key) : 0;
	}
	add_older(w, o->socket.cookie, index);
}

static void on_older_cookie(void *context, uint64_t cookie)
{
	if (cookie)
		add_older(context, cookie, 0);
}

int pc_inventory(struct pc_watch *w, struct pc_monitor *m, unsigned flags)
{
	struct pc_wanted all = { .all = true };
	int err;

	w->inventory_flags = flags;
	pc_resolve_begin(w);
	err = pc_monitor_owners(m, &all, on_older_owner, w);
	if (err)
		return err;
	/* Sockets nobody has open: TIME_WAIT, connections the kernel is ending. */
	if (pc_monitor_sweep(m, on_older_cookie, w))
		w->unseen_before = true;
	return 0;
}

static void on_alive(void *context, uint64_t cookie)
{
	struct pc_watch *w = context;

	pc_ledger_mark(w->ledger, cookie);
}

static void keep_process(void *context, const struct pc_entry *e)
{
	struct pc_watch *w = context;

	pc_processes_mark(w->processes, e->process);
}

static void retire_process(void *context, const struct pc_process_key *key)
{
	bool *any = context;

	(void)key;
	*any = true;
}

void pc_sweep_if_needed(struct pc_watch *w)
{
	uint64_t newer = pc_boot_ns() - CLAIM_NS;
	bool any = false;

	if (!pc_ledger_wants_sweep(w->ledger) && !pc_processes_wants_sweep(w->processes))
		return;
	if (pc_monitor_sweep(w->monitor, on_alive, w) ||
	    pc_monitor_sweep_files(w->monitor, on_alive, w)) {
		w->counters.ledger_sweeps_failed++;
		pc_ledger_sweep_failed(w->ledger);
		pc_processes_sweep_failed(w->processes);
		return;
	}
	/* What was refused meanwhile: its holder can have been there then and closed since. */
	w->sweeping = true;
	pc_monitor_read_refusals(w->monitor);
	w->sweeping = false;
	pc_backlog_mark(w);
	w->counters.ledger_forgotten += pc_ledger_sweep(w->ledger, newer, keep_process, w);
	w->counters.ledger_sweeps++;
	pc_processes_sweep(w->processes, retire_process, &any);
	if (any)
		pc_monitor_forget_processes(w->monitor);
}
