/*
 * See investigate.h.
 */
#include "fuzz/investigate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/real_points.h"
#include "recorder/alloc.h"

#define MINIMISE_RUNS 600 /* at most for one failure */
#define REAL_POINT_RUNS 200
#define HANG_RUNS 2 /* confirm a hang: each takes the whole time limit */

static char *name(const struct campaign_config *config, const struct verdict *verdict,
		  const char *suffix)
{
	const char *begins = config->name;
	char *path;

	alloc_check(asprintf(&path, "%s/%s%s%s-%016llx%s.zst", config->directory,
			     begins ? begins : "", begins ? "-" : "", verdict_word(verdict->kind),
			     (unsigned long long)verdict->fingerprint, suffix) < 0
			    ? NULL
			    : path);
	return path;
}

static struct finding_config configure(const struct investigation *of)
{
	const struct campaign_config *config = of->config;

	return (struct finding_config){
		.worker = of->worker,
		.sandbox = &config->sandbox,
		.keep_input = config->keep_input,
		.input = config->worker.input,
		.of = config->iterations,
		.seconds = of->limits->seconds > 0 ? of->limits->seconds
						   : of->worker->session.used_limit,
		.step_budget = of->limits->steps,
		.environment = config->environment,
		.environment_count = config->environment_count,
		.redact = config->redact,
		.pack = config->pack,
		.interrupted = of->interrupted,
		.self = of->self,
	};
}

/* Recorded, replayed, and recorded again with what that said. */
static int record_and_confirm(const struct investigation *of, struct finding *finding,
			      const struct plan_decision *decisions, uint32_t n, struct err *err)
{
	const struct finding_config config = configure(of);
	unsigned times = of->config->confirm;
	int rc;

	if (finding->verdict.kind == FAILURE_HANG && times)
		return finding_confirm_hang(&config, finding, decisions, n, finding->path,
					    times < HANG_RUNS ? times : HANG_RUNS, err);
	rc = finding_record(&config, finding, decisions, n, finding->path, FINDING_FAILS, err);
	if (rc == 0 && times)
		rc = finding_confirm(&config, finding, finding->path, times, err);
	of->executed(of->self, 1 + finding->runs);
	if (rc == 0 && times)
		rc = finding_record(&config, finding, decisions, n, finding->path, FINDING_FAILS,
				    err);
	return rc;
}

static void set_gil(const struct investigation *of, struct finding *finding)
{
	if (of->interpreted)
		finding->gil = finding->any_access ? "off" : "on";
}

/* A failure without the interpreter's lock, once it is small: also where that really switches? */
static int move_to_real_points(const struct minimise_config *config, struct minimised *minimised,
			       bool *any_access, struct err *err)
{
	struct minimise_config with_lock = *config;
	struct plan_decision *decisions = NULL;
	struct minimised moved = { 0 };
	uint32_t count;
	uint64_t runs;
	int rc;

	with_lock.trials.any_access = false;
	if (real_points_fail(&config->trials, &minimised->choices, REAL_POINT_RUNS, &decisions,
			     &count, &runs, &rc, err))
		rc = minimise(&with_lock, decisions, count, &moved, err);
	free(decisions);
	minimised->runs += runs;
	if (rc == 0 && moved.reproduced) {
		moved.runs += minimised->runs;
		minimised_fini(minimised);
		*minimised = moved;
		*any_access = false;
	} else {
		minimised_fini(&moved);
	}
	return rc;
}

/*
 * Towards the fewest choices. Of a failure without the interpreter's lock first with it, where it
 * may happen as well. Each run of a hang takes the whole time limit: that is left as it is.
 */
static void make_smaller(const struct investigation *of, struct finding *finding,
			 const struct plan_decision *decisions, uint32_t n,
			 struct minimised *minimised)
{
	struct minimise_config config = {
		.trials = {
			.run = of->run,
			.log = of->log,
			.self = of->self,
			.fingerprint = finding->verdict.fingerprint,
			.steps = of->limits->steps,
			.library = finding->library,
		},
		.runs_max = MINIMISE_RUNS,
	};
	bool wanted = !of->config->no_minimise && finding->verdict.kind != FAILURE_HANG;
	struct err err;
	int rc = wanted ? minimise(&config, decisions, n, minimised, &err) : 0;

	if (rc == 0 && !minimised->reproduced && finding->any_access) {
		minimised_fini(minimised);
		config.trials.any_access = true;
		if (wanted)
			rc = minimise(&config, decisions, n, minimised, &err);
		if (wanted && rc == 0 && minimised->reproduced)
			rc = move_to_real_points(&config, minimised, &config.trials.any_access,
						 &err);
	}
	finding->any_access = config.trials.any_access;
	set_gil(of, finding);
	finding->tolerated = of->config->can_happen_only && finding->any_access;
	finding->minimised = rc == 0 && minimised->reproduced;
	finding->preemptions = minimised->choices.preemptions;
	finding->decisions = minimised->choices.count;
	if (!finding->minimised)
		return;
	finding->first.lane = minimised->first.lane;
	finding->first.k = minimised->first.k;
	finding->second.lane = minimised->second.lane;
	finding->second.k = minimised->second.k;
}

/* What was found, in the place of the smaller one (`rc`: why there is none), if it is as good. */
static int keep_whole(const struct investigation *of, struct finding *finding, bool any_access,
		      const struct plan_decision *decisions, uint32_t n,
		      const struct minimised *minimised, int rc, struct err *err)
{
	struct finding whole = *finding;

	whole.minimised = false;
	whole.any_access = any_access;
	set_gil(of, &whole);
	whole.first.lane = whole.second.lane = 0;
	if (record_and_confirm(of, &whole, decisions, n, err) == 0 &&
	    (rc || whole.confirmed > finding->confirmed)) {
		*finding = whole;
		return 0;
	}
	return rc ? rc
		  : record_and_confirm(of, finding, minimised->decisions, minimised->count, err);
}

/* The schedule less one choice, which passes. */
static void record_passing(const struct investigation *of, struct finding *finding,
			   const struct minimised *minimised)
{
	const struct finding_config config = configure(of);
	char *passing = name(of->config, &finding->verdict, "-passes");
	struct err err;

	if (finding_record(&config, finding, minimised->passing, minimised->passing_count, passing,
			   FINDING_PASSES, &err) == 0) {
		finding->passing = passing;
	} else {
		unlink(passing);
		free(passing);
	}
	of->executed(of->self, 1);
}

void investigate(const struct investigation *of, struct finding *finding,
		 const struct plan_decision *decisions, uint32_t n)
{
	bool any_access = finding->any_access; /* in the run that failed */
	struct minimised minimised = { 0 };
	struct err err = { 0 };
	int rc = -EAGAIN;

	make_smaller(of, finding, decisions, n, &minimised);
	if (mkdir(of->config->directory, 0777) && errno != EEXIST) {
		snprintf(finding->reason, sizeof(finding->reason), "cannot make %s: %s",
			 of->config->directory, strerror(errno));
		minimised_fini(&minimised);
		return;
	}
	finding->path = name(of->config, &finding->verdict, "");
	if (finding->minimised)
		rc = record_and_confirm(of, finding, minimised.decisions, minimised.count, &err);
	if (rc || (of->config->confirm && finding->confirmed < finding->runs))
		rc = keep_whole(of, finding, any_access, decisions, n, &minimised, rc, &err);
	if (rc) {
		snprintf(finding->reason, sizeof(finding->reason), "%s", err.text);
		unlink(finding->path);
		free(finding->path);
		finding->path = NULL;
	} else if (finding->minimised && minimised.has_passing) {
		record_passing(of, finding, &minimised);
	}
	minimised_fini(&minimised);
}
