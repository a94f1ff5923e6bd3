/*
 * Search: which schedule to try next. It knows the logs of runs, and nothing of processes, files or
 * failures.
 *
 *	search = search_new(&config);
 *	loop:
 *		search_next(search, &ticket);
 *		run ticket.schedule
 *		search_feed(search, &ticket, log, report, &news);
 *	search_ticket_fini(&ticket);
 *	search_free(search);
 *
 * A new search = one row in the table of policies (search.c). Same seed, same runs fed in the same
 * order: same tickets.
 */
#ifndef FUZZ_SEARCH_H
#define FUZZ_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/candidates.h"
#include "fuzz/run_log.h"
#include "fuzz/schedule.h"
#include "recorder/server.h"

#define SEARCH_SECONDS_FACTOR 10

struct search_config {
	uint64_t seed;
	/* id STRATEGY_COUNT: the default; else this strategy alone, with these parameters */
	struct plan_strategy strategy;
	uint64_t rarity; /* of unlikely choices in random runs, 0: the strategies' default */
	uint64_t steps;  /* operations before a run is a livelock; 0: learned from the first run */
	/*
	 * A run may take SEARCH_SECONDS_FACTOR times the longest that ended, and so many seconds
	 * more. 0: any time.
	 */
	double seconds;
	bool every_point; /* switch also where nothing is shared */
	bool any_access;  /* of all its schedules, see struct schedule */
	bool reversals;   /* with the default: conflict reversal alone, nothing drawn */
};

/* Where a ticket comes from. */
enum search_origin {
	ORIGIN_FIRST,    /* no preemption, in order of creation */
	ORIGIN_REVERSED, /* no preemption, the last thread first: with `reversals` */
	ORIGIN_REVERSAL, /* two operations in the other order */
	ORIGIN_STRATEGY, /* another strategy */
	ORIGIN_GIVEN,    /* from a corpus or a trace */
};

struct ticket {
	uint64_t run; /* from 1 */
	enum search_origin origin;
	struct schedule schedule;
	struct candidate candidate; /* REVERSAL; `forced` is the ticket's own */
	uint32_t depth;
	unsigned arm; /* STRATEGY: of the portfolio */
	struct plan_decision *forced;
	size_t forced_room;
	struct plan_profile *profile;
	size_t profile_room;
	uint64_t *sites;
	size_t sites_room;
};

struct search_news {
	bool distinct; /* no equivalent run before */
	size_t pairs;  /* conflict pairs seen for the first time */
	size_t queued; /* reversals it adds */
};

struct search;

struct search *search_new(const struct search_config *config);
void search_free(struct search *search);

/* Tries this schedule soon: a failure of an earlier campaign, the schedule of a trace. Copied. */
void search_give(struct search *search, const struct plan_decision *forced, uint32_t count);

/* The next schedule; the ticket's memory is used again. */
void search_next(struct search *search, struct ticket *ticket);
void search_ticket_fini(struct ticket *ticket);

/* What came of it. */
void search_feed(struct search *search, const struct ticket *ticket, const struct run_log *log,
		 const struct server_report *report, struct search_news *news);

struct search_counts {
	uint64_t runs;      /* fed */
	uint64_t distinct;  /* hb_hashes */
	uint64_t pairs;     /* conflict pairs */
	uint64_t queued;    /* reversals not tried yet */
	uint64_t last_new;  /* run that brought the last distinct hash ... */
	uint64_t last_pair; /* ... or conflict pair */
	uint64_t diverged;  /* runs in which a forced decision was impossible */
};
void search_counts(const struct search *search, struct search_counts *counts);

/* Words for people: "reversal", "surw". */
const char *search_origin_word(const struct ticket *ticket);

#endif
