// SPDX-License-Identifier: GPL-2.0-only
/* Why a server in the way does not share its port. */
#include <string.h>

#include "core/address.h"
#include "core/advice_private.h"
#include "core/decide.h"
#include "core/kernel_socket.h"
#include "core/party.h"
#include "core/place.h"
#include "core/server.h"

#define NAME_TEXT 64

/* "api[12] already listens on this port" */
static void put_holding(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	bool udp = v->refusal.proto == PC_PROTO_UDP;
	char name[NAME_TEXT];

	if (pc_holder_is_own(v, h))
		fprintf(out, "this very process already %s the port with another of its sockets",
			udp ? "receives on" : "listens on");
	else
		fprintf(out, "%s already %s this port",
			pc_advice_name(&h->maker, name, sizeof(name)),
			udp ? "receives on" : "listens on");
}

/* UDP has no listener: with SO_REUSEADDR on all, any number may receive on one port, as those of
 * a multicast group do. One without it is kept out by the others, and keeps the others out. */
static void about_udp_sharing(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	bool refused = v->refusal.socket.reuse, holder = h->socket.reuse;

	if (v->refusal.proto != PC_PROTO_UDP || refused == holder)
		return;
	fprintf(out,
		"; %s set SO_REUSEADDR, by which the receivers of a multicast group share a port, "
		"but %s did not, and all of them must",
		holder ? "the holder" : "the refused socket",
		holder ? "the refused socket" : "the holder");
}

/* The same executable with other arguments is another service: said, and no more. */
static void about_program(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_party *p = pc_holder_actor(h);

	if (!p || !p->who || !v->requester.who || pc_holder_is_own(v, h))
		return;
	if (h->kin)
		fprintf(out, "; the two are processes of one running instance, not two instances");
	else if (pc_identity_same_file(p->who, v->requester.who))
		fprintf(out, "; both run %s, but with different arguments, so as two services",
			p->who->exe);
}

void pc_explain_listener(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);

	put_holding(out, v, h);
	about_udp_sharing(out, v, h);
	about_program(out, v, h);
}

/* "53 s", "12 min", "4 h", "9 days" */
static void put_running(FILE *out, uint64_t ns)
{
	uint64_t seconds = ns / 1000000000;

	if (seconds < 120)
		fprintf(out, "%lu s", (unsigned long)seconds);
	else if (seconds < 2 * 3600)
		fprintf(out, "%lu min", (unsigned long)(seconds / 60));
	else if (seconds < 2 * 86400)
		fprintf(out, "%lu h", (unsigned long)(seconds / 3600));
	else
		fprintf(out, "%lu days", (unsigned long)(seconds / 86400));
}

static void put_twin(FILE *out, const struct pc_party *p, enum pc_twin twin)
{
	switch (twin) {
	case PC_TWIN_UNIT:
		fprintf(out, "both belong to %s", p->who->unit);
		break;
	case PC_TWIN_CONTAINER:
		fprintf(out, "both are in container %.*s", pc_container_shown(p->who->container),
			p->who->container);
		break;
	default:
		fprintf(out, "both run %s with the same arguments", p->who->exe);
	}
	if (twin == PC_TWIN_ARGUMENTS && p->who->unit)
		fprintf(out, "; the one that runs belongs to %s", p->who->unit);
}

void pc_explain_duplicate(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	uint64_t now = v->refusal.time_ns;
	enum pc_twin twin;
	const struct pc_party *p = pc_holder_twin(v, h, &twin);
	char name[NAME_TEXT];

	if (!p) {
		put_holding(out, v, h);
		return;
	}
	fprintf(out, "the same program runs already and %s this port: %s",
		v->refusal.proto == PC_PROTO_UDP ? "receives on" : "listens on",
		pc_advice_name(p, name, sizeof(name)));
	if (p->who->key.start_ns && now > p->who->key.start_ns) {
		fputs(", started ", out);
		put_running(out, now - p->who->key.start_ns);
		fputs(" before", out);
	}
	fputs("; ", out);
	put_twin(out, p, twin);
}

static void put_owners(FILE *out, const struct pc_holder *h)
{
	char name[NAME_TEXT];

	for (unsigned i = 0; i < h->owners_count; i++)
		fprintf(out, "%s%s",
			!i			 ? "" :
			i + 1 == h->owners_count ? " and " :
						   ", ",
			pc_advice_name(&h->owners[i], name, sizeof(name)));
}

void pc_explain_inherited(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	char name[NAME_TEXT];

	fprintf(out, "the %s socket on this port was made by %s, which has %s, but it lives on in ",
		h->socket.proto == PC_PROTO_UDP ? "receiving" : "listening",
		pc_advice_name(&h->maker, name, sizeof(name)),
		h->maker.running ? "closed it" : "exited");
	put_owners(out, h);
	fprintf(out, ", which did not make it and %s it open",
		h->owners_count > 1 ? "have" : "has");
}

void pc_explain_reuseport(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);

	put_holding(out, v, h);
	switch (pc_reuseport_of(v, h)) {
	case PC_REUSEPORT_USERS:
		fprintf(out,
			"; both sides set SO_REUSEPORT, but that shares a port only between "
			"sockets of one user (%u holds it, %u was refused)",
			h->socket.uid, v->refusal.socket.uid);
		return;
	case PC_REUSEPORT_REFUSED_ONLY:
		fputs("; only the refused socket set SO_REUSEPORT, both would have to", out);
		break;
	default:
		fputs("; only the holder set SO_REUSEPORT, both would have to", out);
	}
	if (h->socket.uid != v->refusal.socket.uid)
		fprintf(out, ", as one user (%u holds it, %u was refused)", h->socket.uid,
			v->refusal.socket.uid);
}

static void put_addresses(FILE *out, const struct pc_verdict *v, const struct pc_holder *h)
{
	char held[PC_ADDRESS_TEXT], wanted[PC_ADDRESS_TEXT];

	fprintf(out, "it holds %s, %s was asked for",
		pc_address_text(h->socket.family, h->socket.local, held),
		pc_address_text(v->refusal.wanted_family, v->refusal.wanted, wanted));
}

void pc_explain_wildcard(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);

	put_holding(out, v, h);
	fputs("; ", out);
	put_addresses(out, v, h);
	fputs(": any address contains the specific one, so the two overlap", out);
	about_udp_sharing(out, v, h);
	about_program(out, v, h);
}

void pc_explain_dual_stack(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);

	put_holding(out, v, h);
	fputs("; ", out);
	put_addresses(out, v, h);
	fputs(": without IPV6_V6ONLY a socket on :: takes IPv4 too (dual stack), so the two "
	      "overlap",
	      out);
	about_udp_sharing(out, v, h);
	about_program(out, v, h);
}

void pc_explain_listen_race(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);

	fputs("bind() had succeeded, but by the time of listen() another socket listened: ", out);
	put_holding(out, v, h);
	fprintf(out, "; both bound it with %s, but only one of them can listen",
		h->socket.reuse && v->refusal.socket.reuse ? "SO_REUSEADDR" :
							     "options that let them share it");
	about_program(out, v, h);
}

void pc_explain_kernel_socket(FILE *out, const struct pc_verdict *v)
{
	const struct pc_holder *h = pc_advice_primary(v);
	const struct pc_kernel_service *s = pc_kernel_service(h->socket.proto, h->socket.lport);

	fputs("the socket on this port belongs to the kernel itself, not to a process", out);
	if (s)
		fprintf(out, "; the port is that of %s", s->name);
	else
		fputs("; which part of the kernel it is (NFS, RPC, a tunnel, WireGuard), the port "
		      "does not tell",
		      out);
	if (pc_holder_kernel_chosen(h)) {
		fputs("; it had no port of its own to ask for, and was given this one", out);
		pc_advice_why_chosen(out, &v->refusal);
	}
}
