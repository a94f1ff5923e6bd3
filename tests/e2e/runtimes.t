#!/bin/bash
# Big multi-threaded runtimes that were never made for us: the Java virtual machine (a garbage
# collector, a compiler in threads of its own, handlers for faults that block every signal) and Node.js
# (a thread pool, JIT code). Recorded and replayed exactly.
. "$(dirname "$0")/../lib.sh"

if have java && have javac; then
	mkdir "$T/java"
	cat >"$T/java/Count.java" <<'JAVA'
public class Count {
	static int count;

	public static void main(String[] arguments) throws Exception {
		Thread[] threads = new Thread[3];

		for (int i = 0; i < threads.length; i++) {
			threads[i] = new Thread(() -> {
				synchronized (Count.class) {
					count++;
				}
			});
			threads[i].start();
		}
		for (Thread thread : threads)
			thread.join();
		System.out.println("count " + count);
	}
}
JAVA
	javac -d "$T/java" "$T/java/Count.java"
	record_replay java java -cp "$T/java" Count
else
	skip "the Java virtual machine" "no java and javac"
fi

if have node; then
	cat >"$T/digest.js" <<'JS'
const crypto = require('crypto');
let left = 4;
for (let i = 0; i < 4; i++)
	crypto.pbkdf2('secret', 'salt' + i, 1000, 16, 'sha256', () => {
		if (--left === 0)
			console.log('four digests in the thread pool');
	});
JS
	record_replay node node "$T/digest.js"
else
	skip "Node.js" "no node"
fi

done_testing
