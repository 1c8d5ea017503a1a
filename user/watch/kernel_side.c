// SPDX-License-Identifier: GPL-2.0-only
/* The join's operations on a monitor. Their context is where the driver keeps the monitor: the join is
 * there first, and takes in the open sockets before the monitor's hooks are attached. */
#include "bpf/monitor.h"
#include "watch/watch_private.h"

static struct pc_monitor *monitor_of(void *context)
{
	return *(struct pc_monitor **)context;
}

static int monitor_read(void *context, enum pc_ring ring, const struct pc_taker *taker)
{
	return pc_monitor_read(monitor_of(context), ring, taker);
}

static int monitor_owners(void *context, const struct pc_wanted *wanted, pc_owner_fn found,
			  void *to)
{
	return pc_monitor_owners(monitor_of(context), wanted, found, to);
}

static int monitor_sweep(void *context, pc_cookie_fn alive, void *to)
{
	return pc_monitor_sweep(monitor_of(context), alive, to);
}

static int monitor_sweep_files(void *context, pc_cookie_fn alive, void *to)
{
	return pc_monitor_sweep_files(monitor_of(context), alive, to);
}

static int monitor_reserved(void *context, uint64_t netns_key, uint64_t *words)
{
	return pc_monitor_reserved(monitor_of(context), netns_key, words);
}

static void monitor_losses(void *context, struct pc_losses *out)
{
	pc_monitor_losses(monitor_of(context), out);
}

static void monitor_forget_processes(void *context)
{
	pc_monitor_forget_processes(monitor_of(context));
}

static void monitor_protect(void *context, uint16_t port, bool on)
{
	pc_monitor_protect(monitor_of(context), port, on);
}

struct pc_join_kernel pc_kernel_side(struct pc_monitor **m)
{
	return (struct pc_join_kernel){
		.context = m,
		.read = monitor_read,
		.owners = monitor_owners,
		.sweep = monitor_sweep,
		.sweep_files = monitor_sweep_files,
		.reserved = monitor_reserved,
		.losses = monitor_losses,
		.forget_processes = monitor_forget_processes,
		.protect = monitor_protect,
	};
}
