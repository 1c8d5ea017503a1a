/* SPDX-License-Identifier: GPL-2.0-only */
/* The names that people gave to containers and pods, from what runtimes and the kubelet keep in files: pure
 * functions on a file's text or a folder's entry. A control group's path has ids only. */
#ifndef PORTCLASH_GIVEN_NAMES_H
#define PORTCLASH_GIVEN_NAMES_H

#include <stddef.h>

#include "core/base/model.h"

/* The functions below fill only names that are still NULL, and only with names that a runtime or Kubernetes
 * allows: letters, digits, "_", "." and "-", 255 at most. Anything else is passed over. Each returns 0, also
 * when nothing was found; -EBADMSG: the text is not what it should be; or -ENOMEM. */

/* Docker's containers/ID/config.v2.json. cri-dockerd and CRI-O put container, pod and namespace into one name
 * ("k8s_web_shop-7d9_prod_UID_0"), which is taken apart. */
int pc_given_from_docker(const char *text, size_t len, const char *id, struct pc_given_names *out);

/* The "data-root" of Docker's daemon.json, an absolute path; NULL: it has none. */
int pc_given_docker_root(const char *text, size_t len, char **root);

/* The list containers.json of containers/storage, which podman and CRI-O keep. */
int pc_given_from_storage(const char *text, size_t len, const char *id, struct pc_given_names *out);

/* config.json of a containerd task: the annotations of containerd's CRI plugin, or of nerdctl. */
int pc_given_from_bundle(const char *text, size_t len, struct pc_given_names *out);

/* An entry of the kubelet's /var/log/containers: POD_NAMESPACE_CONTAINER-ID.log. */
int pc_given_from_log(const char *entry, const char *id, struct pc_given_names *out);

/* An entry of the kubelet's /var/log/pods: NAMESPACE_POD_UID. */
int pc_given_from_pod(const char *entry, const char *uid, struct pc_given_names *out);

/* Moves names from `from` into those of `who` that are NULL, and frees the rest. A runtime that the name of the
 * control group does not tell, as with `docker run --cgroup-parent=/shop`, is the one that keeps the name. */
void pc_given_add(struct pc_given_names *from, struct pc_identity *who);

/* A copy, to be freed by pc_given_free(). 0 or -ENOMEM. */
int pc_given_copy(const struct pc_given_names *names, struct pc_given_names *out);
void pc_given_free(struct pc_given_names *names);

#endif
