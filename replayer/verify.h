/*
 * Compares a run with a trace, event by event, while it happens: thread, index in the thread,
 * operation, phase, object by its stable id, and the result where it is a function of the schedule.
 * A sink for recorder/drain.h. It does not start or stop anything: at the first difference it
 * refuses the record, and the session ends the target; or with `follow` it remembers the difference
 * and lets everything pass.
 *
 *	verify = verify_new(script, naming, follow);
 *	rc = session_run(session, &verify_sink, verify, &result, &err);
 *	verify_end(verify);
 *	if (verify_difference(verify)->kind != VERIFY_SAME)
 *		...
 *	verify_free(verify);
 */
#ifndef REPLAYER_VERIFY_H
#define REPLAYER_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/trace_lines.h"
#include "recorder/drain.h"
#include "recorder/naming.h"
#include "replayer/run_names.h"
#include "replayer/script.h"

/* Code of struct err beside errno: the run is not the recorded one. */
enum verify_err { VERIFY_ERR_DIFFERENT = ERR_MODULE + 768 };

enum verify_kind {
	VERIFY_SAME,
	VERIFY_EVENT,   /* another event than the recorded one */
	VERIFY_LONGER,  /* the run goes on where the recording ends */
	VERIFY_SHORTER, /* the run ended, the recording goes on */
	VERIFY_CUT,     /* the trace is damaged here: nothing to compare with */
};

/* The first difference. Texts are clean and bounded. */
struct verify_difference {
	enum verify_kind kind;
	uint64_t number;         /* of the event, from 1 */
	char expected[512];      /* "T2 "alice" locks savings.lock"; "" when there is none */
	char expected_site[256]; /* "deposit (bank.c:17)" */
	char got[512];
	char got_site[256];
	char reason[512]; /* CUT: what is wrong with the trace */
};

struct verify;

/* The members for session_run(), with a struct verify as `self`. */
extern const struct drain_sink verify_sink;

/*
 * The events come from `script`, which nobody else takes them from; `naming` is of the whole trace.
 * Both must outlive the result.
 */
struct verify *verify_new(struct script *script, const struct naming *naming, bool follow);
void verify_free(struct verify *verify);

/*
 * The recording was ended from outside (a time limit, a signal): the run may go on behind its
 * last event, which is no difference. The first event behind it is refused all the same.
 */
void verify_open_end(struct verify *verify);

/*
 * The run is over: if the recording is not, that is the difference (unless one was found before).
 */
void verify_end(struct verify *verify);

const struct verify_difference *verify_difference(const struct verify *verify);

/* The names that the run has announced; belong to `verify`. */
const struct run_names *verify_run_names(const struct verify *verify);

/* Events that agreed, and events that came after the first difference (follow). */
uint64_t verify_agreed(const struct verify *verify);
uint64_t verify_after(const struct verify *verify);

#endif
