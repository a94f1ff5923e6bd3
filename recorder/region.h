/*
 * The CLI's side of the shared region: creates and empties it, writes the plan, answers the
 * mailbox, and copies what the target left behind. The layout is formats/region.h. What the target
 * may have written is copied first and then checked, never the other way round.
 *
 *	region_create(&handle, &err);
 *	region_plan_begin(handle.map);
 *	region_plan_add(handle.map, PLAN_RUN, 1, PLAN_REQUIRED, &run, sizeof(run), &err);
 *	region_plan_end(handle.map);
 *	region_env(&handle, text, sizeof(text));	FRONTRUN_REGION=/proc/PID/fd/N:NONCE
 */
#ifndef RECORDER_REGION_H
#define RECORDER_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/err.h"
#include "formats/plan.h"
#include "formats/region.h"

struct region_handle {
	struct region *map;
	int fd; /* the memfd, close-on-exec */
};

#define REGION_ENV_MAX 80 /* bytes that region_env() may need */

/*
 * A memfd whose size is sealed, mapped, header filled in, all else zero. Pages are touched only
 * when used. 0 or a negative errno.
 */
int region_create(struct region_handle *handle, struct err *err);
void region_destroy(struct region_handle *handle);

/* "FRONTRUN_REGION=/proc/PID/fd/N:NONCE", the nonce as 16 hexadecimal digits. */
void region_env(const struct region_handle *handle, char *text, size_t size);
/* "FRONTRUN_REGION=/proc/self/fd/NUMBER:NONCE", for who finds it open as descriptor `number`. */
void region_env_open(const struct region_handle *handle, int number, char *text, size_t size);

/*
 * Makes the region fit for another run: everything but the plan and the static header is zero
 * again.
 */
void region_reset(struct region *region);

/*
 * The plan is built from the first section to the last; end() writes PLAN_END and raises the
 * version. Only while the target is not started or waits in the mailbox. Payload is copied.
 * add() returns 0 or -ENOSPC with `err`.
 */
void region_plan_begin(struct region *region);
int region_plan_add(struct region *region, enum plan_type type, unsigned version, unsigned flags,
		    const void *payload, uint32_t length, struct err *err);
/*
 * As add, but returns the payload's place (8-byte aligned, `length` bytes), to be filled in before
 * end(); or NULL.
 */
void *region_plan_reserve(struct region *region, enum plan_type type, unsigned version,
			  unsigned flags, uint32_t length, struct err *err);
uint32_t region_plan_room(const struct region *region); /* bytes of payload that still fit */
void region_plan_end(struct region *region);

/*
 * Rings the doorbell the way the target does. Async-signal-safe; also used by the guardian.
 */
void region_ring(struct region *region);

/*
 * The request in the mailbox, if there is one: true, and `request` is a private copy whose length
 * is in range. An impossible one is answered with -EINVAL and not reported.
 */
bool region_mailbox_take(struct region *region, struct region_mailbox *request);
void region_mailbox_answer(struct region *region, int32_t answer, const void *payload,
			   uint32_t length);

/*
 * Private, checked copies: counts in range, strings NUL-terminated, unknown kinds turned into NONE.
 */
void region_copy_failure(const struct region *region, struct region_failure *failure);
void region_copy_process(const struct region *region, unsigned index,
			 struct region_process *process);
/* rows of region.process in use, at most REGION_PROCESSES */
unsigned region_processes(const struct region *region);
/* false: not in use */
bool region_copy_lane(const struct region *region, unsigned slot, struct region_lane *lane);
enum boot_code region_boot(const struct region *region, char *detail, size_t size);

/*
 * The last bytes of the target's standard error, oldest first; returns how many. `text` holds
 * REGION_STDERR_BYTES.
 */
size_t region_copy_stderr(const struct region *region, char *text);

#endif
