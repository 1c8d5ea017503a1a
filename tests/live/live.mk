# SPDX-License-Identifier: GPL-2.0-only
# The live tests (tests/live/README.md). Included by tests/tests.mk;
# LIVE_FLAGS= runs all of them, each with a portclash of its own.

# One portclash for many scenarios, a fifth of the churn, and without the slow ones (four minutes).
LIVE_FLAGS ?= --shared --fast --churn 200000

LIVE_OBJECTS = $(call objects,$(wildcard tests/live/*/*.c))
LIVE_CFLAGS = $(CFLAGS) -std=gnu17 $(WARN) -D_GNU_SOURCE -Itests/live -MMD -MP
LIVE_LDLIBS = -ljansson -pthread

$(BUILD)/tests/live/%.o: tests/live/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIVE_CFLAGS) -c $< -o $@

$(BUILD)/tests/live/live: $(LIVE_OBJECTS)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LIVE_LDLIBS)
