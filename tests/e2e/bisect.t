#!/bin/bash
# `git bisect run frontrun replay --follow bug.zst` finds the commit that brought a deadlock in, with a trace
# of the last one: the program changes with every commit.
. "$(dirname "$0")/../lib.sh"

cc=${CC:-gcc}
have git || skip_all "no git"
have "$cc" || skip_all "no C compiler"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

mkdir repository && cd repository || exit 1
git init -q .
git config user.name test
git config user.email test@example.org
git config gc.auto 0
printf 'bank\n*.zst\n' >.gitignore

# version N: two threads, N prints more, and from version 5 on the second one takes the locks in reverse.
version() {
	local first=a second=b
	[ "$1" -lt 5 ] || { first=b && second=a; }
	cat >bank.c <<-C
	#include <pthread.h>
	#include <sched.h>
	#include <stdio.h>
	static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
	static void *one(void *unused)
	{
		pthread_mutex_lock(&a);
		sched_yield();
		pthread_mutex_lock(&b);
		pthread_mutex_unlock(&b);
		pthread_mutex_unlock(&a);
		return unused;
	}
	static void *two(void *unused)
	{
	$(for ((i = 0; i < $1; i++)); do printf '\tprintf("step %d\\n");\n' $i; done)
		pthread_mutex_lock(&$first);
		sched_yield();
		pthread_mutex_lock(&$second);
		pthread_mutex_unlock(&$second);
		pthread_mutex_unlock(&$first);
		return unused;
	}
	int main(void)
	{
		pthread_t s, t;
		pthread_create(&s, NULL, one, NULL);
		pthread_create(&t, NULL, two, NULL);
		pthread_join(s, NULL);
		pthread_join(t, NULL);
		return 0;
	}
	C
}

for ((n = 1; n <= 8; n++)); do
	version $n
	git add -A && git commit -q -m "version $n" && git tag "v$n"
done
"$cc" -g -pthread -o bank bank.c
run "$FR" record -o bug.zst ./bank
is "the last version deadlocks" "$status" 124
run "$FR" replay bug.zst
is "and does so again" "$status" 1
git checkout -q v1 && "$cc" -g -pthread -o bank bank.c
run "$FR" replay bug.zst
is "the first version is another program: exact replay cannot tell" "$status" 125
run "$FR" replay --follow bug.zst
is "the first version, followed, passes" "$status" 0
like "and how far it agreed is said" "$err" '^frontrun: diverged at event [0-9]+ of'

git bisect start v8 v1 >/dev/null 2>&1
run git bisect run sh -c "$cc -g -pthread -o bank bank.c && exec '$FR' replay --follow bug.zst"
is "git bisect run: status" "$status" 0
like "git bisect run: the commit" "$out" "^$(git rev-parse v5) is the first bad commit"

done_testing
