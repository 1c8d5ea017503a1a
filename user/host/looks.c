// SPDX-License-Identifier: GPL-2.0-only
/* Looks at files that a user chose. Their file system may never answer: a FUSE mount that root may enter, a
 * server of files that is gone. */
#include "host/looks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/time.h"
#include "core/process/identity.h"
#include "host/aside.h"
#include "host/procfs.h"

/* A look takes a fraction of a millisecond, on a busy machine some milliseconds. */
#define LOOK_LIMIT_NS (100 * PC_NS_PER_MS)

struct site_job {
	const char *proc;
	struct pc_path_question q; /* its texts are those below */
	char root[PATH_MAX];
	char cwd[PATH_MAX];
	char path[PATH_MAX];
	struct pc_site site;
	int file;
};

static void site_run(void *job)
{
	struct site_job *s = job;

	s->file = pc_site_find(s->proc, &s->q, &s->site);
}

static void site_drop(void *job)
{
	struct site_job *s = job;

	if (s->file >= 0)
		close(s->file);
	free(s);
}

static struct site_job *site_job_new(const char *proc, const struct pc_path_question *q)
{
	struct site_job *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->proc = proc;
	s->file = -1;
	s->q = *q;
	snprintf(s->root, sizeof(s->root), "%s", q->root);
	snprintf(s->cwd, sizeof(s->cwd), "%s", q->cwd);
	snprintf(s->path, sizeof(s->path), "%s", q->path);
	s->q.root = s->root;
	s->q.cwd = s->cwd;
	s->q.path = s->path;
	return s;
}

/* Root's processes are no exception: their paths can lead into the file system of a user. */
void pc_looks_site(const char *proc, const struct pc_path_question *q, pc_site_connect_fn ask,
		   struct pc_site *out)
{
	struct site_job *s = site_job_new(proc, q);
	int err = s ? pc_aside_run(site_run, site_drop, s, q->uid, LOOK_LIMIT_NS) : -ENOMEM;

	*out = (struct pc_site){ .error = -err };
	if (!err) {
		*out = s->site;
		pc_site_ask(proc, q, s->file, ask, out);
	}
	if (s && err != -ETIMEDOUT)
		site_drop(s);
}

struct place_job {
	struct pc_place_roots roots;
	struct pc_identity who;
	struct pc_place place;
};

static void place_run(void *job)
{
	struct place_job *p = job;

	pc_place_find(&p->roots, &p->who, &p->place);
}

static void place_drop(void *job)
{
	struct place_job *p = job;

	pc_identity_free(&p->who);
	free(p);
}

/* No user can make a look at root's own process block; in a container, root is one of the users. */
static bool is_roots_own(const struct pc_place_roots *roots, const struct pc_identity *who)
{
	struct pc_procfile_manner manner;

	return !who->uid && !pc_procfs_manner(roots->proc, who->key.tgid, &manner) && !manner.apart;
}

void pc_looks_place(const struct pc_place_roots *roots, const struct pc_identity *who,
		    struct pc_place *out)
{
	struct place_job *p;
	int err = -ENOMEM;

	if (is_roots_own(roots, who)) {
		pc_place_find(roots, who, out);
		return;
	}
	*out = (struct pc_place){ .unseen = true };
	p = calloc(1, sizeof(*p));
	if (!p)
		return;
	p->roots = *roots;
	if (!pc_identity_copy(who, &p->who))
		err = pc_aside_run(place_run, place_drop, p, who->uid, LOOK_LIMIT_NS);
	if (!err)
		*out = p->place;
	if (err != -ETIMEDOUT)
		place_drop(p);
}
