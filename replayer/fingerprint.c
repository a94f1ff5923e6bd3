/*
 * Fingerprints of failures.
 */
#include "replayer/fingerprint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/outcome.h"
#include "recorder/story.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add(struct text *text, enum verdict_kind verdict, int64_t status, const char **ids,
		unsigned count)
{
	unsigned i;

	text_add(text, outcome_word(verdict));
	if (verdict == VERDICT_EXIT || verdict == VERDICT_SIGNAL)
		text_addf(text, " %" PRId64, status);
	qsort(ids, count, sizeof(*ids), by_text);
	for (i = 0; i < count; i++) {
		text_add(text, " ");
		text_add(text, ids[i]);
	}
}

void fingerprint_outcome(struct text *text, const cJSON *outcome, const struct trace_names *names)
{
	const struct trace_object *object;
	const char *ids[REGION_EDGES];
	const cJSON *edge;
	unsigned count = 0, cycle = fields_number(outcome, "cycle", 0);

	cJSON_ArrayForEach (edge, fields_array(outcome, "edges")) {
		if (count == cycle || count == REGION_EDGES)
			break;
		object = trace_names_object(names, fields_number(edge, "object", 0));
		ids[count++] = object ? object->id : "";
	}
	add(text, story_verdict(outcome), fields_int(outcome, "status", 0), ids, count);
}

void fingerprint_result(struct text *text, const struct session_result *result,
			const struct run_names *names)
{
	const struct region_failure *failure = &result->failure;
	const char *ids[REGION_EDGES];
	unsigned i, cycle = 0;

	if (result->verdict == VERDICT_DEADLOCK)
		cycle = failure->cycle_length < failure->edge_count ? failure->cycle_length
								    : failure->edge_count;
	for (i = 0; i < cycle; i++)
		ids[i] = run_names_object_id(names, failure->edges[i].object);
	add(text, result->verdict, result->status, ids, cycle);
}
