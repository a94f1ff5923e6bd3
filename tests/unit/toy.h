/*
 * A toy scheduler for strategies: lanes are lists of steps on locks, objects and a flag, and
 * nothing of the runtime but the strategy decides who goes on.
 */
#ifndef TESTS_UNIT_TOY_H
#define TESTS_UNIT_TOY_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/strategy.h"

#define TOY_LANES 130  /* three words of bits */
#define TOY_ORDER 4096 /* steps that are remembered */
#define TOY_STEPS 100000

/*
 * A step is a letter: '.' works, 'a'..'d' take a lock, 'A'..'D' give it back, 'x' and 'y' write an
 * object each, 'r' reads that of 'x', '~' yields, '?' yields until the flag is set, '^' polls for
 * it without yielding, 'z' sleeps (for no time), '!' sets the flag, '+' begins the next lane.
 */
struct toy {
	const char *program[TOY_LANES];
	uint32_t lanes; /* 1 to TOY_LANES */
	uint32_t first; /* of these, lanes that have begun at the start; 0: all */
	char watched;   /* the letter that `written` is about */

	/* what happened */
	uint32_t pc[TOY_LANES], k[TOY_LANES], parent[TOY_LANES];
	uint32_t begun, steps, switches;
	uint32_t choices;     /* where the strategy was asked */
	uint32_t preemptions; /* switches from a lane that could go on, and did not yield */
	uint32_t delays;      /* choices other than that of a round robin without preemption */
	int owner[4];         /* lane + 1 */
	bool flag, deadlock;
	uint8_t order[TOY_ORDER]; /* who did the n-th step */
	char written[32];         /* who did the n-th step that is watched: '0' + lane */
	uint32_t most_in_a_row;
};

/* Hash of a lane's id, and of that of the object of a letter. */
uint64_t toy_lane_id(uint32_t lane);
uint64_t toy_object(char letter);

/* strategy_init() for a plan without profile. */
void toy_start(struct strategy_state *state, uint32_t id, uint64_t seed, uint32_t slice);

/*
 * Runs all lanes to their ends, to a deadlock or for TOY_STEPS; the strategy is asked before each
 * step where there is a choice.
 */
void toy_run(struct toy *toy, struct strategy_state *state);

#endif
