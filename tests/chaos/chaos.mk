# SPDX-License-Identifier: GPL-2.0-only
# Two minutes of all attacks at once, beside a server that is robbed once a second. Included by tests/tests.mk.

CHAOS_SUITES = 'env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/chaos/suite.py \
	$(BUILD)/portclash $(BUILD)/tests/chaos/flood'

.PHONY: check-chaos check-chaos-build

check-chaos: check-chaos-build ## All attacks at once for two minutes, beside thefts that must be named (root)
	$(Q)$(RUN_SUITES) $(CHAOS_SUITES)

check-chaos-build: $(BUILD)/tests/chaos/flood $(BUILD)/portclash

$(BUILD)/tests/chaos/flood: tests/chaos/flood.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -std=gnu17 $(WARN) -D_GNU_SOURCE $(LDFLAGS) $< -o $@
