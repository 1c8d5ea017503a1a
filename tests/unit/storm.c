// SPDX-License-Identifier: GPL-2.0-only
/* Random rounds of a join on a fake side. */
#include <errno.h>
#include <string.h>

#include "core/base/ports.h"
#include "storm_private.h"

/* A process begins, ends, becomes another program, or gives its pid to another process. */
static void change_process(struct storm *s)
{
	struct fake *f = s->f;
	struct fake_process *p;

	if (f->processes_count < 2 * PIDS && storm_one_in(s, 2))
		p = fake_process(f, 100 + storm_pick(s, PIDS), "x");
	else
		p = &f->processes[storm_pick(s, f->processes_count)];
	p->running = !storm_one_in(s, 4);
	p->descendant = storm_one_in(s, 3);
	p->netns = storm_netns(s);
	if (storm_one_in(s, 10))
		p->key.exec_id++;
	if (storm_one_in(s, 10))
		p->key.start_ns++;
	p->comm = storm_text(s);
	p->comm = storm_one_in(s, 3) ? "systemd" : p->comm ? p->comm : "no-name";
	p->place = (struct pc_place){
		.role = storm_pick(s, PC_ROLE_COUNT),
		.leads_session = storm_one_in(s, 4),
		.first = storm_one_in(s, 2),
		.hosts_file = storm_one_in(s, 2),
		.roots_file = p->descendant,
		.unseen = p->key.tgid % 4 == 0,
		.deaf = p->key.tgid % PC_DEAF_COUNT,
	};
	p->exe = storm_text(s);
	p->cmdline = storm_text(s);
	p->cgroup = storm_text(s);
}

static void change_owners(struct storm *s)
{
	s->f->owners_count = 0;
	s->f->alive_count = 0;
	for (unsigned i = storm_pick(s, 40); i > 0; i--) {
		struct pc_socket_record r =
			storm_one_in(s, 4) ? storm_unix_socket(s) : storm_socket(s);

		fake_open(s->f, storm_process(s), &r, (int)storm_pick(s, 10));
		s->f->alive[s->f->alive_count++] = storm_pick(s, COOKIES);
	}
}

static void change_settings(struct storm *s)
{
	struct pc_netns_settings *n = &s->f->settings;

	*n = (struct pc_netns_settings){
		.known = !storm_one_in(s, 5),
		.low = 35000,
		.high = (uint16_t)(35000 + storm_pick(s, 6000)),
		.unprivileged_start = 1024,
		.somaxconn = storm_pick(s, 5000),
		.tcp_tw_reuse = (int)storm_pick(s, 4) - 1,
		.autobind_reuse = (int)storm_pick(s, 3) - 1,
		.listen_overflows = storm_pick(s, 3),
	};
	pc_ports_add(n->reserved, storm_port(s));
	memcpy(s->f->reserved, n->reserved, sizeof(n->reserved));
	s->f->reserved_known = !storm_one_in(s, 4);
}

static void change_look(struct storm *s)
{
	struct pc_netns_look *l = &s->f->look;

	l->settings = s->f->settings;
	l->time_ns = s->f->now_ns - storm_pick(s, 300) * MS;
	l->took_ns = storm_pick(s, 30) * MS;
	l->sockets.list = s->listed;
	l->sockets.count = storm_pick(s, 64);
	for (size_t i = 0; i < l->sockets.count; i++) {
		struct pc_socket_record r = storm_socket(s);

		s->listed[i] = (struct pc_listed_socket){
			.socket = { .cookie = r.cookie,
				    .lport = r.lport,
				    .rport = r.rport,
				    .family = r.family,
				    .proto = r.proto,
				    .state = r.state },
			.waiting = storm_pick(s, 9),
			.backlog = storm_pick(s, 9),
			.kernel_chose = storm_one_in(s, 2),
		};
		memcpy(s->listed[i].socket.remote, r.remote, sizeof(r.remote));
	}
}

static void change_answers(struct storm *s)
{
	struct fake *f = s->f;

	f->owners_error = storm_one_in(s, 10) ? -EOVERFLOW : 0;
	f->sweep_error = storm_one_in(s, 5) ? -EOVERFLOW : 0;
	f->sweep_files_error = storm_one_in(s, 5) ? -ENOMEM : 0;
	f->look_error = storm_one_in(s, 4) ? -EPERM : 0;
	f->daemon = storm_one_in(s, 2);
	f->parent = (uint32_t)storm_pick(s, 8);
	f->folder = storm_pick(s, 2) ? "/srv" : NULL;
	f->kin = storm_one_in(s, 4);
	f->socket_unit = storm_one_in(s, 2) ? NULL : "web.socket";
	f->netns_pid = storm_one_in(s, 3) ? 0 : 100 + storm_pick(s, PIDS);
	if (storm_one_in(s, 20))
		f->losses.lost[storm_pick(s, PC_STAT_COUNT)]++;
	f->losses.states_missed += storm_one_in(s, 50);
	f->losses.records_bad += storm_one_in(s, 50);
}

static void happen(struct storm *s)
{
	static void (*const things[])(struct storm *) = {
		change_process,	   change_owners,     change_settings,	 change_look,
		change_answers,	   storm_put_process, storm_describe,	 storm_put_claim,
		storm_put_claim,   storm_put_claim,   storm_put_claim,	 storm_put_ends,
		storm_put_ends,	   storm_put_refusal, storm_put_refusal, storm_put_foreign,
		storm_change_site,
	};

	things[storm_pick(s, sizeof(things) / sizeof(things[0]))](s);
}

static void happen_in(struct fake *f, enum fake_op op)
{
	struct storm *s = f->world;

	(void)op;
	if (storm_one_in(s, 8))
		happen(s);
}

static void replace_protected(struct storm *s)
{
	uint64_t ports[PC_PORT_WORDS] = { 0 };

	for (unsigned i = storm_pick(s, 8); i > 0; i--)
		pc_ports_add(ports, storm_port(s));
	pc_join_protect(s->f->join, s->f->now_ns, ports);
}

static void pass_time(struct storm *s)
{
	s->f->now_ns += storm_one_in(s, 40) ? 3000 * SECOND :
			storm_one_in(s, 10) ? 2 * SECOND :
					      storm_pick(s, 200) * MS;
}

static void storm_run_round(struct storm *s)
{
	struct fake *f = s->f;

	for (unsigned i = storm_pick(s, 60); i > 0; i--)
		happen(s);
	if (s->floods && storm_one_in(s, 6))
		storm_put_flood(s);
	if (storm_one_in(s, 4))
		storm_put_rivals(s);
	if (storm_one_in(s, 20))
		storm_put_rush(s);
	if (storm_one_in(s, 4))
		storm_put_end(s);
	pc_join_read(f->join, f->now_ns);
	if (storm_one_in(s, 10))
		replace_protected(s);
	if (storm_one_in(s, 3))
		pc_join_counters(f->join);
	for (unsigned i = 1 + storm_pick(s, 3); i > 0; i--)
		pc_join_finish(f->join, f->now_ns);
	pc_join_tidy(f->join, f->now_ns);
	pass_time(s);
}

/* All the claims of a flood would be told. */
static bool wants_claims(uint64_t seed)
{
	return seed % 2;
}

struct pc_join_options storm_options(uint64_t seed, uint64_t *ports)
{
	memset(ports, 0, PC_PORT_WORDS * sizeof(*ports));
	for (unsigned i = 0; i < seed % 3 * PORTS / 2; i++)
		pc_ports_add(ports, (uint16_t)(35000 + i));
	return (struct pc_join_options){
		.with_claims = wants_claims(seed),
		.own_netns_only = seed % 5 == 0,
		.protect = seed % 4 ? ports : NULL,
	};
}

void storm_run(struct storm *s, struct fake *f, uint64_t seed, unsigned rounds)
{
	*s = (struct storm){ .f = f,
			     .random = seed * 0x9e3779b97f4a7c15ULL + 1,
			     .floods = !wants_claims(seed) };
	f->world = s;
	for (unsigned i = 0; i < PIDS; i++)
		fake_process(f, 100 + i, "x");
	change_owners(s);
	change_settings(s);
	change_look(s);
	f->on_op = happen_in;
	pc_join_inventory(f->join, f->now_ns, false);
	pc_join_protect_start(f->join, f->now_ns);
	pc_join_inventory(f->join, f->now_ns, true);
	for (unsigned i = 0; i < rounds; i++)
		storm_run_round(s);
	f->on_op = NULL;
	fake_round(f); /* reads all that was put */
	pc_join_stop(f->join, f->now_ns);
}
