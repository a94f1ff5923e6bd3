/*
 * From a failing run to a finding: smaller, recorded in a process of its own, replayed until it is
 * believed, and with the passing schedule beside it. What was found stays where the smaller one is
 * not as stable.
 */
#ifndef FUZZ_INVESTIGATE_H
#define FUZZ_INVESTIGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/campaign.h"
#include "fuzz/minimise.h"

struct investigation {
	const struct campaign_config *config;
	const struct worker_config *worker;
	const struct schedule *limits; /* of the run that failed */
	bool interpreted;              /* the program has variables that are watched */
	/* One run of the worker, which is at rest, and its log: as in struct minimise_config. */
	int (*run)(void *self, const struct schedule *schedule, struct verdict *verdict,
		   struct server_report *report, struct err *err);
	const struct run_log *(*log)(void *self);
	void (*executed)(void *self, uint64_t n); /* so many more runs */
	bool (*interrupted)(void *self);
	void *self;
};

/*
 * `finding` has the verdict and how it was found; the `n` decisions are those of the run.
 * Afterwards it has its traces, or the reason why there are none. Blocks for as long as all these
 * runs take.
 */
void investigate(const struct investigation *investigation, struct finding *finding,
		 const struct plan_decision *decisions, uint32_t n);

#endif
