// SPDX-License-Identifier: GPL-2.0-only
/* What to do, now and for good: only what is true on Linux in this very case. */
#include "core/fixes_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"
#include "core/decide.h"
#include "core/party.h"
#include "core/ports.h"
#include "core/text.h"

#define SYSCTL_FILE "/etc/sysctl.d/60-portclash.conf"

void pc_fix_add(struct pc_verdict *v, enum pc_when when, char *what, char *command)
{
	if (!what || v->fixes_count == PC_FIXES_MAX) {
		free(what);
		free(command);
		return;
	}
	v->fixes[v->fixes_count++] = (struct pc_fix){ when, what, command };
}

char *pc_fix_say(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return n < 0 ? NULL : text;
}

/* A live process of the network namespace in question, or 0: by it one can enter. */
static uint32_t netns_pid(const struct pc_verdict *v)
{
	for (unsigned i = 0; i < v->holders_count; i++) {
		const struct pc_party *p = pc_holder_actor(&v->holders[i]);

		if (p && p->running && p->who->netns == v->refusal.netns)
			return p->who->key.tgid;
	}
	if (v->requester.who && v->requester.running && v->requester.who->netns == v->refusal.netns)
		return v->requester.who->key.tgid;
	return v->netns_pid;
}

/* "" in portclash's own namespace, "nsenter -t PID -n " for another one. */
void pc_fix_enter_netns(const struct pc_verdict *v, char *out, size_t size)
{
	uint32_t pid = netns_pid(v);

	out[0] = '\0';
	if (v->refusal.netns == v->monitor_netns)
		return;
	if (pid)
		snprintf(out, size, "nsenter -t %u -n ", pid);
	else
		snprintf(out, size, "nsenter -t PID_IN_THAT_NAMESPACE -n ");
}

/* The list of ports reserved today and the wanted one; NULL when today's are not known. */
static char *reserved_with_wanted(const struct pc_verdict *v)
{
	uint64_t set[PC_PORT_WORDS];

	if (!v->reserved)
		return NULL;
	memcpy(set, v->reserved, sizeof(set));
	pc_ports_add(set, v->refusal.wanted_port);
	return pc_ports_format(set);
}

/* Keeps the kernel from choosing the port again; it frees nothing now. */
void pc_fix_reserve(struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;
	char *list = reserved_with_wanted(v), enter[64];

	pc_fix_enter_netns(v, enter, sizeof(enter));
	if (r->reserved || !list) {
		free(list);
		return;
	}
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("reserve the port, so that the kernel never chooses it again "
			      "(keeps what was reserved when this was said; does not free it now)"),
		   pc_fix_say("%ssysctl -w net.ipv4.ip_local_reserved_ports=%s", enter, list));
	if (r->netns == v->monitor_netns)
		pc_fix_add(v, PC_LASTING, pc_fix_say("and after a reboot"),
			   pc_fix_say("echo 'net.ipv4.ip_local_reserved_ports = %s' > " SYSCTL_FILE,
				      list));
	else
		pc_fix_add(
			v, PC_LASTING,
			pc_fix_say(
				"and whenever that container or pod is made anew, give it the same "
				"sysctl: "
				"`docker run --sysctl …`, or securityContext.sysctls of the pod"),
			pc_fix_say("net.ipv4.ip_local_reserved_ports=%s", list));
	free(list);
}

void pc_fix_other_port(struct pc_verdict *v)
{
	const struct pc_refusal *r = &v->refusal;

	if (r->wanted_port >= r->range_low && r->wanted_port <= r->range_high)
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("or listen on a port outside %u\u2013%u, from which the "
				      "kernel never "
				      "chooses",
				      r->range_low, r->range_high),
			   NULL);
}

static bool shares_reuseaddr(const struct pc_socket *s)
{
	return s->reuse && (s->proto == PC_PROTO_UDP || s->state != PC_STATE_LISTEN);
}

/* True only when every holder in the way has set it already and none of them listens; and
 * that is known only when all of them could be described. */
void pc_fix_reuseaddr(struct pc_verdict *v)
{
	if (v->refusal.socket.reuse || v->refusal.holders_total > v->holders_count)
		return;
	for (unsigned i = 0; i < v->holders_count; i++)
		if (v->holders[i].blocking && !shares_reuseaddr(&v->holders[i].socket))
			return;
	pc_fix_add(v, PC_LASTING,
		   pc_fix_say("set SO_REUSEADDR on the refused socket before bind(); the holder "
			      "has set it, and "
			      "it "
			      "works only when both have"),
		   NULL);
}

void pc_fix_stop(struct pc_verdict *v, const struct pc_holder *h, const char *or_wait)
{
	const struct pc_party *p = pc_holder_actor(h);
	/* In a container it may be a unit of the container's own systemd. */
	const char *unit = p && p->who && !p->who->container ? p->who->unit : NULL;
	size_t len = unit ? strlen(unit) : 0;

	if (!p || !p->who)
		return;
	if (v->requester.who == p->who) {
		pc_fix_add(v, PC_NOW,
			   pc_fix_say("close that socket first: it is the refused process's own"),
			   NULL);
		return;
	}
	if (len > 8 && !strcmp(unit + len - 8, ".service")) {
		struct pc_text text;

		if (pc_text_open(&text))
			return;
		fputs(unit[0] == '-' ? "systemctl stop -- " : "systemctl stop ", text.out);
		pc_text_quote(text.out, unit);
		pc_fix_add(v, PC_NOW,
			   pc_fix_say("stop the unit of pid %u%s", p->who->key.tgid, or_wait),
			   pc_text_close(&text));
		return;
	}
	pc_fix_add(v, PC_NOW, pc_fix_say("stop pid %u%s", p->who->key.tgid, or_wait),
		   pc_fix_say("kill %u", p->who->key.tgid));
}

/* A connection that no process has open any more can be cut without harm. */
static void fix_cut(struct pc_verdict *v, const struct pc_holder *h)
{
	const struct pc_socket *s = &h->socket;
	char local[PC_ENDPOINT_TEXT], remote[PC_ENDPOINT_TEXT], enter[64];

	pc_fix_enter_netns(v, enter, sizeof(enter));
	pc_fix_add(v, PC_NOW,
		   pc_fix_say("wait, the kernel ends this connection by itself; or cut it (needs a "
			      "kernel "
			      "with CONFIG_INET_DIAG_DESTROY)"),
		   pc_fix_say("%sss -K -t src %s dst %s", enter,
			      pc_endpoint_text(s->family, s->local, s->lport, local),
			      pc_endpoint_text(s->family, s->remote, s->rport, remote)));
}

/* Closed by its process, and left to the kernel; not one that waits to be accepted. */
static bool ends_by_itself(const struct pc_socket *s)
{
	return s->rport && (s->flags & PC_SOCKET_DEAD || s->state == PC_STATE_TIME_WAIT);
}

/* Who closes first is left with the TIME_WAIT. */
static bool ends_in_time_wait(const struct pc_holder *h)
{
	return h->socket.proto == PC_PROTO_TCP && h->socket.state == PC_STATE_ESTABLISHED;
}

static void fix_end(struct pc_verdict *v, const struct pc_holder *h)
{
	if (pc_holder_actor(h))
		pc_fix_stop(
			v, h,
			ends_in_time_wait(h) ?
				", or wait for its connection to end; TIME_WAIT can keep the port "
				"for up to 60 s more" :
				", or wait for its connection to end");
	else if (ends_by_itself(&h->socket))
		fix_cut(v, h);
}

static void fix_client(struct pc_verdict *v, const struct pc_holder *h)
{
	fix_end(v, h);
	pc_fix_reuseaddr(v);
	pc_fix_reserve(v);
	pc_fix_other_port(v);
}

static void fix_ephemeral_bind(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, "");
	pc_fix_reuseaddr(v);
	pc_fix_reserve(v);
	pc_fix_other_port(v);
}

static void fix_explicit_client(struct pc_verdict *v, const struct pc_holder *h)
{
	fix_end(v, h);
	pc_fix_reuseaddr(v);
	pc_fix_add(
		v, PC_LASTING,
		pc_fix_say("have the client bind another source port, or none; reserving the port "
			   "does not help, because it was asked for by number"),
		NULL);
}

static void fix_bound(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, ", or have it close that socket");
	pc_fix_reuseaddr(v);
}

static void fix_time_wait(struct pc_verdict *v, const struct pc_holder *h)
{
	unsigned left = h->socket.seconds_left;

	pc_fix_add(v, PC_NOW,
		   pc_fix_say("try again, it ends by itself within %u s", left ? left : 60), NULL);
	pc_fix_reuseaddr(v);
	if (h->how == PC_HOW_CONNECT) {
		pc_fix_reserve(v);
		pc_fix_other_port(v);
	} else if (!h->socket.reuse) {
		pc_fix_add(
			v, PC_LASTING,
			pc_fix_say("set SO_REUSEADDR before bind() in every run of the server; it "
				   "works only when the old socket and the new one both have it"),
			NULL);
	}
}

static void fix_lingering(struct pc_verdict *v, const struct pc_holder *h)
{
	fix_end(v, h);
	pc_fix_reuseaddr(v);
	if (!h->socket.reuse)
		pc_fix_add(v, PC_LASTING,
			   pc_fix_say("set SO_REUSEADDR before bind() in every run of the server; "
				      "accepted connections have it from their listener"),
			   NULL);
}

static void fix_self_connect(struct pc_verdict *v, const struct pc_holder *h)
{
	pc_fix_stop(v, h, "; it must reconnect from another port");
	pc_fix_reserve(v);
	pc_fix_add(
		v, PC_LASTING,
		pc_fix_say(
			"or have the client bind() a source port that is no server's, or compare "
			"getsockname() with getpeername() after connect() and retry when they are "
			"the "
			"same"),
		NULL);
	pc_fix_other_port(v);
}

static void fix_exhausted(struct pc_verdict *v, const struct pc_holder *h)
{
	char enter[64];

	(void)h;
	pc_fix_enter_netns(v, enter, sizeof(enter));
	if (v->refusal.proto == PC_PROTO_TCP && v->refusal.op != PC_OP_CONNECT)
		pc_fix_add(
			v, PC_LASTING,
			pc_fix_say(
				"in a client that binds only to choose its address: set "
				"IP_BIND_ADDRESS_NO_PORT before bind(), and the port is chosen at "
				"connect(), "
				"where one port serves many destinations"),
			NULL);
	if (v->refusal.range_low > 1024 || v->refusal.range_high < 65535)
		pc_fix_add(
			v, PC_LASTING,
			pc_fix_say("or widen the range; reserve the ports of your servers first"),
			pc_fix_say("%ssysctl -w net.ipv4.ip_local_port_range='1024 65535'", enter));
}

static void fix_connection_exists(struct pc_verdict *v, const struct pc_holder *h)
{
	fix_end(v, h);
	pc_fix_add(
		v, PC_LASTING,
		pc_fix_say(
			"let the kernel choose the client's port: no bind() before connect(), or "
			"IP_BIND_ADDRESS_NO_PORT to choose the address only"),
		NULL);
}

static void fix_unknown(struct pc_verdict *v, const struct pc_holder *h)
{
	if (h)
		fix_end(v, h);
}

static void (*const fixers[])(struct pc_verdict *v, const struct pc_holder *primary) = {
	[PC_CAUSE_INVALID] = fix_unknown,
	[PC_CAUSE_EPHEMERAL_CLIENT] = fix_client,
	[PC_CAUSE_EPHEMERAL_BIND] = fix_ephemeral_bind,
	[PC_CAUSE_EXPLICIT_CLIENT] = fix_explicit_client,
	[PC_CAUSE_LISTENER] = pc_fix_listener,
	[PC_CAUSE_BOUND_NOT_LISTENING] = fix_bound,
	[PC_CAUSE_TIME_WAIT] = fix_time_wait,
	[PC_CAUSE_LINGERING_CONNECTION] = fix_lingering,
	[PC_CAUSE_SELF_CONNECT] = fix_self_connect,
	[PC_CAUSE_PRIVILEGED_PORT] = pc_fix_privileged,
	[PC_CAUSE_ADDRESS_NOT_LOCAL] = pc_fix_not_local,
	[PC_CAUSE_RANGE_EXHAUSTED] = fix_exhausted,
	[PC_CAUSE_CONNECTION_EXISTS] = fix_connection_exists,
	[PC_CAUSE_DUPLICATE_INSTANCE] = pc_fix_duplicate,
	[PC_CAUSE_INHERITED_LISTENER] = pc_fix_inherited,
	[PC_CAUSE_REUSEPORT_MISMATCH] = pc_fix_reuseport_mismatch,
	[PC_CAUSE_WILDCARD_OVERLAP] = pc_fix_wildcard,
	[PC_CAUSE_DUAL_STACK] = pc_fix_dual_stack,
	[PC_CAUSE_LISTEN_RACE] = pc_fix_listen_race,
	[PC_CAUSE_KERNEL_SOCKET] = pc_fix_kernel_socket,
	[PC_CAUSE_UNKNOWN] = fix_unknown,
};
_Static_assert(sizeof(fixers) / sizeof(fixers[0]) == PC_CAUSE_COUNT, "every cause has its fixes");

/* The first of its kind is no alternative to another. */
static void begin_anew(char *what)
{
	size_t skip = !what ? 0 : !strncmp(what, "or, ", 4) ? 4 : !strncmp(what, "or ", 3) ? 3 : 0;

	if (skip)
		memmove(what, what + skip, strlen(what + skip) + 1);
}

void pc_fixes(struct pc_verdict *v)
{
	fixers[v->cause < PC_CAUSE_COUNT ? v->cause : PC_CAUSE_UNKNOWN](
		v, v->primary < 0 ? NULL : &v->holders[v->primary]);
	if (v->primary >= 0)
		pc_fix_place(v, &v->holders[v->primary]);
	for (unsigned i = 0; i < v->fixes_count; i++)
		if (!i || v->fixes[i].when != v->fixes[i - 1].when)
			begin_anew(v->fixes[i].what);
}
