/*
 * The search: which schedules it tries, in what order, over a pretended program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "formats/hash.h"
#include "fuzz/search.h"
#include "tests/unit/pretend.h"

#define RUNS 200

/* What is said of a ticket: all that the runtime would get. */
static uint64_t hash_ticket(const struct ticket *ticket)
{
	const struct schedule *schedule = &ticket->schedule;
	uint64_t hash = hash_mix(HASH_START, ticket->origin);
	size_t i;

	for (i = 0; i < schedule->forced_count; i++) {
		hash = hash_mix(hash, schedule->forced[i].kind);
		hash = hash_mix(hash, schedule->forced[i].lane);
		hash = hash_mix(hash, schedule->forced[i].k);
		hash = hash_mix(hash, (uint64_t)schedule->forced[i].choice);
	}
	hash = hash_mix(hash, hash_bytes((const char *)&schedule->tail, sizeof(schedule->tail)));
	hash = hash_mix(hash, schedule->steps);
	for (i = 0; i < schedule->private_count; i++)
		hash = hash_mix(hash, schedule->private_sites[i]);
	return hash_mix(hash, hash_bytes((const char *)schedule->profile, schedule->profile_bytes));
}

struct campaign {
	struct search *search;
	struct pretend program;
	struct ticket ticket;
	struct search_news news;
	struct server_report report;
};

static void begin(struct campaign *campaign, const struct search_config *config)
{
	memset(campaign, 0, sizeof(*campaign));
	campaign->program = (struct pretend){
		.lanes = 3,
		.operations = { ".ab.", ".ab.", ".ba." },
	};
	pretend_begin(&campaign->program);
	campaign->search = search_new(config);
}

static void end(struct campaign *campaign)
{
	search_free(campaign->search);
	search_ticket_fini(&campaign->ticket);
	pretend_end(&campaign->program);
}

/* Tries the next one. */
static const struct ticket *go(struct campaign *campaign)
{
	search_next(campaign->search, &campaign->ticket);
	pretend_run(&campaign->program, &campaign->ticket.schedule);
	campaign->report = (struct server_report){
		.verdict = VERDICT_EXIT,
		.events = campaign->program.count,
		.hb_hash = pretend_hash(&campaign->program),
		.lanes = campaign->program.lanes,
	};
	search_feed(campaign->search, &campaign->ticket, campaign->program.log, &campaign->report,
		    &campaign->news);
	return &campaign->ticket;
}

static const struct search_config by_default = { .seed = 1, .strategy = { .id = STRATEGY_COUNT } };

static void the_first_runs(void **state)
{
	static const uint64_t orders[] = { 1, 0, 0 }, places[] = { 1, 1, 2 };
	struct campaign campaign;
	const struct ticket *ticket;
	unsigned i;

	(void)state;
	begin(&campaign, &by_default);
	ticket = go(&campaign);
	assert_int_equal(ticket->run, 1);
	assert_int_equal(ticket->origin, ORIGIN_FIRST);
	assert_string_equal(search_origin_word(ticket), "in order");
	assert_int_equal(ticket->schedule.tail.id, STRATEGY_PB);
	assert_int_equal(ticket->schedule.tail.parameters[0], 0);
	assert_int_equal(ticket->schedule.tail.parameters[2], 0);
	assert_int_equal(ticket->schedule.forced_count, 0);
	/* Nothing is known yet: no place is private. */
	assert_int_equal(ticket->schedule.private_count, 0);
	assert_true(campaign.news.distinct);
	assert_true(campaign.news.pairs > 0);
	assert_true(campaign.news.queued > 0);
	for (i = 0; i < 3; i++) {
		ticket = go(&campaign);
		assert_int_equal(ticket->run, i + 2);
		assert_string_equal(search_origin_word(ticket), "between");
		assert_int_equal(ticket->schedule.tail.parameters[0], orders[i]);
		assert_int_equal(ticket->schedule.tail.parameters[1], places[i]);
		assert_int_equal(ticket->schedule.forced_count, 0);
	}
	assert_string_not_equal(search_origin_word(go(&campaign)), "between");
	end(&campaign);
}

/* Reversals alone begin with both orders without preemption. */
static void reversals_alone(void **state)
{
	struct search_config config = by_default;
	struct campaign campaign;
	const struct ticket *ticket;

	(void)state;
	config.reversals = true;
	begin(&campaign, &config);
	assert_int_equal(go(&campaign)->origin, ORIGIN_FIRST);
	ticket = go(&campaign);
	assert_int_equal(ticket->origin, ORIGIN_REVERSED);
	assert_string_equal(search_origin_word(ticket), "in reverse order");
	assert_int_equal(ticket->schedule.tail.parameters[0], 0);
	assert_int_equal(ticket->schedule.tail.parameters[2], 1);
	assert_int_equal(go(&campaign)->origin, ORIGIN_REVERSAL);
	end(&campaign);
}

static void every_third_run_is_surw(void **state)
{
	struct campaign campaign;
	unsigned i, reversals = 0;

	(void)state;
	begin(&campaign, &by_default);
	for (i = 1; i <= RUNS; i++) {
		const struct ticket *ticket = go(&campaign);

		if (i > 4 && i % 3 == 0) {
			assert_string_equal(search_origin_word(ticket), "surw");
			assert_non_null(ticket->schedule.profile);
			assert_true(ticket->schedule.profile->count >= 2);
		} else if (i > 4) {
			reversals += ticket->origin == ORIGIN_REVERSAL;
		}
		/* '.' touches nothing that is shared. */
		assert_int_equal(ticket->schedule.private_count,
				 ticket->origin == ORIGIN_FIRST ? 0 : 3);
	}
	assert_true(reversals > RUNS / 4);
	end(&campaign);
}

/* A reversal is the beginning of a run that took place, and the lane that waited is next. */
static void a_reversal_changes_the_run(void **state)
{
	struct campaign campaign;
	const struct ticket *ticket;
	uint64_t before;
	unsigned i;

	(void)state;
	begin(&campaign, &by_default);
	go(&campaign);
	before = campaign.report.hb_hash;
	go(&campaign);
	for (i = 3; i < 12; i++) {
		ticket = go(&campaign);
		if (ticket->origin != ORIGIN_REVERSAL)
			continue;
		assert_true(ticket->schedule.forced_count > 0);
		assert_ptr_equal(ticket->candidate.forced, ticket->schedule.forced);
		assert_int_equal(ticket->schedule.tail.id, STRATEGY_PB);
		assert_int_equal(ticket->schedule.tail.parameters[0], 0);
		assert_int_equal(ticket->schedule.tail.parameters[4], ticket->candidate.next_slot);
		assert_true(ticket->candidate.parent < ticket->run);
		assert_true(ticket->depth >= 1);
		assert_true(campaign.report.hb_hash != before);
	}
	end(&campaign);
}

static void the_queue_runs_dry(void **state)
{
	struct campaign campaign;
	struct search_counts counts;
	bool used[STRATEGY_COUNT] = { false };
	unsigned i, arms = 0;

	(void)state;
	begin(&campaign, &by_default);
	campaign.program.operations[0] = "a";
	campaign.program.operations[1] = "a";
	campaign.program.operations[2] = "";
	for (i = 1; i <= RUNS; i++) {
		const struct ticket *ticket = go(&campaign);

		if (i > 4 && i % 3 && ticket->origin == ORIGIN_STRATEGY)
			used[ticket->schedule.tail.id] = true;
	}
	search_counts(campaign.search, &counts);
	assert_int_equal(counts.runs, RUNS);
	assert_int_equal(counts.distinct, 2);
	assert_int_equal(counts.queued, 0);
	assert_int_equal(counts.last_new, 5);
	for (i = 0; i < STRATEGY_COUNT; i++)
		arms += used[i];
	/* All of the portfolio got their turn. */
	assert_int_equal(arms, 5);
	end(&campaign);
}

/* Tickets of a campaign, one hash each. */
static void tickets_of(const struct search_config *config, uint64_t *hashes)
{
	struct campaign campaign;
	unsigned i;

	begin(&campaign, config);
	for (i = 0; i < RUNS; i++)
		hashes[i] = hash_ticket(go(&campaign));
	end(&campaign);
}

static void the_seed_decides(void **state)
{
	static uint64_t first[RUNS], again[RUNS], other[RUNS];
	struct search_config config = by_default;
	unsigned i, same = 0;

	(void)state;
	tickets_of(&config, first);
	tickets_of(&config, again);
	assert_memory_equal(first, again, sizeof(first));
	config.seed = 2;
	tickets_of(&config, other);
	/* The first runs and the reversals have no randomness in them. */
	assert_int_equal(first[0], other[0]);
	for (i = 1; i < 4; i++)
		assert_int_equal(first[i], other[i]);
	for (i = 5; i < RUNS; i += 3)
		same += first[i] == other[i];
	assert_int_equal(same, 0);
}

static void one_strategy_alone(void **state)
{
	struct search_config config = {
		.seed = 1,
		.strategy = { .id = STRATEGY_PCT, .parameters = { 5 } },
	};
	struct campaign campaign;
	struct search_counts counts;
	unsigned i;

	(void)state;
	begin(&campaign, &config);
	/* One run is the profile that some strategies need. */
	assert_int_equal(go(&campaign)->origin, ORIGIN_FIRST);
	for (i = 2; i < 50; i++) {
		const struct ticket *ticket = go(&campaign);

		assert_int_equal(ticket->schedule.tail.id, STRATEGY_PCT);
		assert_int_equal(ticket->schedule.tail.parameters[0], 5);
		assert_int_equal(ticket->schedule.forced_count, 0);
	}
	search_counts(campaign.search, &counts);
	assert_int_equal(counts.queued, 0);
	end(&campaign);
}

/* What comes from a corpus or a trace: after the first run, and before all else. */
static void given_schedules_are_second(void **state)
{
	struct plan_decision one[] = { { DECISION_PICK, 1, 2, 3 } };
	struct campaign campaign;
	const struct ticket *ticket;

	(void)state;
	begin(&campaign, &by_default);
	search_give(campaign.search, one, 1);
	search_give(campaign.search, NULL, 0);
	one[0].lane = 99; /* it has its own copy */
	assert_int_equal(go(&campaign)->origin, ORIGIN_FIRST);
	ticket = go(&campaign);
	assert_int_equal(ticket->origin, ORIGIN_GIVEN);
	assert_string_equal(search_origin_word(ticket), "given");
	assert_int_equal(ticket->schedule.forced_count, 1);
	assert_int_equal(ticket->schedule.forced[0].lane, 1);
	ticket = go(&campaign);
	assert_int_equal(ticket->origin, ORIGIN_GIVEN);
	assert_int_equal(ticket->schedule.forced_count, 0);
	assert_int_not_equal(go(&campaign)->origin, ORIGIN_GIVEN);
	end(&campaign);
}

/* The limit of operations: wide for the first run, then by the longest that ended. */
static void a_livelock_is_known_by_the_longest_run(void **state)
{
	struct search_config config = by_default;
	struct campaign campaign;

	(void)state;
	begin(&campaign, &config);
	assert_true(go(&campaign)->schedule.steps >= 1000000);
	assert_in_range(go(&campaign)->schedule.steps, 10000, 100000);
	campaign.report.events = 1000;
	search_feed(
		campaign.search, &campaign.ticket, campaign.program.log,
		&(struct server_report){ .verdict = VERDICT_EXIT, .events = 1000, .hb_hash = 77 },
		&campaign.news);
	assert_in_range(go(&campaign)->schedule.steps, 60000, 100000);
	/* One that is much longer may have waited for something. */
	search_feed(
		campaign.search, &campaign.ticket, campaign.program.log,
		&(struct server_report){ .verdict = VERDICT_EXIT, .events = 30000, .hb_hash = 78 },
		&campaign.news);
	assert_in_range(go(&campaign)->schedule.steps, 220000, 320000);
	/* One that did not end teaches nothing. */
	search_feed(campaign.search, &campaign.ticket, campaign.program.log,
		    &(struct server_report){
			    .verdict = VERDICT_STEP_BUDGET, .events = 500000, .hb_hash = 79 },
		    &campaign.news);
	assert_in_range(go(&campaign)->schedule.steps, 220000, 320000);
	end(&campaign);
	config.steps = 123;
	begin(&campaign, &config);
	assert_int_equal(go(&campaign)->schedule.steps, 123);
	assert_int_equal(go(&campaign)->schedule.steps, 123);
	end(&campaign);
}

static void every_point_and_rarity(void **state)
{
	struct search_config config = by_default;
	struct campaign campaign;
	unsigned i;

	(void)state;
	config.every_point = true;
	config.rarity = 9;
	begin(&campaign, &config);
	for (i = 1; i <= 30; i++) {
		const struct ticket *ticket = go(&campaign);

		assert_int_equal(ticket->schedule.private_count, 0);
		if (ticket->origin == ORIGIN_STRATEGY && ticket->schedule.tail.id == STRATEGY_SURW)
			assert_int_equal(ticket->schedule.tail.parameters[0], 9);
	}
	end(&campaign);
}

/* An equivalent run brings nothing new. */
static void the_same_order_counts_once(void **state)
{
	struct campaign campaign;
	struct search_counts counts;

	(void)state;
	begin(&campaign, &by_default);
	go(&campaign);
	assert_true(campaign.news.distinct);
	search_feed(campaign.search, &campaign.ticket, campaign.program.log, &campaign.report,
		    &campaign.news);
	assert_false(campaign.news.distinct);
	assert_int_equal(campaign.news.pairs, 0);
	assert_int_equal(campaign.news.queued, 0);
	search_counts(campaign.search, &counts);
	assert_int_equal(counts.runs, 2);
	assert_int_equal(counts.distinct, 1);
	assert_int_equal(counts.last_new, 1);
	end(&campaign);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_runs),
		cmocka_unit_test(reversals_alone),
		cmocka_unit_test(every_third_run_is_surw),
		cmocka_unit_test(a_reversal_changes_the_run),
		cmocka_unit_test(the_queue_runs_dry),
		cmocka_unit_test(the_seed_decides),
		cmocka_unit_test(one_strategy_alone),
		cmocka_unit_test(given_schedules_are_second),
		cmocka_unit_test(a_livelock_is_known_by_the_longest_run),
		cmocka_unit_test(every_point_and_rarity),
		cmocka_unit_test(the_same_order_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
