/*
 * Event kinds and changes of values in the words of people. Not names of objects or threads:
 * recorder/naming.h puts those in.
 */
#ifndef RECORDER_WORDS_H
#define RECORDER_WORDS_H

#include "formats/event.h"
#include "recorder/text.h"

/* How the result of an operation is to be read. */
enum words_result {
	WORDS_RESULT_PLAIN, /* nothing to say */
	WORDS_RESULT_ERROR, /* an error number of either sign, 0 is success */
	WORDS_RESULT_CALL,  /* negative: failed, -errno; else nothing to say */
	WORDS_RESULT_COUNT, /* the same, and what it returned is worth showing */
};

/*
 * In `done` and `pending`, @ stands for the object and # for the second object. A group in [..] is
 * left out when the object it names is missing.
 */
struct words_row {
	const char *done;    /* after the name of the lane: "locks @" */
	const char *pending; /* the same after "wants to": "lock @" */
	enum words_result result;
};

/* Indexed by enum event_kind. Every kind has a row; row 0 is for kinds of later versions. */
extern const struct words_row words_table[EVENT_COUNT];

/* What EVENT_VALUE_CHANGE says: "5 (was 4)". */
void words_change(struct text *text, int64_t change);

#endif
