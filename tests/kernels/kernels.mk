# SPDX-License-Identifier: GPL-2.0-only
# The static build, and the live tests on Debian's kernels under emulation. Included by
# tests/tests.mk; KERNELS_FLAGS="--kernel sid --backend fentry" runs less, KERNELS_FLAGS=--all
# more.

STATIC = $(BUILD)/static
STATIC_LDFLAGS = -static -s $(LDFLAGS)
# libelf.a wants what this system's libelf was built with.
STATIC_LDLIBS = $(shell pkg-config --static --libs libbpf libelf jansson yaml-0.1 libcap \
	libseccomp)

KERNELS_STYLE_SUITES = 'sh tests/kernels/report_test.sh'
KERNELS_SUITES = 'sh tests/kernels/run.sh $(KERNELS_FLAGS) $(STATIC)'

.PHONY: static check-kernels check-kernels-build deps-static deps-kernels

static: deps-static ## One binary without shared libraries, for hosts without a build
	$(Q)$(MAKE) --no-print-directory $(STATIC)/portclash
	$(Q)sh tests/kernels/static.sh $(STATIC)/portclash

$(STATIC)/portclash: $(call objects,$(CORE_SOURCES) $(HOST_SOURCES) $(MAIN_SOURCES))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) $^ -o $@ $(STATIC_LDLIBS)

$(STATIC)/live: $(LIVE_SOURCES) $(LIVE_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIVE_CFLAGS) $(LIVE_SOURCES) $(STATIC_LDFLAGS) -o $@ -ljansson -pthread

check-kernels: deps-kernels ## Live tests on kernels 5.10 to the newest, in QEMU
	$(Q)$(MAKE) --no-print-directory check-kernels-build
	$(Q)sh tests/kernels/run.sh $(KERNELS_FLAGS) $(STATIC)

check-kernels-build: static $(STATIC)/portclash $(STATIC)/live $(STATIC)/rules

deps-static: deps
	$(Q)sh tests/kernels/install-deps.sh static

deps-kernels: deps
	$(Q)sh tests/kernels/install-deps.sh
