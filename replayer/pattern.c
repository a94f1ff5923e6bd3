/*
 * Asks the rules one after the other, those with the strongest evidence first, and puts their
 * findings into words.
 */
#include "replayer/pattern.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "recorder/fields.h"
#include "recorder/story.h"
#include "replayer/pattern_thing.h"

static const char *const names[PATTERN_COUNT] = {
	[PATTERN_NONE] = "",
#define PATTERN(symbol, name) [PATTERN_##symbol] = name,
#include "replayer/pattern.def"
#undef PATTERN
};

const char *pattern_word(enum pattern_name name)
{
	return name < PATTERN_COUNT ? names[name] : "";
}

static void add_place(const struct search *search, struct text *text, uint32_t location)
{
	if (location)
		naming_frame(search->history->file->naming, text, location);
	else
		text_add(text, "an unknown place");
}

static void add_arguments(struct search *search, const char *format, va_list arguments)
{
	const struct naming *naming = search->history->file->naming;
	char *sentence = search->pattern->sentence;
	size_t used = strlen(sentence), size = sizeof(search->pattern->sentence);
	struct text text;

	text_init(&text, sentence + used, size - used);
	for (; *format; format++) {
		if (*format != '%') {
			text_addf(&text, "%c", *format);
			continue;
		}
		switch (*++format) {
		case 'L':
			naming_lane(naming, &text, va_arg(arguments, uint32_t));
			break;
		case 'O':
			naming_object(naming, &text,
				      history_called(search->history, va_arg(arguments, uint32_t)));
			break;
		case 'P':
			add_place(search, &text, va_arg(arguments, uint32_t));
			break;
		case 'K':
			text_add_clean(&text, va_arg(arguments, const char *));
			break;
		case 'G':
			text_add(&text, search->history->interpreted ? "notified" : "signalled");
			break;
		case 'g':
			text_add(&text, search->history->interpreted ? "notify" : "signal");
			break;
		case 'N':
			text_add_count(&text, va_arg(arguments, uint64_t));
			break;
		default:
			text_add(&text, va_arg(arguments, const char *));
		}
	}
}

void pattern_say(struct search *search, enum pattern_name name, const char *format, ...)
{
	struct pattern *pattern = search->pattern;
	struct text text;
	va_list arguments;

	pattern->name = name;
	pattern->beats_n = 0;
	text_init(&text, pattern->sentence, sizeof(pattern->sentence));
	if (name != PATTERN_UNKNOWN) {
		text_addf(&text, "%s: ", names[name]);
		pattern->sentence[0] = (char)toupper((unsigned char)pattern->sentence[0]);
	}
	va_start(arguments, format);
	add_arguments(search, format, arguments);
	va_end(arguments);
}

void pattern_add(struct search *search, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add_arguments(search, format, arguments);
	va_end(arguments);
}

static void show(struct search *search, const struct beat *beat, const char *note)
{
	struct pattern *pattern = search->pattern;
	unsigned i = pattern->beats_n;
	struct text text;

	while (i > 0 && pattern->beats[i - 1].begin > beat->begin)
		i--;
	if (i > 0 && pattern->beats[i - 1].begin == beat->begin) {
		i--;
		pattern->beats[i].fails |= beat->fails;
	} else {
		if (pattern->beats_n == PATTERN_BEATS)
			return;
		memmove(&pattern->beats[i + 1], &pattern->beats[i],
			(pattern->beats_n++ - i) * sizeof(*beat));
		pattern->beats[i] = *beat;
	}
	if (!*note || pattern->beats[i].note[0])
		return;
	text_init(&text, pattern->beats[i].note, sizeof(pattern->beats[i].note));
	text_add(&text, note);
}

void pattern_show(struct search *search, size_t at, const char *note)
{
	const struct history_event *event;

	if (at >= search->history->events_n)
		return;
	event = &search->history->events[at];
	show(search, &(struct beat){ .begin = at, .end = at, .lane = event->lane }, note);
}

void pattern_show_section(struct search *search, const struct section *section, const char *note)
{
	pattern_show_deep(search, section, 0, note);
}

void pattern_show_deep(struct search *search, const struct section *section, unsigned depth,
		       const char *note)
{
	bool open = section->end == HISTORY_NONE;
	bool fails = open && search->in_place && section->lane == search->lane &&
		     section == sections_open(search->sections, section->lane);

	show(search,
	     &(struct beat){
		     .begin = section->begin,
		     .end = open ? section->begin : section->end,
		     .lane = section->lane,
		     .under = section->single ? 0 : section->object,
		     .depth = depth,
		     .open = open,
		     .fails = fails,
	     },
	     note);
}

void pattern_show_failure(struct search *search)
{
	const struct section *open;

	/* Where a verdict over the whole run is spoken says nothing about why. */
	if (search->failure == HISTORY_NONE || !search->in_place)
		return;
	open = sections_open(search->sections, search->lane);
	if (open)
		pattern_show_section(search, open, "");
	else
		show(search,
		     &(struct beat){ .begin = search->failure,
				     .end = search->failure,
				     .lane = search->lane,
				     .fails = true },
		     "");
}

uint32_t pattern_place_at(const struct search *search, size_t at)
{
	uint32_t context = at < search->history->events_n ? search->history->events[at].context : 0;
	uint32_t location = sections_frame(search->history, context, 0);
	const struct trace_context *stack;

	if (location)
		return location;
	stack = trace_names_context(search->history->file->names, context);
	return stack && stack->frames_n ? stack->frames[0] : 0;
}

uint32_t pattern_place(const struct search *search, const struct section *section, unsigned depth)
{
	uint32_t location = 0;

	if (depth > 1)
		location = sections_frame(search->history,
					  sections_context(search->sections, section), depth - 1);
	return location ? location : pattern_place_at(search, section->begin);
}

static size_t find_point(const struct history *history, const cJSON *point)
{
	if (!point)
		return HISTORY_NONE;
	return history_find(history, fields_number(point, "lane", 0),
			    (uint64_t)fields_int(point, "k", 0));
}

/* Who failed, where. An exit is the deed of who called it. */
static void find_failure(struct search *search)
{
	const struct history *history = search->history;
	enum verdict_kind verdict = story_verdict(search->outcome);
	const cJSON *pair = fields_object(fields_object(search->outcome, "finding"), "pair");
	size_t i;

	search->failure = HISTORY_NONE;
	search->first = find_point(history, fields_object(pair, "first"));
	search->second = find_point(history, fields_object(pair, "second"));
	search->lane = fields_number(search->outcome, "lane", 0);
	search->in_place = (verdict == VERDICT_SIGNAL || verdict == VERDICT_MEMORY) && search->lane;
	if (verdict == VERDICT_EXIT && pattern_raised(search))
		return;
	for (i = history->events_n; !search->lane && i-- > 0;)
		if (history->events[i].kind == EVENT_EXIT)
			search->lane = history->events[i].lane;
	if (!search->lane && verdict == VERDICT_EXIT)
		search->lane = 1;
	if (search->lane >= history->lanes_end)
		search->lane = 0;
	if (!search->lane)
		return;
	search->failure = history->lanes[search->lane].last;
	for (i = history->events_n; verdict == VERDICT_EXIT && i-- > 0;)
		if (history->events[i].kind == EVENT_EXIT &&
		    history->events[i].lane == search->lane)
			search->failure = i;
}

/* What is proven comes first; a file says more than a variable on the way to it. */
static bool pattern_of_variables(struct search *search)
{
	return pattern_noticed(search) || pattern_variable(search, true) ||
	       pattern_stored(search) || (thing_any(search) && pattern_io_race(search)) ||
	       pattern_variable(search, false);
}

static void ask_rules(struct search *search)
{
	switch (story_verdict(search->outcome)) {
	case VERDICT_DEADLOCK:
		if (pattern_deadlock(search))
			return;
		break;
	case VERDICT_STUCK:
		if (pattern_itself(search) || pattern_forked_owner(search) ||
		    pattern_ended_owner(search) || pattern_stuck(search))
			return;
		break;
	case VERDICT_STEP_BUDGET:
		if (pattern_endless(search))
			return;
		break;
	case VERDICT_MEMORY:
		if (pattern_memory(search))
			return;
		break;
	case VERDICT_SIGNAL:
	case VERDICT_EXIT:
		/* Killed from outside: not the deed of any thread. */
		if (story_verdict(search->outcome) == VERDICT_SIGNAL && !search->in_place)
			return;
		if (pattern_wake(search) || pattern_expired(search) || pattern_extra_post(search) ||
		    pattern_trylock(search) || pattern_of_variables(search) ||
		    pattern_failing_section(search) || pattern_interleaved(search) ||
		    pattern_order(search))
			return;
		break;
	default:
		break;
	}
	pattern_generic(search);
}

void pattern_find(struct pattern *pattern, const struct history *history)
{
	struct search search = { .pattern = pattern, .history = history };
	struct sections *sections;
	struct wakeups *wakeups;

	*pattern = (struct pattern){ 0 };
	search.outcome = history->file->outcome;
	if (!story_is_failure(search.outcome) || !history->events_n)
		return;
	search.sections = sections = sections_new(history);
	search.wakeups = wakeups = wakeups_new(history);
	find_failure(&search);
	ask_rules(&search);
	wakeups_free(wakeups);
	sections_free(sections);
}
