// SPDX-License-Identifier: GPL-2.0-only
/* The join's operations on this machine. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "host/addresses.h"
#include "host/clock.h"
#include "host/first_ns.h"
#include "host/given.h"
#include "host/group_word.h"
#include "host/lineage.h"
#include "host/netns.h"
#include "host/looks.h"
#include "host/procfs.h"
#include "host/site.h"
#include "host/sockdiag.h"
#include "host/stopwatch.h"
#include "host/socket_unit.h"
#include "host/sysctl.h"
#include "host/tunnels.h"
#include "out/writer.h"
#include "watch/watch_private.h"

#define PROC "/proc"

static int machine_identity(void *context, uint32_t pid, struct pc_identity *out)
{
	(void)context;
	return pc_procfs_read(PROC, pid, out);
}

static char *machine_folder(void *context, const struct pc_process_key *key)
{
	(void)context;
	return pc_procfs_folder(PROC, key);
}

static bool machine_is_running(void *context, const struct pc_process_key *key)
{
	(void)context;
	return pc_procfs_is(PROC, key);
}

static bool machine_is_same(void *context, const struct pc_process_key *key)
{
	(void)context;
	return pc_procfs_is_or_was(PROC, key);
}

static bool machine_is_daemon(void *context, uint32_t pid, uint32_t claimer)
{
	(void)context;
	return pc_lineage_is_daemon(PROC, pid, claimer);
}

static uint32_t machine_parent(void *context, uint32_t pid)
{
	(void)context;
	return pc_lineage_parent(PROC, pid);
}

static bool machine_is_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	(void)context;
	return pc_lineage_is_kin(PROC, a, b);
}

static uint64_t machine_place(void *context, const struct pc_identity *who, struct pc_place *out)
{
	const struct pc_machine *machine = context;
	const struct pc_place_roots roots = { PROC, PC_CGROUPS, "/run", machine->wall_minus_boot_ns };
	const struct pc_stopwatch watch = pc_stopwatch_start();

	pc_looks_place(&roots, who, out);
	return pc_stopwatch_ns(&watch);
}

static void machine_given(void *context, struct pc_identity *who)
{
	const struct pc_machine *machine = context;

	if (pc_group_judge_word(PC_CGROUPS, who))
		pc_given_fill(machine->given, pc_boot_ns(), who);
}

static uint32_t machine_netns_pid(void *context, uint32_t netns, uint64_t *took_ns)
{
	const struct pc_stopwatch watch = pc_stopwatch_start();
	uint32_t pid = 0;

	(void)context;
	pc_procfs_netns_pid(PROC, netns, &pid);
	*took_ns = pc_stopwatch_ns(&watch);
	return pid;
}

/* Calls fn(argument) in that namespace: in this thread when it is the namespace of this process. */
static int call_in_netns(const struct pc_netns_ref *ref, void (*fn)(void *argument), void *argument)
{
	struct pc_netns ns = { .inode = ref->inode, .pid = ref->pid };
	uint32_t own = 0;

	if (pc_procfs_netns(PROC, pc_first_ns_self(PROC), &own) || own != ref->inode)
		return pc_netns_call(PROC, &ns, fn, argument);
	fn(argument);
	return 0;
}

struct socket_cgroup {
	const struct pc_socket *socket;
	uint64_t id;
	int err;
};

static void ask_socket_cgroup(void *argument)
{
	struct socket_cgroup *c = argument;

	c->err = pc_socket_unit_cgroup(c->socket, &c->id);
}

static void machine_socket_unit(void *context, const struct pc_netns_ref *netns,
				const struct pc_identity *manager, const struct pc_socket *s,
				char *out)
{
	struct socket_cgroup c = { .socket = s };

	(void)context;
	if (manager->cgroup && !call_in_netns(netns, ask_socket_cgroup, &c) && !c.err)
		pc_socket_unit_find(PC_CGROUPS, manager->cgroup, c.id, out);
}

static void read_netns_settings(void *argument)
{
	pc_sysctl_settings(PROC, argument);
}

static int machine_settings(void *context, const struct pc_netns_ref *netns,
			    struct pc_netns_settings *out)
{
	struct pc_netns_settings read = { 0 };
	int err = call_in_netns(netns, read_netns_settings, &read);

	(void)context;
	if (!err && !read.known)
		err = -ENODATA;
	if (!err)
		*out = read;
	return err;
}

struct address_look {
	const struct pc_request *request;
	struct pc_address_look *out;
	int err;
};

static void look_at_address(void *argument)
{
	struct address_look *l = argument;
	struct pc_netdevs devices = { 0 };

	l->err = pc_addresses_read(&devices);
	if (!l->err)
		pc_local_address(&devices, l->request, l->out);
	pc_netdevs_free(&devices);
}

static int machine_address(void *context, const struct pc_netns_ref *netns,
			   const struct pc_request *r, struct pc_address_look *out,
			   uint64_t *took_ns)
{
	struct address_look l = { .request = r, .out = out };
	const struct pc_stopwatch watch = pc_stopwatch_start();
	int err = call_in_netns(netns, look_at_address, &l);

	(void)context;
	*took_ns = pc_stopwatch_ns(&watch);
	return err ? err : l.err;
}

struct netns_look {
	struct pc_netns_look *out;
	int err;
};

/* Bound sockets too: with them, sockstat of another namespace is not asked, which a thread cannot see
 * (/proc/self is the process). */
static void look_at_netns(void *argument)
{
	struct netns_look *l = argument;

	pc_sysctl_settings(PROC, &l->out->settings);
	l->err = l->out->settings.known ? pc_sockdiag_read(PROC, true, &l->out->sockets) : -ENODATA;
}

static int machine_look(void *context, const struct pc_netns_ref *netns, struct pc_netns_look *out)
{
	struct netns_look l = { .out = out };
	uint64_t began_ns;
	int err;

	(void)context;
	out->sockets.count = 0;
	out->time_ns = pc_boot_ns();
	began_ns = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	err = call_in_netns(netns, look_at_netns, &l);
	out->took_ns = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - began_ns;
	return err ? err : l.err;
}

/* A confined agent cannot connect. */
static int connect_to_site(int file)
{
	struct pc_writer_request request = { .op = PC_WRITER_BOUND };
	struct pc_writer_answer answer;
	int fd, err;

	if (!pc_writer_used())
		return pc_site_connect(file);
	err = pc_writer_ask(&request, NULL, NULL, file, &answer, &fd);
	if (fd >= 0)
		close(fd);
	return err ? err : answer.err;
}

static uint64_t machine_site(void *context, const struct pc_path_question *q, struct pc_site *out)
{
	const struct pc_stopwatch watch = pc_stopwatch_start();

	(void)context;
	pc_looks_site(PROC, q, connect_to_site, out);
	return pc_stopwatch_ns(&watch);
}

struct tunnels_look {
	uint16_t port;
	struct pc_tunnels *out;
};

static void look_at_tunnels(void *argument)
{
	struct tunnels_look *l = argument;

	if (pc_tunnels_read(l->port, l->out))
		*l->out = (struct pc_tunnels){ 0 };
}

static uint64_t machine_tunnels(void *context, const struct pc_netns_ref *netns, uint16_t port,
				struct pc_tunnels *out)
{
	struct tunnels_look l = { port, out };
	const struct pc_stopwatch watch = pc_stopwatch_start();

	(void)context;
	call_in_netns(netns, look_at_tunnels, &l);
	return pc_stopwatch_ns(&watch);
}

const struct pc_join_host pc_host_side = {
	.identity = machine_identity,
	.folder = machine_folder,
	.is_running = machine_is_running,
	.is_same = machine_is_same,
	.is_daemon = machine_is_daemon,
	.parent = machine_parent,
	.is_kin = machine_is_kin,
	.place = machine_place,
	.socket_unit = machine_socket_unit,
	.given = machine_given,
	.netns_pid = machine_netns_pid,
	.settings = machine_settings,
	.address = machine_address,
	.look = machine_look,
	.site = machine_site,
	.tunnels = machine_tunnels,
};

/* In a pid namespace of its own /proc has other ids: it tells nothing of a process, and of none that it has
 * ended. */
static int apart_identity(void *context, uint32_t pid, struct pc_identity *out)
{
	(void)context, (void)pid, (void)out;
	return -ESRCH;
}

static char *apart_folder(void *context, const struct pc_process_key *key)
{
	(void)context, (void)key;
	return NULL;
}

static bool apart_is_running(void *context, const struct pc_process_key *key)
{
	(void)context, (void)key;
	return true;
}

static bool apart_is_same(void *context, const struct pc_process_key *key)
{
	(void)context, (void)key;
	return false;
}

static bool apart_is_daemon(void *context, uint32_t pid, uint32_t claimer)
{
	(void)context, (void)pid, (void)claimer;
	return false;
}

static uint32_t apart_parent(void *context, uint32_t pid)
{
	(void)context, (void)pid;
	return 0;
}

static bool apart_is_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	(void)context, (void)a, (void)b;
	return false;
}

static uint64_t apart_place(void *context, const struct pc_identity *who, struct pc_place *out)
{
	(void)context, (void)who;
	*out = (struct pc_place){ .unseen = true };
	return 0;
}

static void apart_socket_unit(void *context, const struct pc_netns_ref *netns,
			      const struct pc_identity *manager, const struct pc_socket *s,
			      char *out)
{
	(void)context, (void)netns, (void)manager, (void)s, (void)out;
}

static uint64_t apart_site(void *context, const struct pc_path_question *q, struct pc_site *out)
{
	(void)context, (void)q;
	*out = (struct pc_site){ .kind = PC_PATH_UNSEEN, .error = ESRCH };
	return 0;
}

const struct pc_join_host pc_host_side_apart = {
	.identity = apart_identity,
	.folder = apart_folder,
	.is_running = apart_is_running,
	.is_same = apart_is_same,
	.is_daemon = apart_is_daemon,
	.parent = apart_parent,
	.is_kin = apart_is_kin,
	.place = apart_place,
	.socket_unit = apart_socket_unit,
	.given = machine_given,
	.netns_pid = machine_netns_pid,
	.settings = machine_settings,
	.address = machine_address,
	.look = machine_look,
	.site = apart_site,
	.tunnels = machine_tunnels,
};
