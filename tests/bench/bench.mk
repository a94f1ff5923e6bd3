# Programs that `make bench` runs under the recorder: plain programs, nothing of ours in them.

BENCH_TARGETS_C := $(patsubst tests/bench/targets/%.c,$(B)/bench/targets/%,\
	$(sort $(wildcard tests/bench/targets/*.c)))
BENCH_TARGETS_CXX := $(patsubst tests/bench/targets/%.cpp,$(B)/bench/targets/%,\
	$(sort $(wildcard tests/bench/targets/*.cpp)))
BENCH_TARGETS_RUST := $(patsubst tests/bench/targets/%.rs,$(B)/bench/targets/%,\
	$(sort $(wildcard tests/bench/targets/*.rs)))

$(BENCH_TARGETS_C): $(B)/bench/targets/%: tests/bench/targets/%.c tests/bench/targets/bench.h tests/bench/targets/fork_loop.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -pthread -D_GNU_SOURCE= -I. $(WARNINGS) -o $@ $<

$(BENCH_TARGETS_CXX): $(B)/bench/targets/%: tests/bench/targets/%.cpp
	@mkdir -p $(@D)
	$(CXX) -std=gnu++20 -O2 -g -pthread -Wall -Wextra -Wshadow -o $@ $<

# The clock of the Python programs, which load it themselves.
BENCH_CLOCK := $(B)/bench/targets/libclock.so

$(BENCH_CLOCK): tests/bench/targets/python/clock.c tests/bench/targets/bench.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -fPIC -shared -D_GNU_SOURCE= -I. $(WARNINGS) -o $@ $<

# A rustc that cannot build (no standard library, no linker) is a line of the table that says so.
$(BENCH_TARGETS_RUST): $(B)/bench/targets/%: tests/bench/targets/%.rs
	@mkdir -p $(@D)
	@if ! echo 'fn main() {}' | MAKEFLAGS= $(RUSTC) -o $@ - 2>/dev/null; then \
	echo "not built: $@ (no working $(RUSTC))"; fi
	if [ -f $@ ]; then MAKEFLAGS= $(RUSTC) --edition 2021 -g -O -o $@ $<; fi

bench: $(BENCH_CLOCK) $(BENCH_TARGETS_C) $(BENCH_TARGETS_CXX) $(BENCH_TARGETS_RUST)
