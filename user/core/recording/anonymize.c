// SPDX-License-Identifier: GPL-2.0-only
/* A recording again, with pseudonyms. It is gone through twice: the first time finds what the hashes in it stand for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/join/decode.h"
#include "core/process/given_names.h"
#include "core/process/identity.h"
#include "core/recording/anonymize_private.h"
#include "core/recording/playback_private.h"
#include "core/recording/recorder_private.h"

/* Room for the longest text of a process. */
#define TEXT_SIZE (128 * 1024)

struct anonymizer {
	struct pc_pseudonyms *names;
	struct pc_payload *out; /* of the entry under way */
};

/* A copy of the text with pseudonyms, in its place. */
static void replace_text(char **text, struct pc_pseudonyms *p,
			 size_t (*fn)(struct pc_pseudonyms *p, const char *text, size_t len,
				      char *out, size_t size))
{
	char *out = *text ? malloc(TEXT_SIZE) : NULL;

	if (out)
		fn(p, *text, strlen(*text), out, TEXT_SIZE);
	free(*text);
	*text = out;
}

static size_t executable(struct pc_pseudonyms *p, const char *text, size_t len, char *out,
			 size_t size)
{
	return pc_pseudonym_path(p, text, len, true, out, size);
}

static size_t given_name(struct pc_pseudonyms *p, const char *text, size_t len, char *out,
			 size_t size)
{
	char name[PC_PSEUDONYM_TEXT];

	pc_pseudonym(p, PC_PSEUDONYM_NAME, text, len, name);
	memcpy(out, name, strlen(name) + 1 < size ? strlen(name) + 1 : size);
	return strlen(out);
}

static void again_identity(struct anonymizer *a, const struct pc_recorded *e)
{
	char comm[PC_PSEUDONYM_TEXT];
	struct pc_identity who;

	if (pc_recorded_identity(pc_recorded_payload(e), e->size, &who))
		return;
	replace_text(&who.exe, a->names, executable);
	replace_text(&who.cmdline, a->names, pc_pseudonym_arguments);
	replace_text(&who.cgroup, a->names, pc_pseudonym_cgroup);
	pc_pseudonym_program(a->names, who.comm, strlen(who.comm), comm, sizeof(comm));
	memset(who.comm, 0, sizeof(who.comm));
	memcpy(who.comm, comm, strnlen(comm, sizeof(who.comm) - 1));
	pc_payload_add_identity(a->out, &who);
	pc_identity_free(&who);
}

static void again_given(struct anonymizer *a, const struct pc_recorded *e)
{
	struct pc_given_names names = { 0 };

	if (pc_recorded_given(pc_recorded_payload(e), e->size, &names))
		return;
	replace_text(&names.container, a->names, given_name);
	replace_text(&names.pod, a->names, given_name);
	replace_text(&names.pod_namespace, a->names, given_name);
	pc_payload_add_given(a->out, &names);
	pc_given_free(&names);
}

static void again_look(struct anonymizer *a, const struct pc_recorded *e)
{
	struct pc_netns_look look = { 0 };

	if (pc_recorded_look(pc_recorded_payload(e), e->size, &look))
		return;
	for (size_t i = 0; i < look.sockets.count; i++) {
		struct pc_socket *s = &look.sockets.list[i].socket;
		struct pc_socket_record record;

		pc_socket_encode(s, &record);
		pc_anonymize_socket(a->names, &record);
		pc_socket_decode(&record, s);
	}
	pc_payload_add_look(a->out, &look);
	free(look.sockets.list);
}

static void again_site(struct anonymizer *a, const struct pc_recorded *e)
{
	struct pc_site site;
	char path[sizeof(site.path)];
	uint64_t took_ns;

	if (pc_recorded_site(pc_recorded_payload(e), e->size, &site, &took_ns))
		return;
	pc_pseudonym_path(a->names, site.path, strlen(site.path), false, path, sizeof(path));
	memset(site.path, 0, sizeof(site.path));
	memcpy(site.path, path, strlen(path));
	pc_payload_add_site(a->out, &site, took_ns);
}

static void replace_device(struct anonymizer *a, char name[PC_DEVICE_NAME])
{
	char text[PC_PSEUDONYM_TEXT];
	size_t len = strnlen(name, PC_DEVICE_NAME);

	if (!len || !strcmp(name, "lo"))
		return;
	pc_pseudonym(a->names, PC_PSEUDONYM_DEVICE, name, len, text);
	memset(name, 0, PC_DEVICE_NAME);
	memcpy(name, text, strnlen(text, PC_DEVICE_NAME - 1));
}

static void again_address(struct anonymizer *a, const struct pc_recorded *e)
{
	struct pc_address_look look;

	if (pc_recorded_address(pc_recorded_payload(e), e->size, &look))
		return;
	replace_device(a, look.device);
	replace_device(a, look.vrf);
	replace_device(a, look.asked);
	replace_device(a, look.v6_off);
	replace_device(a, look.down);
	pc_payload_add_address(a->out, &look);
}

static void again_tunnels(struct anonymizer *a, const struct pc_recorded *e)
{
	struct pc_tunnels tunnels;
	uint64_t took_ns;

	if (pc_recorded_tunnels(pc_recorded_payload(e), e->size, &tunnels, &took_ns))
		return;
	for (unsigned i = 0; i < PC_TUNNELS_MAX; i++)
		replace_device(a, tunnels.list[i].name);
	pc_payload_add(a->out, &took_ns, sizeof(took_ns));
	pc_payload_add(a->out, &tunnels, sizeof(tunnels));
}

static void again_folder(struct anonymizer *a, const struct pc_recorded *e)
{
	char *out = malloc(TEXT_SIZE);

	if (!out)
		return;
	pc_payload_add(a->out, out,
		       pc_pseudonym_path(a->names, (const char *)pc_recorded_payload(e), e->size,
					 false, out, TEXT_SIZE));
	free(out);
}

static void again_unit(struct anonymizer *a, const struct pc_recorded *e)
{
	char text[PC_UNIT_NAME] = "";

	if (e->size)
		pc_pseudonym_unit(a->names, (const char *)pc_recorded_payload(e), e->size, text,
				  sizeof(text));
	pc_payload_add(a->out, text, strlen(text));
}

static void again_record(void *context, const void *data, size_t size)
{
	struct anonymizer *a = context;

	(void)size;
	pc_anonymize_record(a->names, data, a->out);
}

/* Bit 63 marks the hash of a TIME_WAIT; cookies are numbers. */
static void again_cookies(struct anonymizer *a, const struct pc_recorded *e)
{
	for (size_t at = 0; at < e->size; at += sizeof(uint64_t)) {
		uint64_t cookie;

		memcpy(&cookie, pc_recorded_payload(e) + at, sizeof(cookie));
		if (cookie >> 63)
			cookie = pc_pseudonym_key(a->names, cookie, 1ULL << 63);
		pc_payload_add(a->out, &cookie, sizeof(cookie));
	}
}

/* An entry that is none of these has numbers and nothing else. */
static void again_payload(struct anonymizer *a, const struct pc_recorded *e)
{
	static void (*const again[PC_RECORDED_KIND_COUNT])(struct anonymizer *a,
							   const struct pc_recorded *e) = {
		[PC_RECORDED_IDENTITY] = again_identity, [PC_RECORDED_GIVEN] = again_given,
		[PC_RECORDED_LOOK] = again_look,	 [PC_RECORDED_SITE] = again_site,
		[PC_RECORDED_ADDRESS] = again_address,	 [PC_RECORDED_TUNNELS] = again_tunnels,
		[PC_RECORDED_SOCKET_UNIT] = again_unit,	 [PC_RECORDED_SWEEP] = again_cookies,
		[PC_RECORDED_SWEEP_FILES] = again_cookies, [PC_RECORDED_FOLDER] = again_folder,
	};

	if (e->kind == PC_RECORDED_READ || e->kind == PC_RECORDED_OWNERS)
		pc_recorded_each(e, again_record, a);
	else if (again[e->kind])
		again[e->kind](a, e);
	else
		pc_payload_add(a->out, pc_recorded_payload(e), e->size);
}

static void again_session(struct pc_recorder *r, const struct pc_recorded_session *session)
{
	struct pc_recorded_session copy = *session;
	char kernel[32];
	size_t len = strspn(copy.kernel, "0123456789.");

	len = len < sizeof(kernel) ? len : sizeof(kernel) - 1;
	memcpy(kernel, copy.kernel, len);
	kernel[len] = '\0';
	copy.kernel = kernel;
	copy.machine = "host";
	pc_recorder_session(r, &copy);
}

static void again_entry(struct pc_recorder *r, struct pc_pseudonyms *names,
			const struct pc_playback *p, const struct pc_recorded *e)
{
	struct pc_payload payload = { 0 };
	struct anonymizer a = { names, &payload };
	uint64_t key = e->key;

	if (e->kind == PC_RECORDED_SESSION) {
		again_session(r, &p->session);
		return;
	}
	if (e->kind == PC_RECORDED_END) {
		pc_recorder_end(r, &p->ended);
		return;
	}
	if (e->kind == PC_RECORDED_ADDRESS)
		key = pc_pseudonym_key(names, key, 0);
	again_payload(&a, e);
	pc_recorder_entry(r, (enum pc_recorded_kind)e->kind, e->code, key, e->result, &payload);
}

static int again_all(const struct pc_playback *p, struct pc_pseudonyms *names,
		     pc_recorder_write write, void *context)
{
	struct pc_recorder r = { .write = write, .context = context };

	pc_recorder_bytes(&r, p->header, sizeof(*p->header));
	for (size_t i = 0; i < p->count; i++)
		again_entry(&r, names, p, p->entries[i]);
	return r.error;
}

static int write_nothing(void *context, const void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

int pc_recording_anonymize(const struct pc_playback *p, pc_recorder_write write, void *context)
{
	struct pc_pseudonyms *names = pc_pseudonyms_new();
	int err = names ? again_all(p, names, write_nothing, NULL) : -ENOMEM;

	if (!err && !pc_pseudonyms_failed(names))
		err = again_all(p, names, write, context);
	if (!err && pc_pseudonyms_failed(names))
		err = -ENOMEM;
	pc_pseudonyms_free(names);
	return err;
}
