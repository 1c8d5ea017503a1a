// SPDX-License-Identifier: GPL-2.0-only
/* `portclash who`: who holds a port right now, and what a server would get that bound it now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/port_argument.h"
#include "core/base/ports.h"
#include "look/lookup.h"
#include "out/who.h"

/* A look at a port walks the kernel's tables: more of them would take minutes. */
#define PORTS_MAX 1024

enum { OPT_JSON = 256, OPT_NETNS, OPT_UID, OPT_ADDRESS, OPT_BTF, OPT_VERBOSE };

static const struct argp_option options[] = {
	{ "address", OPT_ADDRESS, "IP", 0,
	  "the one address that the server binds (default: 0.0.0.0 and [::])", 0 },
	{ "btf", OPT_BTF, "FILE", 0, PC_BTF_HELP, 0 },
	{ "json", OPT_JSON, NULL, 0, "print one JSON object a line instead of text", 0 },
	{ "netns", OPT_NETNS, "WHICH", 0,
	  "all (the default), self, a name in /run/netns, a path or an inode number", 0 },
	{ "uid", OPT_UID, "UID", 0, "the user whose server would bind the port (default: you)", 0 },
	{ "verbose", OPT_VERBOSE, NULL, 0,
	  "also print all that is not seen and why, and libbpf's messages to standard error", 0 },
	{ 0 },
};

static const char doc[] =
	"Show who holds a port now, in every network namespace, and what a server would get that bound it. PORT is a number, a range like 8000-8010 or a service; also 127.0.0.1:8080, [::1]:8080, 8080/tcp or udp/53. It needs root: without root it sees a part only, and says which.\vExamples:\n"
	"  sudo portclash who 8080            who holds port 8080?\n"
	"  sudo portclash who 127.0.0.1:8080  what keeps a server from this address?\n"
	"  sudo portclash who 8000-8010/tcp   who holds these TCP ports?\n"
	"\n"
	"Exit status:\n"
	"  0  nobody holds a port\n"
	"  1  portclash could not look\n"
	"  2  the command line is wrong\n"
	"  3  somebody holds a port, or the kernel refuses one to the user of --uid\n"
	"  4  nobody is seen to hold a port, but portclash could not look everywhere\n";

struct who {
	struct pc_lookup lookup;
	struct pc_port_arguments ports;
	uint16_t family; /* of --address; 0: none */
	uint8_t address[PC_ADDR_LEN];
	bool json;
	bool held;    /* somebody holds one of the ports */
	bool uid;     /* --uid is given */
	bool refused; /* the kernel refuses one of the ports to that user */
	struct pc_log log;
};

static void parse_uid(struct argp_state *state, struct pc_lookup *l, const char *arg)
{
	unsigned long uid;

	if (!pc_parse_digits(arg, UINT32_MAX - 1, &uid))
		pc_usage_error(state, "--uid: expected the number of a user, not \"%s\"", arg);
	l->uid = (uint32_t)uid;
}

static void check_ports(struct argp_state *state, const struct who *w)
{
	unsigned ports = 0;

	for (size_t i = 0; i < w->ports.count; i++) {
		const struct pc_port_item *item = &w->ports.items[i];

		ports += item->high - item->low + 1U;
		if (item->family && w->family)
			pc_usage_error(state,
				       "the port has an address already: leave out --address");
	}
	if (!ports)
		pc_usage_error(state, "which port? For example: sudo portclash who 8080");
	if (ports > PORTS_MAX)
		pc_usage_error(state, "%u ports are too many: name at most %d", ports, PORTS_MAX);
}

static error_t parse_who_option(int key, char *arg, struct argp_state *state)
{
	struct who *w = state->input;

	switch (key) {
	case OPT_JSON:
		w->json = true;
		return 0;
	case OPT_NETNS:
		if (!*arg)
			pc_usage_error(
				state,
				"--netns: expected all, self, a name, a path or an inode number");
		w->lookup.which = arg;
		return 0;
	case OPT_UID:
		parse_uid(state, &w->lookup, arg);
		w->uid = true;
		return 0;
	case OPT_ADDRESS:
		pc_parse_address(state, "--address", arg, &w->family, w->address);
		return 0;
	case OPT_BTF:
		w->lookup.btf = arg;
		return 0;
	case OPT_VERBOSE:
		w->lookup.verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		pc_parse_port_arguments(state, arg, &w->ports);
		return 0;
	case ARGP_KEY_END:
		check_ports(state, w);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The sources that are tried in turn, the best first. */
static const struct pc_port_source *const sources[] = { &pc_kernel_tables, &pc_socket_dump, NULL };

static void say_failure(const struct pc_lookup *l, int err)
{
	const char *why = l->list.unseen_count ? l->list.unseen[0] : NULL;

	switch (err) {
	case -ESRCH:
		fprintf(stderr,
			"portclash: unknown network namespace \"%s\"; `lsns -t net` lists them\n",
			l->which);
		break;
	case -EACCES:
		fprintf(stderr, "portclash: cannot look into network namespace \"%s\": %s\n",
			l->which, why ? why : "run it with sudo");
		break;
	case -ENODATA:
		fprintf(stderr, "portclash: cannot look up the port: %s\n",
			why ? why : "the kernel's tables were not found");
		break;
	default:
		fprintf(stderr, "portclash: cannot look up the port: %s%s\n", strerror(-err),
			err == -ENOENT ? "; is /proc mounted?" : "");
	}
}

/* Ports of a range that nobody holds are one line, and another one if the kernel refuses them to the user. */
struct free_ports {
	uint64_t tcp[PC_PORT_WORDS];
	uint64_t udp[PC_PORT_WORDS];
	uint64_t refused_tcp[PC_PORT_WORDS];
	uint64_t refused_udp[PC_PORT_WORDS];
};

static void note_free_port(struct free_ports *nobody, const struct pc_who_entry *e)
{
	bool tcp = e->proto == PC_PROTO_TCP;

	if (pc_who_is_privileged(e))
		pc_ports_add(tcp ? nobody->refused_tcp : nobody->refused_udp, e->port);
	else
		pc_ports_add(tcp ? nobody->tcp : nobody->udp, e->port);
}

static int print_free_ports(struct who *w, const struct free_ports *nobody)
{
	const struct {
		uint8_t proto;
		const uint64_t *ports;
		uint32_t refused_uid;
	} lines[] = {
		{ PC_PROTO_TCP, nobody->tcp, 0 },
		{ PC_PROTO_TCP, nobody->refused_tcp, w->lookup.uid },
		{ PC_PROTO_UDP, nobody->udp, 0 },
		{ PC_PROTO_UDP, nobody->refused_udp, w->lookup.uid },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(lines) / sizeof(lines[0]); i++)
		err = pc_who_text_free_ports(&w->log, lines[i].proto, lines[i].ports,
					     w->lookup.blind, lines[i].refused_uid);
	return err;
}

static int print_port(struct who *w, bool range, struct free_ports *nobody)
{
	const struct pc_who_list *list = &w->lookup.list;
	struct pc_clock clock = pc_clock_read();

	for (size_t i = 0; i < list->count; i++) {
		const struct pc_who_entry *e = &list->entries[i];

		w->refused |= w->uid && pc_who_is_privileged(e);
		if (e->total)
			w->held = true;
		else if (!e->elsewhere)
			note_free_port(nobody, e);
	}
	return w->json ? pc_who_json_entries(&w->log, &clock, list) :
			 pc_who_text_entries(&w->log, &clock, list, range);
}

/* Asks for every port of the item and prints. *unread is the error of a look, which prints nothing. */
static int show_item(struct who *w, const struct pc_port_item *item, int *unread)
{
	struct free_ports nobody = { 0 };
	struct pc_lookup *l = &w->lookup;
	bool range = item->high > item->low;
	int err = 0;

	l->family = item->family ? item->family : w->family;
	memcpy(l->address, item->family ? item->address : w->address, sizeof(l->address));
	for (unsigned port = item->low; !err && port <= item->high; port++) {
		l->port = (uint16_t)port;
		l->tcp = item->tcp;
		l->udp = item->udp;
		*unread = pc_lookup_ask(l);
		if (*unread)
			return 0;
		err = print_port(w, range, &nobody);
	}
	if (!err && range && !w->json)
		err = print_free_ports(w, &nobody);
	return err;
}

/* "Nobody" is an answer only of what could be looked at. */
static int who_status(const struct who *w)
{
	if (w->held || w->refused)
		return PC_EXIT_REFUSED;
	return w->lookup.blind || w->lookup.missing ? PC_EXIT_UNSEEN : PC_EXIT_OK;
}

static int finish_who(struct who *w)
{
	struct pc_clock clock = pc_clock_read();
	int status = who_status(w);
	int err = w->json ? pc_who_json_summary(&w->log, &clock, &w->lookup.list, status) :
			    pc_who_text_unseen(&w->log, &w->lookup.list);

	return pc_output_failed(err) ? PC_EXIT_FAILED : status;
}

static int run_who(struct who *w)
{
	int unread = pc_lookup_open(&w->lookup, sources), err = 0;

	for (size_t i = 0; !unread && !err && i < w->ports.count; i++)
		err = show_item(w, &w->ports.items[i], &unread);
	if (unread) {
		say_failure(&w->lookup, unread);
		return PC_EXIT_FAILED;
	}
	if (err)
		return pc_output_failed(err) ? PC_EXIT_FAILED : who_status(w);
	return finish_who(w);
}

int pc_cmd_who(int argc, char **argv)
{
	static const struct argp argp = { options, parse_who_option, "PORT...", doc, NULL, NULL,
					  NULL };
	struct who w = { .lookup.uid = geteuid(), .log = PC_LOG_INIT };
	int status = PC_EXIT_FAILED;

	pc_command_line(&argp, argc, argv, 0, &w);
	signal(SIGPIPE, SIG_IGN);
	if (pc_log_open(&w.log, NULL))
		fprintf(stderr, "portclash: standard output is closed\n");
	else
		status = run_who(&w);
	pc_log_close(&w.log);
	pc_lookup_free(&w.lookup);
	return status;
}
