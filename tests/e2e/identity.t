#!/bin/bash
# What an object is called: the same in every schedule and at every address where the program says what it
# is (static storage, initialisation), and never the name of something else that was at this address before.
. "$(dirname "$0")/../lib.sh"

# recorded NAME SEED COMMAND...
recorded() {
	local trace=$1 seed=$2
	shift 2
	fr record --strategy random --seed "$seed" -o "$trace" -- "$@"
	[ "$status" = 0 ] || fail "$trace: record" "status $status" "$err"
}

# ids TRACE: of the objects that have a name for every schedule, with kind and name.
ids() {
	zstdcat -q "$1" | jq -r 'select(.object and (.provisional | not)) | [.id, .kind, .name] | join(" ")' |
		LC_ALL=C sort
}

# uses TRACE KIND: how often each object was used so: "ID N".
uses() {
	zstdcat -q "$1" | jq -nr --arg kind "$2" 'reduce inputs as $line ({};
		if $line.object then .id[$line.object | tostring] = $line.id
		elif $line.e == $kind and ($line.p | not) then .n[.id[$line.o | tostring]] += 1
		else . end) | .n // {} | to_entries[] | "\(.key) \(.value)"' | LC_ALL=C sort
}

# repeated TRACE: ids that two objects have.
repeated() {
	zstdcat -q "$1" | jq -r 'select(.object) | [.object, .id] | join(" ")' | sort -u | cut -d ' ' -f 2- |
		sort | uniq -d
}

# reborn TRACE: initialisations of something that was used or initialised before.
reborn() {
	zstdcat -q "$1" | jq -nr 'reduce inputs as $line ({seen: {}, bad: []};
		if $line.e and $line.o and ($line.p | not) then
			(if ($line.e | endswith("_init")) and .seen[$line.o | tostring]
			then .bad += [$line.o] else . end)
			| .seen[$line.o | tostring] = true
		else . end) | .bad[]'
}

#
# The same in every schedule
#
for target in "contended 100" "all_primitives 3" "mutex" "rwlock 20" "c11_threads 20" "cxx_sync 20"; do
	name=${target%% *}
	for seed in 1 2 3; do
		recorded "$name.$seed.zst" $seed "$B"/targets/$target
		ids "$name.$seed.zst" >"$name.$seed.ids"
		is "$name, seed $seed: no two objects have one id" "$(repeated "$name.$seed.zst")" ""
	done
	ok "$name: there are objects" grep -q 'mutex\|rwlock' "$name.1.ids"
	isnt "$name: the schedules differ" "$(info "$name.1.zst" hb_hash)" "$(info "$name.2.zst" hb_hash)"
	same_file "$name: the ids of seeds 1 and 2" "$name.1.ids" "$name.2.ids"
	same_file "$name: the ids of seeds 1 and 3" "$name.1.ids" "$name.3.ids"
done
# And they mean the same: how often each of the sixteen is locked does not depend on the schedule.
uses contended.1.zst mutex_lock >contended.1.uses
uses contended.2.zst mutex_lock >contended.2.uses
is "contended: sixteen mutexes" "$(wc -l <contended.1.uses)" 16
same_file "contended: each is locked as often with another seed" contended.1.uses contended.2.uses
is "contended: called by where they are" "$(grep -c '^contended+0x' contended.1.uses)" 16

#
# Where memory is somewhere else each time
#
refuse=$ROOT/tests/refuse_personality.py
if have python3 && "$refuse" true; then
	run "$refuse" "$FR" record --strategy random --seed 1 -o moved.zst -- "$B/targets/all_primitives" 3
	ids moved.zst >moved.ids
	is "addresses at random" "$(zstdcat -q moved.zst | head -n 1 | jq .addresses_fixed)" false
	same_file "addresses at random: the ids" all_primitives.1.ids moved.ids
else
	skip "addresses at random" "no python3 with libseccomp, or no randomisation here"
fi

#
# An address that is used again is a new object
#
for seed in 1 2 3; do
	trace=address_reuse.$seed.zst
	recorded $trace $seed "$B/targets/address_reuse"
	is "initialised again, seed $seed: no two objects have one id" "$(repeated $trace)" ""
	is "initialised again, seed $seed: each time a new object" "$(reborn $trace)" ""
	# The first hundred of each lane, used once each: the rest depends on which thread comes last.
	uses $trace mutex_lock | grep -E '^1\.[1-4]/mutex\.([1-9]|[1-9][0-9]|100) ' >address_reuse.$seed.uses
	is "initialised again, seed $seed: a hundred for each thread, each used once" \
		"$(cut -d ' ' -f 2 address_reuse.$seed.uses | uniq -c | xargs)" "400 1"
	same_file "initialised again, seed $seed: called as with seed 1" \
		address_reuse.1.uses address_reuse.$seed.uses
	isnt "initialised again, seed $seed: and they shared addresses" \
		"$(zstdcat -q $trace | jq -r 'select(.kind == "mutex") | .address' | sort | uniq -c |
			awk '$1 >= 100' | wc -l)" 0
done
for seed in 1 2 3; do
	trace=cxx_address_reuse.$seed.zst
	recorded $trace $seed "$B/targets/cxx_address_reuse"
	is "std::mutex, seed $seed: no two objects have one id" "$(repeated $trace)" ""
	# A hundred on the heap, of which five stay; no more than a few addresses, freed by any thread.
	is "std::mutex, seed $seed: each on the heap is locked by one thread only" "$(zstdcat -q $trace |
		jq -nr 'reduce inputs as $line ({object: {}, by: {}};
			if $line.object and $line.kind == "mutex" and ($line.address | startswith("0x7fffffff") | not)
			then .object[$line.object | tostring] = $line.id
			elif $line.e == "mutex_lock" and ($line.p | not) and .object[$line.o | tostring]
			then .by[.object[$line.o | tostring]] += [$line.l]
			else . end) | [.by[] | select(length != 1)] | length')" 0
	is "std::mutex, seed $seed: a hundred of them" "$(zstdcat -q $trace |
		jq -r 'select(.kind == "mutex" and (.address | startswith("0x7fffffff") | not)) | .id' |
		sort -u | wc -l)" 100
done

# Memory that comes back without any call that says so: one mutex a round, in zeroed memory.
cc=${CC:-gcc}
if have "$cc"; then
	cat >again.c <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void use(void *memory)
{
	pthread_mutex_lock(memory);
	pthread_mutex_unlock(memory);
}

static void *nothing(void *argument)
{
	return argument;
}

static void *on_stack(void *argument)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	use(&mutex);
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int i;

	(void)argc;
	pthread_create(&thread, NULL, nothing, NULL);
	pthread_join(thread, NULL);
	for (i = 0; i < 50; i++) {
		void *memory = NULL;

		if (!strcmp(argv[1], "malloc")) {
			use(memory = calloc(1, 64));
			free(memory);
		} else if (!strcmp(argv[1], "realloc")) {
			memory = calloc(1, 64);
			use(memory);
			free(realloc(memory, 4096));
		} else if (!strcmp(argv[1], "mmap")) {
			memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			use((char *)memory + 4096);
			munmap(memory, 8192);
		} else if (!strcmp(argv[1], "stack")) {
			pthread_create(&thread, NULL, on_stack, NULL);
			pthread_join(thread, NULL);
		}
	}
	return 0;
}
C
	"$cc" -O0 -pthread -o again again.c
	for way in malloc realloc mmap stack; do
		recorded again.zst 1 ./again $way
		is "$way: fifty rounds" "$(uses again.zst mutex_lock | awk '{ n += $2 } END { print n }')" 50
		is "$way: fifty objects, each used once" "$(uses again.zst mutex_lock | wc -l)" 50
		isnt "$way: at fewer addresses" \
			"$(zstdcat -q again.zst | jq -r 'select(.kind == "mutex") | .address' | sort -u | wc -l)" 50
		is "$way: no two objects have one id" "$(repeated again.zst)" ""
	done
else
	skip "memory that comes back" "no C compiler"
fi

done_testing
