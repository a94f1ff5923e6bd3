# Tests. `make test` needs no root and no network and installs nothing; what this machine lacks is
# a named skip. The last line is always `N passed, M failed, K skipped`.

UNIT_PROGRAMS := $(UNIT_TESTS:tests/unit/%.c=$(B)/unit/%)
UNIT_HELPER_OBJS := $(UNIT_HELPERS:%.c=$(B)/obj/cli/%.o)
# Programs that end-to-end tests and the demo run; tests/targets and corpus add to it.
TEST_PROGRAMS ?=
RUN := $(PYTHON) tests/run --build $(B)

.PHONY: demo check deps test test-unit test-e2e test-programs unit-programs bench bench-full lint format readme-tables \
	sanitize fuzz-parser fuzz-programs bench-programs

demo: deps ## install what is missing, build, record a bank program, show and replay it
	@$(MAKE) --no-print-directory all $(B)/corpus/bank
	@tests/demo.sh $(B)

check: deps ## make deps + make test
	@$(MAKE) --no-print-directory test

deps: ## install the missing Debian packages (root or sudo, else prints the line to run)
	@B='$(B)' mk/deps.sh

test: all unit-programs test-programs fuzz-programs ## build and run every test
	@$(RUN) $(TESTS)

test-unit: unit-programs ## run the unit tests
	@$(RUN) unit/

test-e2e: all test-programs ## run the end-to-end tests
	@$(RUN) e2e/

lint: all ## check house rules (includes, headers, tables, formatting)
	@$(RUN) lint

unit-programs: $(UNIT_PROGRAMS)
test-programs: $(TEST_PROGRAMS)

$(B)/unit/%: $(B)/obj/cli/tests/unit/%.o $(UNIT_HELPER_OBJS) $(B)/libruntime-unit.a \
		$(B)/libfrontrun-cli.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SAN_FLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lcmocka $(CLI_LIBS)

-include $(wildcard $(UNIT_TESTS:%.c=$(B)/obj/cli/%.d) $(UNIT_HELPERS:%.c=$(B)/obj/cli/%.d))

sanitize: ## build the CLI with ASan and UBSan in build/san and run the unit tests with it
	@$(MAKE) --no-print-directory B=build/san SANITIZE=1 all test-unit

# libFuzzer comes with clang and is not everywhere: without it the fuzz tests are skipped.
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=undefined
FUZZ_PROGRAMS := $(FUZZ_TESTS:tests/fuzz/%.c=$(B)/fuzz/%)
FUZZ_OBJS := $(FUZZ_LIB_SRCS:%.c=$(B)/obj/fuzz/%.o)

fuzz-programs:
	@if printf 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9; }' | \
		$(CLANG) -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null; then \
		$(MAKE) --no-print-directory $(FUZZ_PROGRAMS); \
	fi

$(B)/fuzz/%: $(B)/obj/fuzz/tests/fuzz/%.o $(FUZZ_OBJS)
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(CLI_LIBS)

$(B)/obj/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(COMMON) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

-include $(wildcard $(FUZZ_OBJS:.o=.d) $(FUZZ_TESTS:%.c=$(B)/obj/fuzz/%.d))

FUZZ_SECONDS ?= 600
fuzz-parser: fuzz-programs ## fuzz the trace reader for FUZZ_SECONDS (default 600)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FRONTRUN_BUILD=$(B) tests/fuzz.sh

BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(B)/bench/%,$(sort $(wildcard tests/bench/*.c)))
bench-programs: $(BENCH_PROGRAMS)

$(B)/bench/%: $(B)/obj/cli/tests/bench/%.o $(B)/libfrontrun-cli.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

-include $(wildcard $(BENCH_PROGRAMS:$(B)/bench/%=$(B)/obj/cli/tests/bench/%.d))

bench: all test-programs bench-programs ## measure what the README claims
	@tests/bench/run --build $(B)

bench-full: all test-programs ## measure all cells of the search (hours, resumable)
	@tests/bench/full --build $(B)

readme-tables: ## put the tables of options and exit statuses into README.md
	@mk/readme-tables.sh

format: ## reformat the C sources with clang-format
	@clang-format -i $$(git ls-files '*.c' '*.h')
