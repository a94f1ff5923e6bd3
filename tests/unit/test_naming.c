/*
 * Words and names: every event kind has words, strings of the target are made harmless, texts are
 * cut at whole characters, ids are written and read alike, their hashes are those of the runtime.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/hash.h"
#include "recorder/ids.h"
#include "recorder/naming.h"
#include "recorder/text.h"
#include "recorder/words.h"
#include "replayer/trace_file.h"
#include "tests/unit/sample_trace.h"

static void every_kind_has_words(void **state)
{
	unsigned kind;

	(void)state;
	for (kind = 0; kind < EVENT_COUNT; kind++) {
		if (!words_table[kind].done || !words_table[kind].pending)
			fail_msg("%s has no row in recorder/words.c", event_kind_name(kind));
		assert_int_equal(strlen(words_table[kind].done),
				 strcspn(words_table[kind].done, "%\n"));
	}
}

static void clean(const char *given, const char *expected)
{
	char space[64];
	struct text text;

	text_init(&text, space, sizeof(space));
	text_add_clean(&text, given);
	assert_string_equal(text.data, expected);
}

static void harmless(void **state)
{
	(void)state;
	clean("plain", "plain");
	clean("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	clean("\033[2J", "\\x1b[2J");
	clean("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f");
	clean("\xc2\x9b", "\\xc2\\x9b");
	clean("\xe2\x80\xae", "\\xe2\\x80\\xae");
	clean("\xff\xc3", "\\xff\\xc3");
	clean("\xc0\xaf", "\\xc0\\xaf");
	clean("\xed\xa0\x80", "\\xed\\xa0\\x80");
	clean("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	clean(NULL, "");
}

static void cut(void **state)
{
	char space[8];
	struct text text;

	(void)state;
	text_init(&text, space, sizeof(space));
	text_add(&text, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	assert_string_equal(text.data, "\xc3\xa9\xc3\xa9\xc3\xa9");
	assert_int_equal(text_columns(&text), 3);
	text_cut(&text, 3);
	assert_int_equal(text_columns(&text), 3);
	text_reset(&text);
	text_add(&text, "abcdef");
	text_cut(&text, 4);
	assert_string_equal(text.data, "ab..");
	text_pad(&text, 6);
	assert_string_equal(text.data, "ab..  ");
	text_pad(&text, 20); /* as far as there is room */
	assert_int_equal(text.len, 7);
	text_reset(&text);
	text_add_clean(&text, "ab\033\033");
	assert_string_equal(text.data, "ab\\x1b");
}

static void counts(void **state)
{
	char space[32];
	struct text text;

	(void)state;
	text_init(&text, space, sizeof(space));
	text_add_count(&text, 999);
	text_add(&text, " ");
	text_add_count(&text, 1000);
	text_add(&text, " ");
	text_add_count(&text, 12345678);
	assert_string_equal(text.data, "999 1,000 12,345,678");
}

static void result(unsigned kind, int64_t value, const char *expected)
{
	char space[64];
	struct text text;

	text_init(&text, space, sizeof(space));
	naming_result(&text, kind, value);
	assert_string_equal(text.data, expected);
}

static void results(void **state)
{
	(void)state;
	result(EVENT_MUTEX_LOCK, 0, "");
	result(EVENT_MUTEX_TRYLOCK, 16, ": busy");
	result(EVENT_MUTEX_TRYLOCK, -16, ": busy");
	result(EVENT_COND_WOKEN, 110, ": timed out");
	result(EVENT_MUTEX_UNLOCK, 1, ": EPERM");
	result(EVENT_MUTEX_LOCK, 9999, ": error 9999");
	result(EVENT_SEM_WAIT, -4, ": interrupted by a signal");
	result(EVENT_READ, 12, ": 12");
	result(EVENT_READ, INT64_MIN, ": -9223372036854775808");
	result(EVENT_BARRIER_WAIT, -1, "");
}

/* The runtime's definition, written down a second time (preload/object.c, preload/lane.c). */
static void ids(void **state)
{
	const uint64_t main_lane = hash_id(0, 1, 1), child = hash_id(main_lane, 2, 0);
	struct record_object objects[] = {
		{ .class = OBJECT_STATIC, .kind = OBJECT_MUTEX, .offset = 0x40a0 },
		{ .class = OBJECT_INIT, .kind = OBJECT_COND, .n = 3 },
		{ .class = OBJECT_FIRST, .kind = OBJECT_DESCRIPTOR, .n = 4 },
		{ .class = OBJECT_LANE, .kind = OBJECT_THREAD },
	};
	static const char *const texts[] = { "bank+0x40a0", "1.2/cond.3", "1.2/first.4",
					     "thread:1.2" };
	const uint64_t hashes[] = {
		hash_id(1, hash_bytes("bank", 4), 0x40a0),
		hash_id(2 + OBJECT_COND, child, 3),
		hash_id(100 + OBJECT_DESCRIPTOR, child, 4),
		hash_id(200, child, 0),
	};
	char space[64];
	struct text text;
	uint64_t hash;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		text_init(&text, space, sizeof(space));
		ids_object(&text, &objects[i], "/usr/bin/bank", "1.2");
		assert_string_equal(text.data, texts[i]);
		assert_true(ids_object_hash(texts[i], ids_kind_name(objects[i].kind), &hash));
		assert_int_equal(hash, hashes[i]);
		assert_int_equal(ids_is_provisional(&objects[i]), i == 2);
	}
	assert_true(ids_object_hash("pipe:[4]", "descriptor", &hash));
	assert_int_equal(hash, hash_id(201, hash_bytes("pipe:[4]", 8), 0));
	assert_true(ids_object_hash("Bank._total#2", "variable", &hash));
	assert_int_equal(hash, hash_id(201, hash_bytes("Bank._total#2", 13), 0));
	assert_true(ids_object_hash("ITEMS", "container", &hash));
	assert_int_equal(hash, hash_id(201, hash_bytes("ITEMS", 5), 0));
	/* The lock of an interpreter has a name, or who made it. */
	assert_true(ids_object_hash("Bank._lock", "lock", &hash));
	assert_int_equal(hash, hash_id(201, hash_bytes("Bank._lock", 10), 0));
	assert_true(ids_object_hash("1.2/lock.7", "lock", &hash));
	assert_int_equal(hash, hash_id(2 + OBJECT_LOCK, child, 7));
	assert_true(ids_is_name("Bank._lock", "lock"));
	assert_false(ids_is_name("1.2/lock.7", "lock"));
	assert_false(ids_is_name("1.2/first.7", "variable"));
	assert_false(ids_is_name("bank+0x40a0", "mutex"));
	text_init(&text, space, sizeof(space));
	ids_lane(&text, NULL, 2);
	assert_string_equal(text.data, "2");
	text_reset(&text);
	ids_lane(&text, "1.2", 7);
	assert_string_equal(text.data, "1.2.7");
	assert_true(ids_lane_hash("1.2", &hash));
	assert_int_equal(hash, child);
}

static void no_ids(void **state)
{
	static const char *const lanes[] = { "",     "x",    "1.", ".1",
					     "1..2", "1.2x", "-1", "1.99999999999" };
	static const char *const objects[] = { "",           "bank",        "bank+40",
					       "bank+0x",    "bank+0xzz",   "1.2/mutex",
					       "1.2/mutex.", "1.2/mutex.x", "+x" };
	uint64_t hash;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lanes) / sizeof(*lanes); i++)
		assert_false(ids_lane_hash(lanes[i], &hash));
	for (i = 0; i < sizeof(objects) / sizeof(*objects); i++)
		assert_false(ids_object_hash(objects[i], "mutex", &hash));
	assert_false(ids_object_hash("thread:", "thread", &hash));
	assert_false(ids_object_hash("1.2/cond.3", "mutex", &hash));
}

/* Names with objects as an interpreter has them. */
static struct trace_names *interpreted_names(void)
{
	static const struct {
		const char *id, *kind, *name;
	} objects[] = { { "AccountBalance._balance", "variable", NULL },
			{ "STOCK", "container", NULL },
			{ "1.2/lock.7", "lock", NULL },
			{ "1.2/lock.8", "lock", "Cart._lock" },
			{ "Cart.items#2", "container", NULL } };
	struct trace_names *names = trace_names_new();
	size_t i;

	for (i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		cJSON *json = cJSON_CreateObject();
		struct trace_line line = { .type = TRACE_LINE_OBJECT, .json = json };

		cJSON_AddNumberToObject(json, "object", (double)i + 1);
		cJSON_AddStringToObject(json, "id", objects[i].id);
		cJSON_AddStringToObject(json, "kind", objects[i].kind);
		if (objects[i].name)
			cJSON_AddStringToObject(json, "name", objects[i].name);
		assert_int_equal(trace_names_add(names, &line, NULL), 0);
		cJSON_Delete(json);
	}
	return names;
}

/* `value` is the text of the event, or "#" and its number; NULL: none. */
static void step(const struct naming *naming, unsigned kind, unsigned phase, uint32_t object,
		 const char *value, const char *expected)
{
	struct trace_event event = {
		.kind = (uint16_t)kind, .phase = (uint8_t)phase, .lane = 1, .object = object
	};
	char space[128];
	struct text text;

	if (value && *value == '#') {
		event.value =
			(struct trace_value){ .type = TRACE_VALUE_INT, .number = atoi(value + 1) };
	} else if (value) {
		event.text = value;
		event.text_len = strlen(value);
	}
	if (kind != EVENT_MUTEX_LOCK && kind != EVENT_MUTEX_UNLOCK)
		event.result = EVENT_SWITCHABLE;
	text_init(&text, space, sizeof(space));
	naming_step(naming, &text, &event);
	assert_string_equal(text.data, expected);
}

static void variables(void **state)
{
	struct trace_names *names = interpreted_names();
	struct naming *naming = naming_new(names);

	(void)state;
	step(naming, EVENT_LOAD, PHASE_DONE, 1, "#0", "reads AccountBalance._balance = 0");
	step(naming, EVENT_STORE, PHASE_DONE, 1, "#-10", "writes AccountBalance._balance = -10");
	step(naming, EVENT_STORE, PHASE_DONE, 1, "'a\nb'",
	     "writes AccountBalance._balance = 'a\\x0ab'");
	step(naming, EVENT_STORE, PHASE_DONE, 1, "[1, 2]",
	     "writes AccountBalance._balance = [1, 2]");
	step(naming, EVENT_STORE, PHASE_DONE, 1, NULL, "writes AccountBalance._balance");
	step(naming, EVENT_DELETE, PHASE_DONE, 1, NULL, "deletes AccountBalance._balance");
	step(naming, EVENT_STORE, PHASE_ANNOUNCED, 1, "#10",
	     "wants to write AccountBalance._balance");
	step(naming, EVENT_LOAD, PHASE_DONE, 2, "['a'] = 3", "reads STOCK['a'] = 3");
	step(naming, EVENT_DELETE, PHASE_DONE, 2, "['a']", "deletes STOCK['a']");
	step(naming, EVENT_ITERATE, PHASE_DONE, 2, NULL, "iterates over STOCK");
	step(naming, EVENT_ITERATE, PHASE_DONE, 2, "'a'", "iterates over STOCK: 'a'");
	step(naming, EVENT_CALL, PHASE_DONE, 5, ".append(5)", "calls Cart.items#2.append(5)");
	step(naming, EVENT_CALL, PHASE_ANNOUNCED, 5, ".pop()", "wants to call Cart.items#2.pop()");
	step(naming, EVENT_QUERY, PHASE_DONE, 5, ".__len__()", "calls Cart.items#2.__len__()");
	step(naming, EVENT_QUERY, PHASE_DONE, 5, " (a list of 3)",
	     "looks at Cart.items#2 (a list of 3)");
	step(naming, EVENT_QUERY, PHASE_DONE, 5, "in sorted()",
	     "looks at Cart.items#2 in sorted()");
	step(naming, EVENT_CALL, PHASE_DONE, 5, "in shuffle()", "uses Cart.items#2 in shuffle()");
	step(naming, EVENT_CALL, PHASE_ANNOUNCED, 5, NULL, "wants to use Cart.items#2");
	step(naming, EVENT_MUTEX_LOCK, PHASE_DONE, 3, NULL, "locks lock 1.2/lock.7");
	step(naming, EVENT_MUTEX_UNLOCK, PHASE_DONE, 4, NULL, "unlocks Cart._lock");
	naming_free(naming);
	trace_names_free(names);
}

/* What the user may call a thread or an object. */
static void called(void **state)
{
	const char *path = sample_path();
	struct trace_file file;
	struct err err = { 0 };

	(void)state;
	sample_write(path, &(struct sample){ 0 });
	assert_int_equal(trace_file_open(&file, path, &err), 0);
	assert_true(naming_lane_is(file.naming, SAMPLE_ALICE, "T2"));
	assert_true(naming_lane_is(file.naming, SAMPLE_ALICE, "2"));
	assert_true(naming_lane_is(file.naming, SAMPLE_ALICE, "alice"));
	assert_true(naming_lane_is(file.naming, SAMPLE_ALICE, "1.1"));
	assert_false(naming_lane_is(file.naming, SAMPLE_ALICE, "T3"));
	assert_false(naming_lane_is(file.naming, 77, "77"));
	assert_true(naming_object_is(file.naming, SAMPLE_SAVINGS, "savings.lock"));
	assert_true(naming_object_is(file.naming, SAMPLE_SAVINGS, "sav*"));
	assert_true(naming_object_is(file.naming, SAMPLE_SAVINGS, "bank+0x40a0"));
	assert_false(naming_object_is(file.naming, SAMPLE_SAVINGS, "savings"));
	assert_false(naming_object_is(file.naming, 77, "*"));
	assert_int_equal(naming_object_lane(file.naming, SAMPLE_OF_BOB), SAMPLE_BOB);
	assert_int_equal(naming_object_lane(file.naming, SAMPLE_SAVINGS), 0);
	trace_file_close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_words),
		cmocka_unit_test(harmless),
		cmocka_unit_test(cut),
		cmocka_unit_test(counts),
		cmocka_unit_test(results),
		cmocka_unit_test(ids),
		cmocka_unit_test(no_ids),
		cmocka_unit_test(variables),
		cmocka_unit_test(called),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
