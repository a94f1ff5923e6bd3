/*
 * See the header.
 */
#include "tests/unit/pretend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/hash.h"
#include "tests/unit/made_log.h"

/* One run. */
struct course {
	struct pretend *program;
	const struct schedule *schedule;
	uint32_t served;            /* forced decisions taken */
	uint64_t at[PRETEND_LANES]; /* operations done */
	uint32_t lane;
};

void pretend_begin(struct pretend *program)
{
	assert_true(program->lanes <= PRETEND_LANES);
	program->log = made_log(program->lanes);
	run_log_mark(program->log);
	program->runs = 0;
}

void pretend_end(struct pretend *program)
{
	run_log_free(program->log);
	program->log = NULL;
}

static bool can_run(const struct course *course, uint32_t lane)
{
	return course->at[lane - 1] < strlen(course->program->operations[lane - 1]);
}

/* What a plan forces at (lane, k); 0: nothing. */
static uint32_t forced(struct course *course, unsigned kind, uint32_t lane, uint64_t k)
{
	const struct schedule *schedule = course->schedule;
	const struct plan_decision *next = schedule->forced + course->served;
	uint32_t i;

	if (course->served < schedule->forced_count && next->kind == kind && next->lane == lane &&
	    next->k == k) {
		course->served++;
		return (uint32_t)next->choice;
	}
	for (i = 0; i < schedule->loose_count; i++)
		if (schedule->loose[i].kind == kind && schedule->loose[i].lane == lane &&
		    schedule->loose[i].k == k)
			return (uint32_t)schedule->loose[i].choice;
	return 0;
}

/* The lanes that can run, as digits; returns how many. */
static uint32_t options_of(const struct course *course, char *digits, uint64_t *slots)
{
	uint32_t count = 0, lane;

	*slots = 0;
	for (lane = 1; lane <= course->program->lanes; lane++)
		if (can_run(course, lane)) {
			digits[count++] = (char)('0' + lane);
			*slots |= 1ull << (lane - 1);
		}
	digits[count] = '\0';
	return count;
}

static void operate(struct course *course)
{
	struct pretend *program = course->program;
	uint32_t lane = course->lane;
	uint64_t k = ++course->at[lane - 1];
	char letter = program->operations[lane - 1][k - 1];
	uint32_t object = letter == '.' ? 50 + lane : (uint32_t)(letter | ' ') - 'a' + 1;

	made_event(program->log, lane, k, EVENT_MUTEX_LOCK, object, lane * 100 + object);
	assert_true(program->count < PRETEND_ORDER);
	program->order[program->count].lane = lane;
	program->order[program->count++].k = k;
}

/* The lane at hand has ended: another goes on. False: all have. */
static bool next(struct course *course)
{
	/* strategy_pb, parameter 2: the highest slot first */
	bool highest = course->schedule->tail.parameters[2] == 1;
	uint64_t k = course->at[course->lane - 1] + 1, slots;
	char digits[PRETEND_LANES + 1];
	uint32_t count = options_of(course, digits, &slots), choice;

	if (!count)
		return false;
	choice = forced(course, DECISION_NEXT, course->lane, k);
	if (!choice || !can_run(course, choice))
		choice = (uint32_t)(digits[highest ? count - 1 : 0] - '0');
	if (count > 1)
		made_decision(course->program->log, DECISION_NEXT, course->lane, k, choice, digits);
	course->lane = choice;
	return true;
}

/* The lane at hand stands before an operation. */
static void point(struct course *course)
{
	uint64_t k = course->at[course->lane - 1] + 1, slots;
	char digits[PRETEND_LANES + 1], letter;
	uint32_t choice;

	letter = course->program->operations[course->lane - 1][k - 1];
	if (letter >= 'A' && letter <= 'Z' && !course->schedule->any_access)
		return;
	if (options_of(course, digits, &slots) < 2)
		return;
	choice = forced(course, DECISION_PICK, course->lane, k);
	if (choice && choice != course->lane && can_run(course, choice)) {
		made_decision(course->program->log, DECISION_PICK, course->lane, k, choice, digits);
		course->lane = choice;
	} else {
		made_offer(course->program->log, DECISION_PICK, course->lane, k, slots);
	}
}

void pretend_run(struct pretend *program, const struct schedule *schedule)
{
	struct course course = { .program = program, .schedule = schedule, .lane = 1 };
	uint32_t before;

	run_log_rewind(program->log);
	program->count = 0;
	program->runs++;
	while (can_run(&course, course.lane) || next(&course)) {
		/* One that was picked stands at its own point at once: it just goes on. */
		before = course.lane;
		point(&course);
		if (course.lane != before && !can_run(&course, course.lane))
			continue;
		operate(&course);
	}
}

uint32_t pretend_when(const struct pretend *program, uint32_t lane, uint64_t k)
{
	uint32_t i;

	for (i = 0; i < program->count; i++)
		if (program->order[i].lane == lane && program->order[i].k == k)
			return i;
	fail();
	return 0;
}

uint64_t pretend_hash(const struct pretend *program)
{
	uint64_t hash = HASH_START;
	uint32_t i;

	for (i = 0; i < program->count; i++)
		hash = hash_mix(hash_mix(hash, program->order[i].lane), program->order[i].k);
	return hash_finish(hash);
}
