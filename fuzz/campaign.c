/*
 * See campaign.h. Each worker has a thread; the first run is done alone, as everything is compared
 * with it.
 */
#include "fuzz/campaign.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/event.h"
#include "fuzz/campaign_state.h"
#include "fuzz/output_diff.h"
#include "recorder/alloc.h"

#define ALWAYS_RUNS 10 /* all of them fail in the same way: so will the others */
#define QUIET_RUNS 200 /* without a new conflict pair: nothing more is to be expected */

static volatile sig_atomic_t interrupted;

void campaign_interrupt(void)
{
	interrupted = 1;
}

bool campaign_interrupted(void)
{
	return interrupted;
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

/* With the lock. */
static bool is_over(struct campaign *campaign)
{
	const struct campaign_config *config = campaign->config;

	return campaign->stop || interrupted || campaign->started_runs >= config->iterations ||
	       (config->seconds > 0 &&
		campaign_seconds(campaign) - campaign->result->boot_seconds >= config->seconds);
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
	crew->schedule = crew->campaign->started_runs;
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
	rc = campaign_run_once(crew, &crew->ticket.schedule, &report, &verdict, &err);
	pthread_mutex_lock(&campaign->lock);
	if (rc)
		fail(campaign, rc, &err);
	else if (!interrupted)
		campaign_take_run(crew, &report, &verdict);
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
	rc = campaign_run_once(crew, &crew->ticket.schedule, &report, &verdict, &campaign->err);
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
		campaign_take_run(crew, &report, &verdict);
		return 0;
	}
	if (campaign->config->allow_failing) {
		/* That one is how it is; others are looked for. */
		if (verdict.kind == FAILURE_EXIT)
			campaign->rules.expected_status = report.status;
		campaign->allowed = verdict.fingerprint;
		memset(&verdict, 0, sizeof(verdict));
		campaign_take_run(crew, &report, &verdict);
		return 0;
	}
	campaign_take_run(crew, &report, &(struct verdict){ 0 });
	first = run_log_decisions(worker_log(crew->worker), &first_count);
	/* Is there any schedule in which it does not? */
	for (; same < ALWAYS_RUNS; same++) {
		campaign->started_runs++;
		next_ticket(crew);
		rc = campaign_run_once(crew, &crew->ticket.schedule, &report, &other,
				       &campaign->err);
		if (rc || interrupted) {
			free(first);
			return rc;
		}
		if (other.fingerprint != verdict.fingerprint)
			break;
		campaign_take_run(crew, &report, &(struct verdict){ 0 });
	}
	if (same < ALWAYS_RUNS) {
		/* Then the first is to be found again. */
		search_give(campaign->search, first, first_count);
		free(first);
		pthread_mutex_lock(&campaign->lock);
		campaign_take_run(crew, &report, &other);
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
	campaign_add_counts(campaign);
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
