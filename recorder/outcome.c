/*
 * Puts the result of a session into the outcome line, see outcome.h.
 */
#include "recorder/outcome.h"

#include <stdio.h>
#include <string.h>

#include "formats/event.h"
#include "formats/syscall_names.h"
#include "recorder/alloc.h"
#include "recorder/symbols.h"

static const char *const words[VERDICT_COUNT] = {
#define VERDICT(symbol, name, failure) [VERDICT_##symbol] = name,
#include "formats/verdict.def"
#undef VERDICT
};

static const char *const boot_sentences[BOOT_COUNT] = {
#define BOOT(symbol, sentence, remedy) [BOOT_##symbol] = sentence,
#include "formats/boot.def"
#undef BOOT
};

const char *outcome_word(enum verdict_kind verdict)
{
	return words[verdict < VERDICT_COUNT ? verdict : VERDICT_NONE];
}

static void add_number(cJSON *object, const char *name, double value)
{
	alloc_check(cJSON_AddNumberToObject(object, name, value));
}

/* Left out when it is zero. */
static void add_nonzero(cJSON *object, const char *name, double value)
{
	if (value != 0)
		add_number(object, name, value);
}

static void add_hex(cJSON *object, const char *name, const char *format, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), format, (unsigned long long)value);
	alloc_check(cJSON_AddStringToObject(object, name, text));
}

static cJSON *edges(const struct region_failure *failure)
{
	cJSON *array = alloc_check(cJSON_CreateArray());
	uint32_t i;

	for (i = 0; i < failure->edge_count; i++) {
		const struct region_edge *edge = &failure->edges[i];
		cJSON *object = alloc_check(cJSON_CreateObject());

		add_number(object, "lane", edge->lane);
		cJSON_AddStringToObject(object, "kind", event_kind_name(edge->kind));
		add_nonzero(object, "object", edge->object);
		add_nonzero(object, "context", edge->context);
		add_nonzero(object, "owner", edge->owner);
		add_nonzero(object, "owner_context", edge->owner_context);
		if (edge->owner_context)
			add_number(object, "owner_k", (double)edge->owner_k);
		cJSON_AddItemToArray(array, object);
	}
	return array;
}

static void add_failure(cJSON *outcome, const struct region_failure *failure,
			struct trace_sink *sink)
{
	cJSON *frames;
	uint32_t i;

	if (*failure->text)
		cJSON_AddStringToObject(outcome, "text", failure->text);
	if (failure->lane) {
		add_number(outcome, "lane", failure->lane);
		add_number(outcome, "k", (double)failure->k);
	}
	if (failure->kind == VERDICT_SIGNAL)
		add_hex(outcome, "address", "0x%llx", failure->address);
	if (failure->frame_count) {
		frames = cJSON_AddArrayToObject(outcome, "frames");
		for (i = 0; i < failure->frame_count; i++) {
			/*
			 * Program counters are stored as return addresses are (preload/unwind.h).
			 */
			uint32_t location = trace_sink_address(sink, failure->frames[i],
							       SYMBOLS_RETURN_ADDRESS);

			cJSON_AddItemToArray(frames, cJSON_CreateNumber(location));
		}
	}
	if (failure->edge_count) {
		add_number(outcome, "cycle", failure->cycle_length);
		cJSON_AddItemToObject(outcome, "edges", edges(failure));
	}
}

/* {"read":12}: calls of libc itself that no interposer has seen. */
static void add_trapped(cJSON *outcome, const struct session_result *result)
{
	cJSON *object = NULL;
	unsigned i;

	for (i = 0; i < REGION_CALLS; i++) {
		if (!result->trapped[i] || !syscall_name(i))
			continue;
		if (!object)
			object = alloc_check(cJSON_AddObjectToObject(outcome, "trapped"));
		add_number(object, syscall_name(i), result->trapped[i]);
	}
}

/* Without NUL bytes, which would end the string early. */
static void add_stderr(cJSON *outcome, const struct session_result *result)
{
	char text[REGION_STDERR_BYTES + 1];
	size_t i;

	if (!result->stderr_length)
		return;
	memcpy(text, result->stderr_tail, result->stderr_length);
	text[result->stderr_length] = '\0';
	for (i = 0; i < result->stderr_length; i++)
		if (!text[i])
			text[i] = '?';
	cJSON_AddStringToObject(outcome, "stderr", text);
}

cJSON *outcome_new(const struct session_result *result, struct trace_sink *sink)
{
	const struct trace_sink_counts *counts = trace_sink_counts(sink);
	cJSON *outcome = alloc_check(cJSON_CreateObject());

	if (result->boot != BOOT_OK)
		cJSON_AddStringToObject(outcome, "boot", boot_sentences[result->boot]);
	add_number(outcome, "status", result->status);
	add_failure(outcome, &result->failure, sink);
	add_number(outcome, "switches", (double)result->switches);
	add_number(outcome, "lanes", (double)counts->lanes);
	add_hex(outcome, "order_hash", "%016llx", result->order_hash);
	add_hex(outcome, "hb_hash", "%016llx", result->hb_hash);
	add_number(outcome, "virtual_ns", (double)result->virtual_ns);
	add_number(outcome, "seconds", (double)(int64_t)(result->seconds * 1e6) / 1e6);
	if (result->time_limit)
		cJSON_AddTrueToObject(outcome, "time_limit");
	add_nonzero(outcome, "interrupted", result->interrupted);
	add_nonzero(outcome, "orphans", result->orphans);
	add_nonzero(outcome, "uncontrolled", (double)counts->uncontrolled);
	add_nonzero(outcome, "inexact", (double)counts->inexact);
	add_nonzero(outcome, "live", (double)counts->live);
	add_trapped(outcome, result);
	add_stderr(outcome, result);
	return outcome;
}
