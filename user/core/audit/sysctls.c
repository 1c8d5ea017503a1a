// SPDX-License-Identifier: GPL-2.0-only
/* Settings of ports that are dangerous, gone or misunderstood. */
#include "core/audit/sysctls.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/array.h"
#include "core/base/ports.h"

#define RANGE "net.ipv4.ip_local_port_range"
#define RESERVED "net.ipv4.ip_local_reserved_ports"

/* Kubernetes' service-node-port-range, unless somebody chose another one. */
#define NODEPORT_LOW 30000
#define NODEPORT_HIGH 32767

static const char *const kinds[] = {
	[PC_SYSCTL_INVALID] = "invalid",
	[PC_SYSCTL_GONE] = "gone",
	[PC_SYSCTL_MISUNDERSTOOD] = "misunderstood",
	[PC_SYSCTL_DANGEROUS] = "dangerous",
	[PC_SYSCTL_REFUSED] = "refused",
	[PC_SYSCTL_NOT_KEPT] = "not-kept",
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == PC_SYSCTL_KIND_COUNT, "each kind has a name");

/* These settings are wrong whatever their value, or with any value but 0. */
static const struct rule {
	const char *key;
	enum pc_sysctl_kind kind;
	bool zero_is_fine;
	const char *text;
} rules[] = {
	{ "net.ipv4.tcp_tw_recycle", PC_SYSCTL_GONE, false,
	  "tcp_tw_recycle is gone since Linux 4.12: the line does nothing; before that it dropped connections of clients behind NAT. Remove the line" },
	{ "net.ipv4.tcp_tw_reuse", PC_SYSCTL_MISUNDERSTOOD, true,
	  "tcp_tw_reuse lets connect() take over a connection in TIME_WAIT; it never helps a bind() that is refused: for that the server sets SO_REUSEADDR" },
	{ "net.ipv4.tcp_fin_timeout", PC_SYSCTL_MISUNDERSTOOD, false,
	  "tcp_fin_timeout is for FIN_WAIT2 without a process; TIME_WAIT is always 60 s, which no sysctl changes" },
	{ "net.ipv4.ip_autobind_reuse", PC_SYSCTL_DANGEROUS, true,
	  "ip_autobind_reuse lets bind() to port 0 give two sockets with SO_REUSEADDR the same port; it is for programs that know exactly where they will connect() to" },
	{ "net.ipv6.ip_local_port_range", PC_SYSCTL_GONE, false,
	  "there is no such setting: " RANGE " is for IPv6, too" },
	{ "net.ipv6.ip_local_reserved_ports", PC_SYSCTL_GONE, false,
	  "there is no such setting: " RESERVED " is for IPv6, too" },
};

const char *pc_sysctl_kind_name(enum pc_sysctl_kind kind)
{
	return (unsigned)kind < PC_SYSCTL_KIND_COUNT ? kinds[kind] : "unknown";
}

static int sysctls_add(struct pc_sysctl_findings *out, struct pc_sysctl_finding finding,
		       const char *format, ...) __attribute__((format(printf, 3, 4)));
static int sysctls_add(struct pc_sysctl_findings *out, struct pc_sysctl_finding finding,
		       const char *format, ...)
{
	va_list args;
	int n;

	if (pc_array_reserve(&out->list, &out->room, out->count + 1, sizeof(*out->list)))
		return -ENOMEM;
	va_start(args, format);
	n = vasprintf(&finding.text, format, args);
	va_end(args);
	finding.value = strdup(finding.value ? finding.value : "");
	if (n < 0 || !finding.value) {
		free(n < 0 ? NULL : finding.text);
		free(finding.value);
		return -ENOMEM;
	}
	out->list[out->count++] = finding;
	return 0;
}

static bool overlaps(unsigned low, unsigned high)
{
	return low <= NODEPORT_HIGH && high >= NODEPORT_LOW;
}

static bool all_reserved(const uint64_t *reserved, unsigned low, unsigned high)
{
	low = low > NODEPORT_LOW ? low : NODEPORT_LOW;
	high = high < NODEPORT_HIGH ? high : NODEPORT_HIGH;
	return pc_ports_count(reserved, (uint16_t)low, (uint16_t)high) == high - low + 1;
}

/* ipv4_local_port_range() in net/ipv4/sysctl_net_ipv4.c refuses the first three. */
static int judge_range(const struct pc_netns_settings *now, struct pc_sysctl_finding at,
		       struct pc_sysctl_findings *out)
{
	unsigned low, high, floor = now->known ? now->unprivileged_start : 1024;
	char more;

	at.kind = PC_SYSCTL_REFUSED;
	if (sscanf(at.value, "%u %u %c", &low, &high, &more) != 2 || high >= PC_PORTS || !low)
		return sysctls_add(out, at,
				   "it takes two ports from 1 to 65535 with a space between them");
	if (low > high)
		return sysctls_add(out, at,
				   "its low end is above its high end: the kernel refuses it");
	if (low < floor)
		return sysctls_add(
			out, at,
			"it begins below %u, net.ipv4.ip_unprivileged_port_start: the kernel refuses it and the range stays as it was",
			floor);
	at.kind = PC_SYSCTL_DANGEROUS;
	if (overlaps(low, high) && !all_reserved(now->reserved, low, high))
		return sysctls_add(
			out, at,
			"the range and Kubernetes' NodePorts %u-%u overlap: a client that is given one of them silently takes its traffic away from the service; on a node, reserve them (--protect %u-%u)",
			NODEPORT_LOW, NODEPORT_HIGH, NODEPORT_LOW, NODEPORT_HIGH);
	return 0;
}

static int judge_reserved(struct pc_sysctl_finding at, struct pc_sysctl_findings *out)
{
	uint64_t set[PC_PORT_WORDS];
	const char *bad;

	if (!pc_ports_parse(at.value, true, set, &bad))
		return 0;
	at.kind = PC_SYSCTL_REFUSED;
	return sysctls_add(out, at,
			   "the kernel takes ports and ranges like 80,8000-8010 without spaces");
}

/* ip_privileged_port(): it may not reach into the range. */
static int judge_floor(const struct pc_netns_settings *now, struct pc_sysctl_finding at,
		       struct pc_sysctl_findings *out)
{
	char *end;
	unsigned long floor = strtoul(at.value, &end, 10);

	if (end == at.value || *end || floor <= now->low || !now->known)
		return 0;
	at.kind = PC_SYSCTL_REFUSED;
	return sysctls_add(
		out, at,
		"it is above %u, where the ephemeral range begins: the kernel refuses it, unless the range was moved before",
		now->low);
}

static int judge_setting(const struct pc_netns_settings *now, struct pc_sysctl_finding at,
			 struct pc_sysctl_findings *out)
{
	if (!strcmp(at.key, RANGE))
		return judge_range(now, at, out);
	if (!strcmp(at.key, RESERVED))
		return judge_reserved(at, out);
	if (!strcmp(at.key, "net.ipv4.ip_unprivileged_port_start"))
		return judge_floor(now, at, out);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(at.key, rules[i].key) ||
		    (rules[i].zero_is_fine && !strcmp(at.value, "0")))
			continue;
		at.kind = rules[i].kind;
		return sysctls_add(out, at, "%s", rules[i].text);
	}
	return 0;
}

static bool is_found(const struct pc_sysctl_findings *findings, const char *key)
{
	for (size_t i = 0; i < findings->count; i++)
		if (!strcmp(findings->list[i].key, key))
			return true;
	return false;
}

/* Reserved now, and by no file: a reboot loses it. */
static int judge_kept(const struct pc_sysctl_lines *lines, const struct pc_netns_settings *now,
		      struct pc_sysctl_findings *out)
{
	uint64_t kept[PC_PORT_WORDS] = { 0 };
	struct pc_sysctl_finding at = { .kind = PC_SYSCTL_NOT_KEPT, .key = RESERVED };
	unsigned lost = 0;

	pc_sysctl_reserved(lines, kept);
	for (unsigned i = 0; i < PC_PORT_WORDS; i++)
		lost += (unsigned)__builtin_popcountll(now->reserved[i] & ~kept[i]);
	if (!lost)
		return 0;
	return sysctls_add(out, at,
			   "%u port%s reserved now and in no sysctl file: a reboot forgets %s",
			   lost, lost == 1 ? " is" : "s are", lost == 1 ? "it" : "them");
}

/* These checks judge the values of now, which no file need set. */
static int judge_now(const struct pc_netns_settings *now, struct pc_sysctl_findings *out)
{
	char range[32];
	const struct {
		const char *key;
		char *value;
		bool applies;
	} facts[] = {
		{ RANGE, range, true },
		/* 2, the default, is for loopback only. */
		{ "net.ipv4.tcp_tw_reuse", "1", now->tcp_tw_reuse == 1 },
		{ "net.ipv4.ip_autobind_reuse", "1", now->autobind_reuse > 0 },
	};
	int err = 0;

	snprintf(range, sizeof(range), "%u %u", now->low, now->high);
	for (size_t i = 0; !err && i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i].applies && !is_found(out, facts[i].key))
			err = judge_setting(now,
					    (struct pc_sysctl_finding){ .key = facts[i].key,
									.value = facts[i].value },
					    out);
	return err;
}

int pc_sysctl_judge(const struct pc_sysctl_lines *lines, const struct pc_netns_settings *now,
		    struct pc_sysctl_findings *out)
{
	int err = 0;

	for (size_t i = 0; !err && i < lines->count; i++) {
		const struct pc_sysctl_line *l = &lines->list[i];

		if (!l->overridden)
			err = judge_setting(now,
					    (struct pc_sysctl_finding){ .file = l->file,
									.line = l->line,
									.key = l->key,
									.value = l->value },
					    out);
	}
	if (!err && now->known)
		err = judge_now(now, out);
	return err || !now->known ? err : judge_kept(lines, now, out);
}

void pc_sysctl_findings_free(struct pc_sysctl_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].text);
		free(findings->list[i].value);
	}
	free(findings->list);
	*findings = (struct pc_sysctl_findings){ 0 };
}
