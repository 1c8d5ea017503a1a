# SPDX-License-Identifier: GPL-2.0-only
# Build, test, demonstrate and measure portclash. `make help` lists what there is.

BUILD ?= build
ifeq ($(origin CC),default)
CC = gcc
endif
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
CFLAGS ?= -O2 -g
LDFLAGS ?=
Q = $(if $(V),,@)

WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror
BPF_ARCH = $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
BPF_CFLAGS = -target bpf -g -O2 -mcpu=v3 -Wall -Werror -D__TARGET_ARCH_$(BPF_ARCH) \
	-ffile-prefix-map=$(CURDIR)=. -Iinclude -Ivmlinux
USER_CFLAGS = -std=gnu17 $(WARN) -D_GNU_SOURCE -Iinclude -Iuser -I$(BUILD) -MMD -MP
LDLIBS = -lbpf -lelf -lz -ljansson -lyaml -lcap -lseccomp

# What is pure, and what touches the machine but not BPF: all that unit tests link.
CORE_SOURCES = $(wildcard user/core/*.c)
HOST_SOURCES = $(wildcard user/host/*.c user/out/*.c)
MAIN_SOURCES = user/main.c $(wildcard user/cmd/*.c user/watch/*.c user/bpf/*.c)
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all
all: $(BUILD)/portclash ## Build build/portclash (the default)

$(BUILD)/portclash: $(call objects,$(CORE_SOURCES) $(HOST_SOURCES) $(MAIN_SOURCES))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(USER_CFLAGS) -c $< -o $@

$(BUILD)/user/bpf/loader.o: $(BUILD)/portclash.skel.h
$(BUILD)/user/bpf/who.o: $(BUILD)/who.skel.h

# The page of the manual that `portclash explain` prints.
$(BUILD)/user/out/manual.o $(BUILD)/asan/user/out/manual.o: $(BUILD)/causes.inc

$(BUILD)/causes.inc: docs/causes.md user/out/manual.sh
	@mkdir -p $(@D)
	$(Q)sh user/out/manual.sh $< > $@.tmp
	$(Q)mv $@.tmp $@

$(BUILD)/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h vmlinux/*.h include/portclash/*.h)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/%.skel.h: $(BUILD)/%.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@.tmp
	$(Q)mv $@.tmp $@

include tests/tests.mk
include tests/bench/bench.mk
include packaging/install.mk

.PHONY: deps
deps: ## Install what building and testing need (Debian, Ubuntu)
	$(Q)sh packaging/install-deps.sh

.PHONY: demo
demo: deps ## Set up, stage a true port theft, show the verdict, clean up
	$(Q)$(MAKE) --no-print-directory all $(BUILD)/tests/live/demo
	$(Q)sh tests/live/demo.sh $(BUILD)

.PHONY: format
format: ## Format all C files in place
	$(Q)clang-format -i $(C_FILES)

C_FILES = $(shell find bpf include user tests vmlinux -name '*.[ch]')

.PHONY: compile_commands.json
compile_commands.json: ## For editors and clang-tidy
	$(Q)$(MAKE) -s clean && bear -- $(MAKE) -s all

.PHONY: clean
clean: ## Remove what was built
	$(Q)rm -rf $(BUILD)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z_.-]+:.*## ' $(MAKEFILE_LIST) | sort | \
		awk -F ':.*## ' '{ printf "  %-22s %s\n", $$1, $$2 }'

-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -type f -name '*.d' -print 2>/dev/null)
