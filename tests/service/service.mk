# SPDX-License-Identifier: GPL-2.0-only
# The systemd unit. Included by tests/tests.mk; what the agent does under it is among the live
# tests (notify-*, privileges-*).

SERVICE_SUITES = 'sh tests/service/unit.sh packaging/systemd/portclash.service $(abspath $(BUILD)/portclash)' \
	'sh tests/service/unit.sh packaging/systemd/portclash-guard.service $(abspath $(BUILD)/portclash)'

.PHONY: check-service
check-service: $(BUILD)/portclash ## The systemd units: exposure of at most 3.0
	$(Q)$(RUN_SUITES) $(SERVICE_SUITES)
