#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""extract.py IMAGE OUT: the kernel's type information (BTF) out of a kernel image, as the package of a distribution has
it: a bzImage of x86 with a packed kernel in it, or the plain or packed image of arm64."""
import lzma
import struct
import subprocess
import sys
import zlib

# struct btf_header: magic, version, flags, length of the header
HEADER = struct.pack("<HBBI", 0xEB9F, 1, 0, 24)
# A kernel's types take some megabytes; what is smaller is a program's or a module's.
LEAST = 1 << 20


def find_types(image):
    """The largest BTF in these bytes, or None"""
    best, at = None, image.find(HEADER)
    while at >= 0:
        type_off, type_len, str_off, str_len = struct.unpack_from("<4I", image, at + 8)
        end = at + 24 + max(type_off + type_len, str_off + str_len)
        if type_off == 0 and str_off == type_len and str_len and end <= len(image) and end - at >= LEAST:
            # The strings begin with an empty one, and end with a zero.
            if image[at + 24 + str_off] == 0 and image[end - 1] == 0 and (not best or end - at > len(best)):
                best = image[at:end]
        at = image.find(HEADER, at + 1)
    return best


def by_command(*command):
    """What follows the packed kernel makes the commands fail, behind all of their output."""
    return lambda data: subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       check=False).stdout


PACKED = [
    (b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor().decompress(data)),
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
    (b"\x28\xb5\x2f\xfd", by_command("zstd", "-dcq")),
    (b"\x02\x21\x4c\x18", by_command("lz4", "-dcq")),
]


def unpacked(image):
    """Whatever can be unpacked in the image, the image itself first"""
    yield image
    for magic, unpack in PACKED:
        at = image.find(magic)
        while at >= 0:
            try:
                yield unpack(image[at:])
            except (lzma.LZMAError, zlib.error, OSError):
                pass
            at = image.find(magic, at + 1)


def main():
    with open(sys.argv[1], "rb") as file:
        image = file.read()
    for part in unpacked(image):
        types = find_types(part)
        if types:
            with open(sys.argv[2], "wb") as file:
                file.write(types)
            return
    sys.exit(f"{sys.argv[1]}: no BTF in it")


main()
