/*
 * See report.h.
 */
#include "fuzz/report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json_out.h"
#include "recorder/alloc.h"
#include "recorder/header.h"
#include "recorder/options.h"
#include "recorder/story.h"
#include "recorder/text.h"
#include "replayer/story_events.h"
#include "replayer/trace_file.h"

#define FEW_POINTS 20

#define RACES_SHOWN 20

static unsigned unknown(const struct campaign_result *result)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < result->finding_count; i++)
		n += !result->findings[i].known && !result->findings[i].tolerated;
	return n;
}

/* Why a search without findings says little; NULL: it says what it can. */
static const char *doubt(const struct campaign_result *result)
{
	if (result->end == CAMPAIGN_SINGLE && result->alone.kind != FAILURE_NONE)
		return "the program failed before it made a second thread";
	if (result->end == CAMPAIGN_SINGLE && result->children)
		return "the program made no second thread; it started other programs, which "
		       "run beside it without control";
	if (result->end == CAMPAIGN_SINGLE)
		return "the program ended before it made a second thread: there is nothing to "
		       "interleave";
	if (!result->counts.runs)
		return "no schedule ran";
	if (!result->ended && result->failed < result->counts.runs)
		return "no schedule came to its end";
	if (result->lanes < 2)
		return "only one thread ever ran: there is nothing to interleave";
	if (result->uncontrolled)
		return "not everything was under control";
	return NULL;
}

int report_status(const struct campaign_config *config, const struct campaign_result *result)
{
	(void)config;
	switch (result->end) {
	case CAMPAIGN_CANNOT:
	case CAMPAIGN_ALWAYS:
		return EXIT_FUZZ_CANNOT;
	case CAMPAIGN_INTERRUPTED:
		return unknown(result) ? EXIT_FUZZ_FOUND : EXIT_FUZZ_INTERRUPTED;
	default:
		if (unknown(result))
			return EXIT_FUZZ_FOUND;
		return doubt(result) ? EXIT_FUZZ_INCONCLUSIVE : EXIT_FUZZ_PASSED;
	}
}

/* "Reproduced 10/10" is in the story; what is not as it should be is said here. */
static void print_confirmation(const struct finding *finding, FILE *out)
{
	if (!finding->path) {
		fprintf(out, "No trace could be kept: %s\n", finding->reason);
		return;
	}
	if (finding->confirmed == finding->runs)
		return;
	fprintf(out,
		"Unstable: %u of %u replays failed in the same way; %s.\n"
		"What the program does beside its threads (time, files, other processes) "
		"differs from run to run.\n",
		finding->confirmed, finding->runs, finding->reason);
}

static void print_finding(struct finding *finding, const struct terminal *terminal, FILE *out)
{
	struct trace_file file;
	struct pattern pattern = { 0 };
	struct err err;

	if (!finding->path || trace_file_open(&file, finding->path, &err) < 0) {
		fprintf(out, "%s\n", finding->words);
		if (*finding->verdict.message)
			fprintf(out, "%s\n", finding->verdict.message);
		print_confirmation(finding, out);
		return;
	}
	if (story_events_tell(out, &file, terminal->width, &pattern, NULL) == 0) {
		struct story story = { .naming = file.naming, .out = out };

		fprintf(out, "%s\n", finding->words);
		story_tell(&story, file.outcome);
	}
	if (pattern.name != PATTERN_NONE)
		finding->pattern = alloc_check(strdup(pattern_word(pattern.name)));
	if (finding->verdict.kind == FAILURE_OUTPUT && *finding->verdict.message)
		fprintf(out, "%s\n", finding->verdict.message);
	trace_file_close(&file);
	print_confirmation(finding, out);
	fputc('\n', out);
	story_commands(out, finding->path);
}

static void add_speed(struct text *line, const struct campaign_result *result)
{
	double seconds = result->seconds - result->boot_seconds;

	text_addf(line, ", %.1f s", result->seconds);
	if (seconds > 0.5 && result->counts.runs > 1) {
		text_add(line, ", ");
		text_add_count(line, (unsigned long long)((double)result->counts.runs / seconds));
		text_add(line, "/s");
	}
}

/* "no failure in 10,000 schedules (123 distinct, nothing new since 456), 4.2 s, 2,400/s" */
static void print_closing(const struct campaign_config *config,
			  const struct campaign_result *result, FILE *out)
{
	const struct search_counts *counts = &result->counts;
	unsigned failures = unknown(result);
	char space[512];
	struct text line;

	text_init(&line, space, sizeof(space));
	if (failures)
		text_addf(&line, "%u failure%s in ", failures, failures == 1 ? "" : "s");
	else
		text_add(&line, result->finding_count ? "no other failure in " : "no failure in ");
	text_add_count(&line, counts->runs);
	text_add(&line, counts->runs == 1 ? " schedule (" : " schedules (");
	text_add_count(&line, counts->distinct);
	text_add(&line, " distinct, nothing new since ");
	text_add_count(&line, counts->last_new);
	text_add(&line, ")");
	add_speed(&line, result);
	text_addf(&line, ", seed %llu", (unsigned long long)config->search.seed);
	fprintf(out, "%s\n", line.data);
}

static void print_known(const struct campaign_result *result, FILE *errors)
{
	size_t i;

	for (i = 0; i < result->finding_count; i++)
		if (result->findings[i].known)
			fprintf(errors, "frontrun: known: %s-%016llx, %llu time%s\n",
				verdict_word(result->findings[i].verdict.kind),
				(unsigned long long)result->findings[i].verdict.fingerprint,
				(unsigned long long)result->findings[i].count,
				result->findings[i].count == 1 ? "" : "s");
}

static void print_warnings(const struct campaign_result *result, FILE *errors)
{
	if (*result->no_corpus)
		fprintf(errors, "frontrun: warning: no schedules are kept: %s\n",
			result->no_corpus);
	if (result->end == CAMPAIGN_SINGLE || result->end == CAMPAIGN_CANNOT ||
	    result->end == CAMPAIGN_ALWAYS)
		return;
	if (result->uncontrolled) {
		fprintf(errors,
			"frontrun: warning: in %llu of %llu schedules something was not under "
			"control",
			(unsigned long long)result->uncontrolled,
			(unsigned long long)result->counts.runs);
		fprintf(errors, *result->note ? ": %s\n" : "%s\n", result->note);
	} else if (result->inexact) {
		fprintf(errors,
			"frontrun: warning: %llu of %llu schedules cannot be repeated exactly: "
			"%s\n",
			(unsigned long long)result->inexact,
			(unsigned long long)result->counts.runs, result->note);
	}
	if (*result->remark)
		fprintf(errors, "frontrun: warning: %s\n", result->remark);
	if (result->lanes >= 2 && result->points < FEW_POINTS && !unknown(result))
		fprintf(errors,
			"frontrun: warning: there are only %llu points at which another thread "
			"could go on: races on plain variables between them are not seen\n",
			(unsigned long long)result->points);
	if (result->counts.queued == 0 && result->counts.runs > 100 &&
	    result->counts.runs - result->counts.last_new > 100)
		fprintf(errors,
			"frontrun: all reversals were tried: the last %llu schedules brought "
			"nothing new\n",
			(unsigned long long)(result->counts.runs - result->counts.last_new));
}

/* What happened to a program without a second thread, and what to do about it. */
static void print_single(const struct campaign_result *result, FILE *errors)
{
	const char *message = result->alone.message;
	char words[128];

	if (result->alone.kind != FAILURE_NONE) {
		verdict_describe(&result->alone, words, sizeof(words));
		fprintf(errors, "frontrun: it ended with %s%s%s\n", words, *message ? ": " : "",
			message);
	} else if (result->children) {
		fprintf(errors, "frontrun: give the program that has the threads, or have the "
				"script end in `exec PROGRAM`\n");
	}
}

static void print_always(const struct campaign_result *result, FILE *errors)
{
	char words[128];

	verdict_describe(&result->always, words, sizeof(words));
	fprintf(errors, "frontrun: the program fails in each of %llu schedules in the same way: %s",
		(unsigned long long)result->counts.runs, words);
	fprintf(errors, *result->always.message ? " (%s)" : "%s", result->always.message);
	fprintf(errors, "\nfrontrun: that is no matter of the schedule; to look for other "
			"failures use --allow-failing\n");
}

/* Of all schedules; where they are failures each has been told. */
static void print_races(const struct campaign_config *config, FILE *out)
{
	size_t count = config->races && !config->races_fail ? races_count(config->races) : 0, i;

	if (!count)
		return;
	fprintf(out, "%zu data race%s, no failure by %s (--races fail):\n", count,
		count == 1 ? "" : "s", count == 1 ? "itself" : "themselves");
	for (i = 0; i < count && i < RACES_SHOWN; i++)
		text_print_lines(out, "  ", races_text(config->races, i));
	if (count > RACES_SHOWN)
		fprintf(out, "  and %zu more (--json)\n", count - RACES_SHOWN);
	fputc('\n', out);
}

void report_text(const struct campaign_config *config, struct campaign_result *result,
		 const struct err *err, const struct terminal *terminal, FILE *out, FILE *errors)
{
	const char *why;
	size_t i;

	for (i = 0; i < result->finding_count; i++) {
		if (result->findings[i].known)
			continue;
		print_finding(&result->findings[i], terminal, out);
		if (result->findings[i].tolerated)
			fprintf(out, "  not counted as a failure: --fail-on can-happen\n");
		fputc('\n', out);
	}
	print_races(config, out);
	print_known(result, errors);
	print_warnings(result, errors);
	switch (result->end) {
	case CAMPAIGN_CANNOT:
		fprintf(errors, "frontrun: %s\n", err->text);
		break;
	case CAMPAIGN_ALWAYS:
		print_always(result, errors);
		break;
	case CAMPAIGN_INTERRUPTED:
		fprintf(errors, "frontrun: interrupted\n");
		print_closing(config, result, out);
		break;
	default:
		why = unknown(result) ? NULL : doubt(result);
		if (why)
			fprintf(out, "inconclusive: %s\n", why);
		if (result->end == CAMPAIGN_SINGLE)
			print_single(result, errors);
		if (result->counts.runs)
			print_closing(config, result, out);
	}
}

static void json_finding(struct json_out *out, const struct finding *finding)
{
	char name[64];

	snprintf(name, sizeof(name), "%s-%016llx", verdict_word(finding->verdict.kind),
		 (unsigned long long)finding->verdict.fingerprint);
	json_object_begin(out);
	json_key(out, "name");
	json_string(out, name);
	json_key(out, "kind");
	json_string(out, verdict_word(finding->verdict.kind));
	json_key(out, "failure");
	json_string(out, finding->words);
	json_key(out, "message");
	json_string(out, finding->verdict.message);
	if (finding->gil) {
		json_key(out, "gil");
		json_string(out, finding->gil);
	}
	json_key(out, "tolerated");
	json_bool(out, finding->tolerated);
	json_key(out, "known");
	json_bool(out, finding->known);
	json_key(out, "schedule");
	json_uint(out, finding->schedule);
	json_key(out, "origin");
	json_string(out, finding->origin);
	json_key(out, "count");
	json_uint(out, finding->count);
	if (!finding->known) {
		json_key(out, "confirmed");
		json_uint(out, finding->confirmed);
		json_key(out, "runs");
		json_uint(out, finding->runs);
		json_key(out, "minimised");
		json_bool(out, finding->minimised);
		json_key(out, "preemptions");
		json_uint(out, finding->preemptions);
		json_key(out, "decisions");
		json_uint(out, finding->decisions);
		json_key(out, "decisions_before");
		json_uint(out, finding->decisions_before);
	}
	if (finding->pattern) {
		json_key(out, "pattern");
		json_string(out, finding->pattern);
	}
	if (finding->path) {
		json_key(out, "trace");
		json_string(out, finding->path);
	}
	if (finding->passing) {
		json_key(out, "passing");
		json_string(out, finding->passing);
	}
	if (*finding->reason) {
		json_key(out, "reason");
		json_string(out, finding->reason);
	}
	json_object_end(out);
}

/* How the program ended where that is no finding. */
static void json_verdict(struct json_out *out, const struct verdict *verdict)
{
	char words[128];

	verdict_describe(verdict, words, sizeof(words));
	json_key(out, "failure");
	json_string(out, words);
	json_key(out, "message");
	json_string(out, verdict->message);
}

static const char *const end_words[] = {
	[CAMPAIGN_BUDGET] = "budget",           [CAMPAIGN_FOUND] = "found",
	[CAMPAIGN_INTERRUPTED] = "interrupted", [CAMPAIGN_ALWAYS] = "fails always",
	[CAMPAIGN_SINGLE] = "single thread",    [CAMPAIGN_CANNOT] = "cannot",
};

/* The pattern of a finding, without its story. */
static void name_pattern(struct finding *finding, const struct terminal *terminal)
{
	char *text = NULL;
	size_t size;
	FILE *nowhere = alloc_check(open_memstream(&text, &size));

	if (!finding->known)
		print_finding(finding, terminal, nowhere);
	fclose(nowhere);
	free(text);
}

void report_json(const struct campaign_config *config, struct campaign_result *result,
		 const struct err *err, FILE *file)
{
	const struct search_counts *counts = &result->counts;
	struct terminal terminal = { .width = 80 };
	const char *why = unknown(result) ? NULL : doubt(result);
	struct json_out out;
	char *const *word;
	size_t i;

	for (i = 0; i < result->finding_count; i++)
		name_pattern(&result->findings[i], &terminal);
	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "schema");
	json_int(&out, 1);
	json_key(&out, "command");
	json_string(&out, "fuzz");
	json_key(&out, "argv");
	json_array_begin(&out);
	for (word = config->worker.session.target.argv; *word; word++)
		json_string(&out, *word);
	json_array_end(&out);
	json_key(&out, "end");
	json_string(&out, end_words[result->end]);
	json_key(&out, "exit_status");
	json_int(&out, report_status(config, result));
	json_key(&out, "seed");
	json_uint(&out, config->search.seed);
	json_key(&out, "strategy");
	json_string(&out, config->search.strategy.id < STRATEGY_COUNT
				  ? header_strategy_name(config->search.strategy.id)
				  : "default");
	json_key(&out, "jobs");
	json_uint(&out, config->jobs);
	json_key(&out, "schedules");
	json_uint(&out, counts->runs);
	json_key(&out, "executions");
	json_uint(&out, result->executions);
	json_key(&out, "ended");
	json_uint(&out, result->ended);
	json_key(&out, "failed");
	json_uint(&out, result->failed);
	json_key(&out, "distinct");
	json_uint(&out, counts->distinct);
	json_key(&out, "last_new");
	json_uint(&out, counts->last_new);
	json_key(&out, "pairs");
	json_uint(&out, counts->pairs);
	json_key(&out, "queued");
	json_uint(&out, counts->queued);
	json_key(&out, "threads");
	json_uint(&out, result->lanes);
	json_key(&out, "points");
	json_uint(&out, result->points);
	json_key(&out, "operations");
	json_uint(&out, result->operations);
	json_key(&out, "uncontrolled");
	json_uint(&out, result->uncontrolled);
	json_key(&out, "inexact");
	json_uint(&out, result->inexact);
	if (config->races && races_count(config->races)) {
		json_key(&out, "races");
		json_array_begin(&out);
		for (i = 0; i < races_count(config->races); i++)
			json_string(&out, races_text(config->races, i));
		json_array_end(&out);
	}
	if (*result->note) {
		json_key(&out, "note");
		json_string(&out, result->note);
	}
	if (*result->reason) {
		json_key(&out, "whole_program");
		json_string(&out, result->reason);
	}
	if (why) {
		json_key(&out, "inconclusive");
		json_string(&out, why);
	}
	if (result->end == CAMPAIGN_ALWAYS)
		json_verdict(&out, &result->always);
	if (result->end == CAMPAIGN_SINGLE && result->alone.kind != FAILURE_NONE)
		json_verdict(&out, &result->alone);
	if (result->end == CAMPAIGN_CANNOT) {
		json_key(&out, "error");
		json_string(&out, err->text);
	}
	json_key(&out, "findings");
	json_array_begin(&out);
	for (i = 0; i < result->finding_count; i++)
		json_finding(&out, &result->findings[i]);
	json_array_end(&out);
	/* What is not the same in the next campaign with this seed. */
	json_key(&out, "timing");
	json_object_begin(&out);
	json_key(&out, "seconds");
	json_double(&out, result->seconds);
	json_key(&out, "boot_seconds");
	json_double(&out, result->boot_seconds);
	json_object_end(&out);
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, file);
	json_out_fini(&out);
}
