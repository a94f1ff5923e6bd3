/*
 * What one run of a search did, in memory: events, decisions and offered choices in order, and the
 * stable ids behind their numbers. A sink for recorder/drain.h; made once and used for run after
 * run.
 *
 *	log = run_log_new();
 *	server_boot(...);		with run_log_sink and `log`
 *	run_log_mark(log);		what came so far is common to all runs
 *	for each run:
 *		run_log_rewind(log);
 *		server_run(...);
 *		log->steps, log->decisions, ...
 *
 * It judges nothing. Records are checked by the drain, but numbers of an earlier run may be named:
 * they are answered with 0.
 */
#ifndef FUZZ_RUN_LOG_H
#define FUZZ_RUN_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/plan.h"
#include "recorder/drain.h"
#include "recorder/text.h"

enum run_step_type {
	STEP_EVENT,    /* an operation has taken place */
	STEP_ANNOUNCE, /* a lane stands before one, and another goes first */
	STEP_DECISION,
	STEP_OFFER, /* the default was taken */
};

struct run_step {
	uint8_t type;  /* enum run_step_type */
	uint8_t kind;  /* enum event_kind, or enum decision_kind */
	bool forced;   /* DECISION */
	uint32_t lane; /* number */
	uint64_t k;
	uint32_t object, object2; /* EVENT, ANNOUNCE: numbers */
	uint32_t context;         /* EVENT, ANNOUNCE: number */
	uint32_t decisions;       /* decisions before this step */
	/* DECISION, OFFER: where the options are in `words`: DECISION numbers of lanes, OFFER two
	 * halves of each word of slots */
	uint32_t options, option_count;
	int64_t result; /* EVENT; DECISION: the choice */
};

struct run_lane {
	uint64_t id; /* hash of the stable id, 0: no such lane in this run */
	uint32_t slot, parent, index;
	bool ended;
};

struct run_object {
	uint64_t id;
	uint32_t lane; /* class LANE: the lane that it stands for */
	uint8_t class, kind;
};

struct run_context {
	uint64_t site; /* hash of the innermost frames, see formats/hash.h */
	bool library;  /* of an interpreted program: in no code of the user's */
};

#define RUN_PATH 256   /* bytes of a module's path; a longer one is not kept */
#define RUN_RACES 256u /* of one run that are kept */

struct run_module {
	uint64_t base, start, end;
	uint64_t name; /* hash of the file name, 0: libc or the runtime */
	char path[RUN_PATH];
};

struct run_log {
	struct run_step *steps;
	size_t step_count, step_room;
	struct plan_decision *decisions; /* as they are forced again, in order */
	size_t decision_count, decision_room;
	uint32_t *words; /* options */
	size_t word_count, word_room;
	struct run_lane *lanes; /* by number, from 1 */
	size_t lane_count, lane_room;
	struct run_object *objects;
	size_t object_count, object_room;
	struct run_context *contexts;
	size_t context_count, context_room;
	struct run_module *modules;
	size_t module_count, module_room;
	uint8_t *codes; /* of an interpreted program, by number: 1, it is the user's */
	size_t code_count, code_room;
	struct record_object *locks; /* those of native code, to be named in races */
	size_t lock_count, lock_room;
	struct record_race *races; /* data races; RUN_RACES of them have room */
	size_t race_count;
	uint64_t uncontrolled, inexact; /* notes */
	bool library;     /* of the schedule that was carried out, see struct schedule */
	bool interpreted; /* some operations are an interpreted program's on its variables */
	/* the last of them: of the uncontrolled ones, where there is one */
	char note[256];
	char remark[256]; /* the last that is only worth knowing */
	struct {
		size_t step, decision, word, lane, object, context, module, lock;
		uint64_t uncontrolled, inexact;
		char note[256];
	} mark;
};

struct run_log *run_log_new(void);
void run_log_free(struct run_log *log);

/* The members for a drain, with a struct run_log as `self`. */
extern const struct drain_sink run_log_sink;

/* What is in the log now stays in it; rewind takes out what came after. */
void run_log_mark(struct run_log *log);
void run_log_rewind(struct run_log *log);

/* All decisions of the run, to be freed. */
struct plan_decision *run_log_decisions(const struct run_log *log, uint32_t *count);

/* Stable ids by number; 0: none, or not of this run. */
uint64_t run_log_lane_id(const struct run_log *log, uint32_t lane);
/* The lock with this number; NULL: it is none, or not of this run. */
const struct record_object *run_log_lock(const struct run_log *log, uint32_t object);
/* The id of a lane as text, see recorder/ids.h. */
void run_log_lane_text(const struct run_log *log, uint32_t lane, struct text *text);
uint64_t run_log_object_id(const struct run_log *log, uint32_t object);
uint64_t run_log_site(const struct run_log *log, uint32_t context);

/*
 * Hash of the place of an address in the program's own modules, the same wherever they are loaded;
 * 0: in libc, in the runtime, or in none.
 */
uint64_t run_log_place(const struct run_log *log, uint64_t address);

/* Number of the lane in this slot at the end, or 0. */
uint32_t run_log_lane_in(const struct run_log *log, uint32_t slot);

/* Could `lane` have been chosen at this DECISION or OFFER step? */
bool run_log_offered(const struct run_log *log, const struct run_step *step, uint32_t lane);

#endif
