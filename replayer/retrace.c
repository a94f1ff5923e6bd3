/*
 * See retrace.h. One walk over a run, choice by choice: each thread's next step in the recording is
 * known, and who has the earliest one goes on. The first choice that went another way is forced;
 * what comes behind it in this run means nothing any more, so the program is run again.
 */
#include "replayer/retrace.h"

#include <stdlib.h>
#include <string.h>

#include "formats/trace_reader.h"
#include "recorder/alloc.h"
#include "recorder/naming.h"
#include "replayer/course.h"

/* What a strategy or a script decided in the recording, not the outside. */
struct decision {
	uint64_t at; /* events before it */
	uint64_t k;
	uint32_t lane, kind;
	int64_t choice;
};

struct retrace {
	const struct trace_file *file;
	struct course *course;
	struct decision *decisions;
	uint32_t decision_count;
	struct plan_decision *forced; /* ascending by (lane, k) */
	uint32_t forced_count;
};

/* A run beside the recording. */
struct walk {
	const struct retrace *retrace;
	const struct trace_file *run;
	struct course *course;
	bool *common;       /* by step of the recording: the run has it, or may still come to it */
	uint32_t *next;     /* by lane of the recording: its next step */
	uint32_t *recorded; /* by lane of the run: the same in the recording, 0: none */
	uint32_t done;      /* steps of the run that are behind us */
};

static bool is_lane_kind(uint32_t kind)
{
	return kind == DECISION_PICK || kind == DECISION_NEXT;
}

/* Whose choice is a number of a thread. */
static bool names_lane(uint32_t kind)
{
	return is_lane_kind(kind) || kind == DECISION_SIGNAL || kind == DECISION_EARLY;
}

static bool is_choice(uint32_t kind)
{
	return names_lane(kind) || kind == DECISION_TIMEOUT || kind == DECISION_SPURIOUS;
}

static int read_decisions(struct retrace *retrace, struct err *err)
{
	struct trace_reader *reader = retrace->file->reader;
	struct trace_line line;
	uint64_t events = 0;
	int rc;

	trace_reader_filter(reader,
			    TRACE_LINE_BIT(TRACE_LINE_EVENT) | TRACE_LINE_BIT(TRACE_LINE_DECISION));
	trace_reader_rewind(reader);
	while ((rc = trace_reader_next(reader, &line, err)) > 0) {
		if (line.type == TRACE_LINE_EVENT) {
			events = line.number + 1;
			continue;
		}
		if (!is_choice(line.decision.kind))
			continue;
		retrace->decisions = alloc_grow(retrace->decisions, retrace->decision_count,
						sizeof(*retrace->decisions));
		retrace->decisions[retrace->decision_count++] = (struct decision){
			.at = events,
			.k = line.decision.k,
			.lane = line.decision.lane,
			.kind = line.decision.kind,
			.choice = line.decision.to,
		};
	}
	trace_reader_filter(reader, TRACE_LINES_ALL);
	trace_reader_rewind(reader);
	return rc;
}

struct retrace *retrace_new(const struct trace_file *file, struct err *err)
{
	struct retrace *retrace = alloc_check(calloc(1, sizeof(*retrace)));

	retrace->file = file;
	retrace->course = course_of(file, err);
	if (retrace->course && read_decisions(retrace, err) >= 0)
		return retrace;
	retrace_free(retrace);
	return NULL;
}

void retrace_free(struct retrace *retrace)
{
	if (!retrace)
		return;
	course_free(retrace->course);
	free(retrace->decisions);
	free(retrace->forced);
	free(retrace);
}

const struct plan_decision *retrace_forced(const struct retrace *retrace, uint32_t *count)
{
	*count = retrace->forced_count;
	return retrace->forced;
}

/* The lane of `to` with the id that `lane` has in `from`; 0: there is none. */
static uint32_t same_lane(const struct trace_names *from, uint32_t lane,
			  const struct trace_names *to)
{
	const struct trace_lane *wanted = trace_names_lane(from, lane), *other;
	uint32_t end = trace_names_lanes_end(to), i;

	for (i = 0; wanted && i < end; i++) {
		other = trace_names_lane(to, i);
		if (other && !strcmp(other->id, wanted->id))
			return i;
	}
	return 0;
}

/* The step of the recording that this one of the run is. */
static uint32_t recorded_step(const struct walk *walk, uint32_t step)
{
	return step == COURSE_NONE
		       ? COURSE_NONE
		       : course_find(walk->retrace->course, walk->course->steps[step].name);
}

static int walk_init(struct walk *walk, const struct retrace *retrace, const struct trace_file *run,
		     struct err *err)
{
	const struct course *recorded = retrace->course;
	uint32_t lanes = trace_names_lanes_end(retrace->file->names), i;
	uint32_t run_lanes = trace_names_lanes_end(run->names);
	bool later = false;

	*walk = (struct walk){ .retrace = retrace, .run = run };
	walk->course = course_of(run, err);
	if (!walk->course)
		return -err->code;
	walk->next = alloc_check(calloc((size_t)lanes + 1, sizeof(*walk->next)));
	for (i = 0; i < lanes; i++)
		walk->next[i] = course_begin(recorded, i);
	walk->common = alloc_check(calloc((size_t)recorded->count + 1, sizeof(*walk->common)));
	walk->recorded = alloc_check(calloc((size_t)run_lanes + 1, sizeof(*walk->recorded)));
	for (i = 0; i < run_lanes; i++)
		walk->recorded[i] = same_lane(run->names, i, retrace->file->names);
	for (i = recorded->count; i-- > 0;) {
		bool has = course_find(walk->course, recorded->steps[i].name) != COURSE_NONE;

		if (i + 1 == recorded->count ||
		    recorded->steps[i + 1].lane != recorded->steps[i].lane)
			later = false;
		/* Behind the last step that both have the run has not come so far. */
		walk->common[i] = has || !later;
		later |= has;
	}
	return 0;
}

static void walk_fini(struct walk *walk)
{
	course_free(walk->course);
	free(walk->common);
	free(walk->next);
	free(walk->recorded);
}

/* All that the run did before its event number `at`. */
static void walk_to(struct walk *walk, uint64_t at)
{
	const struct course *course = walk->course, *recorded = walk->retrace->course;

	for (; walk->done < course->done_count; walk->done++) {
		uint32_t step = course->done[walk->done];

		if (course->steps[step].done >= at)
			return;
		step = recorded_step(walk, step);
		if (step != COURSE_NONE)
			walk->next[recorded->steps[step].lane] = step + 1;
	}
}

/* When the recording did the next step that this lane has in both; never: it has none. */
static uint64_t next_rank(const struct walk *walk, uint32_t lane)
{
	const struct course *recorded = walk->retrace->course;
	uint32_t known = walk->recorded[lane], end, i;

	if (!known)
		return COURSE_NEVER;
	end = course_end(recorded, known);
	for (i = walk->next[known]; i < end; i++)
		if (walk->common[i])
			return recorded->steps[i].done;
	return COURSE_NEVER;
}

/* Of those who could go on, who has the earliest step; `otherwise` where none is before `rank`. */
static uint32_t earliest(const struct walk *walk, const struct retrace_choice *choice,
			 uint32_t otherwise, uint64_t rank)
{
	uint32_t i;

	for (i = 0; i < choice->n_lanes; i++) {
		uint64_t its;

		if (choice->lanes[i] == otherwise)
			continue;
		its = next_rank(walk, choice->lanes[i]);
		if (its < rank) {
			rank = its;
			otherwise = choice->lanes[i];
		}
	}
	return otherwise;
}

/* What the recording chose at this place; `otherwise` when it did not choose. */
static int64_t recorded_choice(const struct walk *walk, const struct retrace_choice *choice,
			       uint32_t step, int64_t otherwise)
{
	const struct retrace *retrace = walk->retrace;
	const struct course_step *recorded;
	uint32_t i;

	if (step == COURSE_NONE)
		return otherwise;
	recorded = &retrace->course->steps[step];
	for (i = 0; i < retrace->decision_count; i++) {
		const struct decision *decision = &retrace->decisions[i];

		if (decision->kind != choice->kind || decision->lane != recorded->lane ||
		    decision->k != recorded->k)
			continue;
		return names_lane(choice->kind)
			       ? same_lane(retrace->file->names, (uint32_t)decision->choice,
					   walk->run->names)
			       : decision->choice;
	}
	return otherwise;
}

/* The lane went on, but only to block, as others did something before its step: no preemption. */
static bool blocks_here(const struct walk *walk, const struct retrace_choice *choice)
{
	const struct course *course = walk->course;

	return choice->chosen == choice->lane &&
	       (walk->done == course->done_count ||
		course->steps[course->done[walk->done]].lane != choice->lane);
}

/* What has to be chosen here. */
static int64_t wanted(const struct walk *walk, const struct retrace_choice *choice)
{
	uint32_t step = recorded_step(walk, course_at(walk->course, choice->lane, choice->k));

	switch (choice->kind) {
	case DECISION_PICK:
		/* Up to its next step in common a lane may go on. */
		if (step == COURSE_NONE || blocks_here(walk, choice))
			return choice->chosen;
		return earliest(walk, choice, choice->lane,
				walk->retrace->course->steps[step].done);
	case DECISION_NEXT:
		return earliest(walk, choice, (uint32_t)choice->chosen,
				next_rank(walk, (uint32_t)choice->chosen));
	default:
		return recorded_choice(walk, choice, step, choice->chosen);
	}
}

static bool same_point(const struct retrace_choice *one, const struct retrace_choice *other)
{
	return one->lane == other->lane && one->k == other->k && one->kind == other->kind;
}

/* Choices before choices[n] at its point. */
static uint32_t count_before(const struct retrace_choice *choices, uint32_t n)
{
	uint32_t count = 0, i;

	for (i = 0; i < n; i++)
		count += same_point(&choices[n], &choices[i]);
	return count;
}

/* Decisions that are forced there. */
static uint32_t count_forced(const struct retrace *retrace, const struct retrace_choice *choice)
{
	uint32_t count = 0, i;

	for (i = 0; i < retrace->forced_count; i++) {
		const struct plan_decision *forced = &retrace->forced[i];

		count += forced->lane == choice->lane && forced->k == choice->k &&
			 forced->kind == choice->kind;
	}
	return count;
}

/* Behind those of the same point. */
static void force(struct retrace *retrace, const struct retrace_choice *choice, int64_t what)
{
	uint32_t i = retrace->forced_count;

	retrace->forced =
		alloc_grow(retrace->forced, retrace->forced_count, sizeof(*retrace->forced));
	retrace->forced_count++;
	for (; i > 0; i--) {
		const struct plan_decision *before = &retrace->forced[i - 1];

		if (before->lane < choice->lane ||
		    (before->lane == choice->lane && before->k <= choice->k))
			break;
		retrace->forced[i] = *before;
	}
	retrace->forced[i] = (struct plan_decision){
		.kind = choice->kind,
		.lane = choice->lane,
		.k = choice->k,
		.choice = what,
	};
}

/* The first of a kind at its point is the first that is forced: those before it as they went. */
static void force_all(struct retrace *retrace, const struct retrace_choice *choices, uint32_t n,
		      int64_t what)
{
	uint32_t known = count_forced(retrace, &choices[n]), i;

	for (i = 0; i < n; i++) {
		if (!same_point(&choices[n], &choices[i]))
			continue;
		if (known)
			known--;
		else
			force(retrace, &choices[i], choices[i].chosen);
	}
	force(retrace, &choices[n], what);
}

int retrace_next(struct retrace *retrace, const struct trace_file *run,
		 const struct retrace_choice *choices, uint32_t count, struct err *err)
{
	struct walk walk;
	int64_t what;
	uint32_t i;
	int rc = walk_init(&walk, retrace, run, err);

	for (i = 0; rc == 0 && i < count && retrace->forced_count < PLAN_LOOSE_MAX / 2; i++) {
		const struct retrace_choice *choice = &choices[i];

		walk_to(&walk, choice->at);
		what = wanted(&walk, choice);
		/* What was forced already and is not so cannot be had. */
		if (what == choice->chosen ||
		    count_forced(retrace, choice) > count_before(choices, i))
			continue;
		force_all(retrace, choices, i, what);
		rc = 1;
	}
	walk_fini(&walk);
	return rc;
}

/* The step of `lane` that the recording did first behind event number `at`, and has a place. */
static uint32_t first_behind(const struct walk *walk, uint32_t lane, uint64_t at)
{
	const struct course *recorded = walk->retrace->course;
	uint32_t end = course_end(recorded, lane), i;

	for (i = course_begin(recorded, lane); i < end; i++)
		if (recorded->steps[i].kind != EVENT_THREAD_START &&
		    recorded->steps[i].done != COURSE_NEVER && recorded->steps[i].done >= at &&
		    course_find(walk->course, recorded->steps[i].name) != COURSE_NONE)
			return i;
	return COURSE_NONE;
}

/* "T2 worker", "to read Account.balance", "deposit (bank.py:12)". */
static void add_step(const struct walk *walk, uint32_t n, const char *between, struct text *text)
{
	const struct course_step *step = &walk->retrace->course->steps[n];
	const struct naming *naming = walk->retrace->file->naming;

	naming_lane_head(naming, text, step->lane);
	text_add(text, between);
	naming_pending(naming, text, step->kind, step->object, 0);
	text_add(text, " at ");
	naming_site(naming, text, step->context);
	if (step->visit > 1)
		text_addf(text, ", time %u", step->visit);
}

/* Was the thread held up before its step, so that the other one's came first, as recorded? */
static bool check_switch(const struct walk *walk, const struct decision *decision,
			 struct text *text)
{
	const struct course *recorded = walk->retrace->course, *course = walk->course;
	uint32_t late = course_at(recorded, decision->lane, decision->k), early, at;

	if (late == COURSE_NONE)
		return true;
	at = course_find(course, recorded->steps[late].name);
	if (at == COURSE_NONE) {
		if (!recorded->steps[late].own)
			return true;
		add_step(walk, late, " never comes to ", text);
		return false;
	}
	early = first_behind(walk, (uint32_t)decision->choice, decision->at);
	/* The other one may have done nothing of its own before the first went on. */
	if (early == COURSE_NONE || recorded->steps[early].done > recorded->steps[late].done ||
	    course->steps[course_find(course, recorded->steps[early].name)].done <
		    course->steps[at].done)
		return true;
	add_step(walk, early, " cannot ", text);
	text_add(text, " before ");
	add_step(walk, late, " comes to ", text);
	return false;
}

bool retrace_missing(struct retrace *retrace, const struct trace_file *run, struct text *text,
		     struct err *err)
{
	bool fits = true;
	struct walk walk;
	uint32_t i;

	if (walk_init(&walk, retrace, run, err) == 0)
		for (i = 0; i < retrace->decision_count && fits; i++)
			if (retrace->decisions[i].kind == DECISION_PICK)
				fits = check_switch(&walk, &retrace->decisions[i], text);
	walk_fini(&walk);
	return !fits;
}
