/*
 * Tells how a run ended, one function for each sort of ending. Prints to a FILE and returns
 * nothing: what the outcome does not say is left out.
 */
#include "recorder/story.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/library.h"
#include "recorder/text.h"

static const struct {
	const char *name;
	bool failure;
} verdicts[VERDICT_COUNT] = {
#define VERDICT(symbol, name, failure) [VERDICT_##symbol] = { name, failure },
#include "formats/verdict.def"
#undef VERDICT
};

struct edge {
	uint32_t lane, kind, object, context, owner, owner_context;
	bool owner_ended; /* it holds the object for ever */
};

struct line {
	char space[1024];
	struct text text;
};

static struct text *line_begin(struct line *line)
{
	text_init(&line->text, line->space, sizeof(line->space));
	return &line->text;
}

enum verdict_kind story_verdict(const cJSON *outcome)
{
	const char *word = fields_string(outcome, "outcome", NULL);
	unsigned kind;

	if (!word)
		return VERDICT_NONE;
	for (kind = 0; kind < VERDICT_COUNT; kind++)
		if (strcmp(verdicts[kind].name, word) == 0)
			return (enum verdict_kind)kind;
	return VERDICT_COUNT;
}

const char *story_judged_afterwards(const cJSON *outcome)
{
	const char *words = fields_string(fields_object(outcome, "finding"), "judged", "");

	return story_verdict(outcome) == VERDICT_EXIT && *words ? words : NULL;
}

bool story_is_failure(const cJSON *outcome)
{
	enum verdict_kind verdict = story_verdict(outcome);

	if (verdict == VERDICT_EXIT)
		return fields_int(outcome, "status", 0) != 0 || story_judged_afterwards(outcome);
	return verdict < VERDICT_COUNT && verdicts[verdict].failure;
}

static void add_signal(struct text *text, int number)
{
	const char *name = sigabbrev_np(number);

	text_addf(text, "signal %d", number);
	if (name)
		text_addf(text, " (SIG%s)", name);
}

void story_word(struct text *text, const cJSON *outcome)
{
	int status = (int)fields_int(outcome, "status", 0);

	switch (story_verdict(outcome)) {
	case VERDICT_EXIT:
		text_addf(text, "exit status %d", status);
		break;
	case VERDICT_SIGNAL:
		add_signal(text, status);
		break;
	case VERDICT_NONE:
		text_add(text, "no outcome");
		break;
	default:
		text_add_clean(text, fields_string(outcome, "outcome", ""));
	}
}

/* What lies below the program's own code (start_thread, __libc_start_main) says nothing. */
static uint32_t interesting(const struct story *story, const uint32_t *frames, uint32_t count)
{
	const struct trace_location *location;
	uint32_t n;

	for (n = count; n > 0; n--) {
		location = trace_names_location(naming_names(story->naming), frames[n - 1]);
		if (location && location->user)
			return n;
	}
	return count;
}

void story_stack(const struct story *story, const uint32_t *frames, uint32_t count, unsigned indent)
{
	struct line line;
	uint32_t i;

	count = interesting(story, frames, count);
	for (i = 0; i < count && i < STORY_FRAMES; i++) {
		struct text *text = line_begin(&line);

		naming_frame(story->naming, text, frames[i]);
		fprintf(story->out, "%*s#%u %s\n", (int)indent, "", i, text->data);
	}
	if (count > STORY_FRAMES)
		fprintf(story->out, "%*s(%u more)\n", (int)indent, "", count - STORY_FRAMES);
}

/* The user's frames of an interpreted stack: a line each says more than one place. */
static void tell_callers(const struct story *story, const struct trace_context *context,
			 unsigned indent)
{
	const struct trace_names *names = naming_names(story->naming);
	const struct trace_location *location;
	const char *how = "at";
	unsigned told = 0;
	struct line line;
	uint32_t i;

	for (i = 0; i < context->frames_n && told < STORY_CALLERS; i++) {
		struct text *text = line_begin(&line);

		location = trace_names_location(names, context->frames[i]);
		if (!library_is_interpreted(location) || !location->user)
			continue;
		naming_frame(story->naming, text, context->frames[i]);
		fprintf(story->out, "%*s%s %s\n", (int)indent, "", how, text->data);
		how = "in";
		told++;
	}
}

/* Where, in one line; or with -v the stack. */
static void tell_place(const struct story *story, uint32_t number, unsigned indent)
{
	const struct trace_context *context =
		trace_names_context(naming_names(story->naming), number);
	struct line line;
	struct text *text = line_begin(&line);

	if (context && !story->verbose && library_user(naming_names(story->naming), number)) {
		tell_callers(story, context, indent);
		return;
	}
	if (!context || !context->frames_n)
		return;
	if (story->verbose) {
		story_stack(story, context->frames, context->frames_n, indent);
		return;
	}
	naming_site(story->naming, text, number);
	fprintf(story->out, "%*sat %s\n", (int)indent, "", text->data);
}

static unsigned read_edges(const cJSON *outcome, struct edge *edges)
{
	const cJSON *item;
	unsigned count = 0;

	cJSON_ArrayForEach (item, fields_array(outcome, "edges")) {
		const char *kind = fields_string(item, "kind", "");

		if (count == STORY_EDGES)
			break;
		edges[count++] = (struct edge){
			.lane = fields_number(item, "lane", 0),
			.kind = (uint32_t)event_kind_by_name(kind, strlen(kind)),
			.object = fields_number(item, "object", 0),
			.context = fields_number(item, "context", 0),
			.owner = fields_number(item, "owner", 0),
			.owner_context = fields_number(item, "owner_context", 0),
		};
	}
	return count;
}

/* The lane waits for a child, and that for the object, see preload/child_locks.h. */
static bool is_childs(const struct edge *edge)
{
	return edge->kind == EVENT_WAIT_CHILD && edge->object && edge->owner;
}

static bool object_is(const struct story *story, uint32_t number, const char *kind)
{
	const struct trace_object *object = trace_names_object(naming_names(story->naming), number);

	return object && object->kind && strcmp(object->kind, kind) == 0;
}

/* What the lock is that an interpreter's library waits for: enum library_use. */
static unsigned waits_inside(const struct story *story, const struct edge *edge)
{
	if (!object_is(story, edge->object, "lock") && !object_is(story, edge->object, "sem"))
		return 0;
	return library_use(naming_names(story->naming), edge->context) &
	       (LIBRARY_WAIT | LIBRARY_JOIN);
}

/* What the lane waits for. A wait on a condition ends with taking the mutex back. */
static void add_waiting(const struct story *story, struct text *text, const struct edge *edge)
{
	unsigned inside = waits_inside(story, edge);
	const char *call;
	bool wait = edge->kind == EVENT_COND_WAIT || edge->kind == EVENT_COND_TIMEDWAIT ||
		    edge->kind == EVENT_COND_WOKEN;

	if (inside & LIBRARY_WAIT) {
		call = library_call(naming_names(story->naming), edge->context);
		text_add(text, "waits to be notified");
		if (call) {
			text_add(text, " (");
			text_add_clean(text, call);
			text_add(text, ")");
		}
	} else if (inside & LIBRARY_JOIN) {
		text_add(text, "waits for the end of ");
		if (edge->owner && edge->owner != edge->lane)
			naming_lane(story->naming, text, edge->owner);
		else
			text_add(text, "a thread");
	} else if (wait && object_is(story, edge->object, "mutex")) {
		text_add(text, "waits to lock ");
		naming_object(story->naming, text, edge->object);
		text_add(text, " again after a wait");
	} else if (is_childs(edge)) {
		text_add(text, "waits for a child, which waits to lock ");
		naming_object(story->naming, text, edge->object);
	} else {
		naming_waiting(story->naming, text, edge->kind, edge->object, 0);
	}
}

/* "T1 (main) waits to lock savings.lock", where, and who has it since where. */
static void tell_edge(const struct story *story, const struct edge *edge, unsigned number)
{
	struct line line;
	struct text *text = line_begin(&line);
	uint64_t taken = story->taken && number < story->taken_count ? story->taken[number] : 0;

	naming_lane(story->naming, text, edge->lane);
	text_add(text, " ");
	add_waiting(story, text, edge);
	fprintf(story->out, "  %s\n", text->data);
	tell_place(story, edge->context, 6);
	if (!edge->owner || naming_object_lane(story->naming, edge->object) ||
	    waits_inside(story, edge))
		return;
	text = line_begin(&line);
	naming_lane(story->naming, text, edge->owner);
	if (is_childs(edge))
		text_add(text, " had it when the child was made");
	else if (edge->owner == edge->lane)
		text_add(text, " itself has it");
	else if (!edge->owner_context && object_is(story, edge->object, "rwlock"))
		text_add(text, " waits for it too, and goes first");
	else
		text_add(text, edge->owner_ended ? " has ended and still has it" : " has it");
	if (taken)
		text_addf(text, " since event %" PRIu64, taken);
	fprintf(story->out, "    %s\n", text->data);
	tell_place(story, edge->owner_context, 6);
}

/* "T2 "alice", T3 "bob" and T4", the lanes of the first `count` edges. */
static void add_lanes(const struct story *story, struct text *text, const struct edge *edges,
		      unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (i)
			text_add(text, i + 1 == count ? " and " : ", ");
		naming_lane(story->naming, text, edges[i].lane);
	}
}

/*
 * Objects in allocated memory or on a stack have no name that says anything: tell once for each
 * where it was made.
 */
static void tell_objects(const struct story *story, const struct edge *edges, unsigned count)
{
	const struct trace_object *object;
	const char *opening = "\n";
	struct line line;
	struct text *text;
	unsigned i, j;

	for (i = 0; i < count; i++) {
		object = trace_names_object(naming_names(story->naming), edges[i].object);
		if (!object || object->name || !object->context ||
		    naming_object_lane(story->naming, edges[i].object) ||
		    waits_inside(story, &edges[i]))
			continue;
		for (j = 0; j < i && edges[j].object != edges[i].object; j++)
			;
		if (j < i)
			continue;
		text = line_begin(&line);
		naming_object(story->naming, text, edges[i].object);
		text_add(text,
			 object->provisional ? " was first used at " : " was initialised at ");
		naming_site(story->naming, text, object->context);
		fprintf(story->out, "%s  %s\n", opening, text->data);
		opening = "";
	}
}

static void tell_deadlock(const struct story *story, const cJSON *outcome)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(outcome, edges);
	unsigned cycle = fields_number(outcome, "cycle", count);
	struct line line;
	struct text *text = line_begin(&line);

	if (cycle > count)
		cycle = count;
	text_add(text, "Deadlock: ");
	add_lanes(story, text, edges, cycle);
	if (cycle == 0)
		text_add(text, "threads wait for each other");
	else if (cycle == 1)
		text_add(text, " waits for itself");
	else
		text_add(text, cycle == 2 ? " wait for each other" : " wait in a circle");
	if (!story->detail)
		fprintf(story->out, "%s.\n\n", text->data);
	for (i = 0; i < count; i++) {
		if (i == cycle)
			fprintf(story->out, "\nWaiting as well:\n\n");
		tell_edge(story, &edges[i], i);
	}
	tell_objects(story, edges, count);
}

/*
 * Where nobody can run every living thread waits, and is told: an owner that does not wait has
 * ended. Returns the first such edge, or NULL.
 */
static const struct edge *find_ended(struct edge *edges, unsigned count)
{
	const struct edge *first = NULL;
	unsigned i, j;

	for (i = 0; i < count && count < STORY_EDGES; i++) {
		for (j = 0; j < count && edges[j].lane != edges[i].owner; j++)
			;
		edges[i].owner_ended = edges[i].owner && j == count;
		if (edges[i].owner_ended && !first)
			first = &edges[i];
	}
	return first;
}

static void tell_stuck(const struct story *story, const cJSON *outcome)
{
	struct edge edges[STORY_EDGES];
	unsigned i, count = read_edges(outcome, edges);
	const struct edge *ended = find_ended(edges, count);
	bool child = count && is_childs(&edges[0]);
	struct line line;
	struct text *text = line_begin(&line);

	if (story->detail) {
		;
	} else if (child) {
		naming_lane(story->naming, text, edges[0].lane);
		text_add(text, " waits for a child, which waits for ");
		naming_object(story->naming, text, edges[0].object);
		fprintf(story->out, "Stuck: %s for ever.\n\n", text->data);
	} else if (ended) {
		naming_lane(story->naming, text, ended->owner);
		text_add(text, " ended without giving back ");
		naming_object(story->naming, text, ended->object);
		fprintf(story->out, "Stuck: %s; no thread can go on.\n\n", text->data);
	} else {
		fprintf(story->out, "Stuck: no thread can go on, and nothing outside can wake one "
				    "(a lost wake-up?).\n\n");
	}
	for (i = 0; i < count; i++)
		tell_edge(story, &edges[i], i);
	tell_objects(story, edges, count);
}

static size_t line_length(const char *start, const char *end)
{
	const char *newline = memchr(start, '\n', (size_t)(end - start));

	return (size_t)((newline ? newline : end) - start);
}

static void tell_stderr(const struct story *story, const cJSON *outcome)
{
	size_t size, length;
	char *tail = fields_bytes(outcome, "stderr", &size), *end, *start;
	char space[4096];
	struct text text;
	unsigned lines = 0;

	if (!tail)
		return;
	end = tail + size;
	while (end > tail && end[-1] == '\n')
		end--;
	for (start = end; start > tail; start--)
		if (start[-1] == '\n' && ++lines == STORY_STDERR_LINES)
			break;
	if (start < end)
		fprintf(story->out, "\nIts last words on standard error:\n");
	for (; start < end; start += length + 1) {
		length = line_length(start, end);
		text_init(&text, space, sizeof(space));
		text_add_clean_n(&text, start, length);
		fprintf(story->out, "  %s\n", text.data);
	}
	free(tail);
}

/* Signals whose address means something. */
static bool is_fault(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE;
}

static void tell_signal(const struct story *story, const cJSON *outcome)
{
	int status = (int)fields_int(outcome, "status", 0);
	uint32_t lane = fields_number(outcome, "lane", 0);
	const char *address = fields_string(outcome, "address", NULL);
	uint32_t frames[REGION_FRAMES], count = 0;
	const cJSON *item;
	struct line line;
	struct text *text = line_begin(&line);

	if (lane) {
		text_add(text, status == SIGABRT ? "Abort: " : "Crash: ");
		naming_lane(story->naming, text, lane);
	} else {
		text_add(text, "Killed: the program");
	}
	text_add(text, " was ended by ");
	add_signal(text, status);
	if (address && is_fault(status)) {
		text_add(text, " at address ");
		text_add_clean(text, address);
	}
	fprintf(story->out, "%s.\n", text->data);
	cJSON_ArrayForEach (item, fields_array(outcome, "frames"))
		if (count < REGION_FRAMES && cJSON_IsNumber(item) && item->valuedouble >= 0)
			frames[count++] = (uint32_t)item->valuedouble;
	if (count)
		fputc('\n', story->out);
	story_stack(story, frames, count, 2);
	tell_stderr(story, outcome);
}

/* A verdict whose story is the runtime's own sentence, `otherwise` when there is none. */
static void tell_text(const struct story *story, const cJSON *outcome, const char *opening,
		      const char *otherwise)
{
	uint32_t lane = fields_number(outcome, "lane", 0);
	struct line line;
	struct text *text = line_begin(&line);

	text_addf(text, "%s: ", opening);
	text_add_clean(text, fields_string(outcome, "text", otherwise));
	if (lane) {
		text_add(text, " (in ");
		naming_lane(story->naming, text, lane);
		text_add(text, ")");
	}
	fprintf(story->out, "%s.\n", text->data);
	tell_stderr(story, outcome);
}

/* An access that is an error: where it is, and who has made it one. */
static void tell_memory(const struct story *story, const cJSON *outcome)
{
	const cJSON *edge = cJSON_GetArrayItem(fields_array(outcome, "edges"), 0);
	uint32_t owner = fields_number(edge, "owner", 0);
	uint32_t context = fields_number(edge, "owner_context", 0);
	struct line line;
	struct text *text = line_begin(&line);

	tell_text(story, outcome, "Memory error", "an access to memory that is not the program's");
	naming_lane(story->naming, text, fields_number(outcome, "lane", 0));
	text_add(text, " does it at ");
	naming_site(story->naming, text, fields_number(edge, "context", 0));
	fprintf(story->out, "  %s\n", text->data);
	if (!owner)
		return;
	text = line_begin(&line);
	naming_lane(story->naming, text, owner);
	if (strncmp(fields_string(edge, "kind", ""), "mutex_", strlen("mutex_")) == 0) {
		text_add(text, " has locked it at ");
		naming_site(story->naming, text, context);
	} else if (context) {
		text_add(text, " has freed it at ");
		naming_site(story->naming, text, context);
	} else {
		text_add(text, " has returned from the function whose variable it was");
	}
	fprintf(story->out, "  %s\n", text->data);
}

static void tell_exit(const struct story *story, const cJSON *outcome)
{
	int status = (int)fields_int(outcome, "status", 0);

	fprintf(story->out, "The program ended with exit status %d.\n", status);
	if (status)
		tell_stderr(story, outcome);
}

/* What ended the run from outside. */
static void tell_circumstances(const struct story *story, const cJSON *outcome)
{
	const char *boot = fields_string(outcome, "boot", NULL);
	int signal = (int)fields_int(outcome, "interrupted", 0);
	struct line line;
	struct text *text = line_begin(&line);

	if (boot) {
		text_add_clean(text, boot);
		fprintf(story->out, "The program did not come under control: %s.\n", text->data);
	}
	if (fields_bool(outcome, "time_limit", false))
		fprintf(story->out, "The run was ended because its time limit was over.\n");
	if (signal) {
		text = line_begin(&line);
		add_signal(text, signal);
		fprintf(story->out, "The recording was interrupted by %s.\n", text->data);
	}
}

void story_tell(const struct story *story, const cJSON *outcome)
{
	tell_circumstances(story, outcome);
	switch (story_verdict(outcome)) {
	case VERDICT_NONE:
		fprintf(story->out, "The trace does not say how the run ended.\n");
		break;
	case VERDICT_EXIT:
		tell_exit(story, outcome);
		break;
	case VERDICT_SIGNAL:
		if (!fields_bool(outcome, "time_limit", false))
			tell_signal(story, outcome);
		break;
	case VERDICT_DEADLOCK:
		tell_deadlock(story, outcome);
		break;
	case VERDICT_STUCK:
		tell_stuck(story, outcome);
		break;
	case VERDICT_LOST_THREAD:
		tell_text(story, outcome, "Lost thread", "the thread that had the turn is gone");
		break;
	case VERDICT_STEP_BUDGET:
		tell_text(story, outcome, "Step budget", "the run took too many operations");
		break;
	case VERDICT_MEMORY:
		tell_memory(story, outcome);
		break;
	case VERDICT_DIVERGED:
		tell_text(story, outcome, "Diverged", "the run could not go on as recorded");
		break;
	case VERDICT_CONTROL_LOST:
		tell_text(story, outcome, "Control lost", "the runtime could not go on");
		break;
	default:
		tell_text(story, outcome, "An ending that this version does not know",
			  fields_string(outcome, "outcome", ""));
	}
}

/* For a POSIX shell: as it is when harmless, else in single quotes. */
static void put_quoted(FILE *out, const char *path)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789_./,:@%+-";

	if (*path && *path != '-' && path[strspn(path, harmless)] == '\0') {
		fputs(path, out);
		return;
	}
	fputs(*path == '-' ? "'./" : "'", out);
	for (; *path; path++)
		if (*path == '\'')
			fputs("'\\''", out);
		else
			fputc(*path, out);
	fputc('\'', out);
}

void story_commands(FILE *out, const char *path)
{
	fputs("  replay:  frontrun replay ", out);
	put_quoted(out, path);
	fputs("\n  debug:   frontrun replay --gdb ", out);
	put_quoted(out, path);
	fputs("\n  attach:  ", out);
	put_quoted(out, path);
	fputs(" (what it holds: frontrun info ", out);
	put_quoted(out, path);
	fputs(")\n", out);
}
