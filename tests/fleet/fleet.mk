# SPDX-License-Identifier: GPL-2.0-only
# The DaemonSet tried without Kubernetes, its overlays, and the shipping of lines. Included by tests/tests.mk.

OVERLAYS_SUITES = 'sh tests/fleet/run.sh overlays $(BUILD)/portclash'

FLEET_SUITES = 'sh tests/fleet/run.sh container $(BUILD)/portclash $(STATIC)/portclash' \
	'sh tests/fleet/run.sh shipping $(BUILD)/portclash'

.PHONY: check-fleet check-fleet-build

check-fleet: deps-prometheus deps-static deps-package ## The DaemonSet's manifests and container, and rsyslog (root)
	$(Q)$(MAKE) --no-print-directory check-fleet-build
	$(Q)$(RUN_SUITES) $(OVERLAYS_SUITES) $(FLEET_SUITES)

check-fleet-build: static-build $(BUILD)/portclash
