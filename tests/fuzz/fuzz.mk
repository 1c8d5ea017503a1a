# SPDX-License-Identifier: GPL-2.0-only
# The fuzz targets (libFuzzer): each tests/fuzz/NAME.c but fuzz.c is one, its corpus is
# tests/fuzz/corpus/NAME. Included by tests/tests.mk. FUZZ_SECONDS is for each target,
# FUZZ_TARGETS says which.

FUZZ = $(BUILD)/fuzz
FUZZ_TARGETS ?= $(filter-out fuzz,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_SECONDS ?= 300
# In `make check`: what is committed is tried, and a little more.
FUZZ_CHECK_SECONDS = 3

FUZZ_CFLAGS = -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FUZZ_SHARED = tests/fuzz/fuzz.c $(wildcard tests/unit/fake_*.c)
FUZZ_BINARIES = $(FUZZ_TARGETS:%=$(FUZZ)/%)
fuzz_objects = $(patsubst %.c,$(FUZZ)/obj/%.o,$(1))

FUZZ_STYLE_SUITES = 'sh tests/fuzz/run_test.sh'
FUZZ_SUITES = 'sh tests/fuzz/run.sh $(FUZZ) $(FUZZ_CHECK_SECONDS) $(FUZZ_TARGETS)'

.PHONY: fuzz check-fuzz check-fuzz-build deps-fuzz

fuzz: deps-fuzz ## Fuzz each parser for FUZZ_SECONDS (300); FUZZ_TARGETS="record ports": only these
	$(Q)$(MAKE) --no-print-directory check-fuzz-build
	$(Q)sh tests/fuzz/run.sh --keep $(FUZZ) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

check-fuzz: deps-fuzz ## Fuzz each parser for some seconds, from the committed corpus
	$(Q)$(MAKE) --no-print-directory check-fuzz-build
	$(Q)$(RUN_SUITES) $(FUZZ_SUITES)

check-fuzz-build: $(FUZZ_BINARIES)

deps-fuzz: deps
	$(Q)sh tests/fuzz/install-deps.sh

$(FUZZ_BINARIES): $(FUZZ)/%: $(call fuzz_objects,tests/fuzz/%.c $(FUZZ_SHARED)) $(FUZZ)/tested.a
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined $^ -o $@ $(LDLIBS)

$(FUZZ)/tested.a: $(call fuzz_objects,$(TESTED))
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

$(FUZZ)/obj/user/out/manual.o: $(BUILD)/causes.inc

$(FUZZ)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) $(USER_CFLAGS) -Itests/unit -c $< -o $@
