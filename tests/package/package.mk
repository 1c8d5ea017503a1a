# SPDX-License-Identifier: GPL-2.0-only
# Man pages and completions against the binary, make install, the Debian package, and that
# package under a real systemd. Included by tests/tests.mk.

PACKAGE_SUITES = 'sh tests/package/drift.sh $(BUILD)' 'sh tests/package/install.sh $(BUILD)' \
	'sh tests/package/deb.sh $(BUILD)' 'sh tests/package/system.sh $(BUILD)'

.PHONY: check-package check-package-build deps-package

check-package: deps-package ## Man pages, completions, install, the package under systemd (root)
	$(Q)$(MAKE) --no-print-directory check-package-build
	$(Q)$(RUN_SUITES) $(PACKAGE_SUITES)

check-package-build: man completions deb

deps-package: deps
	$(Q)sh tests/package/install-deps.sh
