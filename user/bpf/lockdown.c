// SPDX-License-Identifier: GPL-2.0-only
/* Securityfs has the lockdown in a line of all modes, the chosen one in brackets. */
#include "bpf/lockdown.h"

#include <stdio.h>

enum pc_lockdown pc_lockdown_read(void)
{
	char text[128] = "";
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");

	if (!file)
		return PC_LOCKDOWN_NONE;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
	return pc_lockdown_parse(text);
}
