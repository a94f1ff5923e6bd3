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
	struct script *script;
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

struct verify *verify_new(struct script *script, const struct naming *naming, bool follow)
{
	struct verify *verify = alloc_check(calloc(1, sizeof(*verify)));

	verify->script = script;
	verify->naming = naming;
	verify->names = naming_names(naming);
	verify->run = run_names_new();
	verify->follow = follow;
	verify->lanes_end = trace_names_lanes_end(verify->names);
	verify->objects_end = trace_names_objects_end(verify->names);
	verify->lanes = alloc_check(calloc(verify->lanes_end + 1, sizeof(bool)));
	verify->objects = alloc_check(calloc(verify->objects_end + 1, sizeof(bool)));
	return verify;
}

void verify_free(struct verify *verify)
{
	if (!verify)
		return;
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

/* What the trace has as its next event, with all that it says of it. */
static void tell_expected(struct verify *verify)
{
	struct verify_difference *difference = &verify->difference;
	const struct trace_event *event;
	struct trace_line line;
	struct text step, site;

	if (!script_event_line(verify->script, verify->agreed, &line))
		return;
	event = &line.event;
	text_init(&step, difference->expected, sizeof(difference->expected));
	text_init(&site, difference->expected_site, sizeof(difference->expected_site));
	naming_lane(verify->naming, &step, event->lane);
	text_add(&step, " ");
	naming_step(verify->naming, &step, event);
	if (event->context)
		naming_site(verify->naming, &site, event->context);
}

/* The first difference; `rc` is what the trace has there. `got` may be NULL: there is none. */
static void differ(struct verify *verify, enum verify_kind kind, int rc,
		   const struct record_event *got)
{
	struct verify_difference *difference = &verify->difference;
	struct text step, site;

	difference->kind = kind;
	difference->number = verify->agreed + 1;
	if (rc > 0)
		tell_expected(verify);
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

static bool same_event(const struct verify *verify, const struct script_event *expected,
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

/* Something else than an event that agrees: `rc` is what the trace has there. */
static int not_same(struct verify *verify, int rc, const struct record_event *got,
		    const struct err *damage, struct err *err)
{
	if (rc == 0 && verify->open_end)
		return err_set(err, VERIFY_ERR_DIFFERENT, "the recording ends here");
	differ(verify, rc > 0 ? VERIFY_EVENT : rc ? VERIFY_CUT : VERIFY_LONGER, rc, got);
	if (rc < 0)
		memcpy(verify->difference.reason, damage->text, sizeof(damage->text));
	verify->after++;
	return refuse(verify, err);
}

static int on_event(void *self, const struct record_event *got, struct err *err)
{
	struct verify *verify = self;
	struct script_event expected;
	struct err damage; /* cleared for no event: it is large */
	int rc;

	if (verify->difference.kind != VERIFY_SAME) {
		verify->after++;
		return refuse(verify, err);
	}
	rc = script_event(verify->script, &expected, &damage);
	if (__builtin_expect(rc <= 0 || !same_event(verify, &expected, got), 0))
		return not_same(verify, rc, got, &damage, err);
	verify->agreed++;
	return 0;
}

void verify_end(struct verify *verify)
{
	struct script_event expected;
	struct err damage;
	int rc;

	if (verify->difference.kind != VERIFY_SAME)
		return;
	rc = script_event(verify->script, &expected, &damage);
	if (rc)
		differ(verify, rc > 0 ? VERIFY_SHORTER : VERIFY_CUT, rc, NULL);
	if (rc < 0)
		memcpy(verify->difference.reason, damage.text, sizeof(damage.text));
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

static int on_code(void *self, const struct record_code *record, struct err *err)
{
	struct verify *verify = self;

	(void)err;
	run_names_code(verify->run, record);
	return 0;
}

static int on_text(void *self, const struct record_text *record, struct err *err)
{
	struct verify *verify = self;

	(void)err;
	run_names_text(verify->run, record);
	return 0;
}

const struct drain_sink verify_sink = {
	.event = on_event,
	.lane = on_lane,
	.object = on_object,
	.context = on_context,
	.module = on_module,
	.code = on_code,
	.text = on_text,
};
