# SPDX-License-Identifier: GPL-2.0-only
# Outcomes of real programs: a resolver under load, a web server in a crash loop. Included by tests/tests.mk.

OUTCOME_SUITES = 'env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/outcome/suite.py $(BUILD)/portclash'

.PHONY: check-outcome deps-outcome

check-outcome: deps-outcome $(BUILD)/portclash ## Outcomes of unbound under load and of http.server (root)
	$(Q)$(RUN_SUITES) $(OUTCOME_SUITES)

deps-outcome: deps
	$(Q)sh tests/outcome/install-deps.sh
