/*
 * A failure that a search has found: recorded in full as a trace, and confirmed by replaying that
 * trace in fresh processes. It searches and shrinks nothing.
 */
#ifndef FUZZ_FINDING_H
#define FUZZ_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "fuzz/verdict.h"
#include "fuzz/worker.h"
#include "recorder/redact.h"
#include "recorder/sandbox.h"

struct finding {
	struct verdict verdict;
	char words[96];    /* how it failed: verdict_describe() */
	char origin[32];   /* where the schedule came from */
	uint64_t schedule; /* number of the run that found it */
	uint64_t count;    /* runs that failed so */
	double seconds;    /* since the start of the search */
	bool known;        /* listed by --known */
	/* of an interpreted program with a global lock: "on", it can happen as it is, or "off" */
	const char *gil; /* NULL: of another one */
	bool any_access; /* the schedule is one of PLAN_RUN_ANY_ACCESS */
	bool library;    /* ... of PLAN_RUN_LIBRARY_LOCKS */
	bool tolerated;  /* reported, but no failure of the campaign */
	uint64_t decisions_before;
	uint32_t decisions; /* choices that are left, not the default */
	uint32_t preemptions;
	bool minimised;
	struct {
		uint32_t lane;
		uint64_t k;
	} first, second;          /* the critical pair, lane 0: unknown */
	unsigned confirmed, runs; /* replays that failed in the same way, of so many */
	char reason[1024];        /* why not all of them did */
	char *path;               /* of the trace; NULL: it could not be written */
	char *passing;            /* of the trace of the same schedule less one choice, or NULL */
	char *pattern;            /* name of the bug pattern, or NULL */
};

struct finding_config {
	bool keep_input; /* the traces hold what comes in from the outside */
	const struct worker_config *worker;
	const struct sandbox_config *sandbox;
	int input;      /* standard input of the runs */
	uint64_t of;    /* runs that the search may take, 0: no limit */
	double seconds; /* that a run may use, session.h */
	uint64_t step_budget;
	const char *const *environment; /* further variables for the header */
	unsigned environment_count;
	struct redact *redact; /* NULL: nothing */
	bool pack;             /* put the files that a replay needs into the trace */
	bool (*interrupted)(void *self);
	void *self;
};

/* How a run in a fresh process has to end. */
enum finding_expected {
	FINDING_FAILS,  /* as the finding did */
	FINDING_PASSES, /* not so */
	FINDING_ANY,
};

/*
 * Runs the decisions in a fresh process and writes the trace to `path`; of the finding it puts in
 * what is known. 0, or -code with `err`: also when it does not end as expected.
 */
int finding_record(const struct finding_config *config, const struct finding *finding,
		   const struct plan_decision *decisions, uint32_t count, const char *path,
		   enum finding_expected expected, struct err *err);

/*
 * The same for a run that takes too long, which a replay of its trace would not show: runs the
 * decisions `times` times, and fills confirmed, runs and reason.
 */
int finding_confirm_hang(const struct finding_config *config, struct finding *finding,
			 const struct plan_decision *decisions, uint32_t count, const char *path,
			 unsigned times, struct err *err);

/*
 * Replays the trace `times` times; fills confirmed, runs and reason. `*fits`: the first replay was
 * the recorded run. 0, or -code with `err` when none was possible.
 */
int finding_confirm(const struct finding_config *config, struct finding *finding, const char *path,
		    unsigned times, struct err *err);

void finding_fini(struct finding *finding);

#endif
