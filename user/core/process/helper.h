/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers that hold or ask for a port for a container: they run beside it, not in it. Pure. */
#ifndef PORTCLASH_HELPER_H
#define PORTCLASH_HELPER_H

#include "core/base/model.h"

enum pc_helper_kind {
	PC_HELPER_NONE = 0,
	PC_HELPER_DOCKER,     /* docker-proxy, dockerd */
	PC_HELPER_PODMAN,     /* conmon, rootlessport */
	PC_HELPER_SHIM,	      /* containerd-shim */
	PC_HELPER_NETWORK,    /* pasta, slirp4netns, rootlesskit: of a rootless runtime */
	PC_HELPER_KUBE_PROXY, /* of a Service */
};

/* Room for a container's id or address. */
#define PC_HELPER_TEXT 65

struct pc_helper {
	enum pc_helper_kind kind;
	bool by_root;			/* root runs it; else all of this is a user's own word */
	char container[PC_HELPER_TEXT]; /* 64 hex digits; "": its arguments do not say */
	char address
		[PC_HELPER_TEXT]; /* of the container: digits, letters, '.', ':'; "": not said */
	uint16_t port;		  /* in the container; 0: not said */
	enum pc_runtime runtime;  /* of the container; PC_RUNTIME_NONE: not known */
};

/* The length of the beginning of a file's name that makes it a helper; 0: it is none. */
size_t pc_helper_known(const char *name);

/* False: the process is no helper, or only named like one. */
bool pc_helper_of(const struct pc_identity *who, struct pc_helper *out);

#endif
