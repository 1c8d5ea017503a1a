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

static bool service(const char *name, unsigned *port)
{
	*port = !strcmp(name, "https") ? 443 : !strcmp(name, "http-alt") ? 8080 : 0;
	return *port;
}

const struct pc_settings_source settings_source = { .service = service };

int settings_parse(const char *text, size_t len, struct pc_settings *s,
		   struct pc_settings_mistakes *m)
{
	/* Of exactly this size: that nothing behind it is read is the sanitizer's to see. */
	char *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, len);
	assert_int_equal(pc_settings_init(s), 0);
	err = pc_settings_parse(s, copy, len, &settings_source, m);
	free(copy);
	return err;
}
