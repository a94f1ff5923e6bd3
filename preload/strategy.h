/*
 * Strategies: who goes on. Pure and freestanding: no libc, no clock, no randomness but their seed;
 * the state is the caller's, so that the same code is tested without a target. A new one = one file
 * and one row in formats/strategy.def (docs/howto-add-a-strategy.md).
 */
#ifndef PRELOAD_STRATEGY_H
#define PRELOAD_STRATEGY_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/plan.h"
#include "formats/record.h"

#define STRATEGY_NOBODY 0xffffffffu

/* A choice of the next lane among those that can run. */
struct strategy_pick {
	/* slot of the lane that asks; STRATEGY_NOBODY when it cannot go on */
	uint32_t current;
	uint32_t last;            /* slot of the lane that ran last, also when it cannot go on */
	bool yielding;            /* the current lane asks to let others go first */
	uint32_t count;           /* lanes that can run, with the current one: at least 1 */
	uint32_t words;           /* of `runnable` */
	const uint64_t *runnable; /* bit = slot */
};

struct strategy_state {
	const struct strategy *strategy;
	uint64_t random;
	uint32_t slice, used;
	uint64_t parameters[6];
};

struct strategy {
	const char *name;
	void (*init)(struct strategy_state *state, const struct plan_strategy *plan);
	/* Slot of the lane that goes on: one whose bit is set. */
	uint32_t (*pick)(struct strategy_state *state, const struct strategy_pick *pick);
	/* Any other decision: index below `count`; 0 is what happens by default. */
	uint32_t (*choose)(struct strategy_state *state, enum decision_kind kind, uint32_t count);
};

/* One for each row of formats/strategy.def, in a file of its own: strategy_natural, ... */
#define STRATEGY(symbol, name) extern const struct strategy strategy_##name;
#include "formats/strategy.def"

/* By enum strategy_id. */
extern const struct strategy *const strategy_table[STRATEGY_COUNT];

/* 0, or -22 (EINVAL) for an unknown id. */
int strategy_init(struct strategy_state *state, const struct plan_strategy *plan);

/* Helpers for strategies: next set bit after `slot` in cyclic order; the n-th set bit. */
uint32_t strategy_next(const struct strategy_pick *pick, uint32_t slot);
uint32_t strategy_nth(const struct strategy_pick *pick, uint32_t n);

/* Next number of the state's own stream (splitmix64). */
uint64_t strategy_draw(struct strategy_state *state);
/* Uniform below n (Lemire, 2019). */
uint32_t strategy_below(struct strategy_state *state, uint32_t n);

#endif
