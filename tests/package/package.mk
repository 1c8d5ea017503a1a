# SPDX-License-Identifier: GPL-2.0-only
# Man pages and completions against the binary, make install, the Debian package, that package under a real
# systemd, and the files of a release. Included by tests/tests.mk.

DRIFT_SUITES = 'sh tests/package/drift.sh $(BUILD)'
INSTALL_SUITES = 'sh tests/package/install.sh $(BUILD)'
DEB_SUITES = 'sh tests/package/deb.sh $(BUILD) $(ARCH)'
OTHER_DEB_SUITES = 'sh tests/package/deb.sh $(OTHER_BUILD) $(OTHER_ARCH)'
SYSTEM_SUITES = 'sh tests/package/system.sh $(BUILD)'
ADVICE_SUITES = 'sh tests/package/advice.sh $(BUILD)'
WORKFLOW_SUITES = 'env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/package/workflow.py \
	"$$(sh tests/npm/fetch.sh)"'
# All files of a release are built twice: two minutes of two processors.
DIST_SUITES = 'sh tests/package/musl.sh $(BUILD)' 'sh tests/package/dist.sh $(BUILD) $(DIST_ARCHES)' \
	'env PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/package/release.py $(DIST) \
	"$$(sh tests/npm/fetch.sh)" $(DIST_ARCHES)' \
	'sh tests/package/rpm.sh $(BUILD)' 'sh tests/package/reproducible.sh $(BUILD) $(DIST_ARCHES)'
# Under a systemd of its own, as system.sh: an upgrade, the Ansible role
UPGRADE_SUITES = 'sh tests/package/upgrade.sh $(BUILD)' 'sh tests/package/role.sh $(BUILD)'
PACKAGE_SUITES = $(DRIFT_SUITES) $(INSTALL_SUITES) $(DEB_SUITES) $(SYSTEM_SUITES) $(UPGRADE_SUITES) $(ADVICE_SUITES)

.PHONY: check-package check-package-build check-other-deb check-other-deb-build check-dist check-dist-build deps-package

check-package: deps-package ## Man pages, completions, install, the package under systemd (root)
	$(Q)$(MAKE) --no-print-directory check-package-build
	$(Q)$(RUN_SUITES) $(WORKFLOW_SUITES) $(PACKAGE_SUITES)

check-package-build: man completions deb $(BUILD)/portclash $(BUILD)/tests/unit/test_place_real

check-other-deb: deps-package ## The Debian package for the other architecture
	$(Q)$(MAKE) --no-print-directory check-other-deb-build
	$(Q)$(RUN_SUITES) $(OTHER_DEB_SUITES)

check-other-deb-build:
	$(Q)$(OTHER_MAKE) deb

check-dist: deps-package deps-dist ## The files of a release: packages, images, the same bytes twice (root)
	$(Q)$(MAKE) --no-print-directory check-dist-build
	$(Q)$(RUN_SUITES) $(DIST_SUITES)

check-dist-build: all
	$(Q)$(make_dist)

deps-package: deps deps-$(OTHER_ARCH)
	$(Q)sh tests/package/install-deps.sh
	$(Q)sh tests/package/install-deps.sh deb $(OTHER_ARCH)
	$(Q)sh tests/npm/fetch.sh >/dev/null
