/*
 * Takes the records of the target out of the ring, checks each and hands it to a sink. What the
 * sink sees can be relied on: types, sizes, counts, kinds and phases are in range, strings are
 * NUL-terminated, and every number that a record names (lane, object, context, module, code, text)
 * was announced before. The sink's records are private copies: the target cannot change them any
 * more.
 *
 *	struct drain *drain = drain_new(region, &sink, self);
 *	while (running) {
 *		rc = drain_step(drain, &err);	records handed over, or the error
 *		if (rc == 0)
 *			drain_wait(drain, 10);
 *	}
 *	drain_free(drain);
 *
 * It does not watch processes and does not serve the mailbox: that is session.h.
 */
#ifndef RECORDER_DRAIN_H
#define RECORDER_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/record.h"
#include "formats/region.h"

/* Codes of struct err beside errno. */
enum drain_err {
	/* the target wrote something impossible into the region */
	DRAIN_ERR_CORRUPT = ERR_MODULE + 512,
};

/*
 * Who gets the records. Each function returns 0, or a negative code with `err` set that ends the
 * drain: drain_step() returns it at once, and again whenever it is called. A NULL member means "not
 * interested". Records belong to the drain and are valid during the call only.
 */
struct drain_sink {
	int (*event)(void *self, const struct record_event *event, struct err *err);
	int (*decision)(void *self, const struct record_decision *decision, struct err *err);
	int (*lane)(void *self, const struct record_lane *lane, struct err *err);
	int (*object)(void *self, const struct record_object *object, struct err *err);
	int (*context)(void *self, const struct record_context *context, struct err *err);
	int (*module)(void *self, const struct record_module *module, struct err *err);
	int (*note)(void *self, const struct record_note *note, struct err *err);
	int (*offer)(void *self, const struct record_offer *offer, struct err *err);
	/* A later one with the same number replaces the earlier: forks count on from one place. */
	int (*code)(void *self, const struct record_code *code, struct err *err);
	int (*text)(void *self, const struct record_text *text, struct err *err);
	int (*race)(void *self, const struct record_race *race, struct err *err);
	/* Lengths add up to the record's size. */
	int (*answer)(void *self, const struct record_answer *answer, struct err *err);
};

struct drain;

/*
 * `region`, `sink` and `self` must outlive the drain. Never NULL: out of memory ends the process.
 */
struct drain *drain_new(struct region *region, const struct drain_sink *sink, void *self);
void drain_free(struct drain *drain);

/*
 * Hands over what is in the ring now (at most a sixteenth of the ring), gives the space back and
 * wakes a waiting writer. Returns the number of records, -DRAIN_ERR_CORRUPT, or what the sink
 * returned; after an error nothing more is read. Blocks only where the sink does.
 */
int drain_step(struct drain *drain, struct err *err);

/*
 * Hands over what children have written to the outlet (struct region_outlet) and the target has not
 * taken over: when it is gone. drain_step() does it when the outlet is full. Returns as that does.
 */
int drain_outlet(struct drain *drain, struct err *err);

/*
 * Sleeps until the doorbell rings, at most `timeout_ms` and at most 10 ms; does not sleep when the
 * mailbox asks or the ring is an eighth full. A few records are let wait: so this process does not
 * take the CPU from the target for each of them. Returns false when the time passed without news.
 */
bool drain_wait(struct drain *drain, int timeout_ms);

/* Records handed over so far. */
uint64_t drain_events(const struct drain *drain);
/* Events without interruptions (EVENT_PREEMPTED): what the program has done itself. */
uint64_t drain_operations(const struct drain *drain);
uint64_t drain_decisions(const struct drain *drain);

#endif
