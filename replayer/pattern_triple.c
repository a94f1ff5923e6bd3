/*
 * Finds what came between two accesses.
 */
#include "replayer/pattern_triple.h"

uint32_t pattern_context(const struct search *search, const struct section *section)
{
	return sections_context(search->sections, section);
}

/* Creations and joins of threads alone make it so: no schedule can do otherwise. */
static bool must_be(const struct search *search, const struct triple *triple)
{
	return history_ordered(search->history, triple->first->begin, triple->other->begin) &&
	       history_ordered(search->history, triple->other->begin, triple->second->begin);
}

bool section_contains(const struct section *section, size_t at, uint32_t lane)
{
	return section && at != HISTORY_NONE && section->lane == lane && section->begin <= at &&
	       section->end >= at;
}

bool triple_contains(const struct search *search, const struct section *section, size_t at)
{
	uint32_t lane = at == HISTORY_NONE ? 0 : search->history->events[at].lane;

	return section_contains(section, at, lane) ||
	       (section && section->variable && section->under != HISTORY_NONE &&
		section_contains(&search->sections->items[section->under], at, lane));
}

static bool has_event(const struct search *search, const struct triple *triple, size_t at)
{
	return triple_contains(search, triple->first, at) ||
	       triple_contains(search, triple->other, at) ||
	       triple_contains(search, triple->second, at) ||
	       triple_contains(search, triple->other_first, at);
}

/* The pair of a finding says which two matter; without one any will do. */
static bool is_wanted(const struct search *search, const struct triple *triple, bool exactly)
{
	return !exactly || (has_event(search, triple, search->first) &&
			    has_event(search, triple, search->second));
}

bool triple_find_other(const struct search *search, struct triple *triple, bool exactly,
		       triple_wanted *wanted)
{
	size_t from = triple->first->end, to = triple->second->begin;

	while ((triple->other = sections_between(search->sections, triple->second->object,
						 triple->second->lane, 0, from, to))) {
		triple->other_first = NULL;
		if (!(triple->other->reads && triple->second->reads) && !must_be(search, triple) &&
		    wanted(search, triple) && is_wanted(search, triple, exactly))
			return true;
		to = triple->other->begin;
	}
	return false;
}

bool triple_any(const struct search *search, struct triple *triple)
{
	(void)search;
	return !triple->other->reads;
}

bool triple_preempted(const struct search *search, struct triple *triple)
{
	return !triple->other->reads &&
	       history_preemption(search->history, triple->first->lane, triple->first->end,
				  triple->second->begin);
}

void triple_show(struct search *search, const struct triple *triple, const char *first,
		 const char *other, const char *second)
{
	if (triple->other_first)
		pattern_show_section(search, triple->other_first, first);
	pattern_show_section(search, triple->first, first);
	pattern_show_section(search, triple->other, other);
	pattern_show_section(search, triple->second, second);
	pattern_show_failure(search);
}
