# SPDX-License-Identifier: GPL-2.0-only
# Real container engines: dockerd, podman, pasta, from the distribution's packages. Included by tests/tests.mk.

ENGINES_CLIENT = $(BUILD)/tests/engines/client
ENGINES_SUITES = 'env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/engines/keeper_test.py' \
	'sh tests/engines/run.sh $(BUILD)/portclash $(STATIC)/portclash \
	$(ENGINES_CLIENT) $(OTHER_BUILD)/static/portclash $(ARCH) $(OTHER_ARCH) $(QEMU_USER)'

.PHONY: check-engines check-engines-build deps-engines

check-engines: deps-engines ## Docker and podman, with their own containers and proxies (root)
	$(Q)$(MAKE) --no-print-directory check-engines-build
	$(Q)$(RUN_SUITES) $(ENGINES_SUITES)

check-engines-build: static-build $(BUILD)/portclash $(ENGINES_CLIENT)
	$(Q)$(OTHER_MAKE) $(OTHER_BUILD)/static/portclash

$(ENGINES_CLIENT): tests/engines/client.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(WARN) -std=gnu17 -D_GNU_SOURCE -static $< -o $@

deps-engines: deps deps-static deps-emulated
	$(Q)sh tests/engines/install-deps.sh
	$(Q)sh tests/engines/fetch.sh >/dev/null
