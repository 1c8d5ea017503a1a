/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration's text as the tests hand it to the parser. */
#ifndef UNIT_SETTINGS_H
#define UNIT_SETTINGS_H

#include "core/config/settings.h"

/* Knows the services https and http-alt. */
extern const struct pc_settings_source settings_source;

/* Over the defaults, from memory that ends behind `len` bytes. */
int settings_parse(const char *text, size_t len, struct pc_settings *s,
		   struct pc_settings_mistakes *m);

#endif
