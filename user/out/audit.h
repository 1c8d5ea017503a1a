/* SPDX-License-Identifier: GPL-2.0-only */
/* The findings of `audit`, as text and as JSON lines. */
#ifndef PORTCLASH_OUT_AUDIT_H
#define PORTCLASH_OUT_AUDIT_H

#include "core/audit/audit.h"
#include "core/audit/sysctls.h"
#include "out/sink.h"

/* The kernel takes one page a write() (proc_do_large_bitmap()), and sysctl(8) does not go on where
 * it stopped: of a longer list the rest would be lost. systemd-sysctl does go on. */
#define PC_RESERVED_AT_ONCE 4000

#define PC_UNSEEN_MAX 4

struct pc_audit_report {
	const struct pc_netns_audit *spaces; /* the own one first, if it was looked at */
	size_t spaces_count;
	const struct pc_sysctl_findings *sysctls;
	char *unseen[PC_UNSEEN_MAX]; /* sentences: what could not be seen */
	unsigned unseen_count;
	const char *reserve; /* the list to be reserved in the own namespace; NULL: no change */
	const char *dropin;  /* the file with it; NULL with `reserve` */
	const char *written; /* where the drop-in was written; NULL: nowhere */
	bool mixed;	     /* that file was there, and is not only what portclash writes */
	/* A sysctl file sets the list too, and is read after `written`; NULL: none. */
	const struct pc_sysctl_line *rival;
	int status; /* of the exit */
};

/* Each writes all of it; 0 or the negative errno of the write. */
int pc_audit_text(struct pc_log *log, const struct pc_clock *clock,
		  const struct pc_audit_report *report);
int pc_audit_json(struct pc_log *log, const struct pc_clock *clock,
		  const struct pc_audit_report *report);

/* The sentence in place of the commands, where too many ports are exposed. */
#define PC_AUDIT_TOO_MANY \
	"to reserve all of these ports would leave clients less than half of what they have now, and any user can listen on as many as he likes: see whose they are, and reserve those that matter (portclash reserve PORT)"

/* The command that adds the ports of `a->reserve` to what is reserved in its network namespace, for good
 * where that can be; malloc'd, NULL without memory. */
char *pc_audit_command(const struct pc_netns_audit *a);

/* This command does the same by the kernel's own means: it writes the whole list, until a reboot. */
char *pc_audit_plain_command(const struct pc_netns_audit *a);

/* The command that loads what was written and nothing else; malloc'd, NULL without memory. */
char *pc_audit_load_command(const struct pc_audit_report *report);

#endif
