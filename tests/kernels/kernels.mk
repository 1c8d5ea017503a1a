# SPDX-License-Identifier: GPL-2.0-only
# The static build, and the live tests on Debian's kernels under emulation, of this architecture and of the
# other. Included by tests/tests.mk; KERNELS_FLAGS="--kernel sid --backend fentry" runs less,
# KERNELS_FLAGS=--all more, KERNELS_ARCHES="amd64 arm64" those of both architectures.

STATIC = $(BUILD)/static
STATIC_LDFLAGS = -static -s -Wl,--gc-sections -Wl,-z,noseparate-code $(LDFLAGS)
# libelf.a wants what this system's libelf was built with.
STATIC_LDLIBS = $(shell $(PKG_CONFIG) --static --libs libbpf libelf jansson yaml-0.1 libcap \
	libseccomp ncursesw)

KERNELS_STYLE_SUITES = 'sh tests/kernels/report_test.sh'
# The matrix takes 20 to 30 minutes of two processors; the limit in seconds leaves room for a busy machine.
KERNELS_LIMIT = 3000
# The guests of the other architecture take more time than its tests may: they run where it is named.
KERNELS_ARCHES = $(ARCH)
KERNELS_OTHER = $(filter-out $(ARCH),$(KERNELS_ARCHES))
STATIC_OF = $(if $(filter $(ARCH),$(1)),$(STATIC),$(OTHER_BUILD)/static)
KERNELS_SUITES = $(foreach arch,$(KERNELS_ARCHES), \
	'sh tests/kernels/run.sh --arch $(arch) $(KERNELS_FLAGS) $(call STATIC_OF,$(arch))')

.PHONY: static static-build check-kernels check-kernels-build check-kernels-other-build deps-amd64 deps-arm64 deps-static deps-kernels

static: deps-static ## One binary without shared libraries, for hosts without a build (ARCH=arm64: for arm64)
	$(Q)$(MAKE) --no-print-directory static-build

static-build: $(STATIC)/portclash
	$(Q)sh tests/kernels/static.sh $<

$(STATIC)/portclash: $(call objects,$(CORE_SOURCES) $(HOST_SOURCES) $(MAIN_SOURCES))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) -Wl,-Map=$@.map $^ -o $@ $(STATIC_LDLIBS)

$(STATIC)/live: $(LIVE_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $^ $(STATIC_LDFLAGS) -o $@ $(LIVE_LDLIBS)

check-kernels: deps-kernels ## Live tests on kernels 5.10 to the newest, of amd64 (KERNELS_ARCHES=arm64: of arm64), in QEMU
	$(Q)$(MAKE) --no-print-directory $(if $(filter $(ARCH),$(KERNELS_ARCHES)),check-kernels-build) \
		check-kernels-other-build
	$(Q)$(RUN_SUITES) --limit $(KERNELS_LIMIT) $(KERNELS_SUITES)

check-kernels-build: static-build $(STATIC)/live $(STATIC)/rules

check-kernels-other-build:
	$(Q)$(if $(KERNELS_OTHER),$(OTHER_MAKE) check-kernels-build)

deps-static: deps
	$(Q)sh tests/kernels/install-deps.sh static

deps-kernels: deps $(KERNELS_OTHER:%=deps-%)
	$(Q)sh tests/kernels/install-deps.sh

deps-amd64 deps-arm64: deps-%: deps ## What a build for that architecture needs, on one of the other
	$(Q)$(if $(filter $*,$(NATIVE_ARCH)),,sh packaging/install-cross-deps.sh $*)
