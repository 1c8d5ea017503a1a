/* SPDX-License-Identifier: GPL-2.0-only */
/* Pseudonyms of names and addresses: the same original has the same pseudonym, and one of its kind. They are numbered as
 * they come, so nothing of an original is in its pseudonym. Shared by the files of core/recording only. */
#ifndef PORTCLASH_PSEUDONYMS_H
#define PORTCLASH_PSEUDONYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pc_pseudonym_kind {
	PC_PSEUDONYM_PROGRAM = 0, /* p1 */
	PC_PSEUDONYM_FILE,	  /* f1: a component of a path */
	PC_PSEUDONYM_ARGUMENT,	  /* a1 */
	PC_PSEUDONYM_UNIT,	  /* u1 */
	PC_PSEUDONYM_GROUP,	  /* g1: a control group */
	PC_PSEUDONYM_CONTAINER,	  /* 64 hex digits */
	PC_PSEUDONYM_POD,	  /* a uid */
	PC_PSEUDONYM_NAME,	  /* n1: of a container or pod, as people gave it */
	PC_PSEUDONYM_DEVICE,	  /* dev1 */
	PC_PSEUDONYM_SOCKET,	  /* s1: an abstract name */
	PC_PSEUDONYM_V4,	  /* the number alone is used */
	PC_PSEUDONYM_V6,
	PC_PSEUDONYM_KEY,
	PC_PSEUDONYM_KINDS,
};

#define PC_PSEUDONYM_TEXT 72

struct pc_pseudonyms;

struct pc_pseudonyms *pc_pseudonyms_new(void);
void pc_pseudonyms_free(struct pc_pseudonyms *p);

/* Did memory run out? Then nothing that was made is to be shown. */
bool pc_pseudonyms_failed(const struct pc_pseudonyms *p);

/* The number of these bytes among those of their kind, from 1 on. */
uint32_t pc_pseudonym_number(struct pc_pseudonyms *p, enum pc_pseudonym_kind kind, const void *data,
			     size_t len);

/* The pseudonym as text, into `out` (PC_PSEUDONYM_TEXT bytes); returns it. */
const char *pc_pseudonym(struct pc_pseudonyms *p, enum pc_pseudonym_kind kind, const char *text,
			 size_t len, char *out);

/* Replaces an address in place (4 or 16 bytes by its family). Loopback, any, multicast and broadcast stay; link-local,
 * private and public addresses stay in their kind while it has room, and an IPv4 address in an IPv6 one is that of IPv4. */
void pc_pseudonym_address(struct pc_pseudonyms *p, uint16_t family, uint8_t *address);

/* Remembers that the key `from` is `to` from now on; and finds that. A key that nobody remembered has another one
 * with the same bits in `kept`. */
void pc_pseudonym_key_is(struct pc_pseudonyms *p, uint64_t from, uint64_t to);
uint64_t pc_pseudonym_key(struct pc_pseudonyms *p, uint64_t from, uint64_t kept);

/* pseudonym_text.c. Each writes a terminated text of at most `size` - 1 bytes; what does not fit is left out, a
 * component at a time. Returns its length. */

/* A program's name: those that portclash knows (container runtimes, service managers) stay. */
size_t pc_pseudonym_program(struct pc_pseudonyms *p, const char *name, size_t len, char *out,
			    size_t size);

/* A path: the folders of the system stay, the last component is a program's name. */
size_t pc_pseudonym_path(struct pc_pseudonyms *p, const char *path, size_t len, bool program,
			 char *out, size_t size);

/* Arguments, separated by single blanks. */
size_t pc_pseudonym_arguments(struct pc_pseudonyms *p, const char *text, size_t len, char *out,
			      size_t size);

/* A path of control groups: its form stays, so that unit, container and pod are found in it. */
size_t pc_pseudonym_cgroup(struct pc_pseudonyms *p, const char *path, size_t len, char *out,
			   size_t size);

/* A unit's name with its suffix. */
size_t pc_pseudonym_unit(struct pc_pseudonyms *p, const char *unit, size_t len, char *out,
			 size_t size);

#endif
