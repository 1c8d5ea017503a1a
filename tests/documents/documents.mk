# SPDX-License-Identifier: GPL-2.0-only
# The commands of README and docs/, run as they are printed. Included by tests/tests.mk.

DOCUMENTS_SUITES = 'python3 tests/documents/run.py $(BUILD)'

# JSON lines that the suites before have seen; Debian's Python has python3-jsonschema. All suites together print
# every type of line.
LINES = $(abspath $(BUILD))/tests/lines.jsonl
SCHEMA = /usr/bin/python3 tests/documents/schema.py
SCHEMA_SUITES = '$(SCHEMA) --every $(LINES)'

.PHONY: check-documents deps-documents
check-documents: $(BUILD)/tests/demo/players $(BUILD)/portclash ## The commands of README and docs/, the JSON lines (root)
	$(Q)rm -f $(LINES)
	$(Q)$(RUN_SUITES) --watching $(DOCUMENTS_SUITES) --alone '$(SCHEMA) $(LINES)'

deps-documents: deps
	$(Q)sh packaging/apt-install.sh iproute2 jq lsof psmisc python3-jsonschema
