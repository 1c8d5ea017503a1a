# SPDX-License-Identifier: GPL-2.0-only
"""What packaging/kubernetes/base/daemonset.yaml promises: what its fields must say. That Kubernetes has such fields,
overlays.py finds out."""
import yaml

from harness import read

MANIFEST = "packaging/kubernetes/base/daemonset.yaml"

NEEDED = {"BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE"}


def load():
    return {part["kind"]: part for part in yaml.safe_load_all(read(MANIFEST))}


def pod_of(parts):
    return parts["DaemonSet"]["spec"]["template"]["spec"]


def container_of(parts):
    return pod_of(parts)["containers"][0]


def promises(parts):
    """{sentence: is it kept}"""
    pod, container = pod_of(parts), container_of(parts)
    security = container.get("securityContext", {})
    capabilities = security.get("capabilities", {})
    template = parts["DaemonSet"]["spec"]["template"]["metadata"]["labels"]
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    mounts = {mount["name"]: mount for mount in container.get("volumeMounts", [])}
    writable = [name for name, mount in mounts.items() if mount.get("readOnly") is not True]
    space = parts["Namespace"]["metadata"]["name"]

    return {
        "the selector selects its pods":
            parts["DaemonSet"]["spec"]["selector"]["matchLabels"].items() <= template.items(),
        "all is in one namespace":
            all(part["metadata"].get("namespace", space) == space for part in parts.values()),
        "the node's processes": pod.get("hostPID") is True,
        "the node's network": pod.get("hostNetwork") is True,
        "every taint": {"operator": "Exists"} in pod.get("tolerations", []),
        "no token": pod.get("automountServiceAccountToken") is False,
        "all capabilities are dropped": capabilities.get("drop") == ["ALL"],
        "only what is needed is added": set(capabilities.get("add", [])) == NEEDED,
        "it is not privileged": security.get("privileged") is False,
        "it gets no new privileges": security.get("allowPrivilegeEscalation") is False,
        "its files are read-only": security.get("readOnlyRootFilesystem") is True,
        "only the textfile's folder can be written": writable == ["textfile"],
        "a seccomp profile": security.get("seccompProfile") == {"type": "RuntimeDefault"},
        "a limit of memory": "memory" in container.get("resources", {}).get("limits", {}),
        "each mount has its volume": mounts.keys() == volumes.keys(),
        "the configuration is there": mounts.get("config", {}).get("mountPath") == "/etc/portclash"
            and volumes["config"]["configMap"]["name"] == parts["ConfigMap"]["metadata"]["name"],
    }


def broken(parts):
    return [sentence for sentence, kept in promises(parts).items() if not kept]
