/*
 * Watches over progress while a run goes on: a run that hands out no records is looked at more
 * closely, so that nothing ever hangs in silence. It reads the lanes' mirror in the region and
 * /proc; it changes nothing but that it may send the runtime's preemption signal to a lane.
 *
 *	watchdog = watchdog_new(region, preempt_after, note, self);
 *	while (running)
 *		verdict = watchdog_look(watchdog, pid, progress);	each turn of the loop
 *
 * What it finds, by the lane that was runnable last:
 *   its thread is gone          VERDICT_LOST_THREAD: the caller ends the run
 *   it burns CPU                interrupted by a signal after preempt_after seconds, after half the
 *                               time when that happens again (others could run, or have
 *                               deadlines); where it cannot be: named after WATCHDOG_SPIN_SECONDS
 *   it sleeps in the kernel     a note with the system call after WATCHDOG_BLOCKED_SECONDS, and
 *                               what every other lane is about to do
 * When nobody can run, a note says so once after WATCHDOG_IDLE_SECONDS, with what each lane waits
 * for. A stopped process (SIGSTOP, a debugger) is never judged.
 */
#ifndef RECORDER_WATCHDOG_H
#define RECORDER_WATCHDOG_H

#include <stdint.h>
#include <sys/types.h>

#include "formats/region.h"

#define WATCHDOG_BLOCKED_SECONDS 2
#define WATCHDOG_SPIN_SECONDS 10
#define WATCHDOG_IDLE_SECONDS 10

struct watchdog;

typedef void (*watchdog_note)(void *self, const char *kind, const char *text);

/* `preempt_after`: real seconds, 0 never. `note` may be NULL. Never returns NULL. */
struct watchdog *watchdog_new(const struct region *region, double preempt_after, watchdog_note note,
			      void *self);
void watchdog_free(struct watchdog *watchdog);

/*
 * One look, cheap when `progress` (any number that grows with the run) has changed since the last.
 * `pid` is the target's. Returns VERDICT_NONE, or VERDICT_LOST_THREAD with `*lane` its number.
 */
enum verdict_kind watchdog_look(struct watchdog *watchdog, pid_t pid, uint64_t progress,
				uint32_t *lane);

/* Time spent outside the run (a debugger, a paused target) does not count: start afresh. */
void watchdog_reset(struct watchdog *watchdog);

#endif
