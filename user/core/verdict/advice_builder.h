/* SPDX-License-Identifier: GPL-2.0-only */
/* The builder of advice: a cause writes its sentence and its fixes with these calls. No call between
 * begin and end can fail; a fix for which memory or room is missing is left out as a whole. */
#ifndef PORTCLASH_ADVICE_BUILDER_H
#define PORTCLASH_ADVICE_BUILDER_H

#include "core/base/model.h"
#include "core/base/text.h"

struct pc_advice {
	struct pc_verdict *verdict;
	const struct pc_holder *holder; /* the primary one; NULL: the verdict speaks of none */
	/* Private to advice_builder.c, but for explanation.out. */
	struct pc_text explanation;
	enum pc_when when;
	bool or_next;		 /* the next fix is another way to do what the last one does */
	char *what;		 /* of the fix that is being written; NULL: there is none */
	struct pc_words command; /* of that fix; empty if nothing is to be typed */
	struct pc_words plain;	 /* the same of its plain command */
};

/* 0 or -ENOMEM; only after 0 the other calls are allowed. */
int pc_advice_begin(struct pc_advice *a, struct pc_verdict *v);

/* Completes the last fix and stores the sentence. 0, or -ENOMEM if there is no sentence; the fixes
 * made so far are in the verdict even then. */
int pc_advice_end(struct pc_advice *a);

/* Appends to the sentence. */
void pc_advice_explain(struct pc_advice *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Begins a fix. A text that starts with "or " loses it where the fix is the first of its `when`. */
void pc_advice_fix(struct pc_advice *a, enum pc_when when, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The next fix is instead of the last one: its text gets an "or " in front. */
void pc_advice_fix_or(struct pc_advice *a);

/* Appends to the command of the fix begun last. */
void pc_advice_command(struct pc_advice *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends to the plain command of the fix begun last. */
void pc_advice_plain(struct pc_advice *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a word that may hold anything, quoted for a shell. */
void pc_advice_command_word(struct pc_advice *a, const char *word);

/* Makes the rest of the command act in the refusal's network namespace: appends nothing where that is
 * portclash's own, else "nsenter -t PID -n ". */
void pc_advice_command_enter(struct pc_advice *a);

/* The same for the plain command. */
void pc_advice_plain_enter(struct pc_advice *a);

#endif
