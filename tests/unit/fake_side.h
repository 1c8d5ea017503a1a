/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel side and a host made by hand, for tests of the join: the test says what waits in the rings,
 * who has what open and who runs, and can change all of it in the middle of a step. */
#ifndef PORTCLASH_TESTS_FAKE_SIDE_H
#define PORTCLASH_TESTS_FAKE_SIDE_H

#include "core/join/join.h"
#include "core/rule/local_address.h"

#define FAKE_NETNS 4026531840U
#define FAKE_MAX 256
#define FAKE_COOKIES (1ULL << 32)

enum fake_op {
	FAKE_READ_CLAIMS = 0,
	FAKE_READ_REFUSALS,
	FAKE_OWNERS,
	FAKE_SWEEP,
	FAKE_SWEEP_FILES,
	FAKE_IDENTITY,
	FAKE_IS_RUNNING,
	FAKE_IS_SAME,
	FAKE_IS_DAEMON,
	FAKE_PARENT,
	FAKE_IS_KIN,
	FAKE_PLACE,
	FAKE_SOCKET_UNIT,
	FAKE_NETNS_PID,
	FAKE_SETTINGS,
	FAKE_ADDRESS,
	FAKE_LOOK,
	FAKE_SITE,
	FAKE_TUNNELS,
	FAKE_RESERVED,
	FAKE_PROTECT,
	FAKE_FORGET_PROCESSES,
	FAKE_OP_COUNT,
};

/* Records that wait in a ring, each padded to 8 bytes. */
struct fake_ring {
	_Alignas(8) uint8_t data[1 << 20];
	size_t size;
};

struct fake_process {
	struct pc_process_key key;
	const char *comm;
	const char *exe;     /* its file in the root folder; NULL: not known */
	const char *cmdline; /* as the host has it; so is the cgroup */
	const char *cgroup;
	uint32_t netns;
	uint32_t uid; /* the record of the process has it */
	bool running;
	bool descendant;
	struct pc_place place;
};

struct fake {
	struct pc_join *join;
	uint64_t now_ns; /* of the next step */

	struct fake_ring rings[PC_RING_COUNT];
	struct pc_owner_record owners[FAKE_MAX];
	unsigned owners_count;
	uint64_t alive[FAKE_MAX]; /* cookies that a sweep of the TCP table finds */
	unsigned alive_count;
	uint64_t alive_more; /* and so many from FAKE_COOKIES on */
	int owners_error;
	int sweep_error;
	int sweep_files_error;
	uint64_t reserved[PC_PORT_WORDS];
	bool reserved_known;
	uint64_t reserved_key; /* of the namespace that was asked about last */
	struct pc_losses losses;
	uint64_t protected[PC_PORT_WORDS];

	struct fake_process processes[FAKE_MAX];
	unsigned processes_count;
	const char *socket_unit; /* NULL: none */
	bool daemon;
	uint32_t parent; /* of every process */
	const char *folder; /* of every process; NULL: not known */
	bool kin;
	uint32_t netns_pid;
	const char *container_name; /* of all containers; NULL: not known */
	struct pc_netns_settings settings;
	struct pc_netdevs devices; /* of every namespace */
	struct pc_netns_look look;
	int look_error;
	struct pc_site site;
	struct pc_tunnels tunnels;
	uint64_t site_took_ns;
	uint64_t tunnels_took_ns;
	uint64_t place_took_ns;
	uint64_t address_took_ns;
	uint64_t space_took_ns;	   /* to find a process of a namespace */
	char path[512];		   /* the last path that was asked about: root|cwd|path */
	struct pc_netns_ref asked; /* the namespace whose settings or sockets were asked for last */

	unsigned calls[FAKE_OP_COUNT];
	/* Called before an operation answers: the place to change the world. NULL: nothing. */
	void (*on_op)(struct fake *f, enum fake_op op);
	void *world; /* the test's own */

	/* The join made these. Identities stay the join's; all else is a copy. `counted` also has
	 * the claims for which there was no room. */
	struct pc_verdict verdicts[FAKE_MAX];
	unsigned verdicts_count;
	struct pc_outcome outcomes[FAKE_MAX]; /* without identities that stay */
	unsigned outcomes_count;
	struct pc_claim claims[FAKE_MAX];
	unsigned claims_count;
	unsigned claims_counted;
	struct pc_claim recorded[FAKE_MAX]; /* what a flight recorder is given */
	unsigned recorded_count;
	uint64_t changed_cookie; /* of the last change of state that it is given */
	uint8_t change;		 /* PC_ENDPOINTS_* */
	uint8_t changed_state;
	struct pc_warning warnings[FAKE_MAX];
	unsigned warnings_count;
	struct pc_merged merged[FAKE_MAX];
	unsigned merged_count;

	/* Receivers of verdicts, claims and warnings. Those of an operation that is NULL are kept. */
	struct pc_join_output output;
};

/* Puts something between the join and its operations before the join is made. */
typedef void (*fake_wrap_fn)(void *context, struct pc_join_options *options,
			     struct pc_join_kernel *kernel, struct pc_join_host *host);

/* A join on a fake that knows nothing yet. `options` NULL: none; its netns is set to FAKE_NETNS.
 * `wrap` NULL: nothing is between. */
struct fake *fake_new(const struct pc_join_options *options);
struct fake *fake_new_wrapped(const struct pc_join_options *options, fake_wrap_fn wrap,
			      void *context);
void fake_free(struct fake *f);

/* Puts a record into the ring that the kernel side would use for it. */
void fake_put(struct fake *f, const void *record);

/* A process that runs; its records are not sent. */
struct fake_process *fake_process(struct fake *f, uint32_t pid, const char *comm);
void fake_put_process(struct fake *f, const struct fake_process *p);

/* A claim by that process, in FAKE_NETNS. */
struct pc_claim_record fake_claim(const struct fake_process *p, uint64_t cookie, uint16_t port,
				  enum pc_how how);

/* The end of that process, with this status as of wait(). */
struct pc_end_record fake_end(const struct fake_process *p, uint64_t time_ns, int status);

/* Both ends of that claim's socket, in FAKE_NETNS; and the end of a listener. */
struct pc_endpoints_record fake_ends(uint64_t cookie, uint16_t lport);
struct pc_endpoints_record fake_ended(uint64_t cookie, uint16_t lport);

/* A refused bind() of 0.0.0.0:port by that process, without holders; and one more holder of the port in
 * that state. */
struct pc_refusal_record fake_refusal(const struct fake_process *p, uint16_t port);
struct pc_socket_record *fake_holder(struct pc_refusal_record *r, uint64_t cookie, uint8_t state);

/* Lets that process have this socket open now. */
void fake_open(struct fake *f, const struct fake_process *p, const struct pc_socket_record *s,
	       int fd);

/* One round as the driver makes it: read, finish until nothing waits, tidy. */
void fake_round(struct fake *f);

/* Both inventories, before and after the hooks. */
void fake_start(struct fake *f);

/* fake_keep.c: where the join's verdicts, claims and warnings go; and the end of those that are kept. */
struct pc_join_output fake_output(struct fake *f);
void fake_forget(struct fake *f);

#endif
