/* SPDX-License-Identifier: GPL-2.0-only */
/* `portclash replay --anonymize`: a recording without the names of a machine, to be sent to others. */
#ifndef PORTCLASH_CMD_ANONYMIZE_H
#define PORTCLASH_CMD_ANONYMIZE_H

#include "core/recording/recording.h"

/* Writes the recording to the new file `path`, mode 0600; a file that could not be written whole is removed. Says
 * what is in it, or why there is none. Returns the exit status. */
int pc_anonymize_to(const struct pc_playback *p, const char *path);

#endif
