// SPDX-License-Identifier: GPL-2.0-only
/* Look at the machine for top, in a process of its own: survey, record of reserved ports, notes of the guard. */
#include "cmd/top_look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/ports.h"
#include "cure/keep.h"
#include "guard/guarding.h"
#include "host/clock.h"
#include "look/survey.h"
#include "out/escape.h"
#include "top/events.h"

#define NICER 5

static void copy_escaped(char *out, const char *text)
{
	pc_escape_terminal(text, strlen(text), out, PC_TOP_NAME);
}

static void name_space(struct pc_top_space *to, const struct pc_netns_audit *a)
{
	const struct pc_party first = { .who = a->who, .fd = -1 };
	const char *slash = a->path ? strrchr(a->path, '/') : NULL;

	if (a->own)
		snprintf(to->name, sizeof(to->name), "%s", a->boots ? "own (the host's)" : "own");
	else if (a->boots)
		snprintf(to->name, sizeof(to->name), "%s", "the host's");
	else if (a->path)
		copy_escaped(to->name, slash ? slash + 1 : a->path);
	else if (a->who)
		pc_top_party(to->name, sizeof(to->name), &first);
	if (!to->name[0])
		snprintf(to->name, sizeof(to->name), "%u", a->inode);
}

static void add_looked_space(struct pc_top_look *look, const struct pc_netns_audit *a)
{
	struct pc_top_space *to;

	if (look->spaces_count == PC_TOP_SPACES_MAX) {
		look->spaces_more++;
		return;
	}
	to = &look->spaces[look->spaces_count++];
	*to = (struct pc_top_space){ .inode = a->inode, .own = a->own };
	name_space(to, a);
	if (a->unseen)
		copy_escaped(to->unseen, a->unseen);
	else if (!a->settings.known)
		copy_escaped(to->unseen, "its settings cannot be read");
	to->low = a->settings.low;
	to->high = a->settings.high;
	to->offered = a->offered;
	to->reserved = pc_ports_count(a->settings.reserved, 0, PC_PORTS - 1);
	to->tcp = a->tcp_in_range;
	to->udp = a->udp_in_range;
	to->sockets = (unsigned)a->sockets;
	to->exposed = a->exposed;
}

static void add_destinations(struct pc_top_look *look, const struct pc_netns_audit *a)
{
	for (unsigned i = 0; i < a->destinations.count; i++) {
		const struct pc_destination *d = &a->destinations.list[i];
		struct pc_top_destination *to;

		if (look->destinations_count == PC_TOP_DESTINATIONS_MAX) {
			look->destinations_more++;
			continue;
		}
		to = &look->destinations[look->destinations_count++];
		*to = (struct pc_top_destination){ .inode = a->inode,
						   .family = (uint8_t)d->socket.family,
						   .port = d->socket.rport,
						   .ports = d->ports,
						   .offered = a->offered };
		memcpy(to->address, d->socket.remote, sizeof(to->address));
	}
}

static void add_listener(struct pc_top_look *look, const struct pc_audit_entry *e)
{
	struct pc_top_listener *to;

	if (look->listeners_count == PC_TOP_LISTENERS_MAX) {
		look->listeners_more++;
		return;
	}
	to = &look->listeners[look->listeners_count++];
	*to = (struct pc_top_listener){ .inode = e->s.socket.netns,
					.port = e->s.socket.lport,
					.proto = e->s.socket.proto,
					.family = (uint8_t)e->s.socket.family,
					.taken = e->chance.taken,
					.of = e->chance.of };
	memcpy(to->address, e->s.socket.local, sizeof(to->address));
	if (e->owners_count)
		pc_top_party(to->server, sizeof(to->server), &e->owners[0]);
	else if (e->process_note)
		copy_escaped(to->server, e->process_note);
}

static int look_survey(struct pc_top_look *look)
{
	struct pc_survey survey = { 0 };
	int err = pc_survey_run(&survey);

	for (size_t i = 0; !err && i < survey.count; i++) {
		const struct pc_netns_audit *a = &survey.spaces[i];

		add_looked_space(look, a);
		add_destinations(look, a);
		for (size_t j = 0; j < a->entries_count; j++)
			if (a->entries[j].exposed)
				add_listener(look, &a->entries[j]);
	}
	pc_survey_free(&survey);
	return err;
}

static void name_guarded(struct pc_top_guarded *to, const struct pc_netns_id *netns,
			 const struct pc_guard_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++) {
		const struct pc_guard_port *p = &notes->list[i].port;
		const char *name = p->who.name[0] ? p->who.name : p->who.comm;
		size_t max = p->who.name[0] ? sizeof(p->who.name) : sizeof(p->who.comm);

		if (p->port != to->port || !pc_netns_id_same(&notes->list[i].netns, netns))
			continue;
		pc_escape_terminal(name, strnlen(name, max), to->server, sizeof(to->server));
		to->since_ns = p->since_ns;
		to->listens = p->listens;
		return;
	}
}

static void add_guarded(struct pc_top_look *look, const struct pc_record_entry *e,
			const struct pc_guard_notes *notes)
{
	for (unsigned port = 1; port < PC_PORTS; port++) {
		struct pc_top_guarded *to;

		if (!pc_ports_has(e->ports, (uint16_t)port))
			continue;
		if (look->guarded_count == PC_TOP_GUARDED_MAX) {
			look->guarded_more++;
			continue;
		}
		to = &look->guarded[look->guarded_count++];
		*to = (struct pc_top_guarded){ .inode = e->netns.inode, .port = (uint16_t)port };
		snprintf(to->keeper, sizeof(to->keeper), "%s", pc_keeper_name(e->keeper));
		if (e->keeper == PC_KEEPER_GUARD)
			name_guarded(to, &e->netns, notes);
	}
}

static void look_guarded(struct pc_top_look *look)
{
	char sentence[PC_CURE_SENTENCE];
	struct pc_guard_notes notes = { 0 };
	struct pc_keep keep;
	int running;

	if (pc_keep_look("/proc", PC_KEEP_FOLDER, &keep, sentence))
		return;
	pc_guarding_look(PC_KEEP_FOLDER, &notes, &running, sentence);
	for (size_t i = 0; i < keep.record.count; i++)
		add_guarded(look, &keep.record.list[i], &notes);
	pc_guard_notes_free(&notes);
	pc_keep_close(&keep);
}

static void look_once(struct pc_top_look *look)
{
	uint64_t begin = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	look->spaces_count = look->destinations_count = 0;
	look->listeners_count = look->guarded_count = 0;
	look->spaces_more = look->destinations_more = 0;
	look->listeners_more = look->guarded_more = 0;
	look->error = look_survey(look);
	look_guarded(look);
	look->time_ns = pc_boot_ns();
	look->cpu_ns = pc_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

/* Ends when top does: its end of the pipe closes, or PR_SET_PDEATHSIG. A Ctrl-C is top's. */
static void looker_serve(int ask, int answer, struct pc_top_look *look)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "portclash-look");
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICER);
	while (read(ask, &byte, 1) == 1) {
		look_once(look);
		if (write(answer, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static int look_fork(struct pc_looker *l)
{
	int ask[2], answer[2], err;

	if (pipe2(ask, O_CLOEXEC))
		return -errno;
	if (pipe2(answer, O_CLOEXEC)) {
		err = -errno;
		close(ask[0]);
		close(ask[1]);
		return err;
	}
	l->pid = fork();
	err = l->pid < 0 ? -errno : 0;
	if (!l->pid) {
		close(ask[1]);
		close(answer[0]);
		looker_serve(ask[0], answer[1], l->shared);
	}
	close(ask[0]);
	close(answer[1]);
	l->ask = ask[1];
	l->answer = answer[0];
	return err;
}

int pc_looker_start(struct pc_looker *l, uint64_t every_ns)
{
	void *shared = mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*l = (struct pc_looker){ .ask = -1, .answer = -1, .every_ns = every_ns };
	if (shared == MAP_FAILED)
		return -errno;
	l->shared = shared;
	return look_fork(l);
}

void pc_looker_ask(struct pc_looker *l, uint64_t now_ns, bool at_once)
{
	if (l->busy || l->ask < 0 || (!at_once && now_ns < l->next_ns))
		return;
	l->busy = write(l->ask, "", 1) == 1;
}

bool pc_looker_take(struct pc_looker *l, uint64_t now_ns, struct pc_top_look *out)
{
	uint64_t slow_ns;
	char byte;

	if (l->ask < 0)
		return false;
	l->busy = false;
	if (read(l->answer, &byte, 1) != 1) {
		out->error = -ECHILD;
		close(l->ask);
		l->ask = -1;
		return true;
	}
	*out = *l->shared;
	slow_ns = out->cpu_ns * PC_LOOK_PART;
	l->next_ns = now_ns + (slow_ns > l->every_ns ? slow_ns : l->every_ns);
	return true;
}

void pc_looker_stop(struct pc_looker *l)
{
	if (l->ask >= 0)
		close(l->ask);
	if (l->pid > 0) {
		kill(l->pid, SIGKILL);
		waitpid(l->pid, NULL, 0);
	}
	if (l->answer >= 0)
		close(l->answer);
	if (l->shared)
		munmap(l->shared, sizeof(*l->shared));
}
