# SPDX-License-Identifier: GPL-2.0-only
# The tests: each tests/unit/test_*.c is a program of its own, linked with all that does not touch BPF, and with
# what is pure of user/bpf. Each is built twice: as it is, and with the sanitizers. Included by the top Makefile; V=1 shows all that the tests print.

UNIT_TESTS = $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELPERS = $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
REPLAY_SOURCES = tests/replay/replay.c
RECORD_SOURCES = $(addprefix tests/replay/,actor.c damage.c record.c scenes.c)
STREAMS = $(wildcard tests/replay/*.pcrec tests/replay/*.expect)

ASAN = $(BUILD)/asan
ASAN_CFLAGS = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
TEST_LDLIBS = $(LDLIBS) -lcmocka -pthread
asan_objects = $(patsubst %.c,$(ASAN)/%.o,$(1))

TESTED = $(CORE_SOURCES) $(HOST_SOURCES) user/bpf/backend.c user/bpf/claim_log.c user/bpf/lockdown.c user/bpf/preemption.c user/bpf/ring.c user/bpf/trim.c user/bpf/trim_flow.c user/bpf/type_table.c user/bpf/types_few.c user/bpf/wanted.c user/look/lookup.c
REPLAY = $(BUILD)/tests/replay/replay
UNIT_BINARIES = $(UNIT_TESTS:%.c=$(BUILD)/%)
ASAN_BINARIES = $(UNIT_TESTS:%.c=$(ASAN)/%)

RUN_SUITES = V=$(V) PORTCLASH_LINES=$(LINES) bash tests/run.sh $(BUILD)/tests/logs
UNIT_SUITES = $(UNIT_BINARIES)
REPLAY_SUITES = '$(REPLAY) tests/replay' '$(ASAN)/tests/replay/replay tests/replay'
STYLE_SUITES = 'sh tests/run_test.sh' 'sh tests/style.sh' 'sh tests/package/arch.sh' 'sh tests/package/new_folder.sh' 'sh tests/bench/instructions_test.sh' \
	'sh tests/bench/costs_test.sh' 'env PYTHONPATH=tests:tests/bench PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/bench/real_test.py' \
	$(KERNELS_STYLE_SUITES) $(FUZZ_STYLE_SUITES)

include tests/demo/demo.mk
include tests/documents/documents.mk
include tests/live/live.mk
LIVE = $(BUILD)/tests/live/live
LIVE_LIMIT = 2400
LIVE_SUITES = '$(LIVE) $(LIVE_FLAGS) $(BUILD)/portclash'
include tests/kernels/kernels.mk

include tests/service/service.mk
include tests/guard/guard.mk
include tests/cure/cure.mk
include tests/rules/rules.mk
include tests/btf/btf.mk
include tests/prometheus/prometheus.mk
include tests/fleet/fleet.mk
include tests/engines/engines.mk
include tests/emulated/emulated.mk
include tests/outcome/outcome.mk
include tests/chaos/chaos.mk
include tests/report/report.mk
include tests/top/top.mk
include tests/fuzz/fuzz.mk
RULES_SUITES = '$(BUILD)/tests/rules/rules $(RULES_FLAGS)'

include tests/package/package.mk

.PHONY: check check-all check-build check-unit check-asan check-replay check-rules check-live check-style
.PHONY: check-unit-build check-asan-build check-rules-build check-live-build

# Suites and what may run beside them (tests/run.sh says how):
# * Nothing disturbs suites that compute, read the tree or work in a folder of their own. None of them
#   writes what another reads. The builds of the sanitizers and the fuzz targets come after what needs neither.
# * Suites that watch the whole machine disturb each other: a refusal that another one stages, in
#   whatever network namespace, is counted, fills the rings and changes the timing. They run one at
#   a time. What runs beside them makes no refusals and is nicer, so that it costs them little time. The
#   longest comes first.
# * Alone: the fuzz targets, which try as much as they can in some seconds, on all processors; install.sh,
#   which makes the man pages in build/ anew for another PREFIX, while drift.sh reads them.
BESIDE = $(STYLE_SUITES) $(REPORT_SUITES) $(SERVICE_SUITES) $(DRIFT_SUITES) $(OVERLAYS_SUITES) $(UNIT_SUITES) \
	--step build-sanitized '$(BUILD_ALL) check-asan-build check-fuzz-build' \
	$(REPLAY_SUITES) $(ASAN_BINARIES)
WATCHING = --limit $(LIVE_LIMIT) $(LIVE_SUITES) --limit 600 $(PROMETHEUS_SUITES) $(FLEET_SUITES) $(OUTCOME_SUITES) \
	$(GUARD_SUITES) $(CURE_SUITES) $(TOP_SUITES) $(DEMO_SUITES) $(DOCUMENTS_SUITES) $(RULES_SUITES)
ALONE = $(FUZZ_SUITES) $(INSTALL_SUITES) $(SCHEMA_SUITES)

# `make check-all` adds:
# * The Debian package, the files of a release, the unit tests of the other architecture (tests/emulated), the
#   kernel matrix, and the costs in instructions. The guests have kernels of their own, so nothing here disturbs
#   them, and their time limits are those of a machine that is four times slower. They take what the suites that
#   watch leave of both processors. The matrix takes longest and begins first. What runs beside it gets a share of
#   the processors, and has its time limit.
# * Docker and podman, with their containers. They watch, too.
# * Alone: system.sh. It watches, and installs from the tree, which makes the man pages anew, too. The chaos takes both
#   processors.
KERNELS_BESIDE = --step build-kernels '$(BUILD_ALL) check-kernels-build check-kernels-other-build bench-instructions-build' \
	--limit $(KERNELS_LIMIT) $(KERNELS_SUITES) $(COSTS_SUITES)
BESIDE_ALL = --step build-package '$(BUILD_ALL) check-package-build check-other-deb-build check-emulated-build' \
	$(DEB_SUITES) $(OTHER_DEB_SUITES) $(EMULATED_SUITES) $(WORKFLOW_SUITES) \
	--step build-release '$(BUILD_ALL) check-dist-build' $(DIST_SUITES)
ALONE_ALL = $(SYSTEM_SUITES) $(UPGRADE_SUITES) $(ADVICE_SUITES) $(CHAOS_SUITES)

ADDED = Not run: the kernel matrix (5.10 to the newest), the costs in instructions, the types of other kernels, the chaos, \
	Docker and podman, the unit tests of the other architecture, the files of a release, the Debian package, and that package under a systemd of its own. make check-all runs them, too; make fuzz goes on fuzzing.

# The build has no part in the job server of the make that runs the suites.
BUILD_ALL = $(MAKE) --no-print-directory -j$(shell nproc)

# install TARGETS: one after another, because apt-get has a lock
install = for target in $(1); do $(MAKE) --no-print-directory $$target || exit; done

check: ## The tests but for kernel matrix, engines and Debian package, in nine minutes; installs what they need
	$(Q)$(call install,deps-static deps-prometheus deps-fuzz deps-package deps-outcome deps-report deps-top deps-documents)
	$(Q)rm -f $(LINES)
	$(Q)$(RUN_SUITES) --report --note '$(ADDED)' --step build '$(BUILD_ALL) check-build' \
		--beside $(BESIDE) --watching $(WATCHING) --alone $(ALONE)

check-all: ## All tests; installs what they need
	$(Q)$(call install,deps-kernels deps-prometheus deps-fuzz deps-package deps-outcome deps-report deps-top deps-documents deps-engines deps-dist deps-btf deps-emulated)
	$(Q)rm -f $(LINES)
	$(Q)$(RUN_SUITES) --report --step build '$(BUILD_ALL) check-build check-engines-build check-chaos-build check-btf-build' \
		--beside $(KERNELS_BESIDE) $(BESIDE) $(BESIDE_ALL) \
		--watching $(WATCHING) $(ENGINES_SUITES) $(BTF_SUITES) --alone $(ALONE) $(ALONE_ALL)

check-build: check-unit-build check-rules-build check-live-build check-fleet-build check-guard-build check-demo-build man completions rules

check-unit: check-unit-build ## Unit tests
	$(Q)$(RUN_SUITES) --beside $(UNIT_SUITES)

check-asan: check-asan-build ## Unit tests and replay under ASan and UBSan
	$(Q)$(RUN_SUITES) --beside $(ASAN_BINARIES) '$(ASAN)/tests/replay/replay tests/replay'

check-replay: $(REPLAY) $(ASAN)/tests/replay/replay ## Replay of recorded record streams
	$(Q)$(RUN_SUITES) --beside $(REPLAY_SUITES)

check-rules: check-rules-build ## The conflict rules, judged by the running kernel (root)
	$(Q)$(RUN_SUITES) $(RULES_SUITES)

check-live: check-live-build ## Real sockets on the running kernel (root)
	$(Q)$(RUN_SUITES) --report --limit $(LIVE_LIMIT) $(LIVE_SUITES)

check-style: ## The invariants of the house that grep can see
	$(Q)$(RUN_SUITES) --beside $(STYLE_SUITES)

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
$(BUILD)/tests/replay/record: $(call objects,$(RECORD_SOURCES) $(TESTED) \
		user/watch/host_side.c $(wildcard user/bpf/*.c))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

.PHONY: record
record: $(BUILD)/tests/replay/record ## Record the streams of the replay tests anew (root)
	$(Q)$(BUILD)/tests/replay/record tests/replay
