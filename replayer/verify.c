/*
 * The comparison of a run with its trace, see verify.h. Hot for every event: ids are compared when
 * things are announced, events by number.
 */
#include "replayer/verify.h"

#include <stdlib.h>
#include <string.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"

struct verify {
	struct trace_reader *reader;
	const struct naming *naming;
	const struct trace_names *names; /* of the trace */
	struct run_names *run;
	bool follow;
	bool open_end;
	bool *lanes, *objects; /* by number of the trace: the run's has the same id */
	uint32_t lanes_end, objects_end;
	uint64_t agreed, after;
	struct verify_difference difference;
};

struct verify *verify_new(const char *path, const struct naming *naming, bool follow,
			  struct err *err)
{
	struct trace_reader *reader = trace_reader_open(path, err);
	struct verify *verify;

	if (!reader)
		return NULL;
	verify = alloc_check(calloc(1, sizeof(*verify)));
	verify->reader = reader;
	verify->naming = naming;
	verify->names = naming_names(naming);
	verify->run = run_names_new();
	verify->follow = follow;
	verify->lanes_end = trace_names_lanes_end(verify->names);
	verify->objects_end = trace_names_objects_end(verify->names);
	verify->lanes = alloc_check(calloc(verify->lanes_end + 1, sizeof(bool)));
	verify->objects = alloc_check(calloc(verify->objects_end + 1, sizeof(bool)));
	trace_reader_filter(reader, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	return verify;
}

void verify_free(struct verify *verify)
{
	if (!verify)
		return;
	trace_reader_close(verify->reader);
	run_names_free(verify->run);
	free(verify->lanes);
	free(verify->objects);
	free(verify);
}

void verify_open_end(struct verify *verify)
{
	verify->open_end = true;
}

const struct verify_difference *verify_difference(const struct verify *verify)
{
	return &verify->difference;
}

const struct run_names *verify_run_names(const struct verify *verify)
{
	return verify->run;
}

uint64_t verify_agreed(const struct verify *verify)
{
	return verify->agreed;
}

uint64_t verify_after(const struct verify *verify)
{
	return verify->after;
}

static void tell_expected(struct verify *verify, const struct trace_event *event)
{
	struct verify_difference *difference = &verify->difference;
	struct text step, site;

	text_init(&step, difference->expected, sizeof(difference->expected));
	text_init(&site, difference->expected_site, sizeof(difference->expected_site));
	naming_lane(verify->naming, &step, event->lane);
	text_add(&step, " ");
	naming_step(verify->naming, &step, event);
	if (event->context)
		naming_site(verify->naming, &site, event->context);
}

/* The first difference. `expected` and `got` may be NULL: there is none. */
static void differ(struct verify *verify, enum verify_kind kind, const struct trace_event *expected,
		   const struct record_event *got)
{
	struct verify_difference *difference = &verify->difference;
	struct text step, site;

	difference->kind = kind;
	difference->number = verify->agreed + 1;
	if (expected)
		tell_expected(verify, expected);
	if (!got)
		return;
	text_init(&step, difference->got, sizeof(difference->got));
	text_init(&site, difference->got_site, sizeof(difference->got_site));
	run_names_tell(verify->run, got, &step, &site);
}

/* The end of the run for an exact replay. */
static int refuse(const struct verify *verify, struct err *err)
{
	if (verify->follow)
		return 0;
	return err_set(err, VERIFY_ERR_DIFFERENT,
		       "the run differs from the recording at event %llu",
		       (unsigned long long)verify->difference.number);
}

static bool same_lane(const struct verify *verify, uint32_t expected, uint32_t got)
{
	return expected == got && got < verify->lanes_end && verify->lanes[got];
}

static bool same_object(const struct verify *verify, uint32_t expected, uint32_t got)
{
	const struct trace_object *object;

	if (expected == got)
		return !got || (got < verify->objects_end && verify->objects[got]);
	if (!expected || !got)
		return false;
	object = trace_names_object(verify->names, expected);
	return object && strcmp(object->id, run_names_object_id(verify->run, got)) == 0;
}

static bool same_event(const struct verify *verify, const struct trace_event *expected,
		       const struct record_event *got)
{
	if (expected->kind != got->kind || expected->phase != got->phase || expected->k != got->k ||
	    expected->process != got->process)
		return false;
	if (got->phase == PHASE_DONE && (event_table[got->kind].flags & EVENT_FLAG_RESULT) &&
	    expected->result != got->result)
		return false;
	return same_lane(verify, expected->lane, got->lane) &&
	       same_object(verify, expected->object, got->object) &&
	       same_object(verify, expected->object2, got->object2);
}

static int on_event(void *self, const struct record_event *got, struct err *err)
{
	struct verify *verify = self;
	struct trace_line line;
	struct err damage = { 0 };
	int rc;

	if (verify->difference.kind != VERIFY_SAME) {
		verify->after++;
		return refuse(verify, err);
	}
	rc = trace_reader_next(verify->reader, &line, &damage);
	if (rc > 0 && same_event(verify, &line.event, got)) {
		verify->agreed++;
		return 0;
	}
	if (rc == 0 && verify->open_end)
		return err_set(err, VERIFY_ERR_DIFFERENT, "the recording ends here");
	if (rc > 0) {
		differ(verify, VERIFY_EVENT, &line.event, got);
	} else if (rc == 0) {
		differ(verify, VERIFY_LONGER, NULL, got);
	} else {
		differ(verify, VERIFY_CUT, NULL, got);
		memcpy(verify->difference.reason, damage.text, sizeof(damage.text));
	}
	verify->after++;
	return refuse(verify, err);
}

void verify_end(struct verify *verify)
{
	struct trace_line line;
	struct err damage = { 0 };
	int rc;

	if (verify->difference.kind != VERIFY_SAME)
		return;
	rc = trace_reader_next(verify->reader, &line, &damage);
	if (rc > 0) {
		differ(verify, VERIFY_SHORTER, &line.event, NULL);
	} else if (rc < 0) {
		differ(verify, VERIFY_CUT, NULL, NULL);
		memcpy(verify->difference.reason, damage.text, sizeof(damage.text));
	}
}

static int on_lane(void *self, const struct record_lane *record, struct err *err)
{
	struct verify *verify = self;
	const struct trace_lane *expected = trace_names_lane(verify->names, record->number);

	(void)err;
	run_names_lane(verify->run, record);
	if (expected)
		verify->lanes[record->number] =
			strcmp(expected->id, run_names_lane_id(verify->run, record->number)) == 0;
	return 0;
}

static int on_object(void *self, const struct record_object *record, struct err *err)
{
	struct verify *verify = self;
	const struct trace_object *expected = trace_names_object(verify->names, record->number);

	(void)err;
	run_names_object(verify->run, record);
	if (expected)
		verify->objects[record->number] =
			strcmp(expected->id, run_names_object_id(verify->run, record->number)) == 0;
	return 0;
}

static int on_context(void *self, const struct record_context *record, struct err *err)
{
	struct verify *verify = self;

	(void)err;
	run_names_context(verify->run, record);
	return 0;
}

static int on_module(void *self, const struct record_module *record, struct err *err)
{
	struct verify *verify = self;

	(void)err;
	run_names_module(verify->run, record);
	return 0;
}

const struct drain_sink verify_sink = {
	.event = on_event,
	.lane = on_lane,
	.object = on_object,
	.context = on_context,
	.module = on_module,
};
