/*
 * What comes of a run of a campaign: its verdict, the numbers, the corpus, and a finding from each
 * failure that is new.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/campaign_state.h"
#include "fuzz/investigate.h"
#include "fuzz/output_diff.h"
#include "recorder/alloc.h"

#define INTERESTING_MAX 256 /* schedules kept in a corpus by one campaign */

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

int campaign_run_once(struct crew *crew, const struct schedule *schedule,
		      struct server_report *report, struct verdict *verdict, struct err *err)
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
	int rc = campaign_run_once(crew, schedule, report, verdict, err);

	executed(crew, 1);
	return rc ? rc : campaign_interrupted() ? err_set(err, EINTR, "interrupted") : 0;
}

static const struct run_log *log_of(void *self)
{
	const struct crew *crew = self;

	return worker_log(crew->worker);
}

static bool is_interrupted(void *self)
{
	(void)self;
	return campaign_interrupted();
}

static bool is_known(const struct campaign *campaign, uint64_t fingerprint)
{
	size_t i;

	for (i = 0; i < campaign->config->known_count; i++)
		if (campaign->config->known[i] == fingerprint)
			return true;
	return false;
}

void campaign_add_counts(struct campaign *campaign)
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
	campaign_add_counts(campaign);
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
	finding->schedule = crew->schedule;
	finding->count = 1;
	finding->seconds = campaign_seconds(campaign);
	finding->known = is_known(campaign, verdict->fingerprint);
	finding->any_access = crew->ticket.schedule.any_access;
	finding->library = crew->ticket.schedule.library;
	finding->decisions_before = log->decision_count;
	decisions = run_log_decisions(log, &n);
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

void campaign_take_run(struct crew *crew, const struct server_report *report,
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
