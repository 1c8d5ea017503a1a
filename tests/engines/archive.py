# SPDX-License-Identifier: GPL-2.0-only
"""The image archives of a release, made without an engine (packaging/container/image.py), in the engines: docker and podman
load them and run the one of this machine's architecture by the commands of docs/install.md."""
import json
import os
import re
import subprocess

from harness import demand, read
from readme import Readme
from stage import do

VERSION, REVISION = "1.2.3", "0123456789abcdef0123456789abcdef01234567"


class Archive:
    """The archive of one architecture, or an index of several, and what the Dockerfile says of the image."""

    def __init__(self, folder, programs):
        self.programs = programs
        self.path = os.path.join(folder, "image-" + "-".join(programs) + ".tar")
        do(["python3", "packaging/container/image.py", self.path, VERSION, REVISION, "1700000000",
            *(f"{arch}={program}" for arch, program in programs.items())])

    def load(self, engine):
        """The name that the engine gave it"""
        said = do([engine, "load", "-i", self.path])
        (name,) = re.findall(r"^Loaded image(?:\(s\))?: (\S+)$", said, re.M)
        return name

    def looks_right(self, engine, image, arch):
        (seen,) = json.loads(do([engine, "image", "inspect", image]))
        config = seen["Config"]
        demand((seen["Architecture"], seen["Os"]) == (arch, "linux"), str(seen))
        demand(config["User"] == "0:0" and config["Entrypoint"] == ["/usr/bin/portclash"] and config["Cmd"] == ["agent"],
               str(config))
        wanted = dict(re.findall(r'(org\.opencontainers\.image\.\w+)="([^"]*)"', read("packaging/container/Dockerfile")))
        wanted = {key: value.replace("$VERSION", VERSION).replace("$REVISION", REVISION) for key, value in wanted.items()}
        demand(len(wanted) >= 7 and config["Labels"] == wanted, f"{config['Labels']}, not {wanted}")

    def has_the_program(self, engine, image, arch):
        """Byte by byte, and nothing else below /usr"""
        do([engine, "create", "--name", "unpacked", image])
        try:
            listing = subprocess.run([engine, "export", "unpacked"], stdout=subprocess.PIPE, check=True, timeout=120).stdout
        finally:
            do([engine, "rm", "-f", "unpacked"])
        names = subprocess.run(["tar", "-t"], input=listing, stdout=subprocess.PIPE, check=True).stdout.decode().split()
        demand([name for name in names if name.startswith("usr") and not name.endswith("/")] == ["usr/bin/portclash"],
               str(names))
        out = subprocess.run(["tar", "-xO", "usr/bin/portclash"], input=listing, stdout=subprocess.PIPE, check=True).stdout
        with open(self.programs[arch], "rb") as file:
            demand(out == file.read(), "the program is another one")


class Archives:
    """Tests of the suite, which has an agent that watches. `archives` has one for each architecture."""

    def loaded(self, engine):
        archive = self.archives[self.native]
        image = archive.load(engine)
        archive.looks_right(engine, image, self.native)
        archive.has_the_program(engine, image, self.native)
        return image

    def the_archive_of_a_release_in_docker(self):
        """The agent stays up by the command of the page, and names a theft."""
        image = self.loaded("docker")
        Readme(self, self.docker, image).try_it()
        do(["docker", "rmi", image])

    def the_archive_of_a_release_in_podman(self):
        """So it is with podman's command."""
        image = self.loaded("podman")
        Readme(self, self.podman, image).try_it()
        do(["podman", "rmi", image])

    def the_other_architecture(self):
        """Both engines load the image and know its architecture. Its program says its version in QEMU's user mode."""
        archive = self.archives[self.other]
        for engine in ("docker", "podman"):
            image = archive.load(engine)
            archive.looks_right(engine, image, self.other)
            archive.has_the_program(engine, image, self.other)
            do([engine, "rmi", image])
        said = do([self.qemu, archive.programs[self.other], "--version"])
        demand(said == do([self.portclash, "--version"]), said)

    def the_archive_of_both_in_podman(self):
        """podman takes its own of the index."""
        archive = self.archives["both"]
        image = archive.load("podman")
        archive.looks_right("podman", image, self.native)
        archive.has_the_program("podman", image, self.native)
        do(["podman", "rmi", image])
