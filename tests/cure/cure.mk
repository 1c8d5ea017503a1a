# SPDX-License-Identifier: GPL-2.0-only
# Thefts of all kinds, and `portclash free` after each. Included by tests/tests.mk.

CURE_SUITES = 'python3 tests/cure/thefts.py --count 102 $(BUILD)/portclash'

.PHONY: check-free bench-free

check-free: $(BUILD)/portclash ## A hundred thefts of all kinds, each server up at the first try (root)
	$(Q)$(RUN_SUITES) $(CURE_SUITES)

# FREE_FLAGS="--count 10000" for more.
bench-free: $(BUILD)/portclash ## A thousand of them: median and worst time
	$(Q)python3 tests/cure/thefts.py $(or $(FREE_FLAGS),--count 1000) $(BUILD)/portclash
