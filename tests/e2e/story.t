#!/bin/bash
# frontrun explain names the bug pattern of every corpus program, from the trace alone: what its .expect file calls it.
# At least nine of ten, whatever other switches a random schedule has beside those that matter.
. "$(dirname "$0")/../lib.sh"

LIMIT=${FRONTRUN_TEST_LIMIT:-30}
SCHEDULES=3

# The first sentence, on one line.
sentence() {
	"$FR" explain --last 0 --width 80 "$1" | sed '/^$/q' | tr '\n' ' '
}

# fails NAME PROGRAM: NAME.zst is a run of it that fails.
fails() {
	for ((seed = 1; seed <= 1000; seed++)); do
		fr record --strategy random --seed $seed -o "$1.zst" -- "$2"
		[ "$status" = 0 ] || return
	done
	fail "$1: fails"
}

named=0 told=0 lines=0
wrong=()
for expect in "$ROOT"/corpus/*.expect; do
	name=$(basename "$expect" .expect)
	want=$(sed -n 's/^story=//p' "$expect")
	[ -n "$want" ] || continue
	steps=$(sed -n 's/^steps=//p' "$expect")
	found=0
	for ((seed = 1; seed <= 1000 && found < SCHEDULES; seed++)); do
		fr record --strategy random --seed $seed ${steps:+--steps $steps} -o "$name.zst" -- "$B/corpus/$name"
		[ "$status" != 0 ] || continue
		found=$((found + 1)) told=$((told + 1))
		got=$(sentence "$name.zst")
		if [[ ${got,,} == "${want,,}: "* ]]; then
			named=$((named + 1))
		else
			wrong+=("$name, seed $seed: expected \"$want\", got: $got")
		fi
		n=$("$FR" explain --last 0 --width 80 "$name.zst" | sed '/^  replay:  /,$d' | wc -l)
		[ "$n" -le "$lines" ] || lines=$n
		widest=$("$FR" explain --last 0 --width 80 "$name.zst" | sed '/preemption.* minimised$/,$d' |
			awk '{ if (length($0) > n) n = length($0) } END { print n + 0 }')
		[ "$widest" -le 80 ] || wide="$wide $name:$widest"
	done
	is "$name: fails in $SCHEDULES schedules" "$found" "$SCHEDULES"
done
diag "named as expected: $named of $told" "${wrong[@]}"
ok "at least nine of ten stories have the expected name" [ $((named * 10)) -ge $((told * 9)) ]
ok "a story with its detail is short" [ "$lines" -le 60 ]
is "a story fits into 80 columns" "$wide" ""

# Other names, the same bug: the name of the pattern does not come from them, but they are in the sentence.
sed 's/savings/vault/g; s/checking/purse/g; s/account_read/peek/g; s/account_write/poke/g' "$ROOT/corpus/bank.c" >renamed.c
cc -g -O0 -pthread -o renamed renamed.c
fails renamed ./renamed
like "renamed: the pattern, the new names" "$(sentence renamed.zst)" \
	'^Lost update: T[23] "(alice|bob)" and T[23] "(alice|bob)" both read under (vault|purse)\.lock at peek .* at poke '
like "renamed: the source" "$("$FR" explain renamed.zst)" '^ *int balance = account->balance;$'
# The same trace where the source is not: places, no lines of source, the same name.
mv renamed.c gone.c
like "no source: the pattern" "$(sentence renamed.zst)" '^Lost update: '
unlike "no source: no source" "$("$FR" explain renamed.zst)" 'int balance'
like "no source: the place" "$("$FR" explain renamed.zst)" '  renamed\.c:17-19$'

# What comes in the second critical section is no write back of what was read in the first: a near miss.
sed 's/account->balance = balance;/account->balance += balance;/
	s/account_write(&savings, account_read(&savings) - cents)/if (account_read(\&savings) >= 95) account_write(\&savings, -cents)/
	s/account_write(&checking.*/;/
	s/savings.balance != 70.*{/savings.balance < 75) {/' "$ROOT/corpus/bank.c" >check.c
cc -g -O0 -pthread -o check check.c
fails check ./check
like "a look and a change in place: check then act" "$(sentence check.zst)" \
	'^Check then act: .* both looked under savings\.lock at account_read .* before either acted at account_write '

# The locks of a deadlock the other way round.
sed 's/transfer(back ? &bob : &alice, back ? &alice : &bob)/transfer(back ? \&alice : \&bob, back ? \&bob : \&alice)/' \
	"$ROOT/corpus/abba_deadlock.c" >swapped.c
cc -g -O0 -pthread -I "$ROOT/corpus" -o swapped swapped.c
fails swapped ./swapped
"$FR" explain --last 0 swapped.zst >swapped.out
like "swapped: who waits for what" "$(grep -A 1 'T2 (teller) waits' swapped.out)" 'T2 \(teller\) waits to lock alice\.lock'
"$FR" explain --last 0 abba_deadlock.zst >straight.out
like "not swapped: the other one" "$(grep -A 1 'T2 (teller) waits' straight.out)" 'T2 \(teller\) waits to lock bob\.lock'

# Where the lock is inlined from a header of the compiler the source is that of the program all the same.
if command -v "${CXX:-g++}" >/dev/null; then
	cat >stock.cc <<-EOF
		#include <mutex>
		#include <thread>
		static std::mutex mutex;
		static int stock = 10, counted;
		static int look()
		{
			std::lock_guard<std::mutex> lock(mutex);
			counted++;
			int left = stock;
			return left;
		}
		static void put(int left)
		{
			std::lock_guard<std::mutex> lock(mutex);
		#ifdef NEVER
			stock += left;
		#endif
			stock = left;
		}
		static void sell()
		{
			put(look() - 1);
		}
		int main()
		{
			std::thread one(sell), two(sell);
			one.join();
			two.join();
			return stock != 8;
		}
	EOF
	"${CXX:-g++}" -g -O2 -pthread -o stock stock.cc || fail "compile" "see above"
	fails stock ./stock
	"$FR" explain --last 0 stock.zst >stock.out
	like "inlined locks: the source of the program" "$(cat stock.out)" '^ *int left = stock;$'
	unlike "inlined locks: not that of the header, nor the preprocessor's" "$(cat stock.out)" 'gthr|#ifdef'
else
	skip "inlined locks" "no C++ compiler"
fi

done_testing
