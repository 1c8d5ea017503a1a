# SPDX-License-Identifier: GPL-2.0-only
"""Images and bills of materials of a release, read without the programs that wrote them.

    release.py DIST NPM ARCH...

NPM is the folder of tests/npm, which has CycloneDX's schema.
"""
import glob
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile

import jsonschema

from harness import demand, in_folder, read, run_suite

SCHEMAS = "node_modules/@cyclonedx/cyclonedx-library/res/schema"
DOCKERFILE = "packaging/container/Dockerfile"


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Image:
    """An archive in OCI's layout, whose blobs are what their names say."""

    def __init__(self, path):
        with tarfile.open(path) as archive:
            self.files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}
            self.times = {m.mtime for m in archive}
        for name, content in self.files.items():
            if name.startswith("blobs/sha256/"):
                demand(digest(content) == "sha256:" + name[13:], f"{path}: {name} is {digest(content)}")

    def blob(self, descriptor):
        content = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        demand(len(content) == descriptor["size"], str(descriptor))
        return content

    def object(self, descriptor):
        return json.loads(self.blob(descriptor))

    def top(self):
        (descriptor,) = json.loads(self.files["index.json"])["manifests"]
        return descriptor

    def check(self, manifest, arch, program, version):
        """One image: its configuration, and its one layer with one file."""
        config = self.object(manifest["config"])
        demand((config["architecture"], config["os"]) == (arch, "linux"), str(config))
        (layer,) = manifest["layers"]
        content = gzip.decompress(self.blob(layer))
        demand(config["rootfs"]["diff_ids"] == [digest(content)], "diff_ids")
        with tarfile.open(fileobj=io.BytesIO(content)) as files:
            members = [(m.name, oct(m.mode), m.uid, m.gid) for m in files if m.isfile()]
            demand(members == [("usr/bin/portclash", "0o755", 0, 0)], str(members))
            demand(files.extractfile("usr/bin/portclash").read() == program, "another program")
        told = config["config"]
        demand((told["User"], told["Entrypoint"], told["Cmd"]) == ("0:0", ["/usr/bin/portclash"], ["agent"]), str(told))
        labels = {key.rsplit(".", 1)[1]: value for key, value in told["Labels"].items()}
        demand(labels["version"] == version and labels["licenses"] == "GPL-2.0-only", str(labels))
        demand(re.fullmatch("[0-9a-f]{40}(-changed)?", labels["revision"]), labels["revision"])
        demand(set(told["Labels"]) == set(re.findall(r"org\.opencontainers\.[a-z.]+", read(DOCKERFILE))), str(labels))


class Suite:
    def __init__(self, dist, npm, arches):
        self.npm, self.arches = npm, arches
        self.version = re.search('PC_VERSION "(.*)"', read("user/version.h")).group(1)
        self.name = os.path.join(dist, "portclash-" + self.version)

    def end(self):
        pass

    def said(self):
        return ""

    def program(self, arch):
        with open(f"{self.name}-linux-{arch}", "rb") as file:
            return file.read()

    def bill(self, arch):
        return json.loads(read(f"{self.name}-linux-{arch}.cdx.json"))

    # Images

    def an_image_of_each_architecture(self):
        for arch in self.arches:
            image = Image(f"{self.name}-image-{arch}.tar")
            manifest = image.object(image.top())
            image.check(manifest, arch, self.program(arch), self.version)
            # `docker save` writes a file of this name.
            (docker,) = json.loads(image.files["manifest.json"])
            demand(docker["RepoTags"] == ["portclash:" + self.version], str(docker))
            demand(json.loads(image.files[docker["Config"]])["architecture"] == arch, str(docker))
            demand(docker["Layers"][0] in image.files, str(docker))

    def an_image_of_all_architectures(self):
        image = Image(f"{self.name}-image.tar")
        index = image.object(image.top())
        demand([m["platform"] for m in index["manifests"]] ==
               [{"architecture": arch, "os": "linux"} for arch in self.arches], str(index))
        for descriptor in index["manifests"]:
            arch = descriptor["platform"]["architecture"]
            image.check(image.object(descriptor), arch, self.program(arch), self.version)

    def an_image_has_one_time(self):
        for path in glob.glob(f"{self.name}-image*.tar"):
            demand(len(Image(path).times) == 1, path)

    # Bills of materials

    def validator(self):
        folder = os.path.join(self.npm, SCHEMAS)
        store = {}
        for name in ("spdx", "jsf-0.82", "bom-1.5"):
            schema = json.loads(read(f"{folder}/{name}.SNAPSHOT.schema.json"))
            store[schema["$id"]] = schema
        demand(schema["additionalProperties"] is False, "the schema allows anything")
        kind = jsonschema.validators.validator_for(schema)
        return kind(schema, resolver=jsonschema.RefResolver(schema["$id"], schema, store=store))

    def bills_are_valid(self):
        validator = self.validator()
        for arch in self.arches:
            wrong = [error.message for error in validator.iter_errors(self.bill(arch))]
            demand(not wrong, "; ".join(wrong)[:2000])

    def a_slip_in_a_bill_is_noticed(self):
        validator, bill = self.validator(), self.bill(self.arches[0])
        for change in ({"specVersion": 1.5}, {"component": []}, {"serialNumber": "7"}):
            demand(list(validator.iter_errors({**bill, **change})), f"{change} is not noticed")

    def a_bill_is_of_the_program(self):
        for arch in self.arches:
            own = self.bill(arch)["metadata"]["component"]
            demand(own["hashes"][0]["content"] == hashlib.sha256(self.program(arch)).hexdigest(), arch)

    def a_bill_names_the_libraries_of_the_package_database(self):
        for arch in self.arches:
            named = {c["name"]: (c["version"], c["licenses"][0]["expression"]) for c in self.bill(arch)["components"]}
            demand({"glibc", "libbpf", "elfutils", "zlib", "jansson", "libyaml", "libcap2", "libseccomp", "ncurses"} <= set(named),
                   str(named))
            for source, package, licence in (("libbpf", "libbpf-dev", "LGPL-2.1-only OR BSD-2-Clause"),
                                             ("elfutils", "libelf-dev", "LGPL-3.0-or-later OR GPL-2.0-or-later"),
                                             ("zlib", "zlib1g-dev", "Zlib")):
                version = subprocess.run(["dpkg-query", "-W", "-f", "${source:Version}", f"{package}:{arch}"], check=True,
                                         text=True, stdout=subprocess.PIPE).stdout
                demand(named[source] == (version, licence), f"{source}: {named[source]}, but it is {version}")

    def what_is_in_the_program_is_in_the_bill(self):
        """Versions that libraries leave in a program."""
        (zlib,) = set(re.findall(rb" inflate ([0-9.]+) Copyright", self.program(self.arches[0])))
        named = {c["name"]: c["version"] for c in self.bill(self.arches[0])["components"]}
        demand(zlib.decode() in named["zlib"], f"{zlib} is in the program, {named['zlib']} in the bill")


TESTS = (
    Suite.an_image_of_each_architecture,
    Suite.an_image_of_all_architectures,
    Suite.an_image_has_one_time,
    Suite.bills_are_valid,
    Suite.a_slip_in_a_bill_is_noticed,
    Suite.a_bill_is_of_the_program,
    Suite.a_bill_names_the_libraries_of_the_package_database,
    Suite.what_is_in_the_program_is_in_the_bill,
)


def main():
    dist, npm, *arches = sys.argv[1:]
    with in_folder("release"):
        return run_suite(Suite(os.path.abspath(dist), npm, arches), TESTS)


if __name__ == "__main__":
    sys.exit(main())
