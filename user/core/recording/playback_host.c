// SPDX-License-Identifier: GPL-2.0-only
/* The host's operations, answered by a recording. */
#include <errno.h>
#include <string.h>

#include "core/process/given_names.h"
#include "core/recording/playback_private.h"

static int play_identity(void *context, uint32_t pid, struct pc_identity *out)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_IDENTITY, 0, pid, false);

	if (!e)
		return -ESRCH;
	return e->result ? e->result : pc_recorded_identity(pc_recorded_payload(e), e->size, out);
}

static bool is_yes(struct pc_playback *p, enum pc_recorded_kind kind, uint64_t key)
{
	const struct pc_recorded *e = pc_playback_answer(p, kind, 0, key, false);

	return e && e->result;
}

static bool play_is_running(void *context, const struct pc_process_key *key)
{
	return is_yes(context, PC_RECORDED_RUNNING, pc_recorded_process(key));
}

static bool play_is_same(void *context, const struct pc_process_key *key)
{
	return is_yes(context, PC_RECORDED_SAME, pc_recorded_process(key));
}

static bool play_is_daemon(void *context, uint32_t pid, uint32_t claimer)
{
	return is_yes(context, PC_RECORDED_DAEMON, pc_recorded_pair(pid, claimer));
}

/* Recordings of older versions lack it: then it is not known. */
static uint32_t play_parent(void *context, uint32_t pid)
{
	const struct pc_recorded *e = pc_playback_find(context, PC_RECORDED_PARENT, 0, pid, false);

	return e ? (uint32_t)e->result : 0;
}

/* A recording has no entry for a directory that was not known. */
static char *play_folder(void *context, const struct pc_process_key *key)
{
	const struct pc_recorded *e =
		pc_playback_find(context, PC_RECORDED_FOLDER, 0, pc_recorded_process(key), false);

	return e ? strndup((const char *)pc_recorded_payload(e), e->size) : NULL;
}

static bool play_is_kin(void *context, const struct pc_identity *a, const struct pc_identity *b)
{
	return is_yes(context, PC_RECORDED_KIN, pc_recorded_pair(a->key.tgid, b->key.tgid));
}

static uint64_t play_place(void *context, const struct pc_identity *who, struct pc_place *out)
{
	const struct pc_recorded *e =
		pc_playback_answer(context, PC_RECORDED_PLACE, 0, pc_recorded_process(&who->key), false);

	*out = (struct pc_place){ .unseen = !e };
	if (e)
		pc_recorded_place(pc_recorded_payload(e), e->size, out);
	return 0;
}

static void play_socket_unit(void *context, const struct pc_netns_ref *netns,
			     const struct pc_identity *manager, const struct pc_socket *s,
			     char *out)
{
	const struct pc_recorded *e =
		pc_playback_answer(context, PC_RECORDED_SOCKET_UNIT, 0, s->inode, false);

	(void)netns, (void)manager;
	if (!e || e->size >= PC_UNIT_NAME)
		return;
	memcpy(out, pc_recorded_payload(e), e->size);
	out[e->size] = '\0';
}

/* A recording has no entry for a process of which no name was found. */
static void play_given(void *context, struct pc_identity *who)
{
	const struct pc_recorded *e =
		pc_playback_find(context, PC_RECORDED_GIVEN, 0, pc_recorded_process(&who->key), false);
	struct pc_given_names names;

	if (e && !pc_recorded_given(pc_recorded_payload(e), e->size, &names))
		pc_given_add(&names, who);
}

static uint32_t play_netns_pid(void *context, uint32_t netns, uint64_t *took_ns)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_NETNS_PID, 0, netns, false);

	*took_ns = 0;
	return e && e->result > 0 ? (uint32_t)e->result : 0;
}

static int play_settings(void *context, const struct pc_netns_ref *netns,
			 struct pc_netns_settings *out)
{
	const struct pc_recorded *e =
		pc_playback_answer(context, PC_RECORDED_SETTINGS, 0, netns->inode, false);

	if (!e)
		return -ENODATA;
	return e->result ? e->result : pc_recorded_settings(pc_recorded_payload(e), e->size, out);
}

static int play_address(void *context, const struct pc_netns_ref *netns,
			const struct pc_request *request, struct pc_address_look *out,
			uint64_t *took_ns)
{
	const struct pc_recorded *e =
		pc_playback_answer(context, PC_RECORDED_ADDRESS, 0,
			  pc_recorded_place_of_address(netns->inode, request), false);

	*took_ns = 0;
	if (!e)
		return -ENODATA;
	return e->result ? e->result : pc_recorded_address(pc_recorded_payload(e), e->size, out);
}

static int play_look(void *context, const struct pc_netns_ref *netns, struct pc_netns_look *out)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_LOOK, 0, netns->inode, true);
	int err = e ? pc_recorded_look(pc_recorded_payload(e), e->size, out) : -ENODATA;

	return err ? err : e->result;
}

static uint64_t play_site(void *context, const struct pc_path_question *q, struct pc_site *out)
{
	const struct pc_recorded *e =
		pc_playback_answer(context, PC_RECORDED_SITE, 0, pc_recorded_process(&q->process), true);

	uint64_t took_ns = 0;

	if (e)
		pc_recorded_site(pc_recorded_payload(e), e->size, out, &took_ns);
	return took_ns;
}

static uint64_t play_tunnels(void *context, const struct pc_netns_ref *netns, uint16_t port,
			     struct pc_tunnels *out)
{
	const struct pc_recorded *e = pc_playback_answer(context, PC_RECORDED_TUNNELS, 0,
						pc_recorded_pair(netns->inode, port), true);
	uint64_t took_ns = 0;

	if (e)
		pc_recorded_tunnels(pc_recorded_payload(e), e->size, out, &took_ns);
	return took_ns;
}

struct pc_join_host pc_playback_host(struct pc_playback *p)
{
	return (struct pc_join_host){
		.context = p,
		.identity = play_identity,
		.is_running = play_is_running,
		.is_same = play_is_same,
		.is_daemon = play_is_daemon,
		.parent = play_parent,
		.folder = play_folder,
		.is_kin = play_is_kin,
		.place = play_place,
		.socket_unit = play_socket_unit,
		.given = play_given,
		.netns_pid = play_netns_pid,
		.settings = play_settings,
		.address = play_address,
		.look = play_look,
		.site = play_site,
		.tunnels = play_tunnels,
	};
}
