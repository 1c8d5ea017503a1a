/* SPDX-License-Identifier: GPL-2.0-only */
/* A foreign request: a bind() of a socket that is neither TCP nor UDP. Of Unix sockets portclash knows
 * the name, and what is at its path; of all others only which family it is. */
#ifndef PORTCLASH_FOREIGN_H
#define PORTCLASH_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/socket.h"

struct pc_foreign {
	uint16_t family;   /* AF_*; 0: the request is for a port of TCP or UDP */
	uint16_t protocol; /* IPPROTO_*, of another protocol of IP */
	uint8_t type;	   /* SOCK_STREAM and the like */
	uint8_t name_len;  /* of a Unix socket; 0: not known */
	bool abstract;	   /* the name is no path: the kernel keeps it in the network namespace */
	char name[PC_UNIX_NAME + 1]; /* raw bytes; an abstract name without its first NUL */
	uint32_t mntns;		     /* inode number of the mount namespace */
};

/* The kind of file at a path. */
enum pc_path_kind {
	PC_PATH_UNSEEN = 0, /* it could not be looked at */
	PC_PATH_GONE,	    /* nothing */
	PC_PATH_SOCKET,
	PC_PATH_FILE,
	PC_PATH_FOLDER,
	PC_PATH_LINK,
	PC_PATH_OTHER, /* a device or a FIFO */
	PC_PATH_COUNT,
};

/* The kernel's answer to whether a socket is bound to a socket file, in any network namespace. */
enum pc_path_bound {
	PC_BOUND_UNSEEN = 0, /* portclash may not ask */
	PC_BOUND_NOT_HERE,   /* it may not; in its own network namespace there is none */
	PC_BOUND_NO,
	PC_BOUND_YES,
	PC_BOUND_COUNT,
};

/* The safe way to remove a file: a directory on its path that a user can change could lead another
 * user's `rm` elsewhere by a symbolic link. */
enum pc_removal {
	PC_REMOVE_UNSEEN = 0,
	PC_REMOVE_AS_ROOT, /* no other user can change the way */
	PC_REMOVE_AS_USER, /* `remover` can */
	PC_REMOVE_NOBODY,  /* several can */
	PC_REMOVE_INSIDE,  /* the path leads there only in another mount namespace */
	PC_REMOVE_COUNT,
};

#define PC_SITE_PATH 1279

/* The place of a path, as a look at it found it. A recording has it in this form. */
struct pc_site {
	uint64_t inode;
	int64_t changed_ns; /* st_ctim of the file: no later file has both this and its inode number */
	uint32_t device; /* as the kernel numbers it: major << 20 | minor */
	uint32_t uid;	 /* owner of the file */
	uint32_t mode;	 /* with its type */
	uint32_t remover;
	int32_t error;	 /* of PC_PATH_UNSEEN: a positive errno */
	uint8_t kind;	 /* enum pc_path_kind */
	uint8_t bound;	 /* enum pc_path_bound */
	uint8_t removal; /* enum pc_removal */
	char path[PC_SITE_PATH +
		  1]; /* from the root of the mount namespace; raw bytes; "": not known */
	uint8_t led; /* over a link of a user who does not own the file; 0 in recordings of before */
};

/* The room for the name of a foreign request as text. */
#define PC_FOREIGN_NAME (PC_UNIX_NAME + 2)

/* Gives the name in raw bytes: a path as it was asked for, an abstract name with "@" in front and in
 * place of each NUL, as ss prints it; "" where there is none. Returns `out`. */
const char *pc_foreign_name(const struct pc_foreign *f, char out[PC_FOREIGN_NAME]);

/* Gives "unix", "vsock", "sctp" and the like; "family 45" for one that is not known. Returns `out`. */
#define PC_FAMILY_TEXT 16
const char *pc_foreign_family(const struct pc_foreign *f, char out[PC_FAMILY_TEXT]);

const char *pc_path_kind_name(enum pc_path_kind kind);

/* The key by which programs find sockets of this name; 0: it has none. */
uint64_t pc_foreign_key(const struct pc_foreign *f);

/* Copies the binding of a socket of family PC_FAMILY_UNIX. */
void pc_unix_binding(const struct pc_socket *s, struct pc_unix_bound *out);

#endif
