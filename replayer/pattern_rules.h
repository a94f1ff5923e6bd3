/*
 * What the rules of replayer/pattern.h share: the run as it is searched, and how a rule says what
 * it has found. Private to replayer/pattern*.c.
 *
 * A rule looks for one pattern (or a family of them), returns false when it is not there, else says
 * a sentence and shows the events that prove it:
 *
 *	pattern_say(search, PATTERN_LOST_UPDATE, "%L and %L both read under %O at %P", ...);
 *	pattern_show_section(search, section, "read here");
 *
 * Of pattern_say(), all arguments are of exactly these types: %L lane, %O object, %P location (0:
 * unknown), uint32_t; %N uint64_t; %S string of ours; %K string of the target. %G and %g take none:
 * "signalled" and "signal", of an interpreted program "notified" and "notify".
 */
#ifndef REPLAYER_PATTERN_RULES_H
#define REPLAYER_PATTERN_RULES_H

#include "recorder/traceback.h"
#include "replayer/history.h"
#include "replayer/pattern.h"
#include "replayer/sections.h"
#include "replayer/wakeups.h"

struct search {
	struct pattern *pattern;
	const struct history *history;
	const struct sections *sections;
	const struct wakeups *wakeups;
	const cJSON *outcome;
	uint32_t lane;  /* at fault: failed an assertion, crashed, exited; 0: unknown */
	size_t failure; /* its last event; HISTORY_NONE: unknown */
	bool in_place;  /* the lane failed by itself (signal), not by a verdict over the run */
	/*
	 * What a search for schedules found: this run fails because `second` came before `first`.
	 * Events; HISTORY_NONE: not known.
	 */
	size_t first, second;
	bool exactly; /* rules about variables: only what has both of these in it */
	/* An interpreted program ended by an exception, or one of its threads did. */
	bool raised;
	struct traceback traceback;
};

/* Begin the sentence anew: the name, a colon and the rest. PATTERN_UNKNOWN: the rest alone. */
void pattern_say(struct search *search, enum pattern_name name, const char *format, ...);

/* Add to it. */
void pattern_add(struct search *search, const char *format, ...);

/* To be shown. A second time the same event does nothing but replace an empty note. */
void pattern_show(struct search *search, size_t at, const char *note);
void pattern_show_section(struct search *search, const struct section *section, const char *note);

/* The same, at the place `depth` frames up. */
void pattern_show_deep(struct search *search, const struct section *section, unsigned depth,
		       const char *note);

/*
 * Finds out which lane an exception has ended, and where: `raised`, `traceback`, `lane`, `failure`
 * and `in_place`. False: there is none, or the lane is not known.
 */
bool pattern_raised(struct search *search);

/* The last event of the lane at fault, or the open section in which it is. */
void pattern_show_failure(struct search *search);

/* The place of a section, or of an event, looking `depth` frames deep (0: the innermost). */
uint32_t pattern_place(const struct search *search, const struct section *section, unsigned depth);
uint32_t pattern_place_at(const struct search *search, size_t at); /* HISTORY_NONE: 0 */

/*
 * The section in which the lane at fault failed, or the last one that it was in before; NULL: none,
 * or it did not fail by itself.
 */
const struct section *pattern_failing(const struct search *search);

/* The lane's last event, when that is to stand before taking the object; else HISTORY_NONE. */
size_t pattern_stands_before(const struct search *search, uint32_t lane, uint32_t object);

/*
 * Rules, in pattern_lock.c, _stuck.c, _wake.c, _try.c, _failing.c, _access.c, _variable.c,
 * _variables.c, _stored.c, _memo.c, _memory.c, _endless.c and _order.c. Those about variables go by
 * the pair of the finding, or are asked a second time without it.
 */
bool pattern_deadlock(struct search *search);
bool pattern_itself(struct search *search);
bool pattern_ended_owner(struct search *search);
bool pattern_forked_owner(struct search *search);
bool pattern_stuck(struct search *search);
bool pattern_wake(struct search *search);
bool pattern_expired(struct search *search);
bool pattern_extra_post(struct search *search);
bool pattern_trylock(struct search *search);
bool pattern_failing_section(struct search *search);
bool pattern_io_race(struct search *search);
bool pattern_interleaved(struct search *search);
bool pattern_noticed(struct search *search);
bool pattern_variable(struct search *search, bool exactly);
bool pattern_variables(struct search *search);
bool pattern_both_acted(struct search *search);
bool pattern_stored(struct search *search);
bool pattern_memo(struct search *search);
bool pattern_variable_order(struct search *search);
bool pattern_endless(struct search *search);
bool pattern_order(struct search *search);
bool pattern_memory(struct search *search);
void pattern_generic(struct search *search);

#endif
