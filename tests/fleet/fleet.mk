# SPDX-License-Identifier: GPL-2.0-only
# The DaemonSet tried without Kubernetes, and the shipping of lines. Included by tests/tests.mk.

FLEET_SUITES = 'sh tests/fleet/run.sh container $(BUILD)/portclash $(STATIC)/portclash' \
	'sh tests/fleet/run.sh shipping $(BUILD)/portclash'

.PHONY: check-fleet check-fleet-build

check-fleet: deps-prometheus check-fleet-build ## The DaemonSet's container, and rsyslog (root)
	$(Q)$(RUN_SUITES) $(FLEET_SUITES)

check-fleet-build: static $(BUILD)/portclash
