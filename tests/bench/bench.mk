# SPDX-License-Identifier: GPL-2.0-only
# The bench: what the monitor costs, beside empty programs on the same hooks (the floor).
# Included by the top Makefile; BENCH_FLAGS="--rounds 15 --seconds 4" for a surer answer.

BENCH = $(BUILD)/tests/bench
BENCH_CFLAGS = $(CFLAGS) -D_GNU_SOURCE -Iuser -Iinclude -I$(BUILD)
BENCH_HEADERS = $(wildcard tests/bench/*.h)
BENCH_RUN = $(addprefix tests/bench/,run.c child.c report.c spread.c summary.c)
BENCH_ATTACH = $(addprefix user/bpf/,attach.c cgroup_root.c detached.c tracefs.c)

# The hooks that a file of BPF programs attaches for good (iterators and sweeps are run at will).
bench_hooks = $(shell grep -ohE 'SEC."(tp_btf|tracepoint|cgroup)/[^"]*"' $(1) | sort)

.PHONY: bench bench-hooks bench-tools

bench: bench-hooks bench-tools $(BUILD)/portclash ## Cost of the monitor: speed, CPU, memory, losses
	$(BENCH)/run $(BENCH_FLAGS) $(BUILD)/portclash agent --config none

bench-tools: $(BENCH)/run $(BENCH)/floor $(BENCH)/connect_rate

# A floor on other hooks would measure nothing.
bench-hooks:
	@test '$(call bench_hooks,bpf/portclash.bpf.c)' = '$(call bench_hooks,tests/bench/floor.bpf.c)' || \
		{ echo 'tests/bench/floor.bpf.c has not the hooks of bpf/portclash.bpf.c' >&2; exit 1; }

$(BUILD)/floor.bpf.o: tests/bench/floor.bpf.c $(wildcard vmlinux/*.h)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/floor.skel.h: $(BUILD)/floor.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name floor_bpf > $@.tmp
	$(Q)mv $@.tmp $@

$(BENCH)/floor: tests/bench/floor.c $(BENCH_ATTACH) $(BUILD)/floor.skel.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(filter %.c,$^) $(LDFLAGS) -o $@ $(LDLIBS)

$(BENCH)/connect_rate: tests/bench/connect_rate.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $< $(LDFLAGS) -o $@ -pthread

$(BENCH)/run: $(BENCH_RUN) $(BENCH_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(BENCH_RUN) $(LDFLAGS) -o $@ $(LDLIBS)
