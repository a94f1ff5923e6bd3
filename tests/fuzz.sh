#!/bin/bash
# Fuzzes the readers of untrusted files (TAP): each tests/fuzz/NAME.c has an LLVMFuzzerTestOneInput
# and was built with libFuzzer, ASan and UBSan to DIR/fuzz/NAME. A fixed seed and a fixed number of
# inputs make the short run the same run everywhere; `make fuzz-parser` goes on for FUZZ_SECONDS.
# Seeds are tests/fuzz/NAME.seeds/ and words tests/fuzz/NAME.dict. What crashes is left in DIR/fuzz/crashes.

cd "$(dirname "$0")/.." || exit 1
build=${FRONTRUN_BUILD:-build}
mkdir -p "$build/fuzz/crashes"

sources=(tests/fuzz/*.c)
if [ ! -e "${sources[0]}" ]; then
	echo "1..0 # SKIP no fuzz targets"
	exit 0
fi
if ! command -v clang >/dev/null; then
	echo "1..0 # SKIP no clang with libFuzzer"
	exit 0
fi

n=0
for source in "${sources[@]}"; do
	name=$(basename "$source" .c)
	n=$((n + 1))
	if [ ! -x "$build/fuzz/$name" ]; then
		echo "ok $n - $name # SKIP no clang with libFuzzer"
		continue
	fi
	corpus=$build/fuzz/$name.corpus
	mkdir -p "$corpus"
	seeds=()
	[ ! -d "tests/fuzz/$name.seeds" ] || seeds=("tests/fuzz/$name.seeds")
	dict=()
	[ ! -f "tests/fuzz/$name.dict" ] || dict=(-dict="tests/fuzz/$name.dict")
	if [ -n "${FUZZ_SECONDS:-}" ]; then
		how=(-max_total_time="$FUZZ_SECONDS" "$corpus")
	else
		# A throw-away corpus: what an earlier run found does not change this one.
		rm -rf "$corpus.short" && mkdir "$corpus.short"
		how=(-seed=1 -runs="${FUZZ_RUNS:-10000}" "$corpus.short")
	fi
	if said=$("$build/fuzz/$name" -rss_limit_mb=1024 -timeout=25 -max_len=65536 -verbosity=0 \
		-print_final_stats=1 -artifact_prefix="$build/fuzz/crashes/$name-" \
		"${dict[@]}" "${how[@]}" "${seeds[@]}" 2>&1); then
		echo "ok $n - $name"
		sed -n 's/^stat::number_of_executed_units: */# inputs: /p' <<<"$said"
	else
		echo "not ok $n - $name"
		tail -60 <<<"$said" | sed 's/^/# /'
	fi
done
echo "1..$n"
