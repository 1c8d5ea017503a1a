# SPDX-License-Identifier: GPL-2.0-only
# The static build, and the live tests on Debian's kernels under emulation. Included by the top
# Makefile after tests/tests.mk; KERNELS_FLAGS="--kernel sid --backend fentry" runs less,
# KERNELS_FLAGS=--all more.

STATIC = $(BUILD)/static
STATIC_LDFLAGS = -static -s $(LDFLAGS)
# libelf.a wants what this system's libelf was built with.
STATIC_LDLIBS = $(shell pkg-config --static --libs libbpf libelf jansson)

.PHONY: static check-kernels deps-kernels

static: $(STATIC)/portclash ## One binary without shared libraries, for hosts without a build
	@echo "$< $$(du -k --apparent-size $< | cut -f 1) KiB, no shared libraries"

$(STATIC)/portclash: $(call objects,$(CORE_SOURCES) $(HOST_SOURCES) $(MAIN_SOURCES))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) $^ -o $@ $(STATIC_LDLIBS)

$(STATIC)/live: $(LIVE_SOURCES) $(LIVE_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIVE_CFLAGS) $(LIVE_SOURCES) $(STATIC_LDFLAGS) -o $@ -ljansson -pthread

check-kernels: deps-kernels $(STATIC)/portclash $(STATIC)/live ## Live tests on kernels 5.10 to the newest, in QEMU
	$(Q)sh tests/kernels/run.sh $(KERNELS_FLAGS) $(STATIC)

deps-kernels:
	$(Q)sh tests/kernels/install-deps.sh
