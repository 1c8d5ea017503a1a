// SPDX-License-Identifier: GPL-2.0-only
/* A configuration's text as the tests hand it to the parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

static bool settings_service2(const char *name, unsigned *port)
{
	*port = !strcmp(name, "https") ? 443 : !strcmp(name, "http-alt") ? 8080 : 0;
	return *port;
}

const struct pc_settings_source settings_source = { .service = settings_service2 };

int settings_parse(const char *text, size_t len, struct pc_settings *s,
		   struct pc_settings_mistakes *m)
{
	/* The copy has exactly this size: the sanitizer sees a read behind it. */
	char *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, len);
	assert_int_equal(pc_settings_init(s), 0);
	err = pc_settings_parse(s, copy, len, &settings_source, m);
	free(copy);
	return err;
}
