#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Builds the image of the Dockerfile beside this file without an engine and without root.

    image.py OUT VERSION REVISION SECONDS ARCH=BINARY...

OUT is a tar archive in OCI's layout. With one architecture it is one for `docker load`, too. An image of several
architectures is an index of them, from which an engine takes its own. The same input gives the same bytes: times are
SECONDS, owners are root, and nothing comes from the machine.

The Dockerfile is the one description of the image. This program knows the instructions in it: FROM scratch, ARG,
LABEL, COPY of one file, USER, ENTRYPOINT and CMD. Any other is an error.
"""
import gzip
import hashlib
import io
import json
import os
import re
import sys
import tarfile
import time

DOCKERFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Dockerfile")
OCI = "application/vnd.oci.image."


class Archive:
    """A tar archive whose members have one time, one owner, and the order in which they are added."""

    def __init__(self, seconds):
        self.seconds, self.bytes = seconds, io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.USTAR_FORMAT)

    def add(self, name, content, mode=0o644):
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(content), mode, self.seconds
        self.tar.addfile(info, io.BytesIO(content))

    def add_folders(self, name):
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            info = tarfile.TarInfo("/".join(parts[:count]))
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, self.seconds
            self.tar.addfile(info)

    def end(self):
        self.tar.close()
        return self.bytes.getvalue()


def instructions():
    with open(DOCKERFILE, encoding="utf-8") as file:
        text = re.sub(r"^#.*\n", "", file.read(), flags=re.M).replace("\\\n", " ")
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def recipe(given):
    """The image's configuration, and {path: file of the build context}; `given` are the values of ARG."""
    config, files = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}, {}
    for word, rest in instructions():
        rest = re.sub(r"\$\{?(\w+)\}?", lambda match: given[match.group(1)], rest)
        if word == "LABEL":
            labels = re.findall(r'([\w.-]+)="([^"]*)"', rest)
            config.setdefault("Labels", {}).update(labels)
        elif word == "COPY" and len(rest.split()) == 2:
            source, path = rest.split()
            files[path.lstrip("/")] = source
        elif word == "USER":
            config["User"] = rest.strip()
        elif word in ("ENTRYPOINT", "CMD"):
            config[word.capitalize()] = json.loads(rest)
        elif word != "ARG" and (word, rest) != ("FROM", "scratch"):
            sys.exit(f"image.py: cannot do {word} {rest}")
    return config, files


class Layout:
    """Blobs by their digest, in the archive."""

    def __init__(self, seconds):
        self.archive, self.seen = Archive(seconds), set()
        self.archive.add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def put(self, kind, content):
        """The descriptor of the content."""
        content = content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self.seen:
            self.seen.add(digest)
            self.archive.add("blobs/sha256/" + digest, content)
        return {"mediaType": OCI + kind, "digest": "sha256:" + digest, "size": len(content)}


def layer_of(files, binary, seconds):
    """An image has one program; whatever the build context calls it, it is the binary."""
    layer = Archive(seconds)
    for path in files:
        layer.add_folders(path)
        with open(binary, "rb") as file:
            layer.add(path, file.read(), 0o755)
    return layer.end()


def put_image(layout, arch, binary, given, seconds):
    config, files = recipe(given)
    layer = layer_of(files, binary, seconds)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write(layer)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    stored = layout.put("layer.v1.tar+gzip", packed.getvalue())
    about = layout.put("config.v1+json", {
        "created": created, "architecture": arch, "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": created, "created_by": "packaging/container/image.py"}]})
    manifest = layout.put("manifest.v1+json", {
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": about, "layers": [stored]})
    return {**manifest, "platform": {"architecture": arch, "os": "linux"}}, about, stored


def file_of(descriptor):
    return "blobs/sha256/" + descriptor["digest"].removeprefix("sha256:")


def build(version, revision, seconds, binaries):
    layout, name = Layout(seconds), "portclash:" + version
    given = {"VERSION": version, "REVISION": revision}
    images = [put_image(layout, arch, binary, given, seconds) for arch, binary in binaries]
    top = images[0][0]
    if len(images) > 1:
        top = layout.put("index.v1+json", {"schemaVersion": 2, "mediaType": OCI + "index.v1+json",
                                           "manifests": [image[0] for image in images]})
    else:
        _, about, stored = images[0]
        layout.archive.add("manifest.json", json.dumps([{
            "Config": file_of(about), "RepoTags": [name], "Layers": [file_of(stored)]}]).encode())
    names = {"org.opencontainers.image.ref.name": version, "io.containerd.image.name": "localhost/" + name}
    layout.archive.add("index.json", json.dumps({
        "schemaVersion": 2, "manifests": [{**top, "annotations": names}]}).encode())
    return layout.archive.end()


def main():
    out, version, revision, seconds, *pairs = sys.argv[1:]
    content = build(version, revision, int(seconds), [pair.split("=", 1) for pair in pairs])
    with open(out, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main()
