# SPDX-License-Identifier: GPL-2.0-only
# The guard: servers, clients and rewriters in several network namespaces, without a guard and with one.
# Included by tests/tests.mk.

CHAOS = $(BUILD)/tests/guard/chaos
GUARD_SUITES = 'python3 tests/guard/suite.py --chaos $(CHAOS) $(BUILD)/portclash'

.PHONY: check-guard check-guard-build bench-guard

check-guard: check-guard-build ## The guard: no collision under kills, rewrites, restarts (root)
	$(Q)$(RUN_SUITES) $(GUARD_SUITES)

check-guard-build: $(CHAOS) $(BUILD)/portclash

# GUARD_FLAGS="--seconds 600 --namespaces 16" for longer.
bench-guard: check-guard-build ## The same for a minute, in eight namespaces at once
	$(Q)python3 tests/guard/suite.py --chaos $(CHAOS) $(or $(GUARD_FLAGS),--seconds 60 --namespaces 8) \
		$(BUILD)/portclash without_and_with_a_guard

$(CHAOS): tests/guard/chaos.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WARN) -std=gnu17 -D_GNU_SOURCE $< $(LDFLAGS) -o $@ -pthread
