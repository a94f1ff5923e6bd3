/*
 * See progress.h.
 */
#include "fuzz/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/json_out.h"
#include "recorder/text.h"

#define LIVE_EVERY 0.2 /* seconds */
#define LINE_EVERY 10.0

void progress_init(struct progress *progress, const struct terminal *terminal, FILE *events,
		   bool verbose)
{
	const char *kind = getenv("TERM");

	memset(progress, 0, sizeof(*progress));
	progress->terminal = terminal;
	progress->events = events;
	progress->verbose = verbose;
	progress->live = terminal->is_terminal && kind && strcmp(kind, "dumb") &&
			 tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static void clear(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}

/* "12,345 schedules, 1,234/s, 56 distinct (nothing new since 12,000), 1 failure" */
static void describe(struct text *line, const struct progress *progress,
		     const struct campaign_result *so_far)
{
	const struct search_counts *counts = &so_far->counts;

	text_add_count(line, counts->runs);
	text_add(line, counts->runs == 1 ? " schedule" : " schedules");
	if (so_far->seconds > so_far->boot_seconds) {
		text_add(line, ", ");
		text_add_count(line,
			       (unsigned long long)((double)counts->runs /
						    (so_far->seconds - so_far->boot_seconds)));
		text_add(line, "/s");
	}
	text_add(line, ", ");
	text_add_count(line, counts->distinct);
	text_add(line, " distinct");
	if (counts->runs - counts->last_new > 100) {
		text_add(line, " (nothing new since ");
		text_add_count(line, counts->last_new);
		text_add(line, ")");
	}
	if (*so_far->reason)
		text_add(line, ", whole program each");
	text_addf(line, ", %u failure%s", progress->failures, progress->failures == 1 ? "" : "s");
}

static void write_event(struct progress *progress, const char *type,
			const struct campaign_result *so_far, const struct finding *finding)
{
	struct json_out out;

	if (!progress->events)
		return;
	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "event");
	json_string(&out, type);
	if (so_far) {
		json_key(&out, "schedules");
		json_uint(&out, so_far->counts.runs);
		json_key(&out, "distinct");
		json_uint(&out, so_far->counts.distinct);
		json_key(&out, "last_new");
		json_uint(&out, so_far->counts.last_new);
		json_key(&out, "pairs");
		json_uint(&out, so_far->counts.pairs);
		json_key(&out, "queued");
		json_uint(&out, so_far->counts.queued);
		json_key(&out, "executions");
		json_uint(&out, so_far->executions);
	}
	if (finding) {
		json_key(&out, "kind");
		json_string(&out, verdict_word(finding->verdict.kind));
		json_key(&out, "fingerprint");
		json_hash(&out, finding->verdict.fingerprint);
		json_key(&out, "schedule");
		json_uint(&out, finding->schedule);
		json_key(&out, "confirmed");
		json_uint(&out, finding->confirmed);
		json_key(&out, "runs");
		json_uint(&out, finding->runs);
	}
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, progress->events);
	fflush(progress->events);
	json_out_fini(&out);
}

static void on_started(void *self, const char *reason)
{
	struct progress *progress = self;

	write_event(progress, "started", NULL, NULL);
	if (reason)
		fprintf(stderr, "frontrun: the whole program is started for each schedule: %s\n",
			reason);
}

static void on_run(void *self, const struct campaign *campaign)
{
	const struct campaign_result *so_far = campaign_so_far(campaign);
	struct progress *progress = self;
	double every = progress->live ? LIVE_EVERY : LINE_EVERY;
	char space[256];
	struct text line;

	if (so_far->seconds - progress->last < every)
		return;
	progress->last = so_far->seconds;
	text_init(&line, space, sizeof(space));
	describe(&line, progress, so_far);
	if (progress->live) {
		text_cut(&line,
			 progress->terminal->width > 12 ? progress->terminal->width - 11 : 1);
		fprintf(stderr, "\r\033[Kfrontrun: %s", line.data);
		fflush(stderr);
		progress->shown = true;
	} else {
		fprintf(stderr, "frontrun: %s\n", line.data);
	}
	write_event(progress, "progress", so_far, NULL);
}

static void on_failure(void *self, const struct finding *finding)
{
	struct progress *progress = self;

	clear(progress);
	progress->failures++;
	fprintf(stderr, "frontrun: schedule %llu fails: %s", (unsigned long long)finding->schedule,
		finding->words);
	if (progress->verbose)
		fprintf(stderr, " (%s, %s-%016llx)", finding->origin,
			verdict_word(finding->verdict.kind),
			(unsigned long long)finding->verdict.fingerprint);
	fputs("; looking closer\n", stderr);
	write_event(progress, "failure", NULL, finding);
}

static void on_finding(void *self, const struct finding *finding)
{
	struct progress *progress = self;

	clear(progress);
	if (finding->known && progress->verbose)
		fprintf(stderr, "frontrun: known failure %s-%016llx\n",
			verdict_word(finding->verdict.kind),
			(unsigned long long)finding->verdict.fingerprint);
	write_event(progress, finding->known ? "known" : "finding", NULL, finding);
}

struct campaign_observer progress_observer(struct progress *progress)
{
	return (struct campaign_observer){
		.self = progress,
		.started = on_started,
		.run = on_run,
		.failure = on_failure,
		.finding = on_finding,
	};
}

void progress_end(struct progress *progress)
{
	clear(progress);
}
