#!/bin/bash
# What is said of a data race: the bytes, the locks held and the callers of both accesses, by
# record and fuzz, and by explain where the program is not.
. "$(dirname "$0")/../lib.sh"
. "$ROOT/tests/e2e/fuzz_lib.sh"

export TMPDIR=$T

cat >locks.c <<'X'
#include <pthread.h>
static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static struct {
	long id, total;
} account;
static void add(long n)
{
	account.total += n;
}
static void deposit(long n)
{
	pthread_mutex_lock(&first);
	add(n);
	pthread_mutex_unlock(&first);
}
static void *teller(void *unused)
{
	deposit(5);
	return unused;
}
static void *auditor(void *unused)
{
	pthread_mutex_lock(&first);
	pthread_mutex_lock(&second);
	pthread_mutex_unlock(&first);
	add(1);
	pthread_mutex_unlock(&second);
	return unused;
}
int main(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], 0, teller, 0);
	pthread_create(&threads[1], 0, auditor, 0);
	pthread_join(threads[0], 0);
	pthread_join(threads[1], 0);
}
X
# Nothing orders the two where the auditor has the first lock before the teller, which is not the
# case in the schedule of `natural`.
ok "built" "$FR" cc -pthread -o locks locks.c
fr record ./locks
unlike "no race where the first lock orders the two" "$err" 'data race'
fuzz --iterations 100 -- ./locks
like "bytes, locks and callers of both" "$out" '    T2 reads 8 bytes, holding first
        at add \(locks\.c:8\)
        at deposit \(locks\.c:13\)
        at teller \(locks\.c:18\)
    T3 had written 8 bytes, holding second
        at add \(locks\.c:8\)
        at auditor \(locks\.c:26\)'
fuzz --iterations 100 --races fail --no-minimise -- ./locks
is "a failure on demand" "$status" 1
rm -r locks locks.c .frontrun
fr explain
like "explain has it where the program is not" "$out" 'T3 had written 8 bytes, holding second
      at add \(locks\.c:8\)
      at auditor \(locks\.c:26\)'
fr show
like "show has it in a line" "$out" 'note: data race on account\.total: .*, and nothing orders the two'

# Calls that a longjmp has left are no callers, and accesses to a part of what another changes.
cat >calls.c <<'X'
#include <pthread.h>
#include <setjmp.h>
static struct {
	char low, high[3];
} word;
static const struct {
	char low, high[3];
} fresh = { 7, { 7, 7, 7 } };
static jmp_buf back;
static int deep(int n)
{
	if (n)
		return deep(n - 1) + 1;
	longjmp(back, 1);
}
__attribute__((noinline)) static void change(void)
{
	*(int *)&word = *(const int *)&fresh;
}
static void *leaper(void *unused)
{
	if (!setjmp(back))
		deep(200);
	change();
	return unused;
}
__attribute__((noinline)) static char look(void)
{
	return word.high[1];
}
static void *looker(void *unused)
{
	return look() == 100 ? &word : unused;
}
int main(void)
{
	pthread_t threads[2];

	pthread_create(&threads[0], 0, leaper, 0);
	pthread_create(&threads[1], 0, looker, 0);
	pthread_join(threads[0], 0);
	pthread_join(threads[1], 0);
}
X
for level in -O0 -O1; do
	ok "built $level" "$FR" cc $level -pthread -o calls calls.c
	fr record ./calls
	like "a longjmp, bytes, $level" "$err" '  T3 reads byte 2, holding no lock
frontrun:       at look \(calls\.c:29\)
frontrun:       at looker \(calls\.c:33\)
frontrun:   T2 had written bytes 0-3, holding no lock
frontrun:       at change \(calls\.c:18\)
frontrun:       at leaper \(calls\.c:24\)
frontrun: [^ ]'
done
done_testing
