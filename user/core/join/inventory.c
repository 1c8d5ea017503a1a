// SPDX-License-Identifier: GPL-2.0-only
/* The sockets that were open before portclash started, and those that are still alive when the ledger
 * has grown. Both come from the pass over all socket files and the sweep of the TCP port table. */
#include <errno.h>
#include <string.h>

#include "core/join/decode.h"
#include "core/join/join_private.h"

static void inventory_add(struct pc_join *j, const struct pc_entry *e)
{
	if (pc_ledger_find(j->ledger, e->cookie))
		return;
	if (pc_ledger_put(j->ledger, e))
		j->counters.ledger_refused++;
	else
		j->before.sockets += !e->lost;
}

static void add_older(struct pc_join *j, uint64_t cookie, uint16_t port, uint32_t process)
{
	struct pc_entry e = {
		.cookie = cookie,
		.process = process & (PC_PROCESSES_MAX - 1),
		.port = port,
		.flags = (PC_ENTRY_OLDER | j->before.flags) & 0xf,
		.lost = j->before.again,
	};

	inventory_add(j, &e);
}

/* The host is asked once for a process, not for each of its sockets. */
static uint32_t owner_index(struct pc_join *j, const struct pc_owner_record *o)
{
	uint32_t index = pc_processes_find(j->processes, &o->process);
	struct pc_party p = { .key = o->process };

	if (index)
		return index;
	pc_identify_party(j, &p);
	return p.who ? pc_processes_find(j->processes, &p.who->key) : 0;
}

static void take_older_owner(void *context, const struct pc_owner_record *o)
{
	struct pc_join *j = context;

	if (!o->socket.lport || pc_ledger_find(j->ledger, o->socket.cookie))
		return;
	/* sock_diag gives cookies, and does not list every socket: not those of MPTCP, nor, before 6.8, sockets of TCP
	 * that are bound and do nothing else, nor those of namespaces that were not reached in time. */
	if (!o->socket.cookie)
		j->before.unnamed = true;
	else
		add_older(j, o->socket.cookie, o->socket.lport, owner_index(j, o));
}

static void take_older_cookie(void *context, uint64_t cookie)
{
	if (cookie)
		add_older(context, cookie, 0, 0);
}

int pc_inventory_take(struct pc_join *j, unsigned flags)
{
	struct pc_wanted all = { .all = true };
	int err;

	j->before.flags = flags;
	j->before.unnamed = false;
	pc_identify_begin(j);
	err = j->kernel.owners(j->kernel.context, &all, take_older_owner, j);
	if (err && err != -EOVERFLOW)
		return err;
	j->before.unseen |= err == -EOVERFLOW;
	/* No process has these open: TIME_WAIT, connections the kernel is ending. */
	if (j->kernel.sweep(j->kernel.context, take_older_cookie, j))
		j->before.unseen = true;
	return 0;
}

int pc_inventory_again(struct pc_join *j)
{
	struct pc_before before = j->before;
	int err;

	j->before.again = true;
	j->before.unseen = false;
	err = pc_inventory_take(j, 0);
	if (!err && j->before.unseen)
		err = -EOVERFLOW;
	before.sockets = j->before.sockets;
	j->before = before;
	return err;
}

static void mark_alive(void *context, uint64_t cookie)
{
	struct pc_join *j = context;

	pc_ledger_mark(j->ledger, cookie);
}

static void keep_process(void *context, const struct pc_entry *e)
{
	struct pc_join *j = context;

	pc_processes_mark(j->processes, e->process);
}

static void retire_process(void *context, const struct pc_process_key *key)
{
	bool *any = context;

	(void)key;
	*any = true;
}

static bool mark_all_alive(struct pc_join *j)
{
	if (!j->kernel.sweep(j->kernel.context, mark_alive, j) &&
	    !j->kernel.sweep_files(j->kernel.context, mark_alive, j))
		return true;
	j->counters.ledger_sweeps_failed++;
	pc_ledger_sweep_failed(j->ledger);
	pc_processes_sweep_failed(j->processes);
	return false;
}

/* A claim is made as connect() begins, before the socket is in the port table: its thread can be
 * preempted, or its cgroup throttled, in between. So a claim this young stays unmarked. */
#define CLAIM_NS PC_NS_PER_SECOND

void pc_inventory_sweep(struct pc_join *j)
{
	uint64_t newer = j->now_ns > CLAIM_NS ? j->now_ns - CLAIM_NS : 0;
	bool any = false;

	if (!pc_ledger_wants_sweep(j->ledger) && !pc_processes_wants_sweep(j->processes))
		return;
	if (!mark_all_alive(j))
		return;
	/* A refusal of the meantime can have a holder that was there then and has closed since. */
	j->sweeping = true;
	pc_ingest_read(j, PC_RING_REFUSALS);
	j->sweeping = false;
	pc_backlog_mark(j);
	j->counters.ledger_forgotten += pc_ledger_sweep(j->ledger, newer, keep_process, j);
	j->counters.ledger_sweeps++;
	pc_processes_sweep(j->processes, retire_process, &any);
	if (any)
		j->kernel.forget_processes(j->kernel.context);
}
