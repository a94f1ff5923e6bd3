/*
 * A program that exists only as a list of operations for each lane, run by schedules: forced and
 * loose decisions as the runtime takes them, and the run without preemptions where they are silent.
 * It writes the log that a worker would have.
 *
 *	struct pretend program = { .lanes = 2, .operations = { "ab", "ba" } };
 *	pretend_begin(&program);
 *	pretend_run(&program, &schedule);	program.log, program.order
 *	pretend_end(&program);
 *
 * Each letter locks a mutex of that letter (nobody ever waits); '.' is an operation on one of the
 * lane's own. A capital letter is the same where an interpreter does not switch: no point, unless
 * the schedule has `any_access`. All lanes can run from the start; k counts from 1.
 */
#ifndef TESTS_UNIT_PRETEND_H
#define TESTS_UNIT_PRETEND_H

#include <stdint.h>

#include "fuzz/run_log.h"
#include "fuzz/schedule.h"

#define PRETEND_LANES 8
#define PRETEND_ORDER 4096

struct pretend {
	const char *operations[PRETEND_LANES]; /* of lane 1, 2, ... */
	uint32_t lanes;
	struct run_log *log; /* of the last run */
	uint64_t runs;
	/* the last run: the n-th operation was that of this lane, its k-th */
	struct {
		uint32_t lane;
		uint64_t k;
	} order[PRETEND_ORDER];
	uint32_t count;
};

void pretend_begin(struct pretend *program);
void pretend_end(struct pretend *program);
void pretend_run(struct pretend *program, const struct schedule *schedule);

/* Where in the order lane's k-th operation came, from 0. */
uint32_t pretend_when(const struct pretend *program, uint32_t lane, uint64_t k);

/* Hash of the order of the last run. */
uint64_t pretend_hash(const struct pretend *program);

#endif
