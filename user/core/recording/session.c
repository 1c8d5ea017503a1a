// SPDX-License-Identifier: GPL-2.0-only
/* The two entries about the recorded session itself: which portclash watched where, and how it ended. */
#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "core/recording/playback_private.h"
#include "core/recording/recorder_private.h"

#define SESSION_TEXTS 6

/* The order in the payload, each text with its NUL. */
static void session_texts(struct pc_recorded_session *s, const char **texts[SESSION_TEXTS])
{
	texts[0] = &s->version;
	texts[1] = &s->backend;
	texts[2] = &s->why;
	texts[3] = &s->blind;
	texts[4] = &s->kernel;
	texts[5] = &s->machine;
}

void pc_recorder_session(struct pc_recorder *r, const struct pc_recorded_session *session)
{
	struct pc_recorded_session copy = *session;
	const char **texts[SESSION_TEXTS];
	struct pc_payload p = { 0 };

	session_texts(&copy, texts);
	for (int i = 0; i < SESSION_TEXTS; i++) {
		const char *text = *texts[i] ? *texts[i] : "";

		pc_payload_add(&p, text, strlen(text) + 1);
	}
	pc_recorder_entry(r, PC_RECORDED_SESSION, session->has_command, session->sockets, 0, &p);
}

void pc_recorder_end(struct pc_recorder *r, const struct pc_recorded_end *end)
{
	struct pc_payload none = { 0 };

	pc_recorder_entry(r, PC_RECORDED_END, r->check, end->watched_ns, end->command_status, &none);
	r->ended = true;
}

void pc_recorder_clock(struct pc_recorder *r, uint64_t wall_minus_boot_ns)
{
	struct pc_payload none = { 0 };

	pc_recorder_entry(r, PC_RECORDED_CLOCK, 0, wall_minus_boot_ns, 0, &none);
}

int pc_playback_take_session(struct pc_playback *p, const struct pc_recorded *e)
{
	const char *at = (const char *)pc_recorded_payload(e), *end = at + e->size;
	struct pc_recorded_session *s = &p->session;
	const char **texts[SESSION_TEXTS];

	session_texts(s, texts);
	for (int i = 0; i < SESSION_TEXTS; i++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));

		if (!nul)
			return -EBADMSG;
		*texts[i] = at;
		at = nul + 1;
	}
	s->sockets = e->key;
	s->has_command = e->code;
	p->has_session = true;
	return 0;
}

int pc_playback_take_end(struct pc_playback *p, const struct pc_recorded *e, const uint8_t *data)
{
	size_t before = (size_t)((const uint8_t *)e - data);

	p->ended = (struct pc_recorded_end){ e->key, e->result };
	p->has_end = true;
	return (uint32_t)crc32_z(0, data, before) == e->code ? 0 : -EBADMSG;
}

const struct pc_recorded_session *pc_playback_session(const struct pc_playback *p)
{
	return p->has_session ? &p->session : NULL;
}

const struct pc_recorded_end *pc_playback_end(const struct pc_playback *p)
{
	return p->has_end ? &p->ended : NULL;
}

uint64_t pc_playback_wall_minus_boot(const struct pc_playback *p)
{
	return p->wall_minus_boot_ns;
}

uint64_t pc_playback_cut(const struct pc_playback *p)
{
	return p->cut;
}
