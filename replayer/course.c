/*
 * Reading the course of a run out of its trace, see course.h.
 */
#include "replayer/course.h"

#include <stdlib.h>
#include <string.h>

#include "formats/event.h"
#include "formats/hash.h"
#include "recorder/alloc.h"

static uint64_t add_string(uint64_t hash, const char *string)
{
	return string ? hash_mix(hash, hash_bytes(string, strlen(string))) : hash_mix(hash, 0);
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* The length without `tail`, if that is the end of `name`. */
static size_t without(const char *name, size_t length, const char *tail)
{
	size_t cut = strlen(tail);

	return length >= cut && !memcmp(name + length - cut, tail, cut) ? length - cut : length;
}

/*
 * Comprehensions are functions of their own up to 3.11 and in class bodies later, else a part of
 * the function around them.
 */
static uint64_t add_function(uint64_t hash, const char *function)
{
	static const char *const kinds[] = { "<listcomp>", "<dictcomp>", "<setcomp>" };
	size_t length = function ? strlen(function) : 0, before, i;

	do {
		before = length;
		for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
			length = without(function, length, kinds[i]);
		if (length < before)
			length = without(function, without(function, length, "."), ".<locals>");
	} while (length < before);
	/* Of the top level: what it is a part of is called so. */
	return function && !length ? add_string(hash, "<module>")
				   : hash_mix(hash, hash_bytes(function ? function : "", length));
}

/* The line by its text, so that it may stand elsewhere in the file. */
static uint64_t add_line(uint64_t hash, const struct trace_location *location)
{
	hash = add_string(hash, base_name(location->source.file));
	hash = add_function(hash, location->source.function);
	return location->text ? add_string(hash, location->text)
			      : hash_mix(hash, location->source.line);
}

static bool is_interpreted(const struct trace_location *location)
{
	return location && !location->module && location->source.function;
}

/* What depends on the schedule or the interpreter is no part of a name: "#2", numbers of locks. */
static uint64_t add_object(uint64_t hash, const struct trace_object *object)
{
	const char *kind = object ? object->kind : NULL;

	if (!kind || (strcmp(kind, "variable") && strcmp(kind, "container")))
		return hash_mix(hash, 0);
	return hash_mix(hash, hash_bytes(object->id, strcspn(object->id, "#")));
}

/* The function of a library that is inside the program's frame number `user`; NULL: none. */
static const char *library_function(const struct trace_names *names,
				    const struct trace_context *context, uint32_t user)
{
	const struct trace_location *location;
	uint32_t i;

	for (i = 0; i < user; i++) {
		location = trace_names_location(names, context->frames[i]);
		if (is_interpreted(location))
			return location->source.function;
	}
	return NULL;
}

/* What the step is called but for how often it was; 0: it is no step. */
static uint64_t name_of(const struct trace_names *names, const struct trace_event *event, bool *own)
{
	const struct trace_context *context = trace_names_context(names, event->context);
	const struct trace_lane *lane = trace_names_lane(names, event->lane);
	uint32_t user = trace_names_user_frame(names, event->context, 0);
	const struct trace_location *location;
	const char *library;
	uint64_t hash;

	*own = false;
	if (!lane || event->kind == EVENT_NONE)
		return 0;
	hash = add_string(hash_mix(HASH_START, event->kind), lane->id);
	if (event->kind == EVENT_THREAD_START)
		return hash_finish(hash);
	location = user != UINT32_MAX ? trace_names_location(names, context->frames[user]) : NULL;
	if (!is_interpreted(location))
		return 0;
	library = library_function(names, context, user);
	*own = !library;
	hash = add_string(add_line(hash, location), library);
	if (!library)
		hash = add_object(hash, trace_names_object(names, event->object));
	return hash_finish(hash);
}

static void add_event(struct course *course, const struct trace_names *names,
		      const struct trace_event *event, uint64_t number, uint32_t *last)
{
	struct course_step *step = *last < course->count ? &course->steps[*last] : NULL;
	uint64_t name;
	bool own;

	/* Announced before, or the second event of one operation. */
	if (step && step->lane == event->lane && step->k == event->k) {
		if (event->phase == PHASE_DONE && step->done == COURSE_NEVER)
			step->done = number;
		return;
	}
	name = name_of(names, event, &own);
	if (!name)
		return;
	course->steps = alloc_grow(course->steps, course->count, sizeof(*course->steps));
	*last = course->count;
	course->steps[course->count++] = (struct course_step){
		.name = name,
		.k = event->k,
		.done = event->phase == PHASE_DONE ? number : COURSE_NEVER,
		.lane = event->lane,
		.context = event->context,
		.object = event->object,
		.kind = event->kind,
		.own = own,
	};
}

static int read_steps(struct course *course, const struct trace_file *file, struct err *err)
{
	uint32_t lanes = trace_names_lanes_end(file->names), i;
	uint32_t *last = alloc_check(calloc((size_t)lanes + 1, sizeof(*last)));
	struct trace_line line;
	int rc;

	for (i = 0; i < lanes; i++)
		last[i] = COURSE_NONE;
	trace_reader_filter(file->reader, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	trace_reader_rewind(file->reader);
	while ((rc = trace_reader_next(file->reader, &line, err)) > 0)
		if (line.event.lane < lanes)
			add_event(course, file->names, &line.event, line.number,
				  &last[line.event.lane]);
	trace_reader_filter(file->reader, TRACE_LINES_ALL);
	trace_reader_rewind(file->reader);
	free(last);
	return rc;
}

static int by_lane(const void *a, const void *b)
{
	const struct course_step *one = a, *other = b;

	if (one->lane != other->lane)
		return one->lane < other->lane ? -1 : 1;
	return one->k < other->k ? -1 : one->k > other->k;
}

static int by_done(const void *a, const void *b, void *self)
{
	const struct course_step *steps = self;
	uint64_t one = steps[*(const uint32_t *)a].done, other = steps[*(const uint32_t *)b].done;

	return one < other ? -1 : one > other;
}

static int by_name(const void *a, const void *b, void *self)
{
	const struct course_step *steps = self;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (steps[i].name != steps[j].name)
		return steps[i].name < steps[j].name ? -1 : 1;
	return i < j ? -1 : i > j;
}

/* Steps that are alike are one lane's: numbered in their order, they get names of their own. */
static void number_visits(struct course *course)
{
	uint32_t i;

	qsort_r(course->named, course->count, sizeof(*course->named), by_name, course->steps);
	for (i = 0; i < course->count; i++) {
		struct course_step *step = &course->steps[course->named[i]];
		const struct course_step *before = i ? &course->steps[course->named[i - 1]] : NULL;

		step->visit = before && before->name == step->name ? before->visit + 1 : 1;
	}
	for (i = 0; i < course->count; i++)
		course->steps[i].name =
			hash_finish(hash_mix(course->steps[i].name, course->steps[i].visit));
	qsort_r(course->named, course->count, sizeof(*course->named), by_name, course->steps);
}

struct course *course_of(const struct trace_file *file, struct err *err)
{
	struct course *course = alloc_check(calloc(1, sizeof(*course)));
	uint32_t i;

	if (read_steps(course, file, err) < 0) {
		course_free(course);
		return NULL;
	}
	if (course->count)
		qsort(course->steps, course->count, sizeof(*course->steps), by_lane);
	course->done = alloc_check(calloc((size_t)course->count + 1, sizeof(*course->done)));
	course->named = alloc_check(calloc((size_t)course->count + 1, sizeof(*course->named)));
	for (i = 0; i < course->count; i++) {
		course->named[i] = i;
		if (course->steps[i].done != COURSE_NEVER)
			course->done[course->done_count++] = i;
	}
	qsort_r(course->done, course->done_count, sizeof(*course->done), by_done, course->steps);
	number_visits(course);
	return course;
}

void course_free(struct course *course)
{
	if (!course)
		return;
	free(course->steps);
	free(course->done);
	free(course->named);
	free(course);
}

uint32_t course_find(const struct course *course, uint64_t name)
{
	uint32_t low = 0, high = course->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (course->steps[course->named[middle]].name < name)
			low = middle + 1;
		else
			high = middle;
	}
	return low < course->count && course->steps[course->named[low]].name == name
		       ? course->named[low]
		       : COURSE_NONE;
}

/* The first step that is not before (lane, k). */
static uint32_t lower_bound(const struct course *course, uint32_t lane, uint64_t k)
{
	struct course_step wanted = { .lane = lane, .k = k };
	uint32_t low = 0, high = course->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (by_lane(&course->steps[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t course_at(const struct course *course, uint32_t lane, uint64_t k)
{
	uint32_t i = lower_bound(course, lane, k);

	return i < course->count && course->steps[i].lane == lane && course->steps[i].k == k
		       ? i
		       : COURSE_NONE;
}

uint32_t course_begin(const struct course *course, uint32_t lane)
{
	return lower_bound(course, lane, 0);
}

uint32_t course_end(const struct course *course, uint32_t lane)
{
	return lower_bound(course, lane + 1, 0);
}
