/*
 * Accesses that came before the one that they need; and what is left to say where no rule fits.
 */
#include "recorder/fields.h"
#include "recorder/story.h"
#include "replayer/pattern_rules.h"

/* The lane's next operation is to take that object. */
size_t pattern_stands_before(const struct search *search, uint32_t lane, uint32_t object)
{
	size_t last = search->history->lanes[lane].last;
	const struct history_event *event;

	if (last == HISTORY_NONE)
		return HISTORY_NONE;
	event = &search->history->events[last];
	return event->phase == PHASE_ANNOUNCED && event->object == object ? last : HISTORY_NONE;
}

/* Whom the search for schedules has found to matter: that order is the fault. */
static bool proven_order(struct search *search)
{
	const struct history *history = search->history;

	if (search->first == HISTORY_NONE || search->second == HISTORY_NONE)
		return false;
	pattern_say(search, PATTERN_ORDER,
		    "fails when %L at %P comes before %L at %P, and not the other way round.",
		    history->events[search->second].lane, pattern_place_at(search, search->second),
		    history->events[search->first].lane, pattern_place_at(search, search->first));
	pattern_show(search, search->second, "too early");
	pattern_show(search, search->first, "too late");
	pattern_show_failure(search);
	return true;
}

/* The lane is the first one ever to come to that lock, and fails there. */
bool pattern_order(struct search *search)
{
	const struct section *act = pattern_failing(search);
	uint32_t lane;
	size_t stands = HISTORY_NONE;

	if (!act || act->end != HISTORY_NONE ||
	    sections_between(search->sections, act->object, 0, 0, 0, act->begin))
		return proven_order(search);
	pattern_say(search, PATTERN_ORDER, "%L came to %O at %P before any other thread", act->lane,
		    act->object, pattern_place(search, act, 1));
	for (lane = 1; lane < search->history->lanes_end && stands == HISTORY_NONE; lane++)
		if (lane != act->lane)
			stands = pattern_stands_before(search, lane, act->object);
	if (stands != HISTORY_NONE)
		pattern_add(search, "; %L stood before %P", search->history->events[stands].lane,
			    pattern_place_at(search, stands));
	pattern_add(search, ".");
	pattern_show_section(search, act, "first of all");
	pattern_show(search, stands, "not yet");
	pattern_show_failure(search);
	return true;
}

/* The last switches: those that a schedule may leave out, or where the thread could not go on. */
static void show_switches(struct search *search, bool preemptions)
{
	enum { SHOWN = 3 };
	const struct history *history = search->history;
	unsigned shown = 0;
	size_t i, at;

	for (i = history->choices_n; i-- > 0 && shown < SHOWN;) {
		const struct history_choice *choice = &history->choices[i];

		if (preemptions ? !choice->preemption : choice->kind != DECISION_NEXT)
			continue;
		if (choice->at >= history->events_n)
			continue;
		at = history_find(history, choice->lane, choice->k);
		if (at == HISTORY_NONE)
			continue;
		pattern_show(search, choice->at, "");
		pattern_show(search, at, "");
		shown++;
	}
}

void pattern_generic(struct search *search)
{
	const struct section *act = pattern_failing(search), *other = NULL;

	if (act)
		other = sections_between(search->sections, act->object, act->lane, 0, 0,
					 act->begin);
	switch (story_verdict(search->outcome)) {
	case VERDICT_SIGNAL:
	case VERDICT_EXIT:
		break;
	default:
		return;
	}
	if (other) {
		pattern_say(
			search, PATTERN_UNKNOWN,
			"Depends on the schedule: %L failed under %O, which it took at %P after %L "
			"had had it at %P.",
			act->lane, act->object, pattern_place(search, act, 1), other->lane,
			pattern_place(search, other, 1));
		pattern_show_section(search, other, "");
		pattern_show_section(search, act, "");
		pattern_show_failure(search);
		return;
	}
	if (!search->history->preemptions) {
		if (!fields_object(search->outcome, "finding"))
			return;
		pattern_say(search, PATTERN_UNKNOWN,
			    "Depends on the schedule: fails without any preemption, by who goes on "
			    "where a thread waits or ends.");
		show_switches(search, false);
		pattern_show_failure(search);
		return;
	}
	if (fields_object(search->outcome, "finding"))
		pattern_say(search, PATTERN_UNKNOWN, "Depends on the schedule: fails only with %S.",
			    search->history->preemptions == 1 ? "this preemption"
							      : "these preemptions");
	else if (search->history->preemptions == 1)
		pattern_say(search, PATTERN_UNKNOWN,
			    "No known pattern; the one preemption before the failure:");
	else
		pattern_say(search, PATTERN_UNKNOWN,
			    "No known pattern; the last of the %N preemptions before the failure:",
			    search->history->preemptions);
	show_switches(search, true);
	pattern_show_failure(search);
}
