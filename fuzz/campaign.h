/*
 * A campaign: runs schedules on one or more workers until a failure is found or the budget is used
 * up, and makes of each failure a finding: minimised, recorded in full, confirmed. It prints
 * nothing: what happens is told to an observer, what came of it is in the result.
 */
#ifndef FUZZ_CAMPAIGN_H
#define FUZZ_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"
#include "fuzz/finding.h"
#include "fuzz/search.h"
#include "fuzz/worker.h"
#include "recorder/sandbox.h"

struct campaign;

/* Called with the campaign's lock held, from any thread: not to call back into it. */
struct campaign_observer {
	void *self;
	/* The fork point is reached, or `reason` says why each run is a whole program. */
	void (*started)(void *self, const char *reason);
	/* After each run. */
	void (*run)(void *self, const struct campaign *campaign);
	/* A new failure was seen, and what is done with it goes on. */
	void (*failure)(void *self, const struct finding *finding);
	/* ... and it is recorded and confirmed, or listed by --known. */
	void (*finding)(void *self, const struct finding *finding);
};

/* Where an interpreted program with a global lock is switched. */
enum gil_mode {
	GIL_AUTO, /* first the one, then the other */
	GIL_ON,   /* where the interpreter can */
	GIL_OFF,  /* at any access */
};

struct campaign_config {
	struct worker_config worker; /* `prepare`, `interrupted` and `self` are the campaign's */
	struct sandbox_config sandbox;
	bool keep_input; /* traces of findings hold what came in */
	struct search_config search;
	struct campaign_observer observer;
	uint64_t iterations;
	double seconds; /* from the fork point on; 0: no limit */
	unsigned jobs;
	unsigned confirm; /* replays */
	bool keep_going, allow_failing, same_output, no_minimise;
	enum gil_mode gil;
	bool can_happen_only;  /* what needs GIL_OFF is reported, and is no failure */
	const uint64_t *known; /* fingerprints that are no findings */
	size_t known_count;
	const char *directory; /* for traces of findings; made when needed */
	const char *name;      /* what their names begin with, or NULL */
	const char *corpus;    /* NULL: none is kept */
	bool corpus_optional;  /* one that cannot be opened is a warning */
	const char *const *environment;
	unsigned environment_count;
	struct redact *redact;
	bool pack;
	/* decisions of a trace to begin with, or NULL */
	const struct plan_decision *given;
	uint32_t given_count;
};

enum campaign_end {
	CAMPAIGN_BUDGET,      /* iterations or time used up */
	CAMPAIGN_FOUND,       /* a failure, and no --keep-going */
	CAMPAIGN_INTERRUPTED, /* campaign_interrupt() */
	CAMPAIGN_ALWAYS,      /* it fails in the same way in every schedule that was tried */
	CAMPAIGN_SINGLE,      /* the program ended before it made a second thread */
	CAMPAIGN_CANNOT,      /* it cannot be controlled, or a run was not possible: err says why */
};

struct campaign_result {
	enum campaign_end end;
	struct search_counts counts;
	uint64_t executions; /* all of them, also those that minimise, record and confirm */
	uint64_t ended;      /* runs that came to their end by themselves */
	uint64_t failed;     /* runs that failed, known failures included */
	uint64_t uncontrolled, inexact; /* runs with such a note; the last of them: */
	char note[256];
	char remark[256];    /* of a run, "" none: no fault, but worth knowing */
	uint64_t points;     /* most choices between threads in one run */
	uint32_t lanes;      /* most threads in one run */
	uint64_t operations; /* most events in one run */
	double seconds, boot_seconds;
	char no_corpus[512]; /* why no schedules are kept although they should be, or "" */
	int first_status;    /* exit status of the first run */
	char reason[256];    /* why runs are whole programs, "" when they are forks */
	struct finding *findings;
	size_t finding_count;
	struct verdict always; /* ALWAYS */
	struct verdict alone;  /* SINGLE: how it ended, NONE: with exit status 0 */
	bool children;         /* SINGLE: it had child processes */
};

/* Blocks until it is over. 0, or -code with `err` where end is CANNOT. */
int campaign_run(const struct campaign_config *config, struct campaign_result *result,
		 struct err *err);
void campaign_result_fini(struct campaign_result *result);

/* Ends the campaign that runs in this process soon. Async-signal-safe. */
void campaign_interrupt(void);

/* For observers. */
const struct campaign_result *campaign_so_far(const struct campaign *campaign);
double campaign_seconds(const struct campaign *campaign);

#endif
