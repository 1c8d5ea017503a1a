# SPDX-License-Identifier: GPL-2.0-only
# Man pages, completions, and where everything goes: make install, uninstall, deb. Included by
# the top Makefile. DESTDIR= is put before every path; UNITDIR= (empty) leaves the unit out.

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/portclash
UNITDIR ?= $(PREFIX)/lib/systemd/system
CATALOGDIR ?= $(PREFIX)/lib/systemd/catalog
# The version that will read the units; empty: any (SYSTEMD=254).
SYSTEMD ?= $(shell systemctl --version 2>/dev/null | awk 'NR == 1 { print $$2 }')
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
DATADIR ?= $(PREFIX)/share/portclash
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# The address of this tree on the web, to which alerts lead. A fork or a mirror has its own.
DOC_URL ?= https://github.com/portclash/portclash/blob/main

# The program that is installed: a package may have the static one, also of another architecture.
BINARY ?= $(BUILD)/portclash

PAGES = $(notdir $(wildcard packaging/man/*.in))
MAN = $(PAGES:%.in=$(BUILD)/man/%)
COMPLETIONS = $(addprefix $(BUILD)/completions/,portclash.bash _portclash portclash.fish)

CONFIG = $(SYSCONFDIR)/portclash/portclash.yaml
UNIT = $(UNITDIR)/portclash.service

# Links lead from one to another.
DOCUMENTS = README.md README.zh-CN.md CHANGELOG.md CONTRIBUTING.md ARCHITECTURE.md SECURITY.md \
	$(wildcard docs/*.md docs/*.svg docs/badges/*.svg docs/*.json docs/*.jsonl)

# Each MODE:SOURCE:DESTINATION; the configuration is not among them, it may be somebody's.
page_file = 644:$(1):$(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))
FILES = 755:$(BINARY):$(BINDIR)/portclash \
	$(foreach page,$(MAN),$(call page_file,$(page))) \
	644:$(BUILD)/completions/portclash.bash:$(BASHDIR)/portclash \
	644:$(BUILD)/completions/_portclash:$(ZSHDIR)/_portclash \
	644:$(BUILD)/completions/portclash.fish:$(FISHDIR)/portclash.fish \
	644:packaging/systemd/portclash.catalog:$(CATALOGDIR)/portclash.catalog \
	$(if $(UNITDIR),644:$(BUILD)/portclash.service:$(UNIT)) \
	$(if $(UNITDIR),644:$(BUILD)/portclash-guard.service:$(UNITDIR)/portclash-guard.service) \
	644:$(BUILD)/prometheus-rules.yml:$(DATADIR)/prometheus-rules.yml \
	644:packaging/grafana/portclash.json:$(DATADIR)/grafana-dashboard.json \
	$(foreach page,$(DOCUMENTS),644:$(page):$(DOCDIR)/$(page))

.PHONY: man completions rules install uninstall deb deps-deb

include packaging/dist/dist.mk

man: $(MAN) ## Man pages, made from the binary's option tables and docs/

rules: $(BUILD)/prometheus-rules.yml ## Alert rules for Prometheus; DOC_URL is where their runbooks are

completions: $(COMPLETIONS) ## For bash, zsh and fish, made from the option tables

# A cross build asks a build for this machine for its options.
ifneq ($(CROSS),)
ASKED = $(BUILD)/native/portclash
$(ASKED): FORCE
	$(Q)$(NATIVE_MAKE) $@
else
ASKED = $(BUILD)/portclash
endif

$(BUILD)/options.tsv: $(ASKED) packaging/options.sh
	$(Q)sh packaging/options.sh $< > $@.tmp
	$(Q)mv $@.tmp $@

# For man pages, which say where files are; older than they are unless PREFIX or the like changed.
$(BUILD)/installed.txt: FORCE
	@mkdir -p $(@D)
	$(Q)printf '%s\n' $(FILES) 644:packaging/prometheus/rules.yml:$(DATADIR)/prometheus-rules.yml > $@.tmp
	$(Q)if cmp -s $@.tmp $@; then rm $@.tmp; else mv $@.tmp $@; fi

$(BUILD)/man/%: packaging/man/%.in $(BUILD)/options.tsv packaging/man/page.awk \
		packaging/man/markdown.awk $(BUILD)/installed.txt $(DOCUMENTS)
	@mkdir -p $(@D)
	$(Q)awk -v pages="$(PAGES)" -v installed=$(BUILD)/installed.txt \
		-f packaging/man/page.awk $(BUILD)/options.tsv $< > $@

COMPLETE = awk -f packaging/completions/fill.awk -f

$(BUILD)/completions/%: packaging/completions/%.in $(BUILD)/options.tsv \
		$(wildcard packaging/completions/*.awk)
	@mkdir -p $(@D)
	$(Q)$(COMPLETE) packaging/completions/$(or $(patsubst .%,%,$(suffix $*)),zsh).awk \
		$(BUILD)/options.tsv $< > $@

# A unit says where the program is, and has only settings that this machine's systemd knows.
$(BUILD)/%.service: packaging/systemd/%.service packaging/systemd/unit.awk FORCE
	@mkdir -p $(@D)
	$(Q)awk -v bindir='$(BINDIR)' -v systemd='$(SYSTEMD)' -f packaging/systemd/unit.awk $< > $@

# An alert leads to a page that a browser can open.
$(BUILD)/prometheus-rules.yml: packaging/prometheus/rules.yml FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|runbook_url: docs/|runbook_url: $(subst &,\&,$(DOC_URL))/docs/|' $< > $@

.PHONY: FORCE
FORCE:

install: all man completions $(BUILD)/portclash.service $(BUILD)/portclash-guard.service \
		$(BUILD)/prometheus-rules.yml ## Install under PREFIX (/usr/local), as root
	$(Q)for file in $(FILES); do \
		to=$${file##*:}; from=$${file#*:}; \
		install -D -m "$${file%%:*}" "$${from%%:*}" "$(DESTDIR)$$to" || exit; \
	done
	$(Q)[ -e "$(DESTDIR)$(CONFIG)" ] || \
		install -D -m 644 packaging/portclash.yaml "$(DESTDIR)$(CONFIG)"
	$(Q)$(update_catalog)

# The catalog is behind `journalctl -x`; a package leaves it to the system's own trigger.
update_catalog = [ -n "$(DESTDIR)" ] || ! command -v journalctl >/dev/null || \
	journalctl --update-catalog || true

# A configuration that was changed stays. Without DESTDIR the service is ended first.
uninstall: ## Remove what `make install` installed; nothing is left running
	$(Q)[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || \
		[ ! -e "$(UNIT)" ] || systemctl disable --now portclash.service portclash-guard.service
	$(Q)for file in $(FILES); do rm -f "$(DESTDIR)$${file##*:}"; done
	$(Q)! cmp -s packaging/portclash.yaml "$(DESTDIR)$(CONFIG)" || rm "$(DESTDIR)$(CONFIG)"
	$(Q)rmdir "$(DESTDIR)$(DOCDIR)/docs/badges" "$(DESTDIR)$(DOCDIR)/docs" "$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(DATADIR)" \
		"$(dir $(DESTDIR)$(CONFIG))" 2>/dev/null || true
	$(Q)[ -n "$(DESTDIR)" ] || [ ! -d /run/systemd/system ] || systemctl daemon-reload
	$(Q)$(update_catalog)

deps-deb: deps
	$(Q)sh tests/package/install-deps.sh deb $(if $(CROSS),$(ARCH))

deb: deps-deb ## A Debian package, in build/deb (ARCH=arm64: in build/arm64/deb)
	$(Q)rm -rf $(BUILD)/deb
	$(Q)sh packaging/deb.sh $(BUILD)/deb $(ARCH)
