/*
 * Tells how a run ended, one function for each sort of ending; who waits for what is story_waits.c.
 * Prints to a FILE and returns nothing: what the outcome does not say is left out.
 */
#include "recorder/story.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/library.h"
#include "recorder/story_part.h"
#include "recorder/text.h"

static const struct {
	const char *name;
	bool failure;
} verdicts[VERDICT_COUNT] = {
#define VERDICT(symbol, name, failure) [VERDICT_##symbol] = { name, failure },
#include "formats/verdict.def"
#undef VERDICT
};

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

void story_place(const struct story *story, uint32_t number, unsigned indent)
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
		story_deadlock(story, outcome);
		break;
	case VERDICT_STUCK:
		story_stuck(story, outcome);
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
