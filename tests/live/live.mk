# SPDX-License-Identifier: GPL-2.0-only
# The live tests and the players of the demonstration. Included by tests/tests.mk;
# LIVE_FLAGS= runs all of them, each with a portclash of its own.

# One portclash for many scenarios, a fifth of the churn, and without the slow ones (four minutes).
LIVE_FLAGS ?= --shared --fast --churn 200000

LIVE_SOURCES = $(filter-out tests/live/demo.c,$(wildcard tests/live/*.c))
LIVE_HEADERS = $(wildcard tests/live/*.h)
LIVE_CFLAGS = $(CFLAGS) -std=gnu17 $(WARN) -D_GNU_SOURCE -Itests/live

$(BUILD)/tests/live/live: $(LIVE_SOURCES) $(LIVE_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIVE_CFLAGS) $(LIVE_SOURCES) $(LDFLAGS) -o $@ -ljansson -pthread

$(BUILD)/tests/live/demo: tests/live/demo.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIVE_CFLAGS) $< $(LDFLAGS) -o $@
