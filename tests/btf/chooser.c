// SPDX-License-Identifier: GPL-2.0-only
/* chooser FOLDER: does portclash choose rightly on kernels that are not at hand? FOLDER has the types of distributions'
 * kernels, NAME.btf (tests/btf/fetch.sh). Others are made of the running kernel's. Needs root. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/messages.h"
#include "bpf/monitor.h"
#include "btf/object.h"
#include "btf/suite.h"

static bool has(const struct pc_kernel *k, enum pc_kernel_need need)
{
	return k->offer.has[need] == PC_PRESENCE_YES;
}

/* Kernels of Debian, the oldest first. */
enum known { BULLSEYE, BOOKWORM, TRIXIE, TRIXIE_BACKPORTS, SID, KNOWN };

static const char *const known_names[KNOWN] = { "bullseye", "bookworm", "trixie",
						"trixie-backports", "sid" };

/* Rows that not all of these kernels have, with the first that does. All have the rows of `common`. */
static const struct {
	enum pc_kernel_need need;
	enum known since;
} newer[] = {
	{ PC_KERNEL_CONFLICT, BOOKWORM },	   { PC_KERNEL_OWN_RANGE, BOOKWORM },
	{ PC_KERNEL_COOKIES, BOOKWORM },	   { PC_KERNEL_TASK, BOOKWORM },
	{ PC_KERNEL_URING_BIND, TRIXIE },	   { PC_KERNEL_TIME_WAIT, TRIXIE_BACKPORTS },
};
static const enum pc_kernel_need common[] = {
	PC_KERNEL_NETNS, PC_KERNEL_BIND_TABLE, PC_KERNEL_PORT_RANGE, PC_KERNEL_SADDR_EQUAL,
	PC_KERNEL_IPV6,	 PC_KERNEL_UDP_TABLE,  PC_KERNEL_UNIX,	     PC_KERNEL_CGROUPS,
	PC_KERNEL_VRF,	 PC_KERNEL_ITERATORS,
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* The kernel whose name is the longest that the file's name begins with; KNOWN: none. */
static enum known known_kernel(const char *name)
{
	enum known best = KNOWN;

	for (enum known i = 0; i < KNOWN; i++)
		if (!strncmp(known_names[i], name, strlen(known_names[i])) &&
		    (best == KNOWN || strlen(known_names[best]) < strlen(known_names[i])))
			best = i;
	return best;
}

static void compare_with_known(const struct pc_kernel *k, const char *name)
{
	enum known known = known_kernel(name);
	const char *wrong = NULL;

	for (size_t i = 0; i < COUNT(common); i++)
		if (!has(k, common[i]))
			wrong = pc_kernel_rows[common[i]].name;
	for (size_t i = 0; i < COUNT(newer); i++)
		if (has(k, newer[i].need) != (known >= newer[i].since))
			wrong = pc_kernel_rows[newer[i].need].name;
	report(known < KNOWN && !wrong, name, "%s is not as known", wrong ? wrong : "the kernel");
}

static void check_distribution(const char *path)
{
	struct btf *btf = btf__parse(path, NULL);
	char name[64], text[128], chosen[4096], sentence[PC_SENTENCE] = "";
	struct pc_kernel k;
	int err;

	snprintf(name, sizeof(name), "%s", strrchr(path, '/') + 1);
	if (!btf) {
		report(false, name, "it cannot be read");
		return;
	}
	kernel_of(btf, true, &k);
	compare_with_known(&k, name);
	err = choose_for(&k, PC_BACKEND_FENTRY, chosen, sizeof(chosen), sentence);
	snprintf(text, sizeof(text), "%s: fentry is chosen", name);
	report(!err && strstr(chosen, " fexit_bind6 ") &&
		       !strstr(chosen, " fexit_conflict ") == !has(&k, PC_KERNEL_CONFLICT),
	       text, "%d, \"%s\", got%s", err, sentence, chosen);
	/* The programs are compiled for one architecture. */
	if (pc_types_has_field(k.types.all, "pt_regs", "orig_ax")) {
		err = load_with(btf, path);
		snprintf(text, sizeof(text), "%s: the programs load", name);
		report(!err, text, "%s", strerror(-err));
	}
	pc_kernel_close(&k);
	btf__free(btf);
}

/* A kernel that could not be fetched is a skipped test. */
static void check_distributions(const char *where)
{
	bool seen[KNOWN + 1] = { false };
	char pattern[4096];
	glob_t found = { 0 };

	snprintf(pattern, sizeof(pattern), "%s/*.btf", where);
	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++) {
			check_distribution(found.gl_pathv[i]);
			seen[known_kernel(strrchr(found.gl_pathv[i], '/') + 1)] = true;
		}
	globfree(&found);
	for (enum known i = 0; i < KNOWN; i++)
		if (!seen[i])
			suite_skip(known_names[i], "types of this kernel");
}

/* A kernel that lacks something: of the table's rows exactly this one is missing, and the programs load without. */
static void check_lack(const char *name, const char *edits, enum pc_kernel_need lack)
{
	struct pc_kernel own, k;
	const char *other = NULL;
	char path[256];
	struct btf *plain = btf__parse(OWN, NULL), *btf = edited(edits, path, sizeof(path));
	int err;

	if (!btf || !plain) {
		report(false, name, "this kernel has nothing of it");
		btf__free(plain);
		return;
	}
	kernel_of(plain, true, &own);
	kernel_of(btf, true, &k);
	for (unsigned i = 1; i < PC_KERNEL_COUNT; i++)
		if (k.offer.has[i] != own.offer.has[i] && i != lack)
			other = pc_kernel_rows[i].name;
	err = load_with(btf, path);
	report((!lack || k.offer.has[lack] == PC_PRESENCE_NO) && !other &&
		       (err == 0) == !(lack && pc_kernel_rows[lack].required),
	       name, "lacks %d, also %s; loading: %s", k.offer.has[lack], other ? other : "none",
	       strerror(-err));
	pc_kernel_close(&own);
	pc_kernel_close(&k);
	btf__free(btf);
	btf__free(plain);
}

#define NO_IPV6                                                              \
	"field sock_common.skc_v6_rcv_saddr,field sock_common.skc_v6_daddr," \
	"function __inet6_bind,function inet6_hash_connect"

static void check_lacks(void)
{
	check_lack("without IPv6", NO_IPV6, PC_KERNEL_IPV6);
	check_lack("without MPTCP", "type mptcp_sock", PC_KERNEL_MPTCP);
	check_lack("without VRF",
		   "field netns_ipv4.sysctl_tcp_l3mdev_accept,value IFF_L3MDEV_MASTER",
		   PC_KERNEL_VRF);
	check_lack("without control groups", "field task_struct.cgroups,value pids_cgrp_id",
		   PC_KERNEL_CGROUPS);
	check_lack("with Unix sockets as a module", "type unix_sock", PC_KERNEL_UNIX);
	check_lack("without the table of UDP ports", "field netns_ipv4.udp_table,field proto.h",
		   PC_KERNEL_UDP_TABLE);
	check_lack("without cookies of namespaces", "field net.net_cookie", PC_KERNEL_NET_COOKIE);
	check_lack("without ranges of sockets", "field inet_sock.local_port_range",
		   PC_KERNEL_OWN_RANGE);
	check_lack("without the origin of a TIME_WAIT", "field inet_timewait_sock.tw_connect_bind",
		   PC_KERNEL_TIME_WAIT);
	check_lack("without network namespaces", "field possible_net_t.net", PC_KERNEL_NETNS);
	check_lack("without a known port range", "field netns_ipv4.ip_local_ports",
		   PC_KERNEL_PORT_RANGE);
	check_lack("without a known table of ports", "field inet_bind_bucket.bhash2",
		   PC_KERNEL_BIND_TABLE);
	check_lack(
		"with other helpers",
		"value BPF_FUNC_get_current_task_btf,value BPF_FUNC_task_pt_regs,value BPF_FUNC_sock_from_file",
		PC_KERNEL_TASK);
	check_lack("without small parts of the net",
		   "field net.dev_index_head,field inet_sock.inet_flags", PC_KERNEL_NOTHING);
}

/* Without a field that no program guards, load_with() fails: so it can fail. */
static void check_unguarded(void)
{
	char path[256], field[96];
	struct btf *btf = edited("field sock_common.skc_num", path, sizeof(path));
	int err = load_with(btf, path);

	pc_messages_field(field, sizeof(field));
	report(err && !strcmp(field, "struct sock.__sk_common.skc_num"), "without a needed field",
	       "%s, \"%s\"", strerror(-err), field);
	btf__free(btf);
}

/* Does the back end have this program on the kernel as it is? */
static bool is_chosen(const char *program)
{
	char chosen[4096] = "", sentence[PC_SENTENCE] = "";
	struct btf *btf = btf__parse(OWN, NULL);
	struct pc_kernel k;
	bool found;

	kernel_of(btf, true, &k);
	found = !choose_for(&k, PC_BACKEND_FENTRY, chosen, sizeof(chosen), sentence) &&
		strstr(chosen, program);
	pc_kernel_close(&k);
	btf__free(btf);
	return found;
}

/* Functions that the kernel has inlined, or that take other arguments than they do elsewhere. */
static void check_function(const char *name, const char *edits, const char *says, const char *gone)
{
	char path[256], chosen[4096] = "", sentence[PC_SENTENCE] = "";
	struct btf *btf = edited(edits, path, sizeof(path));
	struct pc_kernel k;
	int err;

	if (!btf) {
		report(false, name, "this kernel has nothing of it");
		return;
	}
	kernel_of(btf, true, &k);
	err = choose_for(&k, PC_BACKEND_FENTRY, chosen, sizeof(chosen), sentence);
	report(says ? err == -ENOENT && strstr(sentence, says) :
		      !err && !strstr(chosen, gone) && is_chosen(gone),
	       name, "%d, \"%s\", got%s", err, sentence, chosen);
	pc_kernel_close(&k);
	btf__free(btf);
}

static void check_functions(void)
{
	check_function("an inlined function", "function inet_csk_listen_start",
		       "no function inet_csk_listen_start()", "");
	check_function("a function with other arguments", "argument inet_csk_listen_start",
		       "inet_csk_listen_start() takes 0 arguments", "");
	check_function("a check with other arguments", "argument inet_bind_conflict", NULL,
		       " fexit_conflict ");
	check_function("an inlined check", "function inet_rcv_saddr_equal", NULL,
		       " fexit_saddr_equal ");
	check_function("fentry without IPv6", NO_IPV6, NULL, "6 ");
}

/* A file of another kernel: portclash must see it by its own sockets. */
static void refuse_moved(const char *field)
{
	char path[256], edit[128], name[160], sentence[PC_SENTENCE] = "";
	struct pc_monitor_options options = { .backend = "auto", .btf = path };
	struct pc_monitor *m = NULL;
	struct btf *btf;
	int err;

	snprintf(edit, sizeof(edit), "move %s", field);
	snprintf(name, sizeof(name), "%s elsewhere", field);
	btf = edited(edit, path, sizeof(path));
	if (!btf) {
		report(false, name, "this kernel has no such field");
		return;
	}
	err = pc_monitor_open(&options, &m, sentence);
	report(err && strstr(sentence, "is not of the running kernel"), name, "%d, \"%s\"", err,
	       sentence);
	if (!err)
		pc_monitor_close(m);
	btf__free(btf);
}

static void check_other_kernels(void)
{
	static const char *const fields[] = {
		"sock_common.skc_num",
		"sock_common.skc_family",
		"sock_common.skc_rcv_saddr",
		"sock_common.skc_v6_rcv_saddr",
		"sock_common.skc_state",
		"sock_common.skc_net",
		"sock_common.skc_cookie",
		"sock_common.skc_reuse",
		"sock.sk_uid",
		"sock.sk_protocol",
		"sock.sk_socket",
		"socket.file",
		"inode.i_ino",
		"netns_ipv4.tcp_death_row",
		"inet_hashinfo.bhash",
		"task_struct.files",
		"task_struct.comm",
		"fdtable.fd",
		"nsproxy.net_ns",
	};

	for (size_t i = 0; i < COUNT(fields); i++)
		refuse_moved(fields[i]);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: chooser FOLDER\n");
		return 2;
	}
	if (geteuid() || access(OWN, R_OK) || !suite_begin()) {
		printf("skip chooser: it needs root and a kernel with BTF\n0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	pc_messages(false);
	check_distributions(argv[1]);
	check_lacks();
	check_unguarded();
	check_functions();
	check_other_kernels();
	suite_files();
	return suite_end();
}
