#!/bin/bash
# memcpy, strlen and the like, called by instrumented code: accesses at the place of the call. They do
# what they do natively, and without instrumentation nothing of them is ours.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T

unlike "no such function is defined for everybody" \
	"$(nm -D --defined-only "$B/libfrontrun.so" | awk '{ print $3 }')" '^(mem|str|stp)[a-z]*$'

# One thread calls the function on what another changes byte by byte, without an order. Prints what
# it returns and leaves behind.
cat >call.c <<'X'
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char shared[16] = "abcdefg", own[32] = "xyz";
static volatile size_t most = 5, eight = 8;
static const char *name;
static long at(const char *found)
{
	return found ? found - shared : -1;
}
#define CALL(function, ...)               \
	if (!strcmp(name, #function)) {   \
		printf("%ld ", (long)(__VA_ARGS__)); \
		return unused;            \
	}
static void *call(void *unused)
{
	CALL(memcpy, (char *)memcpy(own, shared, eight) - own)
	CALL(memmove, (char *)memmove(shared + 1, shared, eight) - shared)
	CALL(mempcpy, (char *)mempcpy(own, shared, eight) - own)
	CALL(memset, at(memset(shared, 'm', eight)))
	CALL(memcmp, memcmp(shared, "abcdex", most + 1) < 0)
	CALL(memchr, at(memchr(shared, 'd', eight)))
	CALL(strlen, strlen(shared))
	CALL(strnlen, strnlen(shared, most))
	CALL(strcpy, strcpy(own, shared) - own)
	CALL(stpcpy, stpcpy(own, shared) - own)
	CALL(strncpy, strncpy(own, shared, most) - own)
	CALL(strcat, strcat(own, shared) - own)
	CALL(strncat, strncat(own, shared, most) - own)
	CALL(strcmp, strcmp(shared, "abcd") > 0)
	CALL(strncmp, strncmp(shared, "abcdx", most - 1))
	CALL(strchr, at(strchr(shared, 'c')))
	CALL(strrchr, at(strrchr(shared, 'b')))
	return unused;
}
static void *change(void *unused)
{
	for (int i = 1; i < 3; i++)
		shared[i]++;
	return unused;
}
int main(int argc, char **argv)
{
	pthread_t threads[2];

	name = argv[1];
	pthread_create(&threads[0], 0, call, 0);
	if (ORDERED)
		pthread_join(threads[0], 0);
	pthread_create(&threads[1], 0, change, 0);
	if (!ORDERED)
		pthread_join(threads[0], 0);
	pthread_join(threads[1], 0);
	printf("%s %s\n", shared, own);
	return argc - 2;
}
X
cp call.c call_checked.c
calls=$(sed -n 's/^\tCALL(\([a-z]*\),.*/\1/p' call.c)
ok "built" "$FR" cc -O0 -fno-builtin -pthread -DORDERED=0 -o call call.c
ok "built, with _FORTIFY_SOURCE" "$FR" cc -O1 -D_FORTIFY_SOURCE=2 -fno-builtin -pthread -DORDERED=0 -o call_checked call_checked.c
gcc -O0 -fno-builtin -pthread -DORDERED=1 -o plain call.c
for name in $calls; do
	line=$(grep -n "CALL($name," call.c | cut -d: -f1)
	for program in call call_checked; do
		fr record ./$program "$name"
		is "$program $name: does as it does" "$out" "$(./plain "$name")"
		like "$program $name: a race" "$err" "data race on shared.*T2 had (read|written) it at call \($program\.c:$line\)"
	done
done
fr record ./plain memcpy
unlike "without instrumentation" "$err" 'data race'

# Between the read and the write of a copy others may come: what they write then is overwritten by
# what was there before.
cat >copy.c <<'X'
#include <assert.h>
#include <pthread.h>
#include <string.h>
static struct {
	int first, second, rest[20];
} item, other;
static void *copy(void *unused)
{
	memcpy(&other, &item, sizeof(item));
	return unused;
}
static void *change(void *unused)
{
	item.first++;
	other.first++;
	return unused;
}
int main(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], 0, copy, 0);
	pthread_create(&threads[1], 0, change, 0);
	pthread_join(threads[0], 0);
	pthread_join(threads[1], 0);
	assert(other.first > 0);
}
X
# built COMPILER OPTION...: found by a search, confirmed, and replayed from its trace.
built() {
	local compiler=$1
	shift
	rm -rf .frontrun frontrun-failures trace*.zst
	ok "$compiler $*: built" env FRONTRUN_CC="$compiler" "$FR" cc "$@" -fno-builtin -pthread -o copy copy.c
	fuzz --iterations 300 -- ./copy
	is "$compiler $*: found" "$status" 1
	like "$compiler $*: confirmed" "$out" 'reproduced 10/10'
	fr replay
	like "$compiler $*: replayed" "$err" 'replayed .* identical'
}
built gcc -O0
built gcc -O1 -Wl,-z,now -Wl,-z,relro
built gcc -O1 -fno-plt -no-pie
if have clang; then
	built clang -O0
	built clang -O1 -fno-plt -Wl,-z,lazy
else
	skip "built by clang" "there is no clang"
fi
done_testing
