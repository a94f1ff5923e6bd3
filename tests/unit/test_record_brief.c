/*
 * The short form of an event says what the long one does, and has no room for more than it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/record_brief.h"

#define LANE ((1u << BRIEF_LANE_BITS) - 1)
#define NUMBER ((1u << BRIEF_NUMBER_BITS) - 1)
#define K ((1ull << BRIEF_K_BITS) - 1)

static struct record_brief largest(void)
{
	return (struct record_brief){
		.head = { RECORD_BRIEF,
			  record_brief_form(EVENT_COUNT - 1, PHASE_ANNOUNCED, BRIEF_RESULTS - 1,
					    EVENT_VALUE_INT),
			  BRIEF_BYTES(EVENT_VALUE_INT) },
		.who = record_brief_who(LANE, K),
		.what = record_brief_what(NUMBER, NUMBER - 1),
		.value = -5,
	};
}

static void it_reads_as_it_was_written(void **state)
{
	struct record_brief brief = largest();
	struct record_event event;

	(void)state;
	assert_true(record_brief_read(&brief, &event));
	assert_int_equal(event.head.type, RECORD_EVENT);
	assert_int_equal(event.kind, EVENT_COUNT - 1);
	assert_int_equal(event.phase, PHASE_ANNOUNCED);
	assert_int_equal(event.process, 0);
	assert_int_equal(event.lane, LANE);
	assert_true(event.k == K);
	assert_int_equal(event.object, NUMBER);
	assert_int_equal(event.object2, 0);
	assert_int_equal(event.context, NUMBER - 1);
	assert_int_equal(event.result, BRIEF_RESULTS - 1);
	assert_int_equal(event.has_value, EVENT_VALUE_INT);
	assert_int_equal(event.value, -5);
}

static void what_is_larger_does_not_fit(void **state)
{
	(void)state;
	assert_true(record_brief_fits(0, LANE, K, NUMBER, 0, NUMBER, BRIEF_RESULTS - 1));
	assert_false(record_brief_fits(1, LANE, K, NUMBER, 0, NUMBER, 0));
	assert_false(record_brief_fits(0, LANE + 1, K, NUMBER, 0, NUMBER, 0));
	assert_false(record_brief_fits(0, LANE, K + 1, NUMBER, 0, NUMBER, 0));
	assert_false(record_brief_fits(0, LANE, K, NUMBER + 1, 0, NUMBER, 0));
	assert_false(record_brief_fits(0, LANE, K, NUMBER, 1, NUMBER, 0));
	assert_false(record_brief_fits(0, LANE, K, NUMBER, 0, NUMBER + 1, 0));
	assert_false(record_brief_fits(0, LANE, K, NUMBER, 0, NUMBER, BRIEF_RESULTS));
	assert_false(record_brief_fits(0, LANE, K, NUMBER, 0, NUMBER, -1));
}

static void a_wrong_length_or_bit_is_refused(void **state)
{
	struct record_brief brief = largest();
	struct record_event event;

	(void)state;
	brief.head.size -= 8; /* but it says that it has a value */
	assert_false(record_brief_read(&brief, &event));
	brief = largest();
	brief.head.reserved =
		record_brief_form(EVENT_LOAD, PHASE_DONE, 0, EVENT_VALUE_NONE); /* and has one */
	assert_false(record_brief_read(&brief, &event));
	brief = largest();
	brief.what |= 1ull << 2 * BRIEF_NUMBER_BITS;
	assert_false(record_brief_read(&brief, &event));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_as_it_was_written),
		cmocka_unit_test(what_is_larger_does_not_fit),
		cmocka_unit_test(a_wrong_length_or_bit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
