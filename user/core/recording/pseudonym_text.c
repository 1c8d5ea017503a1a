// SPDX-License-Identifier: GPL-2.0-only
/* Texts with pseudonyms in place of names. The words that stay are portclash's own: those that its rules look for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/process/helper.h"
#include "core/process/spared.h"
#include "core/recording/pseudonyms.h"
#include "portclash/values.h"

#define HEX "0123456789abcdef"
#define ID_LEN 64

/* A longer component is none of ours. */
#define WORD_SIZE 128

struct writer {
	char *out;
	size_t len;
	size_t size;
	bool full; /* nothing is added any more */
};

/* All of the text or nothing. */
static void writer_add(struct writer *w, const char *text, size_t len)
{
	if (w->full || len >= w->size - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->len, text, len);
	w->len += len;
	w->out[w->len] = '\0';
}

static struct writer writer_on(char *out, size_t size)
{
	*out = '\0';
	return (struct writer){ .out = out, .size = size };
}

static bool is_word_of(const char *const *list, const char *text, size_t len)
{
	for (; *list; list++)
		if (strlen(*list) == len && !memcmp(*list, text, len))
			return true;
	return false;
}

static bool word_ends_in(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && !memcmp(text + len - n, end, n);
}

static void copy_word(const char *text, size_t len, char word[WORD_SIZE])
{
	len = len < WORD_SIZE ? len : WORD_SIZE - 1;
	memcpy(word, text, len);
	word[len] = '\0';
}

/* The beginning that stays, and then a number where there is more. */
size_t pc_pseudonym_program(struct pc_pseudonyms *p, const char *name, size_t len, char *out,
			    size_t size)
{
	char word[WORD_SIZE], text[PC_PSEUDONYM_TEXT];
	struct writer w = writer_on(out, size);
	size_t spared, helper, known;

	copy_word(name, len, word);
	spared = pc_spared_known(word);
	helper = pc_helper_known(word);
	known = spared > helper ? spared : helper;
	writer_add(&w, word, known);
	if (known == len || !len)
		return w.len;
	/* The kernel cuts names of processes: the file of that name has the same pseudonym. */
	if (len > PC_COMM_LEN - 1)
		len = PC_COMM_LEN - 1;
	pc_pseudonym(p, PC_PSEUDONYM_PROGRAM, name, len, text);
	writer_add(&w, text, strlen(text));
	return w.len;
}

static void add_component(struct writer *w, struct pc_pseudonyms *p, const char *at, size_t len,
			  bool program)
{
	static const char *const folders[] = { "bin",  "sbin", "lib", "lib64", "libexec", "local",
					       "run",  "tmp",  "var", "home",  "etc",	  "srv",
					       "usr",  "opt",  "dev", "shm",   "proc",	  "root",
					       "snap", ".",    "..",  NULL };
	char text[WORD_SIZE];

	if (program)
		pc_pseudonym_program(p, at, len, text, sizeof(text));
	else if (is_word_of(folders, at, len))
		copy_word(at, len, text);
	else
		pc_pseudonym(p, PC_PSEUDONYM_FILE, at, len, text);
	writer_add(w, text, strlen(text));
}

size_t pc_pseudonym_path(struct pc_pseudonyms *p, const char *path, size_t len, bool program,
			 char *out, size_t size)
{
	static const char deleted[] = " (deleted)";
	struct writer w = writer_on(out, size);
	bool gone = word_ends_in(path, len, deleted);
	const char *end = path + len - (gone ? strlen(deleted) : 0);

	for (const char *at = path; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t n = (size_t)((slash ? slash : end) - at);

		if (n)
			add_component(&w, p, at, n, program && !slash);
		if (slash)
			writer_add(&w, "/", 1);
		at += n + (slash != NULL);
	}
	if (gone)
		writer_add(&w, deleted, strlen(deleted));
	return w.len;
}

/* An address in text is that of the sockets. */
static bool put_address(struct writer *w, struct pc_pseudonyms *p, const char *word)
{
	char text[PC_ADDRESS_TEXT];
	uint8_t address[PC_ADDR_LEN] = { 0 };
	unsigned parts[4];
	int used = 0;

	if (sscanf(word, "%3u.%3u.%3u.%3u%n", &parts[0], &parts[1], &parts[2], &parts[3], &used) !=
		    4 ||
	    word[used])
		return false;
	for (int i = 0; i < 4; i++)
		address[i] = (uint8_t)parts[i];
	pc_pseudonym_address(p, PC_FAMILY_V4, address);
	pc_address_text(PC_FAMILY_V4, address, text);
	writer_add(w, text, strlen(text));
	return true;
}

/* The arguments by which helpers of containers tell of their container. */
static bool put_helper_argument(struct writer *w, struct pc_pseudonyms *p, const char *word)
{
	static const char *const words[] = { "-container-ip", "-container-port", "-host-ip",
					     "-host-port", "-proto", "-c", "-id", "-namespace",
					     "tcp", "udp", "moby", "default", "k8s.io", NULL };
	char text[PC_PSEUDONYM_TEXT];
	size_t len = strlen(word);

	if (is_word_of(words, word, len) || (len < 6 && strspn(word, "0123456789") == len))
		writer_add(w, word, len);
	else if (len == ID_LEN && strspn(word, HEX) == len)
		writer_add(w, pc_pseudonym(p, PC_PSEUDONYM_CONTAINER, word, len, text), len);
	else
		return put_address(w, p, word);
	return true;
}

static void add_argument(struct writer *w, struct pc_pseudonyms *p, const char *at, size_t len,
			 bool helper)
{
	char word[WORD_SIZE], text[PC_PSEUDONYM_TEXT];

	copy_word(at, len, word);
	if (helper && put_helper_argument(w, p, word))
		return;
	/* conmon works for podman, or for CRI-O. */
	if (helper && strstr(word, "crio"))
		writer_add(w, "crio", 4);
	pc_pseudonym(p, PC_PSEUDONYM_ARGUMENT, at, len, text);
	writer_add(w, text, strlen(text));
}

static bool is_helper(const char *first, size_t len)
{
	const char *slash = memrchr(first, '/', len);
	char word[WORD_SIZE];

	if (slash) {
		len -= (size_t)(slash + 1 - first);
		first = slash + 1;
	}
	copy_word(first, len, word);
	return pc_helper_known(word) > 0;
}

size_t pc_pseudonym_arguments(struct pc_pseudonyms *p, const char *text, size_t len, char *out,
			      size_t size)
{
	struct writer w = writer_on(out, size);
	const char *end = text + len;
	bool first = true, helper = false;
	char path[WORD_SIZE * 4];

	for (const char *at = text; at < end && !w.full; first = false) {
		const char *blank = memchr(at, ' ', (size_t)(end - at));
		size_t n = (size_t)((blank ? blank : end) - at);

		if (first) {
			helper = is_helper(at, n);
			writer_add(&w, path, pc_pseudonym_path(p, at, n, true, path, sizeof(path)));
		} else if (n) {
			add_argument(&w, p, at, n, helper);
		}
		if (blank)
			writer_add(&w, " ", 1);
		at += n + (blank != NULL);
	}
	return w.len;
}

/* The ending of a unit's name, or of a slice; "" where it has none. */
static const char *unit_ending(const char *unit, size_t len)
{
	static const char *const endings[] = { ".service", ".scope", ".slice", ".socket", ".mount" };

	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (word_ends_in(unit, len, endings[i]))
			return endings[i];
	return "";
}

static bool unit_stays(const char *unit, size_t len)
{
	static const char *const units[] = {
		"system.slice",	     "user.slice",	   "machine.slice",   "init.scope",
		"app.slice",	     "session.slice",	   "background.slice", "kubepods.slice",
		"kubepods-besteffort.slice", "kubepods-burstable.slice", "-.slice",
		"docker.service",    "containerd.service", "ssh.service",     "sshd.service",
		"cron.service",	     "dbus.service",	   "dbus-broker.service",
		"systemd-resolved.service", "systemd-networkd.service", "NetworkManager.service",
		NULL
	};
	static const char *const before[] = { "user-", "user@", "session-", "run-u", "run-r" };

	if (is_word_of(units, unit, len))
		return true;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		size_t n = strlen(before[i]), digits;

		if (len <= n || memcmp(unit, before[i], n))
			continue;
		digits = strspn(unit + n, "0123456789");
		if (digits && n + digits + strlen(unit_ending(unit, len)) == len)
			return true;
	}
	return false;
}

/* A unit that portclash spares by a pattern is still one. */
static const char *unit_beginning(const char *unit, size_t len)
{
	char word[WORD_SIZE];

	copy_word(unit, len, word);
	return pc_unit_is_service(word) && pc_spared_unit(word) ? "systemd-" : "";
}

size_t pc_pseudonym_unit(struct pc_pseudonyms *p, const char *unit, size_t len, char *out,
			 size_t size)
{
	const char *ending = unit_ending(unit, len), *before = unit_beginning(unit, len);
	struct writer w = writer_on(out, size);
	char text[PC_PSEUDONYM_TEXT];

	if (unit_stays(unit, len)) {
		writer_add(&w, unit, len);
		return w.len;
	}
	pc_pseudonym(p, PC_PSEUDONYM_UNIT, unit, len - strlen(ending), text);
	writer_add(&w, before, strlen(before));
	writer_add(&w, text, strlen(text));
	writer_add(&w, ending, strlen(ending));
	return w.len;
}

/* A runtime's prefix and ".scope" stay; the id of 64 digits between them does not. */
static bool put_container_group(struct writer *w, struct pc_pseudonyms *p, const char *at, size_t len)
{
	static const char *const before[] = { "",	"docker-", "cri-containerd-", "containerd-",
					      "nerdctl-", "crio-", "libpod-payload-", "libpod-",
					      "crio-conmon-", "libpod-conmon-", NULL };
	const char *ending = word_ends_in(at, len, ".scope") ? ".scope" : "";
	size_t n = len - strlen(ending);
	char text[PC_PSEUDONYM_TEXT];

	if (n < ID_LEN || strspn(at + n - ID_LEN, HEX) < ID_LEN ||
	    !is_word_of(before, at, n - ID_LEN))
		return false;
	writer_add(w, at, n - ID_LEN);
	writer_add(w, pc_pseudonym(p, PC_PSEUDONYM_CONTAINER, at + n - ID_LEN, ID_LEN, text),
		   ID_LEN);
	writer_add(w, ending, strlen(ending));
	return true;
}

/* The uid of a pod: 32 digits, with dashes between them, with underscores in a slice's name, or with neither. */
static bool is_pod_uid(const char *text, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (!strchr(HEX "-_", text[i]))
			return false;
		digits += text[i] != '-' && text[i] != '_';
	}
	return digits == 32;
}

/* Systems in a container, and pods: the name between these stays no name. */
static bool put_named_group(struct writer *w, struct pc_pseudonyms *p, const char *at, size_t len)
{
	static const struct {
		const char *before;
		const char *behind;
		enum pc_pseudonym_kind kind;
	} forms[] = {
		{ "kubepods-besteffort-pod", ".slice", PC_PSEUDONYM_POD },
		{ "kubepods-burstable-pod", ".slice", PC_PSEUDONYM_POD },
		{ "kubepods-pod", ".slice", PC_PSEUDONYM_POD },
		{ "pod", "", PC_PSEUDONYM_POD },
		{ "lxc.payload.", "", PC_PSEUDONYM_NAME },
		{ "machine-", ".scope", PC_PSEUDONYM_NAME },
		{ "systemd-nspawn@", ".service", PC_PSEUDONYM_NAME },
	};
	char text[PC_PSEUDONYM_TEXT], name[WORD_SIZE];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = strlen(forms[i].before), m = strlen(forms[i].behind);

		if (len <= n + m || memcmp(at, forms[i].before, n) ||
		    memcmp(at + len - m, forms[i].behind, m) ||
		    (forms[i].kind == PC_PSEUDONYM_POD && !is_pod_uid(at + n, len - n - m)))
			continue;
		copy_word(at + n, len - n - m, name);
		for (char *c = name; *c; c++)
			*c = *c == '_' && forms[i].kind == PC_PSEUDONYM_POD ? '-' : *c;
		pc_pseudonym(p, forms[i].kind, name, strlen(name), text);
		writer_add(w, forms[i].before, n);
		/* A slice's name has no dashes of its own. */
		for (char *c = text; m == strlen(".slice") && *c; c++)
			*c = *c == '-' ? '_' : *c;
		writer_add(w, text, strlen(text));
		writer_add(w, forms[i].behind, m);
		return true;
	}
	return false;
}

static void add_group(struct writer *w, struct pc_pseudonyms *p, const char *at, size_t len)
{
	static const char *const words[] = { ".",	   "..",	 "docker",  "kubepods", "besteffort",
					     "burstable", "lxc",	 "buildkit", "lxc.payload",
					     "payload",	   "supervisor", NULL };
	char text[WORD_SIZE];

	if (is_word_of(words, at, len) || unit_stays(at, len)) {
		writer_add(w, at, len);
		return;
	}
	if (put_container_group(w, p, at, len) || put_named_group(w, p, at, len))
		return;
	if (*unit_ending(at, len))
		pc_pseudonym_unit(p, at, len, text, sizeof(text));
	else
		pc_pseudonym(p, PC_PSEUDONYM_GROUP, at, len, text);
	writer_add(w, text, strlen(text));
}

size_t pc_pseudonym_cgroup(struct pc_pseudonyms *p, const char *path, size_t len, char *out,
			   size_t size)
{
	struct writer w = writer_on(out, size);
	const char *end = path + len;

	for (const char *at = path; at < end;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		size_t n = (size_t)((slash ? slash : end) - at);

		if (n)
			add_group(&w, p, at, n);
		if (slash)
			writer_add(&w, "/", 1);
		at += n + (slash != NULL);
	}
	return w.len;
}
