/*
 * Watches over progress while a run goes on: a run that hands out no records is looked at more
 * closely, so that nothing ever hangs in silence. It reads the lanes' mirror in the region and
 * /proc; it changes nothing but that it may send the runtime's preemption signal to a lane.
 *
 *	watchdog = watchdog_new(region, &limits, note, self);
 *	while (running)
 *		finding = watchdog_look(watchdog, pid, drain, &lane);	each turn of the loop
 *
 * What it finds, by the lane that was runnable last:
 *   its thread is gone          WATCHDOG_LOST: the caller ends the run
 *   it burns CPU                interrupted by a signal after preempt_after seconds of the clock
 *                               and, about, of its CPU time, after half the time when that happens
 *                               again (others could run, or have deadlines); where it cannot be:
 *                               named after WATCHDOG_SPIN_SECONDS
 *   it sleeps in the kernel     a note with the system call after WATCHDOG_BLOCKED_SECONDS, and
 *                               what every other lane is about to do
 * When nobody can run, a note says so once after WATCHDOG_IDLE_SECONDS, with what each lane waits
 * for. A stopped process (SIGSTOP, a debugger) is never judged.
 *
 * WATCHDOG_HANG: since the last operation of any lane one thread has used hang_after seconds of CPU
 * time, or none has used any for so long. Being interrupted is no operation. How long the whole run
 * takes says nothing: threads that compute, one after the other here, may take their time, and so
 * may a machine with other work.
 */
#ifndef RECORDER_WATCHDOG_H
#define RECORDER_WATCHDOG_H

#include <stdint.h>
#include <sys/types.h>

#include "formats/region.h"
#include "recorder/drain.h"

#define WATCHDOG_BLOCKED_SECONDS 2
#define WATCHDOG_SPIN_SECONDS 10
#define WATCHDOG_IDLE_SECONDS 10

struct watchdog;

struct watchdog_limits {
	double preempt_after; /* seconds, 0: never */
	double hang_after;    /* seconds, 0: never */
};

enum watchdog_finding { WATCHDOG_NOTHING, WATCHDOG_LOST, WATCHDOG_HANG };

typedef void (*watchdog_note)(void *self, const char *kind, const char *text);

/* `note` may be NULL. Never returns NULL. */
struct watchdog *watchdog_new(const struct region *region, const struct watchdog_limits *limits,
			      watchdog_note note, void *self);
void watchdog_free(struct watchdog *watchdog);

/*
 * One look, cheap when there were records since the last. `pid` is the target's. Except with
 * WATCHDOG_NOTHING `*lane` is the number of the lane that has the turn, 0: nobody.
 */
enum watchdog_finding watchdog_look(struct watchdog *watchdog, pid_t pid, const struct drain *drain,
				    uint32_t *lane);

/*
 * Seconds that the run of process `pid` has used since the last reset: CPU time, and what the looks
 * saw of times in which nobody computed. Not what a busy machine made it wait. At most as much as
 * the clock says.
 */
double watchdog_used(const struct watchdog *watchdog, pid_t pid);

/*
 * Another run begins; or time was spent outside the run (a debugger, a paused target), which does
 * not count: start afresh.
 */
void watchdog_reset(struct watchdog *watchdog);

#endif
