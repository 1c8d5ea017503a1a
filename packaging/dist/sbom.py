#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The bill of materials of a static binary, as CycloneDX 1.5: what the linker took from which library, and
which package of the build machine (Debian, Ubuntu) has that library.

    sbom.py BINARY MAP ARCH VERSION SECONDS

MAP is the linker's map. SECONDS is the time of the release. The same input gives the same bytes. licences.tsv has
the licence of each library by its source package, and words of Debian's copyright file that it rests on: a new
library, or a library with another licence, ends the build.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
OWN_LICENCE = "GPL-2.0-only"
FIELDS = ["Package", "Version", "Architecture", "source:Package", "source:Version"]


def output_of(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def archives_in(path):
    """Libraries of which the linker took a member; the maps of GNU ld and lld both name them as LIBRARY(MEMBER)."""
    with open(path, encoding="utf-8", errors="replace") as file:
        found = set(re.findall(r"(/[^\s():]*\.a)[(:]", file.read()))
    return sorted({os.path.normpath(name) for name in found})


def package_of(path):
    """PACKAGE:ARCH. Where /lib is a link to /usr/lib, the database has one of both names."""
    for name in (path, path.removeprefix("/usr"), "/usr" + path, os.path.realpath(path)):
        done = subprocess.run(["dpkg-query", "-S", name], check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return done.stdout.split(": ")[0]
    sys.exit(f"sbom.py: no package has {path}")


def facts_of(package):
    form = "\t".join("${%s}" % field for field in FIELDS)
    return dict(zip(FIELDS, output_of("dpkg-query", "-W", "-f", form, package).split("\t")))


def licence_of(facts):
    """The cross compiler and its libraries have source packages of their own: gcc-12-cross, cross-toolchain-base."""
    source = re.sub(r"^gcc-.*", "gcc", facts["source:Package"])
    source = "glibc" if source == "cross-toolchain-base" else source
    with open(os.path.join(HERE, "licences.tsv"), encoding="utf-8") as file:
        table = {row.split("\t")[0]: row.rstrip("\n").split("\t")[1:] for row in file}
    if source not in table:
        sys.exit(f"sbom.py: licences.tsv has no licence of {source} ({facts['Package']})")
    expression, words = table[source]
    with open(f"/usr/share/doc/{facts['Package']}/copyright", encoding="utf-8") as file:
        if " ".join(words.split()) not in " ".join(file.read().split()):
            sys.exit(f"sbom.py: the copyright of {facts['Package']} no longer says \"{words}\": see licences.tsv")
    return expression


def distribution():
    with open("/etc/os-release", encoding="utf-8") as file:
        pairs = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    return [pairs.get(key, "unknown").strip('"') for key in ("ID", "VERSION_ID")]


def component_of(package, archives):
    facts = facts_of(package)
    vendor, release = distribution()
    purl = (f"pkg:deb/{vendor}/{facts['Package']}@{facts['Version']}?arch={facts['Architecture']}"
            f"&distro={vendor}-{release}").replace("+", "%2B")
    return {
        "type": "library", "bom-ref": purl, "name": facts["source:Package"],
        "version": facts["source:Version"], "purl": purl,
        "licenses": [{"expression": licence_of(facts)}],
        "properties": [{"name": "portclash:linked", "value": name} for name in archives],
    }


def components_of(path):
    packages = {}
    for archive in archives_in(path):
        packages.setdefault(package_of(archive), []).append(os.path.basename(archive))
    return [component_of(package, archives) for package, archives in sorted(packages.items())]


def tools(arch):
    """What made the binary, by which a second build is the same."""
    cross = {"arm64": "aarch64-linux-gnu-", "amd64": "x86_64-linux-gnu-"}[arch]
    names = [cross + "gcc", cross + "ld", "clang", "bpftool"]
    path = os.environ["PATH"].replace("/usr/lib/ccache:", "") + ":/usr/sbin"
    found = []
    for name in names:
        said = subprocess.run([name, "--version"], check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env={"PATH": path, "LC_ALL": "C"})
        found.append({"type": "application", "name": name, "version": said.stdout.split("\n")[0]})
    return {"components": found}


def bill(binary, linked, arch, version, seconds):
    with open(binary, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    own = f"pkg:generic/portclash@{version}?arch={arch}"
    components = components_of(linked)
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, own + "#" + digest).urn,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds)),
            "tools": tools(arch),
            "component": {
                "type": "application", "bom-ref": own, "name": "portclash", "version": version, "purl": own,
                "licenses": [{"expression": OWN_LICENCE}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
            },
        },
        "components": components,
        "dependencies": [{"ref": own, "dependsOn": [c["bom-ref"] for c in components]}],
    }


def main():
    binary, linked, arch, version, seconds = sys.argv[1:]
    json.dump(bill(binary, linked, arch, version, int(seconds)), sys.stdout, indent=2, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
