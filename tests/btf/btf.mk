# SPDX-License-Identifier: GPL-2.0-only
# The choice of programs on kernels that are not at hand, by their type information (BTF). Included by tests/tests.mk.

BTF_OBJECTS = $(call objects,$(addprefix tests/btf/,chooser.c files.c object.c rewrite.c suite.c) $(CORE_SOURCES) $(wildcard user/bpf/*.c))
BTF_KERNELS = bullseye bookworm trixie trixie-backports/6.18 sid
BTF_FOLDER = $(BUILD)/tests/btf/kernels
BTF_SUITES = '$(BUILD)/tests/btf/chooser $(BTF_FOLDER)' 'python3 tests/btf/without.py $(BUILD)/portclash' \
	'env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/btf/named.py $(BUILD)/portclash $(BTF_FOLDER)'

.PHONY: check-btf check-btf-build deps-btf

$(BUILD)/tests/btf/chooser: $(BTF_OBJECTS)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/tests/btf/%.o: USER_CFLAGS += -Itests
$(BUILD)/tests/btf/object.o: $(BUILD)/portclash.skel.h

deps-btf: deps-kernels
	$(Q)sh tests/btf/fetch.sh $(BTF_FOLDER) $(BTF_KERNELS)

check-btf-build: $(BUILD)/tests/btf/chooser $(BUILD)/portclash

check-btf: deps-btf check-btf-build ## The choice of programs for the types of other kernels (root)
	$(Q)$(RUN_SUITES) $(BTF_SUITES)
