/*
 * A trace for tests, written by formats/trace_writer.h with no program behind it: main starts alice
 * and bob, who lock two accounts in opposite orders and end in a deadlock.
 */
#ifndef TESTS_UNIT_SAMPLE_TRACE_H
#define TESTS_UNIT_SAMPLE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SAMPLE_MAIN = 1,
	SAMPLE_ALICE = 2,
	SAMPLE_BOB = 3,
	SAMPLE_SAVINGS = 1, /* objects: two mutexes ... */
	SAMPLE_CHECKING = 2,
	SAMPLE_OF_ALICE = 3, /* ... and two threads */
	SAMPLE_OF_BOB = 4,
	SAMPLE_EVENTS = 12, /* without rounds */
	SAMPLE_DECISIONS = 3,
};

struct sample {
	uint32_t extra_lanes; /* more threads, so that columns do not fit */
	uint64_t rounds;      /* main locks and unlocks savings so often before it creates alice */
	const char *name;     /* of alice, NULL: "alice" */
	const char *outcome;  /* JSON members of the outcome; NULL: the deadlock */
	const char *verdict;  /* word of the outcome, NULL: "deadlock" */
	bool no_outcome;      /* as a killed recorder leaves it */
	uint64_t flip;        /* decision (from 1) that picks another lane; 0: none */
};

/* Writes the trace; ends the test when that fails. */
void sample_write(const char *path, const struct sample *sample);

/* A new file name in a private directory, removed when the process ends. */
const char *sample_path(void);

#endif
