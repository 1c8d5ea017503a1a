# SPDX-License-Identifier: GPL-2.0-only
# Build, test, demonstrate and measure portclash. `make help` lists what there is.

include packaging/arch.mk

ifeq ($(origin CC),default)
CC = $(CROSS)gcc
endif
CLANG ?= clang
BPFTOOL ?= $(shell command -v bpftool || echo /usr/sbin/bpftool)
CFLAGS ?= -O2 -g
LDFLAGS ?=
Q = $(if $(V),,@)

WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror
BPF_CFLAGS = -target bpf -g -O2 -mcpu=v3 -Wall -Werror -D__TARGET_ARCH_$(BPF_ARCH) \
	-ffile-prefix-map=$(CURDIR)=. -Iinclude -Ivmlinux
# No path of the build machine is in the binary: the same source makes the same bytes in each folder.
USER_CFLAGS = -std=gnu17 $(WARN) -D_GNU_SOURCE -ffile-prefix-map=$(CURDIR)=. -Iinclude -Iuser -I$(BUILD) -MMD -MP
LDLIBS = -lbpf -lelf -lz -ljansson -lyaml -lcap -lseccomp \
	$(shell $(PKG_CONFIG) --libs-only-l ncursesw 2>/dev/null || echo -lncursesw -ltinfo)

# All sources that unit tests link: pure ones, and those that touch the machine but not BPF.
CORE_SOURCES = $(wildcard user/core/*/*.c)
HOST_SOURCES = $(wildcard user/host/*.c user/out/*.c user/cure/*.c user/top/*.c)
MAIN_SOURCES = user/main.c $(wildcard user/cmd/*.c user/term/*.c user/watch/*.c user/look/*.c user/guard/*.c user/bpf/*.c)
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
$(BUILD)/user/bpf/guard.o: $(BUILD)/guard.skel.h

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
	$(Q)$(if $(CROSS),sh packaging/install-cross-deps.sh $(ARCH))

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

-include $(shell find $(BUILD) \( $(patsubst %,-path $(BUILD)/% -o,deb native amd64) -path $(BUILD)/arm64 \) -prune -o -type f -name '*.d' -print 2>/dev/null)
