// SPDX-License-Identifier: GPL-2.0-only
/* The recorder's operations of the host. */
#include <string.h>

#include "core/recording/recorder_private.h"

static void write_answer(struct pc_recorder *r, enum pc_recorded_kind kind, uint64_t key,
			 int result)
{
	struct pc_payload none = { 0 };

	pc_recorder_entry(r, kind, 0, key, result, &none);
}

static int record_identity(void *context, uint32_t pid, struct pc_identity *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	int err = r->host.identity(r->host.context, pid, out);

	if (!err)
		pc_payload_add_identity(&p, out);
	pc_recorder_entry(r, PC_RECORDED_IDENTITY, 0, pid, err, &p);
	return err;
}

/* Nothing is written where the directory is not known. */
static char *record_folder(void *context, const struct pc_process_key *key)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	char *folder = r->host.folder(r->host.context, key);

	if (!folder)
		return NULL;
	pc_payload_add(&p, folder, strlen(folder));
	pc_recorder_entry(r, PC_RECORDED_FOLDER, 0, pc_recorded_process(key), 0, &p);
	return folder;
}

static bool record_is_running(void *context, const struct pc_process_key *key)
{
	struct pc_recorder *r = context;
	bool yes = r->host.is_running(r->host.context, key);

	write_answer(r, PC_RECORDED_RUNNING, pc_recorded_process(key), yes);
	return yes;
}

static bool record_is_same(void *context, const struct pc_process_key *key)
{
	struct pc_recorder *r = context;
	bool yes = r->host.is_same(r->host.context, key);

	write_answer(r, PC_RECORDED_SAME, pc_recorded_process(key), yes);
	return yes;
}

static bool record_is_daemon(void *context, uint32_t pid, uint32_t claimer)
{
	struct pc_recorder *r = context;
	bool yes = r->host.is_daemon(r->host.context, pid, claimer);

	write_answer(r, PC_RECORDED_DAEMON, pc_recorded_pair(pid, claimer), yes);
	return yes;
}

static uint32_t record_parent(void *context, uint32_t pid)
{
	struct pc_recorder *r = context;
	uint32_t parent = r->host.parent(r->host.context, pid);

	write_answer(r, PC_RECORDED_PARENT, pid, (int)parent);
	return parent;
}

static bool record_is_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	struct pc_recorder *r = context;
	bool yes = r->host.is_kin(r->host.context, a, b);

	write_answer(r, PC_RECORDED_KIN, pc_recorded_pair(a->key.tgid, b->key.tgid), yes);
	return yes;
}

static uint64_t record_place(void *context, const struct pc_identity *who, struct pc_place *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };

	uint64_t took_ns = r->host.place(r->host.context, who, out);

	pc_payload_add_place(&p, out);
	pc_recorder_entry(r, PC_RECORDED_PLACE, 0, pc_recorded_process(&who->key), 0, &p);
	return took_ns;
}

static void record_socket_unit(void *context, const struct pc_netns_ref *netns,
			       const struct pc_identity *manager, const struct pc_socket *s,
			       char *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };

	r->host.socket_unit(r->host.context, netns, manager, s, out);
	pc_payload_add(&p, out, strlen(out));
	pc_recorder_entry(r, PC_RECORDED_SOCKET_UNIT, 0, s->inode, 0, &p);
}

/* Nothing is written where there is no name: most processes are in no container. */
static void record_given(void *context, struct pc_identity *who)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };

	r->host.given(r->host.context, who);
	if (!who->given.container && !who->given.pod)
		return;
	pc_payload_add_given(&p, &who->given);
	pc_recorder_entry(r, PC_RECORDED_GIVEN, 0, pc_recorded_process(&who->key), 0, &p);
}

static uint32_t record_netns_pid(void *context, uint32_t netns, uint64_t *took_ns)
{
	struct pc_recorder *r = context;
	uint32_t pid = r->host.netns_pid(r->host.context, netns, took_ns);

	write_answer(r, PC_RECORDED_NETNS_PID, netns, (int)pid);
	return pid;
}

static int record_settings(void *context, const struct pc_netns_ref *netns,
			   struct pc_netns_settings *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	int err = r->host.settings(r->host.context, netns, out);

	if (!err)
		pc_payload_add_settings(&p, out);
	pc_recorder_entry(r, PC_RECORDED_SETTINGS, 0, netns->inode, err, &p);
	return err;
}

static int record_address(void *context, const struct pc_netns_ref *netns,
			  const struct pc_request *request, struct pc_address_look *out,
			  uint64_t *took_ns)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	int err = r->host.address(r->host.context, netns, request, out, took_ns);

	if (!err)
		pc_payload_add_address(&p, out);
	pc_recorder_entry(r, PC_RECORDED_ADDRESS, 0,
			  pc_recorded_place_of_address(netns->inode, request), err, &p);
	return err;
}

static int record_look(void *context, const struct pc_netns_ref *netns, struct pc_netns_look *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	int err = r->host.look(r->host.context, netns, out);

	pc_payload_add_look(&p, out);
	pc_recorder_entry(r, PC_RECORDED_LOOK, 0, netns->inode, err, &p);
	return err;
}

static uint64_t record_site(void *context, const struct pc_path_question *q, struct pc_site *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	uint64_t took_ns = r->host.site(r->host.context, q, out);

	pc_payload_add_site(&p, out, took_ns);
	pc_recorder_entry(r, PC_RECORDED_SITE, 0, pc_recorded_process(&q->process), 0, &p);
	return took_ns;
}

static uint64_t record_tunnels(void *context, const struct pc_netns_ref *netns, uint16_t port,
			       struct pc_tunnels *out)
{
	struct pc_recorder *r = context;
	struct pc_payload p = { 0 };
	uint64_t took_ns = r->host.tunnels(r->host.context, netns, port, out);

	pc_payload_add(&p, &took_ns, sizeof(took_ns));
	pc_payload_add(&p, out, sizeof(*out));
	pc_recorder_entry(r, PC_RECORDED_TUNNELS, 0, pc_recorded_pair(netns->inode, port), 0, &p);
	return took_ns;
}

struct pc_join_host pc_recorder_host(struct pc_recorder *r)
{
	return (struct pc_join_host){
		.context = r,
		.identity = record_identity,
		.is_running = record_is_running,
		.is_same = record_is_same,
		.is_daemon = record_is_daemon,
		.parent = record_parent,
		.is_kin = record_is_kin,
		.folder = record_folder,
		.place = record_place,
		.socket_unit = record_socket_unit,
		.given = r->host.given ? record_given : NULL,
		.netns_pid = record_netns_pid,
		.settings = record_settings,
		.address = record_address,
		.look = record_look,
		.site = record_site,
		.tunnels = record_tunnels,
	};
}
