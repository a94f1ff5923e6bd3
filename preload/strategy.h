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

/* What a lane is about to do. */
struct strategy_pending {
	uint64_t lane;   /* hash of its id */
	uint64_t object; /* hash of the id of the object of its operation; 0: none */
	/* index of the operation among the lane's events, and how often it has waited in it */
	uint64_t k;
	uint32_t stage;
	uint32_t kind;   /* enum event_kind; EVENT_NONE: the lane has not begun yet */
	uint32_t parent; /* slot of its creator; STRATEGY_NOBODY: none, or no longer there */
};

/* A choice of the next lane among those that can run. */
struct strategy_pick {
	/* slot of the lane that asks; STRATEGY_NOBODY when it cannot go on */
	uint32_t current;
	uint32_t last;            /* slot of the lane that ran last, also when it cannot go on */
	bool yielding;            /* the current lane asks to let others go first */
	bool unseen;              /* who goes on, or asks, is at something that nobody else uses */
	uint32_t count;           /* lanes that can run, with the current one: at least 1 */
	uint32_t words;           /* of `runnable` */
	const uint64_t *runnable; /* bit = slot */
	/*
	 * What the lane in this slot is about to do: of one that can run, or a parent. Asked for
	 * where it is needed only, by strategy_pending().
	 */
	struct strategy_pending (*pending)(const void *source, uint32_t slot);
	const void *source;
};

/* What is remembered of the lane in a slot, see preload/strategy_lanes.h. */
struct strategy_lane {
	uint64_t id;    /* hash of the lane's id; 0: nobody seen yet */
	uint64_t k;     /* its pending operation, when it was last looked at */
	uint32_t stage; /* ... */
	uint8_t news;   /* enum strategy_news, of the last look */
	uint8_t yields; /* since it last gave way */
	uint64_t seen;  /* step at which it was last able to go on, */
	uint64_t since; /* ... at which it became so, */
	uint64_t ran;   /* ... at which it last went on, */
	uint64_t held;  /* ... and at which it was last held back; 0: never */
	uint64_t priority;
	/* surw: operations on the target still to come, with those of lanes to be created */
	uint64_t left;
	uint64_t taken;   /* surw: k + 1 of the one that it was last let do, until that is over */
	uint64_t waiting; /* surw: waits for the intended lane while this is the round */
	uint64_t done;    /* between: k + 1 of its last operation on an object, */
	uint32_t places;  /* ... places at which it could have been left, */
	bool begun;       /* ... it has done such an operation, */
	bool creator;     /* ... and created lanes since others went on */
};

/* All of one run. strategy_init() forgets it; entries of the arrays are written when first used. */
struct strategy_state {
	const struct strategy *strategy;
	uint64_t random;
	uint32_t slice, used;
	uint64_t parameters[6];          /* defaults filled in */
	uint64_t steps_left, draws_left; /* see strategy_drawn() */
	/* strategies that remember lanes: choices so far, and what the last look found */
	uint64_t step;
	uint32_t slots;             /* entries of `lane` in use */
	uint32_t starving;          /* who has waited for too long; STRATEGY_NOBODY */
	uint32_t longest;           /* whose last turn is longest ago, when that was, */
	uint64_t longest_ran;       /* ... */
	uint64_t second_ran;        /* ... and the same of all the others */
	uint64_t demoted, promoted; /* pct: how often; between: lanes left */
	/* surw: the target, 0 none; who does the next operation on it */
	uint64_t target;
	uint64_t intended_id; /* 0: nobody yet */
	uint32_t intended;    /* its slot */
	uint32_t rows;        /* of `row` */
	uint32_t next_row;    /* where to look for the next lane */
	uint64_t round;
	struct plan_profile_row row[REGION_LANES]; /* with their descendants' events */
	struct strategy_lane lane[REGION_LANES];
};

struct strategy {
	const char *name;
	/* `profile` is NULL when the plan has none; it does not outlive the call. */
	void (*init)(struct strategy_state *state, const struct plan_strategy *plan,
		     const struct plan_profile *profile);
	/* Slot of the lane that goes on: one whose bit is set. */
	uint32_t (*pick)(struct strategy_state *state, const struct strategy_pick *pick);
	/* Any other decision: index below `count`; 0 is what happens by default. */
	uint32_t (*choose)(struct strategy_state *state, enum decision_kind kind, uint32_t count);
	/*
	 * The lane in `slot` goes on without a question: no other can run, or the plan says so.
	 * NULL: the strategy does not want to know.
	 */
	void (*note)(struct strategy_state *state, const struct strategy_pick *pick, uint32_t slot);
};

/* One for each row of formats/strategy.def, in a file of its own: strategy_natural, ... */
#define STRATEGY(symbol, name) extern const struct strategy strategy_##name;
#include "formats/strategy.def"

/* By enum strategy_id. */
extern const struct strategy *const strategy_table[STRATEGY_COUNT];

/*
 * Begins a run: whatever `state` held is forgotten. `profile` may be NULL. 0, or -22 (EINVAL) for
 * an unknown id.
 */
int strategy_init(struct strategy_state *state, const struct plan_strategy *plan,
		  const struct plan_profile *profile);

/* Helpers for strategies: next set bit after `slot` in cyclic order; the n-th set bit. */
uint32_t strategy_next(const struct strategy_pick *pick, uint32_t slot);
uint32_t strategy_nth(const struct strategy_pick *pick, uint32_t n);

/* The first set bit from `slot` on; STRATEGY_NOBODY. */
uint32_t strategy_from(const struct strategy_pick *pick, uint32_t slot);

/* for all lanes that can run, in order of slots */
#define STRATEGY_EACH(slot, pick)                                             \
	for (uint32_t slot = strategy_from(pick, 0); slot != STRATEGY_NOBODY; \
	     slot = strategy_from(pick, slot + 1))

/* What the lane in `slot` is about to do. */
static inline struct strategy_pending strategy_pending(const struct strategy_pick *pick,
						       uint32_t slot)
{
	return pick->pending(pick->source, slot);
}

/*
 * What `random` chooses, for other strategies as well: which waiter is woken is drawn; things that
 * need not happen at all (time-outs, spurious wake-ups, early clock jumps) happen once in `rarity`
 * chances (0xffffffff: never). A try-operation fails only where another lane really has the
 * object: one that is about to take it may do otherwise, and no finding may rest on what cannot
 * happen.
 */
uint32_t strategy_choose_rarely(struct strategy_state *state, uint64_t rarity,
				enum decision_kind kind, uint32_t count);

/*
 * Draws `draws` different ones among `steps` steps, each set being as likely as any other (Knuth,
 * The Art of Computer Programming, 3.4.2, algorithm S): strategy_drawn() counts one and says
 * whether it was drawn. False when all steps are over.
 */
void strategy_draw_steps(struct strategy_state *state, uint64_t draws, uint64_t steps);
bool strategy_drawn(struct strategy_state *state);

/* Next number of the state's own stream (splitmix64). */
uint64_t strategy_draw(struct strategy_state *state);
/* Uniform below n (Lemire, 2019). */
uint32_t strategy_below(struct strategy_state *state, uint32_t n);
/* The same for large n, up to a bias of n / 2^64. */
uint64_t strategy_below_wide(struct strategy_state *state, uint64_t n);

#endif
