/*
 * Inside of a campaign: what campaign.c (phases, budget, threads) and campaign_runs.c (a run and
 * what comes of it) share.
 */
#ifndef FUZZ_CAMPAIGN_STATE_H
#define FUZZ_CAMPAIGN_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fuzz/campaign.h"
#include "fuzz/corpus.h"
#include "fuzz/set64.h"

struct crew {
	struct campaign *campaign;
	struct worker *worker;
	struct sandbox *sandbox;
	unsigned index;
	pthread_t thread;
	struct ticket ticket;
	struct search *search; /* that made the ticket */
	uint64_t schedule;     /* number of the run in the campaign, from 1 */
};

struct campaign {
	const struct campaign_config *config;
	struct campaign_result *result;
	struct worker_config worker_config;
	struct search *search;
	struct search *earlier;       /* with the global lock, when `search` is without */
	struct search_config without; /* of `search` then */
	struct corpus *corpus;
	struct crew *crew;
	pthread_mutex_t lock;
	struct verdict_rules rules;
	char *output; /* of the first run, its beginning */
	size_t output_size;
	struct set64 seen; /* fingerprints: index of the finding + 1 */
	uint64_t started_runs;
	uint64_t interesting;
	double started;
	uint64_t allowed; /* fingerprint of the first run's failure, --allow-failing */
	struct shared_sites sites;
	pthread_mutex_t sites_lock;
	bool interpreted; /* it has variables that are watched */
	bool stop;
	int rc; /* first error */
	struct err err;
};

/* Ctrl-C, or the like. */
bool campaign_interrupted(void);

/* Of both searches: a schedule of the one is none of the other. */
void campaign_add_counts(struct campaign *campaign);

/* One run and its verdict, for the search and for the minimiser. Without the lock. */
int campaign_run_once(struct crew *crew, const struct schedule *schedule,
		      struct server_report *report, struct verdict *verdict, struct err *err);

/* What came of a run: to the search, the corpus and the observer. With the lock. */
void campaign_take_run(struct crew *crew, const struct server_report *report,
		       const struct verdict *verdict);

#endif
