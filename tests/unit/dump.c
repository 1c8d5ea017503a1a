// SPDX-License-Identifier: GPL-2.0-only
/* All fields of verdicts, claims, warnings and counters as text. A new field makes the build fail here. */
#include "core/verdict/advice.h"
#include "core/verdict/range_use.h"
#include "dump.h"

_Static_assert(sizeof(struct pc_identity) == 200, "dump_identity()");
_Static_assert(sizeof(struct pc_party) == 72, "dump_party()");
_Static_assert(sizeof(struct pc_socket) == 80, "dump_socket()");
_Static_assert(sizeof(struct pc_endpoints) == 48, "dump_ends()");
_Static_assert(sizeof(struct pc_holder) == 1112, "dump_holder()");
_Static_assert(sizeof(struct pc_request) == 256, "dump_request()");
_Static_assert(sizeof(struct pc_verdict) == 20720, "dump_verdict()");
_Static_assert(sizeof(struct pc_outcome) == 536, "dump_outcome()");
_Static_assert(sizeof(struct pc_claim) == 160, "dump_claim()");
_Static_assert(sizeof(struct pc_range_use) == 872, "dump_range_use()");
_Static_assert(sizeof(struct pc_ended) == 376, "dump_listener()");
_Static_assert(sizeof(struct pc_netns_settings) == 8224, "dump_settings()");
_Static_assert(sizeof(struct pc_warning) == 1120, "dump_warning()");

#define NUMBER(value) fprintf(out, " %lld", (long long)(value))

static void dump_text(FILE *out, const char *text)
{
	fprintf(out, text ? " \"%s\"" : " -", text);
}

static void dump_bytes(FILE *out, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;

	fputc(' ', out);
	for (size_t i = 0; i < size; i++) {
		fputc(digits[bytes[i] >> 4], out);
		fputc(digits[bytes[i] & 15], out);
	}
}

/* Most words are 0. */
static void dump_ports(FILE *out, const uint64_t *words)
{
	fputs(" ports", out);
	for (unsigned i = 0; words && i < PC_PORT_WORDS; i++)
		if (words[i])
			fprintf(out, " %u:%llx", i, (unsigned long long)words[i]);
	if (!words)
		fputs(" -", out);
}

static void dump_key(FILE *out, const struct pc_process_key *key)
{
	NUMBER(key->tgid);
	NUMBER(key->start_ns);
	NUMBER(key->exec_id);
}

static void dump_identity(FILE *out, const struct pc_identity *who)
{
	fputs(" {", out);
	if (who) {
		dump_key(out, &who->key);
		NUMBER(who->uid);
		NUMBER(who->netns);
		NUMBER(who->cgroup_id);
		dump_bytes(out, who->comm, sizeof(who->comm));
		dump_text(out, who->exe);
		dump_text(out, who->cmdline);
		dump_text(out, who->folder);
		dump_text(out, who->cgroup);
		dump_text(out, who->cgroup_v2);
		dump_text(out, who->unit);
		dump_text(out, who->container);
		dump_text(out, who->pod);
		dump_text(out, who->given.container);
		dump_text(out, who->given.pod);
		dump_text(out, who->given.pod_namespace);
		NUMBER(who->given.runtime);
		NUMBER(who->runtime);
		NUMBER(who->cmdline_cut);
		NUMBER(who->descendant);
		NUMBER(who->running + 2 * who->folder_asked);
		NUMBER(who->ended_ns + (uint32_t)who->status);
		NUMBER(who->asked_pass);
		NUMBER(who->completed_ns);
	}
	fputs(" }", out);
}

static void dump_party(FILE *out, const struct pc_party *p)
{
	dump_identity(out, p->who);
	dump_key(out, &p->key);
	NUMBER(p->tid);
	dump_bytes(out, p->comm, sizeof(p->comm));
	NUMBER(p->running);
	NUMBER(p->daemon + 2 * p->given);
	NUMBER(p->parent);
	NUMBER(p->fd);
	NUMBER(p->place.role);
	NUMBER(p->place.leads_session);
	NUMBER(p->place.first);
	NUMBER(p->place.hosts_file);
	NUMBER(p->place.roots_file + 2 * p->place.unseen + 4 * p->place.deaf);
}

static void dump_socket(FILE *out, const struct pc_socket *s)
{
	fputs(" socket", out);
	NUMBER(s->cookie);
	NUMBER(s->inode);
	dump_bytes(out, s->local, sizeof(s->local));
	dump_bytes(out, s->remote, sizeof(s->remote));
	NUMBER(s->v4_address);
	NUMBER(s->uid);
	NUMBER(s->ifindex);
	NUMBER(s->netns);
	NUMBER(s->lport);
	NUMBER(s->rport);
	NUMBER(s->family);
	NUMBER(s->flags);
	NUMBER(s->proto);
	NUMBER(s->state);
	NUMBER(s->substate);
	NUMBER(s->userlocks);
	NUMBER(s->reuse);
	NUMBER(s->fastreuse);
	NUMBER(s->fastreuseport);
	NUMBER(s->seconds_left);
}

static void dump_ends(FILE *out, const struct pc_endpoints *e)
{
	fputs(" ends", out);
	NUMBER(e->cookie);
	dump_bytes(out, e->local, sizeof(e->local));
	dump_bytes(out, e->remote, sizeof(e->remote));
	NUMBER(e->lport);
	NUMBER(e->rport);
	NUMBER(e->family);
	NUMBER(e->state);
}

static void dump_holder(FILE *out, const struct pc_holder *h)
{
	fputs(" holder", out);
	dump_socket(out, &h->socket);
	NUMBER(h->blocking);
	NUMBER(h->how);
	NUMBER(h->how_inferred);
	NUMBER(h->older);
	NUMBER(h->claim_lost);
	NUMBER(h->kin);
	NUMBER(h->since_ns);
	dump_party(out, &h->claimer);
	NUMBER(h->owners_count);
	NUMBER(h->owners_more);
	for (unsigned i = 0; i < h->owners_count; i++)
		dump_party(out, &h->owners[i]);
	NUMBER(h->file_cookie);
	dump_party(out, &h->peer);
	NUMBER(h->peer_listens);
	dump_text(out, h->socket_unit);
	dump_text(out, h->process_note);
}

static void dump_request(FILE *out, const struct pc_request *r)
{
	NUMBER(r->op);
	NUMBER(r->error);
	NUMBER(r->proto);
	NUMBER(r->wanted_family);
	NUMBER(r->wanted_port);
	dump_bytes(out, r->wanted, sizeof(r->wanted));
	NUMBER(r->own_low);
	NUMBER(r->own_high);
	NUMBER(r->uid);
	NUMBER(r->netns);
	NUMBER(r->netns_key);
	dump_socket(out, &r->socket);
	NUMBER(r->foreign.family);
	NUMBER(r->foreign.protocol);
	NUMBER(r->foreign.type);
	NUMBER(r->foreign.abstract);
	NUMBER(r->foreign.mntns);
	dump_bytes(out, r->foreign.name, r->foreign.name_len);
}

static void dump_fixes(FILE *out, const struct pc_fix *fixes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fprintf(out, " fix %d", fixes[i].when);
		dump_text(out, fixes[i].what);
		dump_text(out, fixes[i].command);
		dump_text(out, fixes[i].plain);
	}
}

static void dump_range_use(FILE *out, const struct pc_range_use *use)
{
	fputs(" use", out);
	if (!use)
		return;
	NUMBER(use->offered);
	NUMBER(use->held);
	NUMBER(use->left);
	for (unsigned i = 0; i < use->destinations.count; i++) {
		dump_socket(out, &use->destinations.list[i].socket);
		NUMBER(use->destinations.list[i].ports);
	}
	for (unsigned i = 0; i < use->users_count; i++) {
		dump_party(out, &use->users[i].party);
		NUMBER(use->users[i].process);
		NUMBER(use->users[i].ports);
	}
}

static void dump_site(FILE *out, const struct pc_site *p)
{
	fputs(" site", out);
	NUMBER(p->inode);
	NUMBER(p->changed_ns);
	NUMBER(p->device);
	NUMBER(p->uid);
	NUMBER(p->mode);
	NUMBER(p->remover);
	NUMBER(p->error);
	NUMBER(p->kind);
	NUMBER(p->bound);
	NUMBER(p->removal);
	dump_text(out, p->path);
}

static void dump_tunnels(FILE *out, const struct pc_tunnels *t)
{
	NUMBER(t->total);
	for (uint32_t i = 0; i < t->count; i++) {
		dump_text(out, t->list[i].name);
		NUMBER(t->list[i].port);
		NUMBER(t->list[i].kind * 2 + t->list[i].up);
		NUMBER(t->list[i].sockets * 2 + t->list[i].sockets_known);
	}
}

static void dump_verdict(void *context, struct pc_verdict *v)
{
	FILE *out = context;

	pc_advise(v);
	fputs("verdict", out);
	NUMBER(v->time_ns);
	NUMBER(v->hunt);
	dump_request(out, &v->request);
	dump_party(out, &v->requester);
	NUMBER(v->settings.known);
	NUMBER(v->settings.low);
	NUMBER(v->settings.high);
	NUMBER(v->settings.unprivileged_start);
	NUMBER(v->settings.wanted_reserved);
	dump_ports(out, v->settings.reserved);
	dump_site(out, &v->site);
	dump_tunnels(out, &v->tunnels);
	NUMBER(v->monitor_netns);
	NUMBER(v->monitor_boots);
	NUMBER(v->netns_pid);
	for (unsigned i = 0; i < v->holders_count; i++)
		dump_holder(out, &v->holders[i]);
	NUMBER(v->holders_total);
	NUMBER(v->walk);
	NUMBER(v->holders_changed);
	NUMBER(v->primary);
	NUMBER(v->cause);
	dump_text(out, v->explanation);
	dump_fixes(out, v->fixes, v->fixes_count);
	NUMBER(v->address.state);
	NUMBER(v->address.netns);
	dump_text(out, v->address.device);
	dump_text(out, v->address.vrf);
	dump_text(out, v->address.asked);
	dump_text(out, v->address.v6_off);
	dump_text(out, v->address.down);
	NUMBER(v->address.only_private);
	NUMBER(v->address.no_carrier);
	dump_range_use(out, v->range_use);
	NUMBER(v->owners_seen);
	dump_text(out, v->incomplete);
	fputc('\n', out);
}

static void dump_outcome(void *context, const struct pc_outcome *o)
{
	FILE *out = context;

	fputs("outcome", out);
	NUMBER(o->kind);
	NUMBER(o->hunt);
	NUMBER(o->cause);
	dump_request(out, &o->request);
	dump_party(out, &o->requester);
	dump_party(out, &o->winner);
	NUMBER(o->first_ns);
	NUMBER(o->last_ns);
	NUMBER(o->time_ns);
	NUMBER(o->refusals);
	NUMBER(o->folded);
	NUMBER(o->total);
	NUMBER(o->processes);
	NUMBER(o->lowest);
	NUMBER(o->highest);
	NUMBER(o->port);
	NUMBER(o->how);
	NUMBER(o->status_known);
	NUMBER(o->status);
	fputc('\n', out);
}

static void dump_claim(void *context, const struct pc_claim *c)
{
	FILE *out = context;

	fputs("claim", out);
	NUMBER(c->time_ns);
	NUMBER(c->cookie);
	NUMBER(c->netns);
	NUMBER(c->port);
	NUMBER(c->how);
	NUMBER(c->proto);
	NUMBER(c->family);
	dump_party(out, &c->claimer);
	NUMBER(c->ends_known);
	dump_ends(out, &c->ends);
	fputc('\n', out);
}

static void dump_listener(FILE *out, const struct pc_ended *e)
{
	fputs(" listener", out);
	if (!e)
		return;
	NUMBER(e->ended_ns);
	NUMBER(e->port);
	NUMBER(e->family);
	dump_bytes(out, e->local, sizeof(e->local));
	dump_party(out, &e->party);
}

static void dump_settings(FILE *out, const struct pc_netns_settings *s)
{
	fputs(" settings", out);
	if (!s)
		return;
	NUMBER(s->known);
	NUMBER(s->low);
	NUMBER(s->high);
	dump_ports(out, s->reserved);
	NUMBER(s->unprivileged_start);
	NUMBER(s->somaxconn);
	NUMBER(s->tcp_tw_reuse);
	NUMBER(s->autobind_reuse);
	NUMBER(s->listen_overflows);
}

static void dump_warning(void *context, struct pc_warning *w)
{
	FILE *out = context;

	fputs("warning of ", out);
	dump_claim(out, &w->claim);
	NUMBER(w->listed | w->listener_forgotten << 1);
	dump_listener(out, w->listener);
	dump_settings(out, w->settings);
	NUMBER(w->monitor_netns);
	NUMBER(w->monitor_boots);
	NUMBER(w->netns_pid);
	NUMBER(w->suppressed);
	dump_text(out, w->explanation);
	dump_fixes(out, w->fixes, w->fixes_count);
	fputc('\n', out);
}

void dump_counters(FILE *out, const struct pc_counters *c)
{
	const uint64_t *all = (const uint64_t *)c;

	fputs("counters", out);
	for (size_t i = 0; i < sizeof(*c) / sizeof(*all); i++)
		NUMBER(&all[i] == &c->records_bad ? 0 : all[i]);
	fputc('\n', out);
}

struct pc_join_output dump_output(FILE *out)
{
	return (struct pc_join_output){
		.context = out,
		.verdict = dump_verdict,
		.outcome = dump_outcome,
		.claim = dump_claim,
		.warning = dump_warning,
	};
}
