# SPDX-License-Identifier: GPL-2.0-only
# The bench: what the monitor costs, beside empty programs on the same hooks (the floor).
# Included by the top Makefile; BENCH_FLAGS="--rounds 15 --seconds 4" for a surer answer.

BENCH = $(BUILD)/tests/bench
BENCH_CFLAGS = $(CFLAGS) -D_GNU_SOURCE -Iuser -Iinclude -I$(BUILD)
BENCH_HEADERS = $(wildcard tests/bench/*.h)
BENCH_RUN = $(addprefix tests/bench/,run.c child.c report.c spread.c summary.c)
BENCH_SOAK = $(addprefix tests/bench/,soak.c child.c collision.c collision_judge.c spread.c summary.c)
BENCH_COLLIDE = $(addprefix tests/bench/,collide.c collision.c collision_judge.c)
BENCH_LOADS = $(addprefix tests/bench/,loads.c monitor.c)
BENCH_ATTACH = $(addprefix user/bpf/,attach.c backend.c cgroup_root.c detached.c lockdown.c preemption.c tracefs.c) \
	user/core/config/backends.c user/core/config/needs.c user/core/config/support.c

.PHONY: bench bench-costs check-costs bench-history bench-top bench-tools bench-instructions bench-requests bench-scale bench-soak bench-real deps-real bench-instructions-build

bench: bench-tools $(BUILD)/portclash ## Cost of the monitor: speed, CPU, memory, losses
	$(BENCH)/run $(BENCH_FLAGS) $(BUILD)/portclash agent --config none

bench-soak: $(BENCH)/soak $(BENCH)/connect_rate $(BUILD)/portclash ## Ten minutes at full speed: all named, none lost, memory flat
	$(BENCH)/soak $(BENCH_FLAGS) $(BUILD)/portclash agent --config none --textfile $(BENCH)/soak.prom

bench-history: $(BUILD)/portclash ## A history of a million lines, beside jq: time and memory
	@mkdir -p $(BENCH)
	$(Q)python3 tests/bench/history.py $(BUILD)/portclash $(BENCH) $(BENCH_LINES)

# Servers, their data and the agent are in namespaces and a folder of their own; BENCH_FLAGS="--load redis --pairs 30".
bench-real: deps-real $(BENCH)/collide $(BUILD)/portclash ## Beside nginx, haproxy, unbound, redis, PostgreSQL: CPU a request (root)
	$(Q)unshare --net --mount env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 tests/bench/real.py \
		$(or $(BENCH_FLAGS),--write tests/bench/RESULTS.md) $(BUILD)/portclash $(BENCH)/collide $(BENCH)/real

deps-real: deps
	$(Q)sh tests/bench/install-real-deps.sh

bench-top: $(BUILD)/portclash ## Processor time of the live screen beside that of trace (root)
	$(Q)unshare --net python3 tests/bench/top.py $(BUILD)/portclash

bench-tools: $(BENCH)/run $(BENCH)/floor $(BENCH)/connect_rate

# In QEMU, where the clock counts instructions; BENCH_FLAGS="--kernel bookworm --load connect4".
bench-instructions: deps-kernels ## Cost in instructions: every kernel and back end, and peers
	$(Q)sh tests/bench/install-deps.sh
	$(Q)$(MAKE) --no-print-directory bench-instructions-build
	$(Q)sh tests/bench/instructions.sh \
		$(or $(BENCH_FLAGS),--write tests/bench/RESULTS.md) $(STATIC)

# The first load fills the tables of portclash, so that none of the others makes them grow.
bench-requests: deps-kernels deps-real ## Cost of a request to nginx, haproxy, redis, in instructions, and with peers
	$(Q)$(MAKE) --no-print-directory bench-instructions-build
	$(Q)sh tests/bench/instructions.sh --kernel bookworm --backend fentry,tracepoint --setup $(REQUESTS_SETUPS) \
		--load fill,real-nginx,real-haproxy,real-redis --rounds 1000 \
		$(or $(BENCH_FLAGS),--write tests/bench/RESULTS.md) $(STATIC)

REQUESTS_SETUPS = none,floor,portclash,tcpconnect,tcplife,bindsnoop

# One kernel and back end: what grows does so everywhere.
bench-scale: deps-kernels ## How the cost grows with sockets, namespaces, processes, holders
	$(Q)$(MAKE) --no-print-directory bench-instructions-build
	$(Q)sh tests/bench/instructions.sh --scale all --kernel trixie \
		$(or $(BENCH_FLAGS),--write tests/bench/RESULTS.md) $(STATIC)

# One guest, less than a minute of a processor. Instructions do not mind what else runs on the machine. The guest is of
# x86-64.
COSTS_SUITES = $(if $(filter amd64,$(ARCH)),'sh tests/bench/costs.sh $(STATIC)')

bench-costs: deps-kernels ## Write anew what a few loads may cost (tests/bench/costs)
	$(Q)$(MAKE) --no-print-directory bench-instructions-build
	$(Q)sh tests/bench/costs.sh --update $(STATIC)

check-costs: deps-kernels ## Has portclash become dearer than tests/bench/costs says? In instructions
	$(Q)$(MAKE) --no-print-directory bench-instructions-build
	$(Q)$(RUN_SUITES) --limit 1800 $(COSTS_SUITES)

bench-instructions-build: $(addprefix $(STATIC)/,portclash floor loads asks stage)

# On the hooks of the monitor, whatever they are: on others it would measure nothing.
$(BUILD)/floor.bpf.c: tests/bench/floor.awk $(wildcard bpf/*.bpf.c bpf/*.bpf.h)
	@mkdir -p $(@D)
	$(Q)awk -f $(filter-out bpf/guard.bpf.c,$^) > $@

$(BUILD)/floor.bpf.o: $(BUILD)/floor.bpf.c $(wildcard vmlinux/*.h)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(BUILD)/floor.skel.h: $(BUILD)/floor.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name floor_bpf > $@.tmp
	$(Q)mv $@.tmp $@

$(BENCH)/floor: tests/bench/floor.c $(BENCH_ATTACH) $(BUILD)/floor.skel.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(filter %.c,$^) $(LDFLAGS) -o $@ $(LDLIBS)

$(STATIC)/floor: tests/bench/floor.c $(BENCH_ATTACH) $(BUILD)/floor.skel.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(filter %.c,$^) $(STATIC_LDFLAGS) -o $@ $(STATIC_LDLIBS)

$(STATIC)/loads: $(BENCH_LOADS) tests/bench/loads.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(WARN) $(BENCH_LOADS) $(STATIC_LDFLAGS) -o $@

$(STATIC)/asks: tests/bench/asks.c tests/bench/monitor.c tests/bench/loads.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(WARN) $(filter %.c,$^) $(STATIC_LDFLAGS) -o $@

$(STATIC)/stage: tests/bench/stage.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(WARN) $< $(STATIC_LDFLAGS) -o $@

$(BENCH)/connect_rate: tests/bench/connect_rate.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $< $(LDFLAGS) -o $@ -pthread

$(BENCH)/run: $(BENCH_RUN) $(BENCH_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(BENCH_RUN) $(LDFLAGS) -o $@ $(LDLIBS)

$(BENCH)/collide: $(BENCH_COLLIDE) tests/bench/collision.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(WARN) $(BENCH_COLLIDE) $(LDFLAGS) -o $@ $(LDLIBS)

$(BENCH)/soak: $(BENCH_SOAK) $(BENCH_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_CFLAGS) $(WARN) $(BENCH_SOAK) $(LDFLAGS) -o $@ $(LDLIBS) -lm
