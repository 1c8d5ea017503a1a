# SPDX-License-Identifier: GPL-2.0-only
# The tests: each tests/unit/test_*.c is a program of its own, linked with what is pure and
# what touches the machine but not BPF, twice: as it is, and with the sanitizers. Included by
# the top Makefile; V=1 shows all that the tests print.

UNIT_TESTS = $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELPERS = $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
REPLAY_SOURCES = $(addprefix tests/replay/,engine.c replay.c stream.c)
RECORD_SOURCES = $(addprefix tests/replay/,actor.c damage.c record.c scenes.c stream.c)
STREAMS = $(wildcard tests/replay/*.pcrec tests/replay/*.expect)

ASAN = $(BUILD)/asan
ASAN_CFLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
TEST_LDLIBS = $(LDLIBS) -lcmocka -pthread
asan_objects = $(patsubst %.c,$(ASAN)/%.o,$(1))

TESTED = $(CORE_SOURCES) $(HOST_SOURCES)
REPLAY = $(BUILD)/tests/replay/replay
UNIT_BINARIES = $(UNIT_TESTS:%.c=$(BUILD)/%)
ASAN_BINARIES = $(UNIT_TESTS:%.c=$(ASAN)/%)

RUN_SUITES = V=$(V) sh tests/run.sh $(BUILD)/tests/logs
UNIT_SUITES = $(UNIT_BINARIES)
REPLAY_SUITES = '$(REPLAY) tests/replay' '$(ASAN)/tests/replay/replay tests/replay'
STYLE_SUITES = 'sh tests/run_test.sh' 'sh tests/style.sh' 'sh tests/bench/instructions_test.sh' \
	$(KERNELS_STYLE_SUITES) $(FUZZ_STYLE_SUITES)

-include tests/live/live.mk
LIVE = $(if $(wildcard tests/live/live.mk),$(BUILD)/tests/live/live)
LIVE_SUITES = $(if $(LIVE),'$(LIVE) $(LIVE_FLAGS) $(BUILD)/portclash')
include tests/kernels/kernels.mk

include tests/service/service.mk
include tests/rules/rules.mk
include tests/prometheus/prometheus.mk
include tests/fleet/fleet.mk
include tests/fuzz/fuzz.mk
RULES_SUITES = '$(BUILD)/tests/rules/rules $(RULES_FLAGS)'

include tests/package/package.mk

.PHONY: check check-all check-unit check-asan check-replay check-rules check-live check-style
.PHONY: check-unit-build check-asan-build check-rules-build check-live-build

check: deps-kernels deps-prometheus deps-fuzz deps-package ## All tests; installs what they need if it is missing
	$(Q)$(MAKE) --no-print-directory check-all

check-all: check-unit-build check-asan-build check-fuzz-build check-rules-build check-live-build \
		check-kernels-build check-package-build
	$(Q)$(RUN_SUITES) $(STYLE_SUITES) $(SERVICE_SUITES) $(UNIT_SUITES) $(ASAN_BINARIES) \
		$(REPLAY_SUITES) $(FUZZ_SUITES) $(RULES_SUITES) $(LIVE_SUITES) $(PROMETHEUS_SUITES) \
		$(FLEET_SUITES) $(PACKAGE_SUITES) $(KERNELS_SUITES)

check-unit: check-unit-build ## Unit tests
	$(Q)$(RUN_SUITES) $(UNIT_SUITES)

check-asan: check-asan-build ## Unit tests and replay under ASan and UBSan
	$(Q)$(RUN_SUITES) $(ASAN_BINARIES) '$(ASAN)/tests/replay/replay tests/replay'

check-replay: $(REPLAY) $(ASAN)/tests/replay/replay ## Replay of recorded record streams
	$(Q)$(RUN_SUITES) $(REPLAY_SUITES)

check-rules: check-rules-build ## The conflict rules, judged by the running kernel (root)
	$(Q)$(RUN_SUITES) $(RULES_SUITES)

check-live: check-live-build ## Real sockets on the running kernel (root)
	$(Q)$(RUN_SUITES) $(LIVE_SUITES)

check-style: ## The invariants of the house that grep can see
	$(Q)$(RUN_SUITES) $(STYLE_SUITES)

check-unit-build: $(UNIT_BINARIES) $(REPLAY)
check-asan-build: $(ASAN_BINARIES) $(ASAN)/tests/replay/replay
check-rules-build: $(BUILD)/tests/rules/rules
check-live-build: $(LIVE) $(BUILD)/portclash

$(BUILD)/tests/unit/test_%: $(call objects,tests/unit/test_%.c $(UNIT_HELPERS) $(TESTED))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(TEST_LDLIBS)

$(ASAN)/tests/unit/test_%: $(call asan_objects,tests/unit/test_%.c $(UNIT_HELPERS) $(TESTED))
	$(Q)$(CC) $(ASAN_CFLAGS) $(LDFLAGS) $^ -o $@ $(TEST_LDLIBS)

$(REPLAY): $(call objects,$(REPLAY_SOURCES) $(TESTED))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(TEST_LDLIBS)

$(ASAN)/tests/replay/replay: $(call asan_objects,$(REPLAY_SOURCES) $(TESTED))
	$(Q)$(CC) $(ASAN_CFLAGS) $(LDFLAGS) $^ -o $@ $(TEST_LDLIBS)

$(ASAN)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ASAN_CFLAGS) $(USER_CFLAGS) -c $< -o $@

# Records anew what is in tests/replay/*.pcrec, on the running kernel.
$(BUILD)/tests/replay/record: $(call objects,$(RECORD_SOURCES) $(CORE_SOURCES) \
		$(wildcard user/bpf/*.c))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

.PHONY: record
record: $(BUILD)/tests/replay/record ## Record the streams of the replay tests anew (root)
	$(Q)$(BUILD)/tests/replay/record tests/replay
