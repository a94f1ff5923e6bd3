/*
 * See campaign.h. Each worker has a thread; the first run is done alone, as everything is compared
 * with it.
 */
#include "fuzz/campaign.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/event.h"
#include "fuzz/corpus.h"
#include "fuzz/investigate.h"
#include "fuzz/output_diff.h"
#include "fuzz/set64.h"
#include "recorder/alloc.h"

#define ALWAYS_RUNS 10      /* all of them fail in the same way: so will the others */
#define QUIET_RUNS 200      /* without a new conflict pair: nothing more is to be expected */
#define INTERESTING_MAX 256 /* schedules kept in a corpus by one campaign */

struct crew {
	struct campaign *campaign;
	struct worker *worker;
	struct sandbox *sandbox;
	unsigned index;
	pthread_t thread;
	struct ticket ticket;
	struct search *search; /* that made the ticket */
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

static volatile sig_atomic_t interrupted;

void campaign_interrupt(void)
{
	interrupted = 1;
}

static bool is_interrupted(void *self)
{
	(void)self;
	return interrupted;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

const struct campaign_result *campaign_so_far(const struct campaign *campaign)
{
	return campaign->result;
}

double campaign_seconds(const struct campaign *campaign)
{
	return now() - campaign->started;
}

static int prepare(void *self, unsigned index, struct err *err)
{
	struct campaign *campaign = self;

	return sandbox_prepare(campaign->crew[index].sandbox, err);
}

static int booted(void *self, unsigned index, struct err *err)
{
	struct campaign *campaign = self;

	return sandbox_mark(campaign->crew[index].sandbox, err);
}

static void fail(struct campaign *campaign, int rc, const struct err *err)
{
	if (!campaign->rc) {
		campaign->rc = rc;
		campaign->err = *err;
	}
	campaign->stop = true;
}

/* One of the last run that is a failure; NULL: none. */
static const char *look_for_races(struct campaign *campaign, const struct worker *worker)
{
	const struct campaign_config *config = campaign->config;
	const char *race;

	if (!config->races || !worker_log(worker)->race_count)
		return NULL;
	pthread_mutex_lock(&campaign->lock);
	race = races_add(config->races, worker_log(worker));
	pthread_mutex_unlock(&campaign->lock);
	return config->races_fail ? race : NULL;
}

/* One run and its verdict, for the search and for the minimiser. Without the lock. */
static int run(struct crew *crew, const struct schedule *schedule, struct server_report *report,
	       struct verdict *verdict, struct err *err)
{
	struct campaign *campaign = crew->campaign;
	struct verdict_rules rules = campaign->rules;
	int rc = worker_run(crew->worker, schedule, report, err);

	if (rc)
		return rc;
	rc = sandbox_check(crew->sandbox, worker_stream(crew->worker, STDOUT_FILENO),
			   worker_stream(crew->worker, STDERR_FILENO), &rules.check_status, err);
	if (rc)
		return rc;
	rules.race = look_for_races(campaign, crew->worker);
	verdict_judge(&rules, crew->worker, report, verdict);
	if (campaign->allowed && verdict->fingerprint == campaign->allowed)
		memset(verdict, 0, sizeof(*verdict));
	return 0;
}

/* Without the lock. */
static void executed(void *self, uint64_t n)
{
	struct campaign *campaign = ((struct crew *)self)->campaign;

	pthread_mutex_lock(&campaign->lock);
	campaign->result->executions += n;
	pthread_mutex_unlock(&campaign->lock);
}

static int run_again(void *self, const struct schedule *schedule, struct verdict *verdict,
		     struct server_report *report, struct err *err)
{
	struct crew *crew = self;
	int rc = run(crew, schedule, report, verdict, err);

	executed(crew, 1);
	return rc ? rc : interrupted ? err_set(err, EINTR, "interrupted") : 0;
}

static const struct run_log *log_of(void *self)
{
	const struct crew *crew = self;

	return worker_log(crew->worker);
}

static bool is_known(const struct campaign *campaign, uint64_t fingerprint)
{
	size_t i;

	for (i = 0; i < campaign->config->known_count; i++)
		if (campaign->config->known[i] == fingerprint)
			return true;
	return false;
}

/* Of both searches: a schedule of the one is none of the other. */
static void add_counts(struct campaign *campaign)
{
	struct search_counts *counts = &campaign->result->counts, earlier;

	search_counts(campaign->search, counts);
	if (!campaign->earlier)
		return;
	search_counts(campaign->earlier, &earlier);
	counts->last_new += earlier.runs;
	counts->last_pair += earlier.runs;
	counts->runs += earlier.runs;
	counts->distinct += earlier.distinct;
	counts->pairs += earlier.pairs;
	counts->diverged += earlier.diverged;
}

/* What a run adds to the numbers of the campaign. */
static void count(struct campaign *campaign, const struct crew *crew,
		  const struct server_report *report, const struct verdict *verdict)
{
	struct campaign_result *result = campaign->result;
	const struct run_log *log = worker_log(crew->worker);
	uint64_t points = 0;
	size_t i;

	for (i = log->mark.step; i < log->step_count; i++)
		points +=
			(log->steps[i].type == STEP_OFFER || log->steps[i].type == STEP_DECISION) &&
			(log->steps[i].kind == DECISION_PICK ||
			 log->steps[i].kind == DECISION_NEXT);
	if (points > result->points)
		result->points = points;
	if (report->lanes > result->lanes)
		result->lanes = report->lanes;
	if (report->events > result->operations)
		result->operations = report->events;
	campaign->interpreted = campaign->interpreted || log->interpreted;
	result->executions++;
	result->ended += report->verdict == VERDICT_EXIT && !report->time_limit;
	result->failed += verdict->kind != FAILURE_NONE;
	result->uncontrolled += log->uncontrolled > 0 || report->uncontrolled > 0;
	result->inexact += log->inexact > 0 && crew->ticket.schedule.forced_count == 0;
	if (*log->remark)
		snprintf(result->remark, sizeof(result->remark), "%s", log->remark);
	if (*log->note && (log->uncontrolled || crew->ticket.schedule.forced_count == 0))
		snprintf(result->note, sizeof(result->note), "%s", log->note);
	add_counts(campaign);
	result->seconds = campaign_seconds(campaign);
}

/* What the schedules that are kept rely on. */
static void keep_sites(struct campaign *campaign)
{
	struct shared_sites sites = worker_sites(&campaign->worker_config);

	corpus_add_sites(campaign->corpus, &sites);
	shared_sites_fini(&sites);
}

/*
 * From a failing run to a finding. Without the lock, but one at a time. The crew's worker is at
 * rest and its log is that of the run.
 */
static void make_finding(struct crew *crew, struct finding *finding,
			 const struct plan_decision *decisions, uint32_t n)
{
	struct campaign *campaign = crew->campaign;
	const struct investigation investigation = {
		.config = campaign->config,
		.worker = &campaign->worker_config,
		.limits = &crew->ticket.schedule,
		.interpreted = campaign->interpreted,
		.run = run_again,
		.log = log_of,
		.executed = executed,
		.interrupted = is_interrupted,
		.self = crew,
	};

	investigate(&investigation, finding, decisions, n);
}

static struct plan_decision *copy_decisions(const struct run_log *log)
{
	size_t n = log->decision_count;
	struct plan_decision *copy = alloc_check(malloc((n + 1) * sizeof(*copy)));

	if (n)
		memcpy(copy, log->decisions, n * sizeof(*copy));
	return copy;
}

/* A failing run. With the lock, which is given up while the finding is made. */
static void take_failure(struct crew *crew, const struct verdict *verdict)
{
	struct campaign *campaign = crew->campaign;
	const struct campaign_config *config = campaign->config;
	struct campaign_result *result = campaign->result;
	const struct run_log *log = worker_log(crew->worker);
	uint64_t *index = set64_at(&campaign->seen, verdict->fingerprint);
	struct plan_decision *decisions;
	struct finding *finding;
	uint32_t n;

	if (*index) {
		result->findings[*index - 1].count++;
		return;
	}
	if (campaign->stop)
		return; /* another one is being looked at, and that is enough */
	result->findings =
		alloc_grow(result->findings, result->finding_count, sizeof(*result->findings));
	*index = ++result->finding_count;
	finding = &result->findings[*index - 1];
	memset(finding, 0, sizeof(*finding));
	finding->verdict = *verdict;
	verdict_describe(verdict, finding->words, sizeof(finding->words));
	if (verdict->kind == FAILURE_OUTPUT)
		output_difference(campaign->output, campaign->output_size,
				  worker_stream(crew->worker, STDOUT_FILENO),
				  finding->verdict.message, sizeof(finding->verdict.message));
	snprintf(finding->origin, sizeof(finding->origin), "%s", search_origin_word(&crew->ticket));
	finding->schedule = crew->ticket.run;
	finding->count = 1;
	finding->seconds = campaign_seconds(campaign);
	finding->known = is_known(campaign, verdict->fingerprint);
	finding->any_access = crew->ticket.schedule.any_access;
	finding->library = crew->ticket.schedule.library;
	finding->decisions_before = log->decision_count;
	n = (uint32_t)log->decision_count;
	decisions = copy_decisions(log);
	keep_sites(campaign);
	corpus_add(campaign->corpus, true, verdict->fingerprint, decisions, n);
	if (!finding->known) {
		struct finding copy = *finding;

		campaign->stop = !config->keep_going; /* if it is a failure: see below */
		if (config->observer.failure)
			config->observer.failure(config->observer.self, finding);
		/* Only now, as others may go on meanwhile; the list may move. */
		pthread_mutex_unlock(&campaign->lock);
		make_finding(crew, &copy, decisions, n);
		pthread_mutex_lock(&campaign->lock);
		finding = &result->findings[set64_get(&campaign->seen, verdict->fingerprint) - 1];
		copy.count = finding->count;
		*finding = copy;
		if (finding->tolerated && !campaign->rc)
			campaign->stop = false;
	}
	free(decisions);
	if (config->observer.finding)
		config->observer.finding(config->observer.self, finding);
}

/* With the lock. */
static bool is_over(struct campaign *campaign)
{
	const struct campaign_config *config = campaign->config;

	return campaign->stop || interrupted || campaign->started_runs >= config->iterations ||
	       (config->seconds > 0 &&
		campaign_seconds(campaign) - campaign->result->boot_seconds >= config->seconds);
}

/* What came of a run: to the search, the corpus and the observer. With the lock. */
static void take_run(struct crew *crew, const struct server_report *report,
		     const struct verdict *verdict)
{
	struct campaign *campaign = crew->campaign;
	const struct run_log *log = worker_log(crew->worker);
	struct search_news news;

	search_feed(crew->search, &crew->ticket, log, report, &news);
	if (news.pairs && verdict->kind == FAILURE_NONE &&
	    campaign->interesting++ < INTERESTING_MAX) {
		keep_sites(campaign);
		corpus_add(campaign->corpus, false, report->hb_hash, log->decisions,
			   (uint32_t)log->decision_count);
	}
	count(campaign, crew, report, verdict);
	if (verdict->kind != FAILURE_NONE)
		take_failure(crew, verdict);
	if (campaign->config->observer.run)
		campaign->config->observer.run(campaign->config->observer.self, campaign);
}

/*
 * An interpreted program: half of the budget where its interpreter can switch, or less when that
 * brings nothing new any more; then at any access.
 */
static void choose_search(struct campaign *campaign)
{
	const struct campaign_config *config = campaign->config;
	struct search_counts counts;

	if (campaign->earlier || config->gil != GIL_AUTO || !campaign->interpreted)
		return;
	search_counts(campaign->search, &counts);
	if (campaign->started_runs < config->iterations / 2 &&
	    (config->seconds <= 0 || campaign_seconds(campaign) < config->seconds / 2) &&
	    counts.runs < counts.last_pair + QUIET_RUNS)
		return;
	campaign->earlier = campaign->search;
	campaign->without = config->search;
	campaign->without.any_access = true;
	campaign->search = search_new(&campaign->without);
}

static void next_ticket(struct crew *crew)
{
	crew->search = crew->campaign->search;
	search_next(crew->search, &crew->ticket);
}

/* One schedule. False: there are no more. */
static bool step(struct crew *crew)
{
	struct campaign *campaign = crew->campaign;
	struct server_report report;
	struct verdict verdict;
	struct err err;
	int rc;

	pthread_mutex_lock(&campaign->lock);
	if (is_over(campaign)) {
		pthread_mutex_unlock(&campaign->lock);
		return false;
	}
	campaign->started_runs++;
	choose_search(campaign);
	next_ticket(crew);
	pthread_mutex_unlock(&campaign->lock);
	rc = run(crew, &crew->ticket.schedule, &report, &verdict, &err);
	pthread_mutex_lock(&campaign->lock);
	if (rc)
		fail(campaign, rc, &err);
	else if (!interrupted)
		take_run(crew, &report, &verdict);
	pthread_mutex_unlock(&campaign->lock);
	return rc == 0;
}

static void *work(void *self)
{
	while (step(self))
		;
	return NULL;
}

/* It ended before it had two threads: how, and did it leave the work to others? */
static void take_single(struct campaign *campaign, const struct server_report *report)
{
	static const struct verdict_rules rules;
	struct campaign_result *result = campaign->result;
	const struct worker *worker = campaign->crew[0].worker;
	const struct run_log *log = worker_log(worker);
	size_t i;

	result->end = CAMPAIGN_SINGLE;
	verdict_judge(&rules, worker, report, &result->alone);
	for (i = 0; i < log->step_count; i++)
		result->children |=
			log->steps[i].type == STEP_EVENT &&
			(log->steps[i].kind == EVENT_FORK || log->steps[i].kind == EVENT_SPAWN);
}

/* Where each run is a whole program that shows in the first one only. */
static bool is_single(const struct crew *crew, const struct server_report *report)
{
	return report->lanes == 1 && !report->uncontrolled && !report->time_limit &&
	       !worker_log(crew->worker)->uncontrolled;
}

/*
 * The first run. What it does is what the others are compared with; when it fails already, so may
 * all. Returns 0, or the error.
 */
static int first_run(struct campaign *campaign)
{
	struct crew *crew = &campaign->crew[0];
	struct campaign_result *result = campaign->result;
	struct verdict verdict, other;
	struct server_report report;
	struct plan_decision *first;
	uint32_t first_count;
	unsigned same = 1;
	int rc;

	campaign->started_runs++;
	next_ticket(crew);
	rc = run(crew, &crew->ticket.schedule, &report, &verdict, &campaign->err);
	if (rc || interrupted)
		return rc;
	if (is_single(crew, &report)) {
		take_single(campaign, &report);
		campaign->stop = true;
		return 0;
	}
	result->first_status = report.verdict == VERDICT_EXIT ? report.status : 0;
	campaign->rules.same_output = campaign->config->same_output;
	campaign->rules.output = worker_output_hash(crew->worker, STDOUT_FILENO);
	campaign->output =
		output_read(worker_stream(crew->worker, STDOUT_FILENO), &campaign->output_size);
	if (verdict.kind == FAILURE_OUTPUT)
		memset(&verdict, 0, sizeof(verdict));
	if (verdict.kind == FAILURE_NONE) {
		take_run(crew, &report, &verdict);
		return 0;
	}
	if (campaign->config->allow_failing) {
		/* That one is how it is; others are looked for. */
		if (verdict.kind == FAILURE_EXIT)
			campaign->rules.expected_status = report.status;
		campaign->allowed = verdict.fingerprint;
		memset(&verdict, 0, sizeof(verdict));
		take_run(crew, &report, &verdict);
		return 0;
	}
	take_run(crew, &report, &(struct verdict){ 0 });
	first = copy_decisions(worker_log(crew->worker));
	first_count = (uint32_t)worker_log(crew->worker)->decision_count;
	/* Is there any schedule in which it does not? */
	for (; same < ALWAYS_RUNS; same++) {
		campaign->started_runs++;
		next_ticket(crew);
		rc = run(crew, &crew->ticket.schedule, &report, &other, &campaign->err);
		if (rc || interrupted) {
			free(first);
			return rc;
		}
		if (other.fingerprint != verdict.fingerprint)
			break;
		take_run(crew, &report, &(struct verdict){ 0 });
	}
	if (same < ALWAYS_RUNS) {
		/* Then the first is to be found again. */
		search_give(campaign->search, first, first_count);
		free(first);
		pthread_mutex_lock(&campaign->lock);
		take_run(crew, &report, &other);
		pthread_mutex_unlock(&campaign->lock);
		return 0;
	}
	free(first);
	result->end = CAMPAIGN_ALWAYS;
	result->always = verdict;
	campaign->stop = true;
	return 0;
}

static int boot(struct campaign *campaign)
{
	struct campaign_result *result = campaign->result;
	struct server_report report;
	unsigned i;
	int rc = 0;

	for (i = 0; i < campaign->config->jobs && rc == 0; i++) {
		struct crew *crew = &campaign->crew[i];

		crew->campaign = campaign;
		crew->index = i;
		crew->sandbox = sandbox_new(&campaign->config->sandbox, i, &campaign->err);
		if (!crew->sandbox)
			return -campaign->err.code;
		crew->worker = worker_new(&campaign->worker_config, i, &campaign->err);
		if (!crew->worker)
			return -campaign->err.code;
		worker_place(crew->worker, sandbox_environment(crew->sandbox),
			     sandbox_directory(crew->sandbox));
		rc = worker_boot(crew->worker, &report, &campaign->err);
		if (rc == -SERVER_ERR_ENDED && i == 0)
			take_single(campaign, &report);
	}
	if (rc == 0 && worker_exec_reason(campaign->crew[0].worker))
		snprintf(result->reason, sizeof(result->reason), "%s",
			 worker_exec_reason(campaign->crew[0].worker));
	return rc;
}

static void give(struct campaign *campaign)
{
	const struct campaign_config *config = campaign->config;
	size_t i, n = corpus_count(campaign->corpus);

	if (config->given)
		search_give(campaign->search, config->given, config->given_count);
	for (i = 0; i < n; i++) {
		uint32_t length;
		const struct plan_decision *decisions = corpus_get(campaign->corpus, i, &length);

		search_give(campaign->search, decisions, length);
	}
}

static void run_all(struct campaign *campaign)
{
	unsigned i, started = 0;

	for (i = 1; i < campaign->config->jobs; i++) {
		if (pthread_create(&campaign->crew[i].thread, NULL, work, &campaign->crew[i]))
			break;
		started = i;
	}
	work(&campaign->crew[0]);
	for (i = 1; i <= started; i++)
		pthread_join(campaign->crew[i].thread, NULL);
}

static void judge(struct campaign *campaign)
{
	struct campaign_result *result = campaign->result;
	size_t i;

	result->seconds = campaign_seconds(campaign);
	add_counts(campaign);
	/* What was killed by the same Ctrl-C, the command of --reset say, is no error. */
	if (interrupted && campaign->rc) {
		campaign->rc = 0;
		result->end = CAMPAIGN_INTERRUPTED;
	}
	if (campaign->rc && result->end != CAMPAIGN_SINGLE)
		result->end = CAMPAIGN_CANNOT;
	if (result->end != CAMPAIGN_BUDGET)
		return;
	if (interrupted)
		result->end = CAMPAIGN_INTERRUPTED;
	for (i = 0; i < result->finding_count; i++)
		if (!result->findings[i].known && !result->findings[i].tolerated &&
		    result->end == CAMPAIGN_BUDGET)
			result->end = CAMPAIGN_FOUND;
}

static int open_corpus(struct campaign *campaign)
{
	const struct campaign_config *config = campaign->config;
	char *const *argv = config->worker.session.target.argv;

	campaign->corpus = corpus_open(config->corpus, argv, &campaign->err);
	/* A file of another program is not an obstacle but a mistake. */
	if (!campaign->corpus && config->corpus_optional && campaign->err.code != EINVAL) {
		snprintf(campaign->result->no_corpus, sizeof(campaign->result->no_corpus), "%s",
			 campaign->err.text);
		campaign->corpus = corpus_open(NULL, argv, &campaign->err);
	}
	if (campaign->corpus)
		shared_sites_add(&campaign->sites, corpus_sites(campaign->corpus)->hashes,
				 corpus_sites(campaign->corpus)->count);
	return campaign->corpus ? 0 : -campaign->err.code;
}

int campaign_run(const struct campaign_config *config, struct campaign_result *result,
		 struct err *err)
{
	struct campaign campaign = { .config = config, .result = result };
	unsigned i;

	memset(result, 0, sizeof(*result));
	interrupted = 0;
	pthread_mutex_init(&campaign.lock, NULL);
	pthread_mutex_init(&campaign.sites_lock, NULL);
	campaign.started = now();
	campaign.worker_config = config->worker;
	campaign.worker_config.prepare = prepare;
	campaign.worker_config.booted = booted;
	campaign.worker_config.interrupted = is_interrupted;
	campaign.worker_config.self = &campaign;
	campaign.worker_config.sites = &campaign.sites;
	campaign.worker_config.sites_lock = &campaign.sites_lock;
	shared_sites_add(&campaign.sites, config->worker.session.shared_sites,
			 config->worker.session.shared_sites_count);
	campaign.without = config->search;
	campaign.without.any_access = config->gil == GIL_OFF;
	campaign.search = search_new(&campaign.without);
	campaign.crew = alloc_check(calloc(config->jobs, sizeof(*campaign.crew)));
	campaign.rc = open_corpus(&campaign);
	if (!campaign.rc)
		campaign.rc = boot(&campaign);
	result->boot_seconds = campaign_seconds(&campaign);
	if (!campaign.rc) {
		if (config->observer.started)
			config->observer.started(config->observer.self,
						 *result->reason ? result->reason : NULL);
		give(&campaign);
		campaign.rc = first_run(&campaign);
	}
	if (!campaign.rc && !campaign.stop)
		run_all(&campaign);
	judge(&campaign);
	for (i = 0; i < config->jobs; i++) {
		worker_free(campaign.crew[i].worker);
		sandbox_free(campaign.crew[i].sandbox);
		search_ticket_fini(&campaign.crew[i].ticket);
	}
	corpus_close(campaign.corpus);
	search_free(campaign.search);
	search_free(campaign.earlier);
	set64_fini(&campaign.seen);
	free(campaign.output);
	free(campaign.crew);
	shared_sites_fini(&campaign.sites);
	pthread_mutex_destroy(&campaign.sites_lock);
	pthread_mutex_destroy(&campaign.lock);
	if (campaign.rc)
		*err = campaign.err;
	return campaign.rc;
}

void campaign_result_fini(struct campaign_result *result)
{
	size_t i;

	for (i = 0; i < result->finding_count; i++)
		finding_fini(&result->findings[i]);
	free(result->findings);
	memset(result, 0, sizeof(*result));
}
