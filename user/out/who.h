/* SPDX-License-Identifier: GPL-2.0-only */
/* These functions write what `who` found, as text or as JSON lines. */
#ifndef PORTCLASH_OUT_WHO_H
#define PORTCLASH_OUT_WHO_H

#include "core/port/who_list.h"
#include "out/sink.h"

/* Each returns 0 or the negative errno of the write. */

/* Writes every entry of the list; the text only those of ports that somebody holds where `held` is set, and the JSON
 * none that says that other network namespaces follow. */
int pc_who_text_entries(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_who_list *list, bool held);
int pc_who_json_entries(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_who_list *list);

/* Writes one line about ports (PC_PORT_WORDS words) of a protocol that nobody holds; nothing for none. With
 * `refused_uid`, the kernel refuses them to servers of that user; 0: to nobody. */
int pc_who_text_free_ports(struct pc_log *log, uint8_t proto, const uint64_t *ports, bool blind,
			   uint32_t refused_uid);

/* Writes what could not be seen. The JSON line also has the exit status of the command. */
int pc_who_text_unseen(struct pc_log *log, const struct pc_who_list *list);
int pc_who_json_summary(struct pc_log *log, const struct pc_clock *clock,
			const struct pc_who_list *list, int status);

#endif
