# SPDX-License-Identifier: GPL-2.0-only
# The architecture to build for: ARCH=amd64 or ARCH=arm64, by default this machine's. A cross build has
# Debian's cross compiler and multiarch libraries (`make deps-arm64`), and a build folder of its own.
# Included by the top Makefile.

MACHINE := $(shell uname -m)
# Names that uname, Debian and the kernel's makefiles have for one architecture
arch_of = $(patsubst x86_64,amd64,$(patsubst x86,amd64,$(patsubst aarch64,arm64,$(1))))
ARCH ?= $(MACHINE)
override ARCH := $(call arch_of,$(ARCH))
NATIVE_ARCH := $(call arch_of,$(MACHINE))

ARCHES = amd64 arm64
ifeq ($(filter $(ARCH),$(ARCHES)),)
$(error portclash supports 64-bit little-endian x86-64 (ARCH=amd64) and Arm (ARCH=arm64), not $(ARCH))
endif

# bpf_tracing.h has its own name for amd64.
BPF_ARCH = $(patsubst amd64,x86,$(ARCH))
TRIPLET = $(patsubst amd64,x86_64,$(patsubst arm64,aarch64,$(ARCH)))-linux-gnu

ifeq ($(ARCH),$(NATIVE_ARCH))
BUILD ?= build
CROSS =
PKG_CONFIG ?= pkg-config
else
BUILD ?= build/$(ARCH)
CROSS = $(TRIPLET)-
PKG_CONFIG ?= PKG_CONFIG_LIBDIR=/usr/lib/$(TRIPLET)/pkgconfig:/usr/share/pkgconfig pkg-config
endif

# A gcc for another architecture finds no lld.
ifneq ($(CROSS),)
override LDFLAGS := $(filter-out -fuse-ld=lld,$(LDFLAGS))
endif

# A make for the other of the two architectures, and for this machine's. Flags and compiler are not inherited.
OTHER_ARCH = $(filter-out $(NATIVE_ARCH),$(ARCHES))
OTHER_BUILD = $(BUILD)/$(OTHER_ARCH)
make_for = env -u CC -u CFLAGS -u LDFLAGS MAKEFLAGS= $(MAKE) --no-print-directory -j$(shell nproc) V=$(V) ARCH=$(1) BUILD=$(2)
OTHER_MAKE = $(call make_for,$(OTHER_ARCH),$(OTHER_BUILD))
NATIVE_MAKE = $(call make_for,$(NATIVE_ARCH),$(BUILD)/native) CFLAGS=-O0
