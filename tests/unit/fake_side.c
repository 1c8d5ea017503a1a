// SPDX-License-Identifier: GPL-2.0-only
/* A kernel side and a host made by hand. */
#include "fake_side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/process/identity.h"

static void begin(struct fake *f, enum fake_op op)
{
	f->calls[op]++;
	if (f->on_op)
		f->on_op(f, op);
}

/* Copy an answer as it begins: what a test changes while it is handed over waits for the next answer. */
static void *snapshot(const void *data, size_t size)
{
	return memcpy(malloc(size + 8), data, size);
}

static int fake_read(void *context, enum pc_ring which, const struct pc_taker *taker)
{
	struct fake *f = context;
	struct fake_ring *ring = &f->rings[which];
	uint8_t *copy;
	size_t size;
	int n = 0;

	begin(f, which == PC_RING_CLAIMS ? FAKE_READ_CLAIMS : FAKE_READ_REFUSALS);
	size = ring->size;
	copy = snapshot(ring->data, size);
	ring->size = 0;
	for (size_t at = 0; at < size; n++) {
		const struct pc_header *h = (const void *)(copy + at);

		taker->record(taker->to, h, h->size);
		at += ((size_t)h->size + 7) & ~(size_t)7;
	}
	free(copy);
	return n;
}

static bool is_wanted_unix(uint64_t key, const struct pc_socket_record *s)
{
	struct pc_unix_bound bound;

	memcpy(&bound, s->local, sizeof(s->local));
	return s->family == PC_FAMILY_UNIX &&
	       (key == bound.name || key == pc_wanted_unix_file(bound.file));
}

static bool is_wanted(const struct pc_wanted *wanted, const struct pc_socket_record *s)
{
	for (size_t i = 0; i < wanted->count; i++) {
		uint64_t key = wanted->keys[i];

		if (key == s->cookie || key == pc_wanted_inode(s->inode) ||
		    key == pc_wanted_ports(s->lport, s->rport) ||
		    (wanted->with_unix && is_wanted_unix(key, s)))
			return true;
	}
	return wanted->all;
}

static int fake_owners(void *context, const struct pc_wanted *wanted, pc_owner_fn found, void *to)
{
	struct fake *f = context;
	struct pc_owner_record *owners;
	unsigned count;
	int error;

	begin(f, FAKE_OWNERS);
	count = f->owners_count;
	error = f->owners_error;
	owners = snapshot(f->owners, count * sizeof(*owners));
	for (unsigned i = 0; i < count; i++)
		if (is_wanted(wanted, &owners[i].socket))
			found(to, &owners[i]);
	free(owners);
	return error;
}

static int fake_sweep(void *context, pc_cookie_fn alive, void *to)
{
	struct fake *f = context;

	begin(f, FAKE_SWEEP);
	for (unsigned i = 0; i < f->alive_count; i++)
		alive(to, f->alive[i]);
	for (uint64_t i = 0; i < f->alive_more; i++)
		alive(to, FAKE_COOKIES + i);
	return f->sweep_error;
}

static int fake_sweep_files(void *context, pc_cookie_fn alive, void *to)
{
	struct fake *f = context;

	begin(f, FAKE_SWEEP_FILES);
	for (unsigned i = 0; i < f->owners_count; i++)
		alive(to, f->owners[i].socket.cookie);
	return f->sweep_files_error;
}

static int fake_reserved(void *context, uint64_t netns_key, uint64_t *words)
{
	struct fake *f = context;

	begin(f, FAKE_RESERVED);
	f->reserved_key = netns_key;
	if (!f->reserved_known)
		return -ENOENT;
	memcpy(words, f->reserved, sizeof(f->reserved));
	return 0;
}

static void fake_losses(void *context, struct pc_losses *out)
{
	*out = ((struct fake *)context)->losses;
}

static void fake_forget_processes(void *context)
{
	begin(context, FAKE_FORGET_PROCESSES);
}

static void fake_protect(void *context, uint16_t port, bool on)
{
	struct fake *f = context;
	uint64_t bit = 1ULL << port % 64;

	begin(f, FAKE_PROTECT);
	if (on)
		f->protected[port / 64] |= bit;
	else
		f->protected[port / 64] &= ~bit;
}

/* The newest process of that pid: pids are used again. */
static struct fake_process *find_pid(struct fake *f, uint32_t pid)
{
	for (unsigned i = f->processes_count; i-- > 0;)
		if (f->processes[i].key.tgid == pid)
			return &f->processes[i];
	return NULL;
}

static int fake_identity(void *context, uint32_t pid, struct pc_identity *out)
{
	struct fake *f = context;
	struct fake_process *p;

	begin(f, FAKE_IDENTITY);
	p = find_pid(f, pid);
	if (!p || !p->running)
		return -ESRCH;
	*out = (struct pc_identity){ .key = p->key, .netns = p->netns };
	strncpy(out->comm, p->comm, sizeof(out->comm) - 1);
	if (p->exe && asprintf(&out->exe, "/%s", p->exe) < 0)
		return -ENOMEM;
	out->cmdline = p->cmdline ? strdup(p->cmdline) : NULL;
	out->cgroup = p->cgroup ? strdup(p->cgroup) : NULL;
	return pc_identity_name_cgroup(out);
}

static bool is_key(const struct fake_process *p, const struct pc_process_key *key)
{
	return p && p->key.start_ns == key->start_ns;
}

static bool fake_is_running(void *context, const struct pc_process_key *key)
{
	struct fake *f = context;
	struct fake_process *p;

	begin(f, FAKE_IS_RUNNING);
	p = find_pid(f, key->tgid);
	return is_key(p, key) && p->running;
}

static bool fake_is_same(void *context, const struct pc_process_key *key)
{
	begin(context, FAKE_IS_SAME);
	return is_key(find_pid(context, key->tgid), key);
}

static bool fake_is_daemon(void *context, uint32_t pid, uint32_t claimer)
{
	(void)pid, (void)claimer;
	begin(context, FAKE_IS_DAEMON);
	return ((struct fake *)context)->daemon;
}

static char *fake_folder(void *context, const struct pc_process_key *key)
{
	const struct fake *f = context;

	(void)key;
	return f->folder ? strdup(f->folder) : NULL;
}

static uint32_t fake_parent(void *context, uint32_t pid)
{
	(void)pid;
	begin(context, FAKE_PARENT);
	return ((struct fake *)context)->parent;
}

static bool fake_is_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	(void)a, (void)b;
	begin(context, FAKE_IS_KIN);
	return ((struct fake *)context)->kin;
}

static uint64_t fake_place(void *context, const struct pc_identity *who, struct pc_place *out)
{
	struct fake_process *p;

	begin(context, FAKE_PLACE);
	p = find_pid(context, who->key.tgid);
	*out = p ? p->place : (struct pc_place){ 0 };
	return ((struct fake *)context)->place_took_ns;
}

static void fake_socket_unit(void *context, const struct pc_netns_ref *netns,
			     const struct pc_identity *manager, const struct pc_socket *s,
			     char *out)
{
	struct fake *f = context;

	(void)manager, (void)s;
	f->asked = *netns;
	begin(f, FAKE_SOCKET_UNIT);
	if (f->socket_unit)
		strcpy(out, f->socket_unit);
}

static void fake_given(void *context, struct pc_identity *who)
{
	const char *name = ((struct fake *)context)->container_name;

	if (name)
		who->given.container = strdup(name);
}

static uint32_t fake_netns_pid(void *context, uint32_t netns, uint64_t *took_ns)
{
	(void)netns;
	begin(context, FAKE_NETNS_PID);
	*took_ns = ((struct fake *)context)->space_took_ns;
	return ((struct fake *)context)->netns_pid;
}

static int fake_settings(void *context, const struct pc_netns_ref *netns,
			 struct pc_netns_settings *out)
{
	struct fake *f = context;

	f->asked = *netns;
	begin(f, FAKE_SETTINGS);
	if (!f->settings.known)
		return -ENODATA;
	*out = f->settings;
	return 0;
}

static int fake_address(void *context, const struct pc_netns_ref *netns,
			const struct pc_request *r, struct pc_address_look *out, uint64_t *took_ns)
{
	struct fake *f = context;

	begin(f, FAKE_ADDRESS);
	*took_ns = f->address_took_ns;
	f->asked = *netns;
	pc_local_address(&f->devices, r, out);
	return 0;
}

static int fake_look(void *context, const struct pc_netns_ref *netns, struct pc_netns_look *out)
{
	struct fake *f = context;

	f->asked = *netns;
	begin(f, FAKE_LOOK);
	free(out->sockets.list);
	*out = f->look;
	out->sockets.room = f->look.sockets.count;
	out->sockets.list = calloc(f->look.sockets.count + 1, sizeof(*out->sockets.list));
	if (f->look.sockets.count)
		memcpy(out->sockets.list, f->look.sockets.list,
		       f->look.sockets.count * sizeof(*out->sockets.list));
	return f->look_error;
}

static uint64_t fake_site(void *context, const struct pc_path_question *q, struct pc_site *out)
{
	struct fake *f = context;

	begin(f, FAKE_SITE);
	snprintf(f->path, sizeof(f->path), "%s|%s|%s", q->root, q->cwd, q->path);
	*out = f->site;
	return f->site_took_ns;
}

static uint64_t fake_tunnels(void *context, const struct pc_netns_ref *netns, uint16_t port,
			     struct pc_tunnels *out)
{
	struct fake *f = context;

	(void)port;
	f->asked = *netns;
	begin(f, FAKE_TUNNELS);
	*out = f->tunnels;
	return f->tunnels_took_ns;
}

static const struct pc_join_kernel kernel_ops = {
	.read = fake_read,
	.owners = fake_owners,
	.sweep = fake_sweep,
	.sweep_files = fake_sweep_files,
	.reserved = fake_reserved,
	.losses = fake_losses,
	.forget_processes = fake_forget_processes,
	.protect = fake_protect,
};

static const struct pc_join_host host_ops = {
	.identity = fake_identity,
	.is_running = fake_is_running,
	.is_same = fake_is_same,
	.is_daemon = fake_is_daemon,
	.parent = fake_parent,
	.folder = fake_folder,
	.is_kin = fake_is_kin,
	.place = fake_place,
	.socket_unit = fake_socket_unit,
	.given = fake_given,
	.netns_pid = fake_netns_pid,
	.settings = fake_settings,
	.address = fake_address,
	.look = fake_look,
	.site = fake_site,
	.tunnels = fake_tunnels,
};

struct fake *fake_new_wrapped(const struct pc_join_options *options, fake_wrap_fn wrap,
			      void *context)
{
	struct pc_join_options o = options ? *options : (struct pc_join_options){ 0 };
	struct fake *f = calloc(1, sizeof(*f));
	struct pc_join_kernel kernel = kernel_ops;
	struct pc_join_host host = host_ops;
	struct pc_join_output output = fake_output(f);

	f->now_ns = 1000000000000;
	o.netns = FAKE_NETNS;
	kernel.context = host.context = f;
	if (wrap)
		wrap(context, &o, &kernel, &host);
	f->join = pc_join_new(&o, &kernel, &host, &output);
	return f;
}

struct fake *fake_new(const struct pc_join_options *options)
{
	return fake_new_wrapped(options, NULL, NULL);
}

void fake_free(struct fake *f)
{
	fake_forget(f);
	pc_join_free(f->join);
	free(f);
}

void fake_round(struct fake *f)
{
	pc_join_read(f->join, f->now_ns);
	while (pc_join_finish(f->join, f->now_ns))
		;
	pc_join_tidy(f->join, f->now_ns);
	f->now_ns += 100000000;
}

void fake_start(struct fake *f)
{
	pc_join_inventory(f->join, f->now_ns, false);
	pc_join_inventory(f->join, f->now_ns, true);
}
