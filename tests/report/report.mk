# SPDX-License-Identifier: GPL-2.0-only
# The page of `portclash report` in a browser and before a validator. Included by tests/tests.mk.

REPORT_SUITES = 'python3 tests/report/report.py $(BUILD)/portclash $(BUILD)/report'

.PHONY: check-report deps-report

check-report: deps-report $(BUILD)/portclash ## The page of a report: hostile names in Chromium, valid HTML
	$(Q)$(RUN_SUITES) $(REPORT_SUITES)

deps-report: deps
	$(Q)sh tests/report/install-deps.sh
