/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by anonymize.c and anonymize_record.c only. */
#ifndef PORTCLASH_ANONYMIZE_PRIVATE_H
#define PORTCLASH_ANONYMIZE_PRIVATE_H

#include "core/recording/pseudonyms.h"
#include "core/recording/recorded.h"

/* Adds a record of a ring, or of an open socket, with pseudonyms. */
void pc_anonymize_record(struct pc_pseudonyms *p, const void *data, struct pc_payload *out);

/* Replaces the addresses of a socket. */
void pc_anonymize_socket(struct pc_pseudonyms *p, struct pc_socket_record *s);

#endif
