# SPDX-License-Identifier: GPL-2.0-only
# The metrics as node_exporter and Prometheus read them, and the alert rules. Included by
# tests/tests.mk.

PROMETHEUS_SUITES = 'sh tests/prometheus/run.sh $(BUILD)/portclash'

.PHONY: check-prometheus deps-prometheus

check-prometheus: deps-prometheus $(BUILD)/portclash $(BUILD)/prometheus-rules.yml ## Metrics, rules, dashboard, with Prometheus (root)
	$(Q)$(RUN_SUITES) $(PROMETHEUS_SUITES)

deps-prometheus: deps
	$(Q)sh tests/prometheus/install-deps.sh
