# SPDX-License-Identifier: GPL-2.0-only
# The files of a release: packages, static programs, images, bills of materials. Included by packaging/install.mk.

DIST = $(BUILD)/dist
DIST_ARCHES ?= $(ARCHES)
IMAGE = $(BUILD)/portclash-image.tar
# The folder is the build's own; dist.sh takes no folder that has files. `make DIST=FOLDER` removes none.
make_dist = rm -rf $(BUILD)/dist && sh packaging/dist/dist.sh $(DIST) $(DIST_ARCHES)
release_time = $${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)}

.PHONY: rpm image dist deps-rpm deps-dist

rpm: deps-rpm ## An RPM for RHEL, Fedora, Amazon Linux and SUSE, in build/rpm
	$(Q)$(MAKE) --no-print-directory static-build all man completions
	$(Q)sh packaging/rpm/rpm.sh $(BUILD) $(STATIC)/portclash $(ARCH) $(BUILD)/rpm

image: deps-static ## A container image for docker load and podman load, made without either
	$(Q)$(MAKE) --no-print-directory static-build
	$(Q)python3 packaging/container/image.py $(IMAGE) "$$(sh packaging/version.sh)" \
		"$$(git rev-parse HEAD)" "$(release_time)" "$(ARCH)=$(STATIC)/portclash"
	$(Q)echo $(IMAGE)

dist: deps-dist ## All files of a release, in build/dist: the same bytes wherever it is built
	$(Q)$(make_dist)

deps-rpm: deps-static
	$(Q)sh tests/package/install-deps.sh rpm

deps-dist: deps-static $(addprefix deps-,$(filter-out $(NATIVE_ARCH),$(DIST_ARCHES)))
	$(Q)sh tests/package/install-deps.sh deb rpm
