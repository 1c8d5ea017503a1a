/* SPDX-License-Identifier: GPL-2.0-only */
/* This header asks whether the current process may bind privileged ports of a network namespace, as
 * ns_capable() would answer. */
#ifndef PORTCLASH_CAPABILITY_BPF_H
#define PORTCLASH_CAPABILITY_BPF_H

#include "compat.bpf.h"
#include "rounds.bpf.h"

#define CAP_NET_BIND_SERVICE 10

/* User namespaces nest at most so deep (create_user_ns() in kernel/user_namespace.c), and the first
 * is one more. */
#define USER_NS_DEPTH 34

static __always_inline const struct cred *current_cred(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, cred);
}

/* capable_step() gives one of these numbers, or the address of a namespace. */
#define CAPABLE_NO 0
#define CAPABLE_YES 1

/* Does the process have the capability in this user namespace? Its own capabilities count there if
 * it lives there. Over a namespace that its user made it has all capabilities (cap_capable() in
 * security/commoncap.c). If neither is so, gives the namespace above, where the same is asked. */
GLOBAL __u64 capable_step(__u64 userns)
{
	const struct user_namespace *ns = (const void *)userns, *parent;
	const struct cred *cred = current_cred();
	struct user_namespace *own = BPF_CORE_READ(cred, user_ns);

	if (ns == own)
		return compat_capabilities(cred) >> CAP_NET_BIND_SERVICE & 1;
	if (BPF_CORE_READ(ns, level) <= BPF_CORE_READ(own, level))
		return CAPABLE_NO;
	parent = BPF_CORE_READ(ns, parent);
	if (parent == own && BPF_CORE_READ(ns, owner.val) == BPF_CORE_READ(cred, euid.val))
		return CAPABLE_YES;
	return (__u64)parent;
}

static __always_inline bool capable_in(const struct user_namespace *ns)
{
	__u64 answer = (__u64)ns;

	ONE_CALL
	for (int i = 0; i < USER_NS_DEPTH && answer > CAPABLE_YES; i++)
		answer = capable_step(answer);
	return answer == CAPABLE_YES;
}

/* Is the process, or the network namespace, of another user namespace than the first? Capabilities
 * of files are then no help. */
static __always_inline bool below_first_userns(const struct user_namespace *ns)
{
	return BPF_CORE_READ(ns, level) || BPF_CORE_READ(current_cred(), user_ns, level);
}

#endif
