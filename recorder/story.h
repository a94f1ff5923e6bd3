/*
 * How a run ended, told for people from the outcome line of its trace: the sentence that names the
 * failure, then who waits for what, or where it crashed. Shared by record's summary, replay,
 * explain and fuzz. It reads no file; numbers in the outcome are those of the trace's names.
 *
 *	struct story story = { .naming = naming, .out = stderr };
 *
 *	story_tell(&story, outcome);
 *
 * Members of the outcome that are read, all optional:
 *   outcome   name of a row of verdict.def
 *   status    exit status, or number of the signal
 *   lane, k   the lane at fault and its operation; text: one sentence of the runtime
 *   address   "0x..", of a fault
 *   frames    [location, ...] of the crash, innermost first
 *   edges     [{"lane","kind","object","context","owner","owner_context","owner_k"}, ...], who
 *             waits for what; kind is a name of event.def, owner 0: nobody has it
 *   cycle     so many edges at the beginning are the cycle of a deadlock
 *   stderr    the last bytes of the target's standard error
 */
#ifndef RECORDER_STORY_H
#define RECORDER_STORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "formats/region.h"
#include "recorder/naming.h"

struct story {
	const struct naming *naming;
	FILE *out;
	bool verbose; /* whole stacks, STORY_FRAMES deep */
	bool detail;  /* the sentence of a deadlock has been told: who waits for what alone */
	/*
	 * Number of the event in which the owner of edge i took the object, from 1; 0: unknown. May
	 * be NULL.
	 */
	const uint64_t *taken;
	unsigned taken_count;
};

enum {
	STORY_FRAMES = 8,
	STORY_CALLERS = 4, /* frames of interpreted code, without -v */
	STORY_STDERR_LINES = 10,
	STORY_EDGES = REGION_EDGES,
};

/*
 * Row of verdict.def; VERDICT_COUNT for a word of a later version, VERDICT_NONE for no outcome at
 * all.
 */
enum verdict_kind story_verdict(const cJSON *outcome);

/*
 * What a search found wrong with the run when it had ended by itself: "the check ended with status
 * 1"; NULL: nothing. Owned by `outcome`, not clean.
 */
const char *story_judged_afterwards(const cJSON *outcome);

/*
 * The run is a finding: a failure verdict, an exit status that is not 0, or judged so afterwards.
 */
bool story_is_failure(const cJSON *outcome);

/* "deadlock", "exit status 1", "signal 11 (SIGSEGV)": for summaries. */
void story_word(struct text *text, const cJSON *outcome);

/* All of the story. A plain exit with status 0 is one line. */
void story_tell(const struct story *story, const cJSON *outcome);

/* A stack, one frame a line, indented: at most STORY_FRAMES. `frames` are locations. */
void story_stack(const struct story *story, const uint32_t *frames, uint32_t count,
		 unsigned indent);

/*
 * The lines to copy after a failure: replay, debugger, the file to attach. The path is quoted for a
 * shell where needed.
 */
void story_commands(FILE *out, const char *path);

#endif
