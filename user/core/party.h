/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is who among the processes of a verdict: which one to speak to about a holder, and
 * which are instances of one program. Pure. */
#ifndef PORTCLASH_PARTY_H
#define PORTCLASH_PARTY_H

#include "core/model.h"

/* The process to speak to about this holder: one that has the socket open now, else the one
 * that made it if it still runs; NULL if neither. */
const struct pc_party *pc_holder_actor(const struct pc_holder *h);

/* Two parts that one process plays; false when either is not known. */
bool pc_party_same(const struct pc_party *a, const struct pc_party *b);

/* Did the refused process itself make this holder? */
bool pc_holder_is_own(const struct pc_verdict *v, const struct pc_holder *h);

/* Does the kernel itself have this socket (NFS, VXLAN, WireGuard), and no process? */
bool pc_holder_is_kernels(const struct pc_holder *h);

/* What receives for anyone: a listener, or a UDP socket without another end. */
bool pc_holder_is_server(const struct pc_holder *h);

/* A server's socket that its maker has closed, or left behind, and that other processes have
 * open. False for a daemon, which makes its sockets and then goes on as a child of its own in
 * a session of its own (daemon(3)), and where it was not seen who made the socket. */
bool pc_holder_is_inherited(const struct pc_holder *h);

/* The same executable file, as far as a path can tell: in one container, or both in none. */
bool pc_identity_same_file(const struct pc_identity *a, const struct pc_identity *b);

/* What makes two processes instances of one program. */
enum pc_twin {
	PC_TWIN_NONE = 0,
	PC_TWIN_ARGUMENTS, /* the same file with the same arguments */
	PC_TWIN_UNIT,	   /* the same program of one systemd service */
	PC_TWIN_CONTAINER, /* the same program of one container */
};

/* An interpreter is no program by itself: with other arguments it is another one. */
enum pc_twin pc_identity_twin(const struct pc_identity *a, const struct pc_identity *b);

/* The running instance of the refused program that has this holder, and in *twin why it is
 * one; NULL: there is none. Parent, child and sister processes of the refused one are parts of
 * one instance, not instances. */
const struct pc_party *pc_holder_twin(const struct pc_verdict *v, const struct pc_holder *h,
				      enum pc_twin *twin);

#endif
