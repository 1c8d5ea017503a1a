# SPDX-License-Identifier: GPL-2.0-only
# `portclash top` in a real terminal, tmux. Included by tests/tests.mk.

TOP_SUITES = 'unshare --net --mount env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/top/suite.py $(BUILD)/portclash'

.PHONY: check-top deps-top

check-top: deps-top $(BUILD)/portclash ## The live screen in tmux: keys, sizes, crashes, free and reserve (root)
	$(Q)$(RUN_SUITES) $(TOP_SUITES)

deps-top: deps
	$(Q)sh tests/top/install-deps.sh
