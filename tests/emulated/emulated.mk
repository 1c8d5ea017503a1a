# SPDX-License-Identifier: GPL-2.0-only
# Unit tests and replay of the other architecture, by QEMU's user mode. Included by tests/tests.mk.

NOT_EMULATED = tests/emulated/not_emulated.tsv
# Programs that would not be run are not built.
EMULATED_TESTS = $(sort $(filter-out $(shell awk -F '\t' '$$2 == "*" { print $$1 }' $(NOT_EMULATED)), \
	$(notdir $(UNIT_TESTS:.c=))))
EMULATED_BINARIES = $(EMULATED_TESTS:%=$(OTHER_BUILD)/tests/unit/%) $(OTHER_BUILD)/tests/replay/replay
QEMU_USER = qemu-$(patsubst amd64,x86_64,$(patsubst arm64,aarch64,$(OTHER_ARCH)))
EMULATED_SUITES = 'sh tests/emulated/emulated.sh $(QEMU_USER) $(NOT_EMULATED) $(OTHER_BUILD)/tests'

.PHONY: check-emulated check-emulated-build deps-emulated

check-emulated: deps-emulated ## Unit tests and replay of the other architecture, in QEMU's user mode
	$(Q)$(MAKE) --no-print-directory check-emulated-build
	$(Q)$(RUN_SUITES) $(EMULATED_SUITES)

# One make at a time writes in the folder of the other architecture.
check-emulated-build: | check-kernels-other-build
	$(Q)$(OTHER_MAKE) $(EMULATED_BINARIES)

deps-emulated: deps-$(OTHER_ARCH)
	$(Q)sh tests/emulated/install-deps.sh $(QEMU_USER)
