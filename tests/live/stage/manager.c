// SPDX-License-Identifier: GPL-2.0-only
/* A systemctl of the scenario's own. */
#include "stage/manager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void manager_make(struct test *t, pid_t main_pid)
{
	char path[128], folder[192];
	FILE *script;

	script = fopen(test_path(t, "systemctl", path, sizeof(path)), "we");
	if (!script)
		test_abort(t, "stage: no script: %s", strerror(errno));
	fprintf(script,
		"#!/bin/sh\necho \"$*\" >> %s/asked\ncase $1 in show) echo %d;; stop) kill %d;; esac\n",
		t->folder, main_pid, main_pid);
	fclose(script);
	chmod(path, 0755);
	snprintf(folder, sizeof(folder), "%s:/bin:/usr/bin", t->folder);
	setenv("PATH", folder, 1);
}

void manager_asked(struct test *t, char *out, size_t size)
{
	char path[128];
	FILE *asked = fopen(test_path(t, "asked", path, sizeof(path)), "re");

	*out = '\0';
	if (!asked)
		return;
	out[fread(out, 1, size - 1, asked)] = '\0';
	fclose(asked);
}
