# SPDX-License-Identifier: GPL-2.0-only
# The conflict rules, judged by the kernel. Included by tests/tests.mk; RULES_FLAGS="--sample 10"
# asks less.

RULES_SOURCES = $(wildcard tests/rules/*.c)
RULES_OBJECTS = $(call objects,$(RULES_SOURCES) $(CORE_SOURCES) $(wildcard user/bpf/*.c))

$(BUILD)/tests/rules/rules: $(RULES_OBJECTS)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

# For the guests of the kernel matrix; without shared libraries.
$(STATIC)/rules: $(RULES_OBJECTS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) $^ -o $@ $(STATIC_LDLIBS)
