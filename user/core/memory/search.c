// SPDX-License-Identifier: GPL-2.0-only
/* A search from its first refusal on: which refusals belong together, and the end of its process. */
#include "core/memory/search.h"

#include <string.h>

#include "core/memory/search_private.h"
#include "core/process/identity.h"

/* Signals by which a person or a service manager stops a process that works: HUP, INT, KILL, TERM. */
#define STOPPING_SIGNALS (1u << 1 | 1u << 2 | 1u << 9 | 1u << 15)

static bool has_taken(const struct pc_search *s)
{
	return s->phase == PC_SEARCH_GAINED && s->gained == PC_OUTCOME_TOOK_ANOTHER;
}

bool pc_search_is_hunter(const struct pc_search *s)
{
	return s->episodes + has_taken(s) >= PC_SEARCH_HUNTER;
}

bool pc_search_is_of(const struct pc_search *s, const struct pc_process_key *process)
{
	return s->out.requester.key.tgid == process->tgid &&
	       s->out.requester.key.start_ns == process->start_ns;
}

static bool same_kind(const struct pc_request *a, const struct pc_request *b)
{
	return a->proto == b->proto && a->foreign.family == b->foreign.family &&
	       pc_search_of_client(a) == pc_search_of_client(b);
}

/* The number of a namespace that is gone is used again, its cookie is not. */
static bool same_netns(const struct pc_request *a, const struct pc_request *b)
{
	return a->netns == b->netns && a->netns_key == b->netns_key;
}

static bool same_address(const struct pc_request *a, const struct pc_request *b)
{
	return a->wanted_family == b->wanted_family &&
	       !memcmp(a->wanted, b->wanted, a->wanted_family == PC_FAMILY_V4 ? 4 : PC_ADDR_LEN);
}

static bool same_foreign_name(const struct pc_foreign *a, const struct pc_foreign *b)
{
	return a->family == b->family && a->protocol == b->protocol && a->type == b->type &&
	       a->abstract == b->abstract && a->mntns == b->mntns && a->name_len == b->name_len &&
	       !memcmp(a->name, b->name, a->name_len);
}

/* The destination of a client is no port that it wants for itself. */
static bool same_port(const struct pc_request *a, const struct pc_request *b)
{
	if (a->foreign.family)
		return same_foreign_name(&a->foreign, &b->foreign);
	return pc_search_of_client(a) || (a->wanted_port == b->wanted_port && same_address(a, b));
}

/* Refusals are taken one by one, each with all that is known of the time since. What came of the first
 * can so be known before the second is taken. */
static bool is_overtaken(const struct pc_search *s, uint64_t time_ns)
{
	return (s->phase == PC_SEARCH_GAINED && time_ns < s->gained_ns) ||
	       (s->phase == PC_SEARCH_ENDED && time_ns < s->out.time_ns);
}

static bool is_step(const struct pc_search *s, const struct pc_verdict *v)
{
	return !v->request.foreign.family &&
	       (s->phase == PC_SEARCHING || is_overtaken(s, v->time_ns)) && !s->returned &&
	       v->request.op == PC_OP_BIND && s->out.request.op == PC_OP_BIND &&
	       pc_search_at_once(s, v->time_ns) && same_address(&s->out.request, &v->request) &&
	       pc_search_is_near(s, v->request.wanted_port);
}

static bool is_hunt(const struct pc_search *s, const struct pc_verdict *v)
{
	return pc_search_is_hunter(s) && !v->request.foreign.family &&
	       v->request.op == PC_OP_BIND && v->request.wanted_port >= PC_SEARCH_USER_PORT;
}

enum pc_search_part pc_search_part(const struct pc_search *s, const struct pc_verdict *v)
{
	const struct pc_request *r = &v->request;

	if (!same_kind(&s->out.request, r))
		return PC_PART_NONE;
	if (!same_netns(&s->out.request, r) && !pc_search_in_container(s))
		return PC_PART_NONE;
	if (!pc_search_is_of(s, &v->requester.key))
		return s->ended && s->phase == PC_SEARCH_ENDED && same_port(&s->out.request, r) &&
				       pc_search_may_succeed(s, v->requester.who) ?
			       PC_PART_SUCCESSOR :
			       PC_PART_NONE;
	if (is_hunt(s, v))
		return PC_PART_HUNT;
	if (same_port(&s->out.request, r))
		return PC_PART_RETRY;
	if (is_step(s, v))
		return PC_PART_STEP;
	return s->phase == PC_SEARCH_TOOK || has_taken(s) ? PC_PART_EPISODE : PC_PART_NONE;
}

bool pc_search_folds(const struct pc_search *s, enum pc_search_part part)
{
	return part == PC_PART_HUNT || (part == PC_PART_STEP && s->steps > 1);
}

/* A listen() that succeeds on a bound socket is no claim, neither is a connect() from a bound port, and
 * nothing is seen of other sockets than TCP and UDP. */
static bool may_succeed_unseen(const struct pc_request *r)
{
	return r->foreign.family || r->op == PC_OP_LISTEN ||
	       (pc_search_of_client(r) && r->socket.lport);
}

static void search_note_refusal(struct pc_search *s, const struct pc_verdict *v)
{
	uint16_t port = v->request.wanted_port;

	s->phase = PC_SEARCHING;
	s->gained = PC_OUTCOME_INVALID;
	s->weak = s->ended = s->resolved = false;
	s->last_port = port;
	s->refused_cookie = v->request.socket.cookie;
	s->unsure |= may_succeed_unseen(&v->request);
	s->out.last_ns = v->time_ns > s->out.last_ns ? v->time_ns : s->out.last_ns;
	s->out.total++;
	s->out.refusals++;
	s->out.folded += v->hunt;
	s->out.lowest = port < s->out.lowest ? port : s->out.lowest;
	s->out.highest = port > s->out.highest ? port : s->out.highest;
}

void pc_search_begin(struct pc_search *s, const struct pc_verdict *v)
{
	memset(s, 0, sizeof(*s));
	s->out.cause = v->cause;
	s->out.request = v->request;
	s->out.first_ns = s->since_ns = v->time_ns;
	s->out.lowest = s->out.highest = v->request.wanted_port;
	s->out.processes = 1;
	s->steps = 1;
	pc_party_keep(&v->requester, &s->out.requester, &s->requester);
	search_note_refusal(s, v);
}

/* A new search of the same process, which remembers what kind of a process it is. */
static void search_begin_episode(struct pc_search *s, const struct pc_verdict *v)
{
	struct pc_search before = *s;

	pc_search_free(s);
	pc_search_begin(s, v);
	s->episodes = before.episodes;
	s->others_count = before.others_count;
	memcpy(s->others, before.others, sizeof(s->others));
	/* Refusals that no line has told of yet. */
	s->out.folded += before.out.folded;
	s->out.refusals += before.out.folded;
	s->out.total += before.out.folded;
}

static void take_successor(struct pc_search *s, const struct pc_verdict *v)
{
	pc_party_keep(&v->requester, &s->out.requester, &s->requester);
	s->out.processes++;
	s->since_ns = v->time_ns;
	s->steps = 1;
}

/* A process that is refused another port has found what it looked for before. */
static void go_on_hunting(struct pc_search *s, const struct pc_verdict *v)
{
	s->counts[PC_OUTCOME_TOOK_ANOTHER] += has_taken(s);
	s->episodes += has_taken(s);
	s->since_ns = v->time_ns;
}

void pc_search_refused(struct pc_search *s, const struct pc_verdict *v, enum pc_search_part part)
{
	if (part == PC_PART_EPISODE && s->phase == PC_SEARCH_TOOK) {
		search_begin_episode(s, v);
		return;
	}
	if (s->resolved && is_overtaken(s, v->time_ns))
		s->counts[s->out.kind]--;
	if (part == PC_PART_SUCCESSOR)
		take_successor(s, v);
	if (part == PC_PART_HUNT || part == PC_PART_EPISODE)
		go_on_hunting(s, v);
	if (part == PC_PART_STEP)
		s->steps++;
	if (part == PC_PART_RETRY) {
		s->returned |= s->steps > 1;
		s->episodes = 0;
		s->counts[PC_OUTCOME_TOOK_ANOTHER] = 0;
	}
	search_note_refusal(s, v);
}

static void search_give_up(struct pc_search *s, uint64_t time_ns)
{
	s->out.kind = PC_OUTCOME_GAVE_UP;
	s->out.time_ns = time_ns;
	s->out.port = 0;
	s->out.how = PC_HOW_UNKNOWN;
	s->phase = PC_SEARCH_ENDED;
	s->gained = PC_OUTCOME_INVALID;
	s->counts[PC_OUTCOME_GAVE_UP]++;
	s->resolved = s->unserved = true;
}

static bool failed(int status)
{
	int number = status & 0x7f;
	bool stopping = number < 32 && STOPPING_SIGNALS >> number & 1;

	return number ? !stopping : status >> 8;
}

void pc_search_end(struct pc_search *s, uint64_t time_ns, const int *status)
{
	if (s->ended)
		return;
	s->ended = true;
	s->out.requester.running = false;
	s->out.status_known = status;
	s->out.status = status ? *status : 0;
	if (s->phase == PC_SEARCH_GAINED &&
	    (s->gained == PC_OUTCOME_GOT_LATER || !status || !failed(*status)))
		pc_search_settle(s);
	else if (s->phase != PC_SEARCH_TOOK)
		search_give_up(s, time_ns);
}

void pc_search_wait(struct pc_search *s, uint64_t now_ns)
{
	s->out.kind = PC_OUTCOME_WAITING;
	s->out.time_ns = now_ns;
	s->out.port = 0;
	s->out.how = PC_HOW_UNKNOWN;
	s->counts[PC_OUTCOME_WAITING]++;
	s->resolved = s->unserved = true;
}

void pc_search_free(struct pc_search *s)
{
	pc_identity_free(&s->requester);
	pc_identity_free(&s->winner);
}
