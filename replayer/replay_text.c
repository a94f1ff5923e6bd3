/*
 * Words about replays.
 */
#include "replayer/replay_text.h"

#include <inttypes.h>
#include <string.h>

#include "formats/json_out.h"
#include "recorder/alloc.h"
#include "recorder/outcome.h"
#include "recorder/story.h"

bool replay_is_identical(const struct replay_report *report)
{
	return report->difference.kind == VERIFY_SAME && report->same_hashes &&
	       report->result.verdict != VERDICT_DIVERGED && !report->result.time_limit &&
	       !report->result.interrupted;
}

void replay_text_ending(struct text *text, const struct session_result *result)
{
	if (result->interrupted) {
		text_add(text, "interrupted");
	} else if (result->time_limit) {
		text_add(text, "killed after the time limit");
	} else if (result->verdict == VERDICT_EXIT) {
		text_addf(text, "exit status %d", result->status);
	} else if (result->verdict == VERDICT_SIGNAL) {
		const char *name = sigabbrev_np(result->status);

		text_addf(text, "signal %d", result->status);
		if (name)
			text_addf(text, " (SIG%s)", name);
	} else {
		text_add(text, outcome_word(result->verdict));
	}
}

/* "  recorded  T2 "alice" locks savings.lock at transfer (bank.c:17)" */
static void put_side(FILE *out, const char *side, const char *step, const char *site)
{
	if (*step)
		fprintf(out, "frontrun:   %-8s  %s%s%s\n", side, step, *site ? " at " : "", site);
}

static void put_reason(const struct replay_report *report, FILE *out)
{
	const char *why = report->result.failure.text;
	char space[1024];
	struct text text;

	if (report->result.verdict != VERDICT_DIVERGED || !*why)
		return;
	text_init(&text, space, sizeof(space));
	text_add_clean(&text, why);
	fprintf(out, "frontrun:   %s\n", text.data);
}

static void print_same(const struct replay_report *report, uint64_t total, FILE *out)
{
	char space[512];
	struct text text;

	text_init(&text, space, sizeof(space));
	text_add_count(&text, report->agreed);
	text_add(&text, " of ");
	text_add_count(&text, total);
	text_add(&text, total == 1 ? " event" : " events");
	if (report->result.interrupted || report->result.time_limit) {
		fprintf(out, "frontrun: replay %s after %s, all as recorded\n",
			report->result.interrupted ? "interrupted" : "killed by the time limit",
			text.data);
		return;
	}
	if (report->result.verdict == VERDICT_DIVERGED) {
		/* In what has no event: what is written when the program ends. */
		fprintf(out, "frontrun: diverged after %s\n", text.data);
		put_reason(report, out);
		return;
	}
	text_add(&text,
		 report->same_hashes ? ", identical; " : ", but not with the same decisions; ");
	if (report->stopped)
		text_add(&text, "there the recording was ended from outside");
	else
		replay_text_ending(&text, &report->result);
	fprintf(out, "frontrun: replayed %s\n", text.data);
}

/* How the run stands at the difference. */
static void add_difference(struct text *text, const struct replay_report *report, uint64_t total)
{
	const struct verify_difference *difference = &report->difference;

	if (difference->kind == VERIFY_CUT) {
		text_add(text, "the trace ends behind event ");
		text_add_count(text, report->agreed);
		text_addf(text, ", up to there the run agrees: %s", difference->reason);
		return;
	}
	text_add(text, "diverged at event ");
	text_add_count(text, difference->number);
	text_add(text, " of ");
	text_add_count(text, total);
	if (difference->kind == VERIFY_LONGER)
		text_add(text, ": the recording ends here, the run goes on");
	if (difference->kind == VERIFY_SHORTER && report->result.verdict != VERDICT_DIVERGED) {
		text_add(text, ": the run ended here, with ");
		replay_text_ending(text, &report->result);
	}
}

static void print_difference(const struct replay_config *config, const struct replay_report *report,
			     uint64_t total, FILE *out)
{
	const struct verify_difference *difference = &report->difference;
	char space[1024];
	struct text text;

	text_init(&text, space, sizeof(space));
	add_difference(&text, report, total);
	fprintf(out, "frontrun: %s\n", text.data);
	put_side(out, "recorded", difference->expected, difference->expected_site);
	put_side(out, "now", difference->got, difference->got_site);
	put_reason(report, out);
	if (!config->follow)
		return;
	text_reset(&text);
	text_add(&text, "followed it for ");
	text_add_count(&text, report->after);
	text_add(&text, report->after == 1 ? " more event; " : " more events; ");
	replay_text_ending(&text, &report->result);
	fprintf(out, "frontrun: %s\n", text.data);
}

void replay_text_print(const struct replay_config *config, const struct replay_report *report,
		       uint64_t total, FILE *out)
{
	bool ended = report->result.interrupted || report->result.time_limit;

	if (report->difference.kind == VERIFY_SAME ||
	    (ended && report->difference.kind == VERIFY_SHORTER))
		print_same(report, total, out);
	else
		print_difference(config, report, total, out);
}

char *replay_text_story(const struct trace_file *file, bool verbose)
{
	struct story story = { .naming = file->naming, .verbose = verbose };
	cJSON *outcome = cJSON_Duplicate(file->outcome, true);
	char *text = NULL;
	size_t size;

	/* What it said on standard error has just been seen. */
	cJSON_DeleteItemFromObjectCaseSensitive(outcome, "stderr");
	story.out = alloc_check(open_memstream(&text, &size));
	story_tell(&story, outcome);
	fclose(story.out);
	cJSON_Delete(outcome);
	return text;
}

void replay_text_count(uint64_t same, uint64_t runs, FILE *out)
{
	char space[128];
	struct text text;

	text_init(&text, space, sizeof(space));
	text_add_count(&text, same);
	text_add(&text, " of ");
	text_add_count(&text, runs);
	fprintf(out, "frontrun: %s replays identical\n", text.data);
}

static void json_text(struct json_out *out, const char *key, const char *text)
{
	json_key(out, key);
	json_string(out, *text ? text : NULL);
}

static void json_difference(struct json_out *out, const struct verify_difference *difference)
{
	static const char *const kinds[] = {
		[VERIFY_EVENT] = "event",
		[VERIFY_LONGER] = "longer",
		[VERIFY_SHORTER] = "shorter",
		[VERIFY_CUT] = "cut",
	};

	json_key(out, "difference");
	json_object_begin(out);
	json_text(out, "kind", kinds[difference->kind]);
	json_key(out, "event");
	json_uint(out, difference->number);
	json_text(out, "recorded", difference->expected);
	json_text(out, "recorded_at", difference->expected_site);
	json_text(out, "got", difference->got);
	json_text(out, "got_at", difference->got_site);
	if (*difference->reason)
		json_text(out, "reason", difference->reason);
	json_object_end(out);
}

void replay_text_json(const struct replay_config *config, const struct replay_report *report,
		      const struct replay_totals *totals, FILE *file)
{
	struct json_out out;

	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "schema");
	json_int(&out, 1);
	json_text(&out, "command", "replay");
	json_text(&out, "trace", config->file->path);
	json_key(&out, "exit_status");
	json_int(&out, totals->exit_status);
	json_key(&out, "runs");
	json_uint(&out, totals->runs);
	json_key(&out, "same");
	json_uint(&out, totals->same);
	json_key(&out, "events");
	json_uint(&out, totals->events);
	json_key(&out, "agreed");
	json_uint(&out, report->agreed);
	json_key(&out, "identical");
	json_bool(&out, replay_is_identical(report));
	json_text(&out, "verdict", outcome_word(report->result.verdict));
	json_key(&out, "status");
	json_int(&out, report->result.status);
	json_text(&out, "recorded", report->recorded);
	json_text(&out, "got", report->got);
	json_key(&out, "order_hash");
	json_hash(&out, report->result.order_hash);
	json_key(&out, "hb_hash");
	json_hash(&out, report->result.hb_hash);
	if (report->difference.kind != VERIFY_SAME)
		json_difference(&out, &report->difference);
	json_object_end(&out);
	json_newline(&out);
	fwrite(out.data, 1, out.len, file);
	json_out_fini(&out);
}
