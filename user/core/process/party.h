/* SPDX-License-Identifier: GPL-2.0-only */
/* Relations of the processes of a verdict: which process to speak to about a holder, and which
 * processes are instances of one program. Pure. */
#ifndef PORTCLASH_PARTY_H
#define PORTCLASH_PARTY_H

/* Why a process is not stopped that has a socket of another user's. */
#define PC_PARTY_GIVEN \
	"it runs as another user than the one that made the socket, and may not know that it has it"

#include "core/base/model.h"

/* The process to speak to about this holder: one that has the socket open now, else the one
 * that made it if it still runs; NULL if neither. */
const struct pc_party *pc_holder_process(const struct pc_holder *h);

/* Two parts that one process plays; false when either is not known. */
bool pc_party_same(const struct pc_party *a, const struct pc_party *b);

/* Is the socket one that a user made, and the process of another user? Any process can send its sockets to one
 * that takes descriptors (SCM_RIGHTS), as a message bus does, and leave them to it. No for sockets of root's, which
 * servers inherit from their managers. */
bool pc_party_is_given(const struct pc_identity *who, const struct pc_socket *s);

/* Did the refused process itself make this holder? */
bool pc_holder_is_own(const struct pc_verdict *v, const struct pc_holder *h);

/* Does the kernel itself have this socket (NFS, VXLAN, WireGuard), and no process? */
bool pc_holder_is_kernels(const struct pc_holder *h);

/* Does the holder receive for anyone: is it a listener, or a UDP socket without another end? */
bool pc_holder_is_server(const struct pc_holder *h);

/* Is it systemd: the system's manager, that of a container, or what looks like a user's? */
bool pc_party_is_manager(const struct pc_party *p);

/* Did the claimer of this server's socket close it, or exit, while other processes have the socket
 * open? No for a daemon, which makes its sockets and then goes on as its own child in a session of
 * its own (daemon(3)), no for a socket unit's socket, and no if the claim was not seen. A child that left
 * the session is no daemon if the claimer was seen to crash, or to live on beside it. */
bool pc_holder_is_inherited(const struct pc_holder *h);

/* Did the same one name the containers and pods of both? A user can give one of his own the name of any other. */
bool pc_identity_same_word(const struct pc_identity *a, const struct pc_identity *b);

/* Do the two run the same executable file, as far as a path can tell: in one container, or both in
 * none? */
bool pc_identity_same_file(const struct pc_identity *a, const struct pc_identity *b);

/* Are the two of one systemd service, or do they run the same executable file? That of an interpreter is the same
 * program only with the same arguments. */
bool pc_identity_same_program(const struct pc_identity *a, const struct pc_identity *b);

/* The reason why two processes are instances of one program. */
enum pc_twin {
	PC_TWIN_NONE = 0,
	PC_TWIN_ARGUMENTS, /* the same file with the same arguments */
	PC_TWIN_UNIT,	   /* the same program of one systemd service, with the same arguments */
	PC_TWIN_CONTAINER, /* the same program of one container, with the same arguments */
};

/* Does an argument mean something else in another working directory, as the relative path of a file or the name of
 * a module does? */
bool pc_identity_uses_folder(const struct pc_identity *who);

/* Two processes with other arguments serve other things: node a.js and node b.js, redis-server a.conf and
 * redis-server b.conf. If an argument depends on the working directory, both must have the same one. One that is
 * not known equals none. */
enum pc_twin pc_identity_twin(const struct pc_identity *a, const struct pc_identity *b);

/* The same, where a working directory that is not known may be any. */
bool pc_identity_may_be_twin(const struct pc_identity *a, const struct pc_identity *b);

/* The running instance of the refused program that has this holder, and in *twin why it is
 * one; NULL: there is none. Parent, child and sister processes of the refused one are parts of
 * one instance, not instances. */
const struct pc_party *pc_holder_twin(const struct pc_verdict *v, const struct pc_holder *h,
				      enum pc_twin *twin);

/* Does its executable file, which is known, run what is in other files? By the name of the file: "python3.11". */
bool pc_identity_is_interpreter(const struct pc_identity *who);

#endif
