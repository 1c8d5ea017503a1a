/* SPDX-License-Identifier: GPL-2.0-only */
/* The version, in one place; CHANGELOG.md says what changed. */
#ifndef PORTCLASH_VERSION_H
#define PORTCLASH_VERSION_H

#define PC_VERSION "0.1.0"

#endif
