/*
 * Lanes and the schedule: everything that belongs to one run (the class of memory that rolls back
 * with the target). A lane is a logical thread; the scheduler core knows nothing else. Only the
 * lane that holds the turn reads or writes any of this, except where a field says otherwise.
 */
#ifndef PRELOAD_LANE_H
#define PRELOAD_LANE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "formats/hash.h"
#include "formats/record.h"
#include "formats/region.h"
#include "preload/unwind.h"

#define LANE_HELD 64
#define LANE_HELD_FEW 2 /* of them in the lane itself: who has more has also pages for them */
#define LANE_WORDS (REGION_LANES / 64)
#define LANE_VISITS 64
#define LANE_PATH 32 /* bytes, with the NUL */

struct object;
struct once_run;
struct outside;

/* Why sched_block() returned. */
enum lane_wake {
	WAKE_NORMAL,  /* somebody woke the lane, or its object may be free: try again */
	WAKE_TIMEOUT, /* the deadline was reached (or the strategy said so) */
	WAKE_SIGNAL,  /* a signal handler has run: EINTR where the call is interruptible */
	WAKE_CANCEL,  /* pthread_cancel, only where the caller wants to act on it later */
	WAKE_RESTART, /* a handler has run, or a cancellation does not count: look again */
};

/* A lock that the lane holds, for deadlock reports. */
struct lane_held {
	struct object *object;
	uint32_t context; /* where it was acquired */
	uint32_t count;   /* recursive or several read locks */
	uint64_t k;
};

/* When and where an access to memory is, in one word: memory/filter.h. */
union lane_stamp {
	struct {
		uint16_t site;  /* of the access, 0 in a lane */
		uint16_t where; /* innermost call and locks; memory/calls.h */
		uint32_t clock; /* own component of the vector clock, 0: none yet; memory/hb.h */
	};
	uint64_t word;
};

/* A loop that waits, see spin.h. */
struct lane_spin {
	const struct object *object; /* of the anchor, */
	uint32_t context;            /* ... and where it is */
	uint32_t count;        /* rounds in a row that found the same; 0: there is no anchor */
	uint32_t reads;        /* of anything in a row */
	uint8_t looks, window; /* others since the anchor, and how many may come */
	bool alone;            /* there were none in the last round */
	uint64_t hash, last;   /* of what this round has found, and the last one */
	uint64_t value, until; /* what the anchor found; schedule.steps: up to then it rests */
	uint64_t address;      /* where that was, if `bytes` */
	uint32_t bytes;
	bool counted;   /* `value` is object->changes */
	uint32_t least; /* locks that it had when it took one, in this round */
};

struct lane {
	uint32_t number; /* order of creation in this trace; 0: slot is free */
	uint32_t slot;
	uint32_t state;  /* enum region_lane_state */
	uint32_t origin; /* enum lane_origin */
	uint64_t id_hash;
	struct lane *parent;
	uint32_t parent_number;
	uint32_t index;       /* it is its parent's index-th child */
	char path[LANE_PATH]; /* its id, "1.2.1"; the end of a longer one is missing */
	uint32_t blocks;      /* allocated so far, see memory/blocks.h */
	uint32_t children;    /* created so far */
	uint64_t k;           /* index of the pending or next event */
	/* At this k it lets others go first (memory/access.h), and after `breath` more again ... */
	uint64_t breathes;
	uint64_t breath_steps; /* ... unless it has come to points: schedule.steps is another */
	uint32_t breath;
	uint32_t calls; /* of instrumented code that it is in; memory/calls.h ... */
	uint16_t locks; /* ... and the number of the locks that it holds */
	union lane_stamp stamp;
	/* a store that is the pending operation until it has taken place: its bytes ... */
	const void *stored;
	uint32_t stored_bytes;
	bool stored_before; /* ... and what was there before is known, too: */
	uint64_t before;

	/* the pending operation, valid from sched_point() to sched_done() */
	uint32_t kind;
	uint32_t context;
	struct object *object, *object2;
	bool announced;
	uint32_t answers; /* how often the outside was ready for it, see sched_outside_ready() */
	uint32_t stage;   /* how often the lane has waited in it */
	uint32_t asides;  /* places between operations where signals were looked for, so far */
	uint32_t put_off; /* number of the lane that is to go on, see loose_put_off() */
	struct lane_spin spin, round; /* of looks; of taking locks */
	uint32_t idle_slices;         /* of an interpreter, in which it has changed nothing */
	uint32_t owes_with;           /* locks ... */
	bool owes;                    /* ... with which it owes others a turn, see spin_takes() */
	bool yielding;    /* the pending operation is a request to let others go first */
	bool open;        /* ... stands where the lane may give the gate away (gate.h) */
	bool gated;       /* it runs an interpreter's code, for which it needs the gate */
	void *gate_state; /* of the interpreter, while the lane has left the gate */

	/* waiting: on an object's queue (next, previous), for the outside, until a deadline */
	struct object *wait_object;
	struct lane *wait_next, *wait_previous;
	uint32_t wait_tag;  /* non-zero: kind of waiter, see sched_wake() */
	bool wait_retry;    /* woken by a free lock: blocks again when another lane takes it */
	bool interruptible; /* a signal wakes it */
	bool cancelable;    /* pthread_cancel wakes it */
	bool no_deadlock;   /* SCHED_NO_DEADLOCK */
	uint32_t wake;      /* enum lane_wake */
	int64_t deadline;   /* virtual ns, -1 none */
	struct outside *outside;
	int asked; /* descriptor + 1 of a request that is not answered yet, see sockets.h */
	uint64_t wait_order; /* when it began to wait, for first-in first-out wake-ups */

	struct hash_chain chain;
	uint32_t first_count;                   /* objects named by first use */
	uint32_t init_count[OBJECT_KIND_COUNT]; /* objects named by initialisation */
	uint32_t object_number;                 /* the lane as an object, announced on first use */
	struct lane_held held_few[LANE_HELD_FEW]; /* lane_held() */
	uint32_t held_count;
	struct {
		uint32_t context, visit;
	} visits[LANE_VISITS]; /* direct mapped: n-th decision at a context */

	/* owned by the hand-off back end and by wrap_thread.c */
	uint32_t baton; /* futex; set by whoever hands over, cleared by the lane */
	uint32_t tid;   /* kernel thread, written by the lane's own thread */
	pthread_t handle;
	void *(*start)(void *);
	void *argument;
	bool c11; /* `start` returns int */
	bool detached, joined, cancelled;
	bool cancel_news;   /* ... and it has not blocked since where that counts */
	bool cancel_unsaid; /* ... and libc does not know it yet */
	/* PTHREAD_CANCEL_ASYNCHRONOUS, acted upon at the end of each operation */
	bool asynchronous;
	struct unwind_stack stack;
	struct unwind_start last; /* where the program last called us */
	uint64_t stack_bytes;
	char name[16];
	struct once_run *once_runs; /* initialisers that it runs, the innermost first */
	uint64_t random;            /* the lane's stream of getrandom(2) */
	bool random_seeded;
	int64_t worked;       /* virtual ns that passed while it had the turn, without jumps */
	uint64_t reading_k;   /* clock readings in a row: k of the operation after them ... */
	uint32_t readings;    /* ... and how many */
	uint64_t signal_mask; /* bit n-1: signal n is blocked, as the program has set it */
	uint64_t handled;     /* handlers that have run */
	/* bit n-1: another lane has sent n to this one while it was blocked */
	uint64_t sent_signals;
	/* bit n-1: signal n waits for a scheduling point; also set by handlers: atomic */
	uint64_t pending_signals;
};

/* The state of one run. */
struct schedule {
	struct lane *current; /* holds the turn */
	uint32_t lane_slots;  /* slots ever used: highest + 1 */
	uint32_t live;        /* lanes that are not done ... */
	uint32_t gated;       /* ... and need the gate */
	uint32_t runnable_count;
	uint64_t runnable[LANE_WORDS];
	uint32_t timed;         /* blocked lanes with a deadline */
	uint32_t timers;        /* virtual timers that are armed */
	uint32_t outside_count; /* blocked lanes that the outside can wake */
	uint32_t outside_tick;
	bool outside_dirty; /* something happened that may have made a descriptor ready */
	/* blocked lanes that somebody outside may wake (SCHED_NO_DEADLOCK) */
	uint32_t foreign_waits;
	bool started;        /* a second lane has existed */
	bool first_ended;    /* the first thread of the process, which stays as a zombie */
	uint32_t ending_tid; /* kernel thread that is on its way out and must be gone first */
	uint64_t wait_counter;
	int64_t now;           /* virtual ns since the start */
	int64_t next_deadline; /* the earliest of the blocked lanes', or later than any */
	uint64_t work;         /* done since the clock last jumped, see clock_tick() */
	int64_t worked;        /* virtual ns that did not pass by jumps */
	uint64_t order_hash, hb_hash;
	uint64_t steps, switches, decisions, events;
	uint64_t spin_until; /* the largest of all lanes */
	uint64_t step_limit; /* the run ends after so many steps; UINT64_MAX: never */
};

/*
 * For a variable that each run uses and that is small: among the scalars, where the compiler would
 * not put an array or a structure (mk/build.mk, the order of data).
 */
#define SMALL __attribute__((aligned(8)))

extern struct schedule schedule;
extern struct lane lanes[REGION_LANES];

/* Set by anyone, also by signal handlers and foreign threads: look at signals and arrivals soon. */
extern volatile uint32_t sched_attention;

/* The calling thread's lane, by the hand-off back end; NULL for threads that are not lanes. */
struct lane *lane_current(void);

/*
 * Acts on the cancellation of the calling thread's lane, by wrap_thread.c: returns only where it is
 * disabled. The lane is in no queue.
 */
void lane_cancel(struct lane *me);

/* The lane with this number, or NULL when it has never been or its slot was used again. */
struct lane *lane_by_number(uint32_t number);

/*
 * A new lane in the lowest free slot, RUNNABLE, announced in the log. NULL when there are
 * REGION_LANES at the same time. `parent` is NULL for the first thread of an image.
 */
struct lane *lane_new(struct lane *parent, enum lane_origin origin, void *(*start)(void *));

/* Give the slot back: the lane is done, and joined or detached. */
void lane_free(struct lane *lane);

/* Announce a new name. */
void lane_rename(struct lane *lane, const char *name);

/* The i-th lock that the lane holds, in the order in which they were taken. */
extern struct lane_held lane_held_more[REGION_LANES][LANE_HELD - LANE_HELD_FEW];
static inline struct lane_held *lane_held(const struct lane *lane, uint32_t i)
{
	return i < LANE_HELD_FEW ? &lanes[lane->slot].held_few[i]
				 : &lane_held_more[lane->slot][i - LANE_HELD_FEW];
}

/* Books about locks held (deadlock reports). */
void lane_hold(struct lane *lane, struct object *object, uint32_t context);
void lane_drop(struct lane *lane, struct object *object);

#endif
