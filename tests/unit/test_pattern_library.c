/*
 * Bug patterns of Python programs in what libraries keep for them: files of a database, results of
 * functions, conditions that are never notified. Each with a near miss.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replayer/story_events.h"
#include "replayer/trace_file.h"
#include "tests/unit/scratch.h"
#include "tests/unit/tale.h"

/* With a lock of the interpreter. */
#define BORN                                                                                 \
	"python\n1 thread_create T2 @main:50\n1 thread_create T3 @main:51\n2 mutex_trylock " \
	"1/lock.1 @Thread.run\n2 mutex_unlock 1/lock.1 @Thread.run\n"
#define ENDED "2 thread_end T2\n3 thread_end T3\n1 exit r1 @main:54\n"
#define STUCK_2 "{\"edges\":[{\"lane\":2,\"kind\":\"mutex_lock\"}]}"

static void expect(const char *verdict, enum pattern_name name, const char *part, const char *steps)
{
	const char *path = scratch_path("library.zst");
	struct pattern found;
	struct trace_file file;
	struct err err = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	tale_write(path, scratch_dir(), steps, verdict,
		   strcmp(verdict, "stuck") == 0 ? STUCK_2 : "{\"status\":1,\"finding\":{}}");
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	assert_true(story_events_tell(out, &file, 80, &found, &err) >= 0);
	trace_file_close(&file);
	fclose(out);
	if (found.name != name || !strstr(found.sentence, part))
		fail_msg("expected \"%s\" with \"%s\", got \"%s\": %s", pattern_word(name), part,
			 pattern_word(found.name), found.sentence);
	free(text);
}

#define READ(lane, line) #lane " read file:/bank.db r16 @libdb<deposit:" #line "\n"
#define WRITE(lane, line) #lane " write file:/bank.db r16 @libdb<deposit:" #line "\n"
#define BEFORE "2! write file:/bank.db @libdb<deposit:18\n"
#define SWITCH "pick 2 3\n" BEFORE

static void stored(void **state)
{
	(void)state;
	/* That the library reads it again before it writes changes nothing. */
	expect("exit", PATTERN_LOST_UPDATE,
	       "T2 \"alice\" and T3 \"bob\" both read file:/bank.db at deposit (bank.py:16) before "
	       "either wrote it back at deposit (bank.py:18).",
	       BORN READ(2, 16) SWITCH READ(3, 16) READ(3, 18) WRITE(3, 18) READ(2, 18) WRITE(2, 18)
		       ENDED);
	expect("exit", PATTERN_CHECK_THEN_ACT,
	       "T2 \"alice\" looked into file:/bank.db at deposit (bank.py:16) and acted at deposit "
	       "(bank.py:18); T3 \"bob\" had changed it in between, at deposit (bank.py:20).",
	       BORN "source 17 if row is None:\n1 yield @deposit:17\n" READ(2, 16)
		       SWITCH WRITE(3, 20) WRITE(2, 18) ENDED);
	/* The other one only reads; one after the other. */
	expect("exit", PATTERN_UNKNOWN, "", BORN READ(2, 16) SWITCH READ(3, 16) WRITE(2, 18) ENDED);
	expect("exit", PATTERN_UNKNOWN, "",
	       BORN SWITCH READ(3, 16) WRITE(3, 18) READ(2, 16) WRITE(2, 18) ENDED);
	/* It is the program itself that reads and writes. */
	expect("exit", PATTERN_IO_RACE, "",
	       BORN "2 read file:/bank.db r16 @deposit:16\n" SWITCH
		    "3 read file:/bank.db r16 @deposit:16\n3 write file:/bank.db r16 @deposit:18\n"
		    "2 write file:/bank.db r16 @deposit:18\n" ENDED);
}

#define DECORATED(line)                                                                          \
	"source 12 " line "\nsource 13 def connect(host):\n1 yield @Server.connect:12\n1 yield " \
	"@Server.connect:13\n"
#define ENTERS(lane, by) #lane " load Server.opened =0 @Server.connect:14" by "\n"
#define BEFORE_IT "pick 2 3\n2! load Server.opened @run:30\n"
#define STANDS(by) "pick 2 3\n2! load Server.opened @Server.connect:14" by "\n"

static void kept_results(void **state)
{
	static const char sentence[] =
		"threads T2 \"alice\" and T3 \"bob\" both called Server.connect, as no result of it "
		"was kept yet: T2 \"alice\" was still in it when T3 \"bob\" came to Server.connect "
		"(bank.py:14).";

	(void)state;
	expect("exit", PATTERN_CHECK_THEN_ACT, sentence,
	       BORN DECORATED("@functools.lru_cache(maxsize=None)") STANDS("") ENTERS(3, "")
		       ENTERS(2, "") ENDED);
	expect("exit", PATTERN_CHECK_THEN_ACT, sentence,
	       BORN STANDS("<cached_property.__get__") ENTERS(3, "<cached_property.__get__")
		       ENTERS(2, "<cached_property.__get__") ENDED);
	/* Nothing is kept. */
	expect("exit", PATTERN_UNKNOWN, "",
	       BORN DECORATED("@staticmethod") STANDS("") ENTERS(3, "") ENTERS(2, "") ENDED);
	/* The first one is not in it yet. */
	expect("exit", PATTERN_UNKNOWN, "",
	       BORN DECORATED("@functools.cache") BEFORE_IT ENTERS(3, "") ENTERS(2, "") ENDED);
}

#define NEVER(name) \
	"source 25 if self.pending == 0:\nsource 26 self." name ".set()\n1 yield @Jobs.worker:26\n"
#define LOOKS "3 load Jobs.pending =-1 @Jobs.worker:25\n"
#define CHANGES "2 store Jobs.pending =0 @Jobs.submit:18\n"
#define WAITS                                                      \
	"2 mutex_trylock Jobs.cond @Condition.__enter__<main:34\n" \
	"2 call Jobs.idle =.wait() @main:34\n"                     \
	"2 mutex_trylock 1.1/lock.1 @Condition.wait<main:34\n"     \
	"2 mutex_unlock Jobs.cond @Condition.wait<main:34\n"       \
	"2! mutex_lock 1.1/lock.1 @Condition.wait<main:34\n"

static void never_notified(void **state)
{
	(void)state;
	expect("stuck", PATTERN_LOST_WAKEUP,
	       "T3 \"bob\" looked at Jobs.pending at Jobs.worker (bank.py:25) before T2 \"alice\" "
	       "changed it at Jobs.submit (bank.py:18), and so did not notify Jobs.idle in line "
	       "26; T2 \"alice\" waits for that at main (bank.py:34), and nobody else does.",
	       BORN NEVER("idle") LOOKS CHANGES WAITS);
	/* It looked afterwards; it would notify another one. */
	expect("stuck", PATTERN_UNKNOWN, "", BORN NEVER("idle") CHANGES LOOKS WAITS);
	expect("stuck", PATTERN_UNKNOWN, "", BORN NEVER("not_idle") LOOKS CHANGES WAITS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stored),
		cmocka_unit_test(kept_results),
		cmocka_unit_test(never_notified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
