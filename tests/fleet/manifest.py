# SPDX-License-Identifier: GPL-2.0-only
"""What packaging/kubernetes/daemonset.yaml promises. This is no validation against Kubernetes' schema:
it knows the fields that the manifest uses, so that a slip of the pen is found, and what they must say."""
import yaml

from harness import read

MANIFEST = "packaging/kubernetes/daemonset.yaml"

NEEDED = {"BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE"}

# The fields of each object that is looked at, by the path to it.
FIELDS = {
    "DaemonSet": "apiVersion kind metadata spec",
    "spec": "selector updateStrategy template",
    "pod": "hostPID hostNetwork dnsPolicy automountServiceAccountToken enableServiceLinks nodeSelector "
           "tolerations terminationGracePeriodSeconds containers volumes",
    "container": "name image args resources securityContext volumeMounts",
    "securityContext": "privileged allowPrivilegeEscalation readOnlyRootFilesystem runAsUser "
                       "capabilities seccompProfile appArmorProfile",
    "mount": "name mountPath readOnly",
    "volume": "name configMap hostPath",
    "hostPath": "path type",
}


def load():
    return {part["kind"]: part for part in yaml.safe_load_all(read(MANIFEST))}


def pod_of(parts):
    return parts["DaemonSet"]["spec"]["template"]["spec"]


def container_of(parts):
    return pod_of(parts)["containers"][0]


def unknown_fields(parts):
    pod, container = pod_of(parts), container_of(parts)
    found = [("DaemonSet", parts["DaemonSet"]), ("spec", parts["DaemonSet"]["spec"]), ("pod", pod),
             ("container", container), ("securityContext", container.get("securityContext", {}))]
    found += [("mount", mount) for mount in container.get("volumeMounts", [])]
    found += [("volume", volume) for volume in pod.get("volumes", [])]
    found += [("hostPath", v["hostPath"]) for v in pod.get("volumes", []) if "hostPath" in v]
    return [f"{name}: {field}" for name, part in found
            for field in part.keys() - set(FIELDS[name].split())]


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
        "no field is unknown": not unknown_fields(parts),
    }


def broken(parts):
    return [sentence for sentence, kept in promises(parts).items() if not kept]
