/*
 * The searches, see search.h.
 *
 * Default: first the run without any preemption, then three in which each lane is left between two
 * of its operations (preload/strategy_between.c); then, after the measurements of the design notes
 * (search.md, 3.14), conflict reversal, the rarest pair first, and every third run SURW (Zhao et
 * al., "Selectively Uniform Concurrency Testing", ASPLOS 2025). When no reversal is left a
 * portfolio of random strategies goes on, by UCB1 (Auer et al., 2002) with new conflict pairs and
 * new partial orders as the reward.
 */
#include "fuzz/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"
#include "fuzz/profile.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"
#include "recorder/strategy_parameters.h"

#define SURW_EVERY 3
/* Where so many runs have not failed the bug is deep, and reversals reach it one at a time. */
#define SURW_LATER 200
#define SURW_EVERY_LATER 2
#define PER_PAIR 12 /* reversals of one pair from one run */
#define SURW_PENALTY 3
#define RANDOM_PENALTY 8
/* A run may take so many times the operations of the longest that ended, and so many at least. */
#define STEPS_FACTOR 50
#define STEPS_LEAST 20000
#define STEPS_FIRST 20000000
/* ... and what it has in common with another one comes in so many; it has lost its way else. */
#define FORCED_FACTOR 2
#define FORCED_LEAST 1000
/* A run that takes many times as long as others may have waited: it counts for as much more. */
#define LONGER 4

enum arm { ARM_SURW, ARM_POS, ARM_PCT, ARM_RANDOM, ARM_PB, ARMS };

struct given {
	struct plan_decision *forced;
	uint32_t count;
};

struct search {
	struct search_config config;
	struct candidates *candidates;
	struct profile *profile;
	struct reversals reversals;
	struct set64 hashes, pairs;
	struct search_counts counts;
	uint64_t tickets; /* given out */
	uint64_t surw;    /* of these */
	size_t openings;  /* of these */
	uint64_t points;  /* of the longest run: choices between lanes */
	uint64_t longest; /* operations of the longest run that ended */
	bool interpreted; /* the program is */
	double slowest;   /* seconds of the slowest run that ended */
	struct given *given;
	size_t given_count, given_next;
	struct {
		uint64_t plays, rewards;
	} arms[ARMS];
};

struct search *search_new(const struct search_config *config)
{
	struct search *search = alloc_check(calloc(1, sizeof(*search)));

	search->config = *config;
	search->candidates = candidates_new();
	search->profile = profile_new();
	return search;
}

void search_free(struct search *search)
{
	size_t i;

	if (!search)
		return;
	for (i = 0; i < search->given_count; i++)
		free(search->given[i].forced);
	free(search->given);
	candidates_free(search->candidates);
	profile_free(search->profile);
	reversals_fini(&search->reversals);
	set64_fini(&search->hashes);
	set64_fini(&search->pairs);
	free(search);
}

void search_ticket_fini(struct ticket *ticket)
{
	free(ticket->forced);
	free(ticket->profile);
	free(ticket->sites);
	memset(ticket, 0, sizeof(*ticket));
}

void search_give(struct search *search, const struct plan_decision *forced, uint32_t count)
{
	struct given *given;

	search->given = alloc_grow(search->given, search->given_count, sizeof(*search->given));
	given = &search->given[search->given_count++];
	given->count = count;
	given->forced = alloc_check(malloc((count + 1) * sizeof(*forced)));
	if (count)
		memcpy(given->forced, forced, count * sizeof(*forced));
}

static void set(struct plan_strategy *strategy, const char *name, uint64_t value)
{
	strategy_parameter_set(strategy, name, strlen(name), value);
}

/* A number for this run alone: the seed of the campaign and the number of the run. */
static uint64_t draw(const struct search *search, uint64_t run, uint64_t what)
{
	return hash_id(search->config.seed, run, what);
}

/* The run without preemptions. */
static struct plan_strategy non_preemptive(uint64_t order)
{
	struct plan_strategy strategy = { .id = STRATEGY_PB };

	set(&strategy, "bound", 0);
	set(&strategy, "order", order);
	return strategy;
}

static void force(struct ticket *ticket, const struct plan_decision *forced, uint32_t count)
{
	if (count > ticket->forced_room) {
		ticket->forced_room = 2 * (size_t)count;
		ticket->forced = alloc_check(
			reallocarray(ticket->forced, ticket->forced_room, sizeof(*ticket->forced)));
	}
	if (count)
		memcpy(ticket->forced, forced, count * sizeof(*forced));
	ticket->schedule.forced = ticket->forced;
	ticket->schedule.forced_count = count;
}

static void add_sites(struct search *search, struct ticket *ticket)
{
	if (search->config.every_point)
		return;
	ticket->schedule.private_count =
		profile_private_sites(search->profile, &ticket->sites, &ticket->sites_room);
	ticket->schedule.private_sites = ticket->sites;
}

/* What a strategy needs to know of earlier runs. */
static void tune(struct search *search, struct ticket *ticket)
{
	struct plan_strategy *tail = &ticket->schedule.tail;
	uint64_t points = search->points ? search->points : 100;

	tail->seed = draw(search, ticket->run, 1);
	set(tail, "steps", points);
	if (search->config.rarity)
		set(tail, "rarity", search->config.rarity);
	if (tail->id == STRATEGY_SURW) {
		bool library = false;
		uint32_t bytes = profile_take(search->profile, search->surw,
					      draw(search, ticket->run, 2), &ticket->profile,
					      &ticket->profile_room, &library);

		/* Nobody can be held up before what is no point. */
		ticket->schedule.library = ticket->schedule.library || library;
		search->surw++;
		ticket->schedule.profile = bytes ? ticket->profile : NULL;
		ticket->schedule.profile_bytes = bytes;
	}
	add_sites(search, ticket);
}

static void by_strategy(struct search *search, struct ticket *ticket, enum strategy_id id)
{
	ticket->origin = ORIGIN_STRATEGY;
	ticket->schedule.library = draw(search, ticket->run, 4) & 1;
	ticket->schedule.tail = (struct plan_strategy){ .id = id };
	if (id == STRATEGY_PB)
		set(&ticket->schedule.tail, "bound", 1 + draw(search, ticket->run, 3) % 3);
	if (id == STRATEGY_PB)
		set(&ticket->schedule.tail, "order", 2);
	if (id == STRATEGY_PCT)
		set(&ticket->schedule.tail, "depth", 3);
	tune(search, ticket);
}

/* UCB1; arms that were not played yet first. */
static void by_portfolio(struct search *search, struct ticket *ticket)
{
	static const enum strategy_id ids[ARMS] = {
		[ARM_SURW] = STRATEGY_SURW,     [ARM_POS] = STRATEGY_POS, [ARM_PCT] = STRATEGY_PCT,
		[ARM_RANDOM] = STRATEGY_RANDOM, [ARM_PB] = STRATEGY_PB,
	};
	double best = -1, total = 0;
	unsigned i, chosen = 0;

	for (i = 0; i < ARMS; i++)
		total += (double)search->arms[i].plays;
	for (i = 0; i < ARMS; i++) {
		double plays = (double)search->arms[i].plays, score;

		score = plays == 0 ? 1e9 - i
				   : (double)search->arms[i].rewards / plays +
					     sqrt(2 * log(total) / plays);
		if (score > best) {
			best = score;
			chosen = i;
		}
	}
	search->arms[chosen].plays++;
	ticket->arm = chosen;
	by_strategy(search, ticket, ids[chosen]);
}

static void first_run(struct ticket *ticket, enum search_origin origin)
{
	ticket->origin = origin;
	ticket->schedule.tail = non_preemptive(origin == ORIGIN_REVERSED);
}

static bool by_reversal(struct search *search, struct ticket *ticket)
{
	if (!candidates_take(search->candidates, &ticket->candidate))
		return false;
	ticket->origin = ORIGIN_REVERSAL;
	ticket->depth = ticket->candidate.depth;
	force(ticket, ticket->candidate.forced, ticket->candidate.count);
	ticket->candidate.forced = ticket->forced;
	ticket->schedule.library = ticket->candidate.library;
	ticket->schedule.forced_steps = FORCED_LEAST + FORCED_FACTOR * search->longest;
	ticket->schedule.tail = non_preemptive(0);
	set(&ticket->schedule.tail, "next", ticket->candidate.next_slot);
	/* Of an interpreted program most places are private, also those where a lock is held. */
	if (!search->interpreted)
		add_sites(search, ticket);
	return true;
}

/*
 * What is tried before anything is known of conflicts: each lane is left at its first place, the
 * youngest first and the oldest first, and at its second.
 */
static bool by_opening(struct search *search, struct ticket *ticket)
{
	static const struct {
		uint64_t order, place;
	} openings[] = { { 1, 1 }, { 0, 1 }, { 0, 2 } };

	if (search->openings == sizeof(openings) / sizeof(openings[0]))
		return false;
	ticket->origin = ORIGIN_STRATEGY;
	ticket->schedule.tail = (struct plan_strategy){ .id = STRATEGY_BETWEEN };
	add_sites(search, ticket);
	set(&ticket->schedule.tail, "order", openings[search->openings].order);
	set(&ticket->schedule.tail, "place", openings[search->openings].place);
	search->openings++;
	return true;
}

static bool is_random(uint64_t run)
{
	return run % (run > SURW_LATER ? SURW_EVERY_LATER : SURW_EVERY) == 0;
}

static void default_next(struct search *search, struct ticket *ticket)
{
	if (ticket->run == 1)
		first_run(ticket, ORIGIN_FIRST);
	else if (search->config.reversals && ticket->run == 2)
		first_run(ticket, ORIGIN_REVERSED);
	else if (!search->config.reversals && by_opening(search, ticket))
		return;
	else if (!search->config.reversals && is_random(ticket->run) &&
		 profile_objects(search->profile))
		by_strategy(search, ticket,
			    search->interpreted && ticket->run % (2 * SURW_EVERY) == 0
				    ? STRATEGY_PB
				    : STRATEGY_SURW);
	else if (!by_reversal(search, ticket))
		by_portfolio(search, ticket);
}

/* One strategy alone; its first run is the profile that some of them need. */
static void single_next(struct search *search, struct ticket *ticket)
{
	const struct plan_strategy *strategy = &search->config.strategy;

	if (ticket->run == 1) {
		first_run(ticket, ORIGIN_FIRST);
		return;
	}
	ticket->origin = ORIGIN_STRATEGY;
	ticket->schedule.library = true;
	ticket->schedule.tail = *strategy;
	tune(search, ticket);
}

void search_next(struct search *search, struct ticket *ticket)
{
	const struct search_config *config = &search->config;

	ticket->run = ++search->tickets;
	ticket->depth = 0;
	ticket->arm = ARMS;
	ticket->schedule = (struct schedule){ .forced = ticket->forced };
	if (ticket->run > 1 && search->given_next < search->given_count) {
		const struct given *given = &search->given[search->given_next++];

		ticket->origin = ORIGIN_GIVEN;
		ticket->schedule.library = true;
		force(ticket, given->forced, given->count);
		ticket->schedule.tail = (struct plan_strategy){ .id = STRATEGY_SCRIPT };
	} else if (config->strategy.id == STRATEGY_COUNT) {
		default_next(search, ticket);
	} else {
		single_next(search, ticket);
	}
	ticket->schedule.any_access = config->any_access;
	if (config->steps)
		ticket->schedule.steps = config->steps;
	else if (!search->longest)
		ticket->schedule.steps = STEPS_FIRST;
	else
		ticket->schedule.steps = STEPS_LEAST + STEPS_FACTOR * search->longest;
	/*
	 * Whoever makes no progress at all is caught by the watchdog. This is for runs that do
	 * something for ever, but slowly.
	 */
	if (config->seconds > 0 && search->slowest > 0)
		ticket->schedule.seconds =
			config->seconds + SEARCH_SECONDS_FACTOR * search->slowest;
}

struct pair_counter {
	struct set64 *known;
	size_t new;
};

static void see_pair(void *self, uint64_t pair)
{
	struct pair_counter *counter = self;

	counter->new += set64_add(counter->known, pair);
}

static void measure(struct search *search, const struct run_log *log,
		    const struct server_report *report)
{
	uint64_t points = 0;
	size_t i;

	for (i = log->mark.step; i < log->step_count; i++)
		points +=
			(log->steps[i].type == STEP_OFFER || log->steps[i].type == STEP_DECISION) &&
			log->steps[i].kind == DECISION_PICK;
	if (points > search->points)
		search->points = points;
	if (report->verdict == VERDICT_EXIT && report->events > search->longest) {
		uint64_t most = LONGER * search->longest + FORCED_LEAST;

		search->longest = search->longest && report->events > most ? most : report->events;
	}
}

static uint32_t penalty_of(const struct ticket *ticket)
{
	if (ticket->origin != ORIGIN_STRATEGY || ticket->schedule.tail.id == STRATEGY_BETWEEN)
		return 0;
	return ticket->schedule.tail.id == STRATEGY_SURW ? SURW_PENALTY : RANDOM_PENALTY;
}

void search_feed(struct search *search, const struct ticket *ticket, const struct run_log *log,
		 const struct server_report *report, struct search_news *news)
{
	struct pair_counter counter = { .known = &search->pairs };
	bool reversals = search->config.strategy.id == STRATEGY_COUNT;

	memset(news, 0, sizeof(*news));
	search->counts.runs++;
	search->interpreted = log->interpreted;
	if (report->verdict == VERDICT_EXIT && !report->time_limit &&
	    report->seconds > search->slowest)
		search->slowest = report->seconds;
	search->counts.diverged += log->inexact > 0 && ticket->schedule.forced_count > 0;
	news->distinct = set64_add(&search->hashes, report->hb_hash);
	if (news->distinct) {
		search->counts.distinct++;
		search->counts.last_new = search->counts.runs;
		measure(search, log, report);
		conflicts_pairs(log, see_pair, &counter);
		news->pairs = counter.new;
		if (counter.new)
			search->counts.last_pair = search->counts.runs;
		profile_feed(search->profile, log);
		if (reversals) {
			conflicts_find(log, PER_PAIR, &search->reversals);
			news->queued = candidates_add(search->candidates, log, &search->reversals,
						      ticket->run, ticket->depth,
						      penalty_of(ticket));
		}
	}
	if (ticket->arm < ARMS)
		search->arms[ticket->arm].rewards += news->pairs > 0 || news->distinct;
}

void search_counts(const struct search *search, struct search_counts *counts)
{
	*counts = search->counts;
	counts->pairs = search->pairs.count;
	counts->queued = candidates_count(search->candidates);
}

const char *search_origin_word(const struct ticket *ticket)
{
	static const char *const strategies[STRATEGY_COUNT] = {
#define STRATEGY(symbol, name) [STRATEGY_##symbol] = #name,
#include "formats/strategy.def"
	};

	switch (ticket->origin) {
	case ORIGIN_FIRST:
		return "in order";
	case ORIGIN_REVERSED:
		return "in reverse order";
	case ORIGIN_REVERSAL:
		return "reversal";
	case ORIGIN_GIVEN:
		return "given";
	default:
		return strategies[ticket->schedule.tail.id];
	}
}
