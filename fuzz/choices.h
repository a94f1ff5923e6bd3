/*
 * What is left to say of a schedule when all that happens by default is taken out: its choices. A
 * choice is a decision of the run whose outcome is not what happens by default in the run without
 * preemptions: which lane is next when one blocks is one too, but no preemption.
 */
#ifndef FUZZ_CHOICES_H
#define FUZZ_CHOICES_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "fuzz/run_log.h"
#include "fuzz/schedule.h"
#include "fuzz/verdict.h"

struct choices {
	struct plan_decision *all; /* in the order of the run */
	uint32_t count, preemptions;
	uint32_t unlikely; /* spurious wake-ups, time-outs, jumps of the clock */
	uint64_t order;    /* of the default: 0 lowest slot first, 1 highest */
};

/* How schedules are carried out, and the failure that they are tried for. */
struct trials {
	/* Runs a schedule and judges it: 0, or -code with `err`. */
	int (*run)(void *self, const struct schedule *schedule, struct verdict *verdict,
		   struct server_report *report, struct err *err);
	/* Of the run before; valid until the next one. */
	const struct run_log *(*log)(void *self);
	void *self;
	uint64_t fingerprint;
	uint64_t steps;  /* limit of operations for each run */
	bool any_access; /* of the schedules, see struct schedule */
	bool library;
};

/* Those of a run. `out` is empty or has others, which are replaced. */
void choices_of(const struct run_log *log, uint64_t order, struct choices *out);
void choices_copy(struct choices *to, const struct choices *from);
void choices_remove(struct choices *choices, uint32_t from, uint32_t n);
void choices_fini(struct choices *choices);

/*
 * Runs with these choices forced loosely (PLAN_LOOSE): 0, or -code with `err`. `verdict` has kind
 * FAILURE_NONE and no fingerprint where they are more than can be forced.
 */
int choices_run(const struct trials *trials, const struct choices *choices, struct verdict *verdict,
		struct err *err);

#endif
