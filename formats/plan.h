/*
 * The plan: what the CLI wants a run to do. A list of length-prefixed, versioned sections; a reader
 * skips sections that it does not know unless they are marked required. Freestanding.
 */
#ifndef FORMATS_PLAN_H
#define FORMATS_PLAN_H

#include <stdint.h>

enum plan_type {
	PLAN_END,
	PLAN_RUN,         /* struct plan_run */
	PLAN_PREFIX,      /* struct plan_prefix + decisions: forced by position */
	PLAN_ANCHORED,    /* struct plan_prefix + decisions: forced by anchor (location, visit) */
	PLAN_SLEEP_SET,   /* (lane, pending operation) pairs that must not run first */
	PLAN_STRATEGY,    /* struct plan_strategy: who decides after the prefix */
	PLAN_STOP,        /* struct plan_stop: pause at (lane, k) */
	PLAN_OBLIGATIONS, /* this read must see that write */
	/* BPF program for the trap layer: array of struct sock_filter, RET TRAP as compiled */
	PLAN_FILTER,
	/* struct plan_environment: what the CLI changed for the start, to be undone */
	PLAN_ENVIRONMENT,
	PLAN_PROFILE, /* struct plan_profile: counts of an earlier run, for the strategy */
	/*
	 * struct plan_prefix + decisions, ascending by (lane, k), at most PLAN_LOOSE_MAX: each is
	 * forced where its point is met and it is possible, whatever became of the others
	 */
	PLAN_LOOSE,
	PLAN_PRIVATE_SITES, /* array of hash_site(), ascending: operations there share nothing */
	/*
	 * Whose accesses to variables are points, of an interpreted program: strings with a NUL
	 * each, '+' or '-' and a pattern (fnmatch(3)) of a file or a module; the last that fits
	 * counts
	 */
	PLAN_CODE_PATTERNS,
	/*
	 * With PLAN_RUN_GIVE_ANSWERS: where copies of the files go that are written, and the
	 * working directory that the program believes to have; strings with a NUL each
	 */
	PLAN_WRITTEN,
	PLAN_CHILD_FILTER, /* as PLAN_FILTER, for children whose output is recorded */
	/*
	 * Array of the `hash` of struct region_site, ascending: places of native code whose
	 * accesses to memory are points and events from the first one on
	 */
	PLAN_SHARED_SITES,
	/*
	 * With PLAN_RUN_GIVE_ANSWERS: a directory, below which the packed files of the trace are by
	 * their paths; a string with its NUL
	 */
	PLAN_UNPACKED,
};

#define PLAN_REQUIRED 1u
#define PLAN_LOOSE_MAX 65536u

struct plan_section {
	uint16_t type;    /* enum plan_type */
	uint16_t version; /* of this section's layout */
	uint32_t flags;   /* PLAN_REQUIRED: a runtime that does not know it must refuse */
	uint32_t length;  /* bytes of payload that follow, without the padding to 8 */
	uint32_t reserved;
};

enum plan_run_flag {
	PLAN_RUN_VIRTUAL_TIME = 1,
	PLAN_RUN_LOGICAL_PIDS = 2, /* getpid, gettid answer from the plan */
	PLAN_RUN_REPLAY = 4,       /* decisions outside the prefix are an error */
	PLAN_RUN_FOLLOW = 8,       /* ... or are taken by the strategy, said in the trace */
	/* output that stdio holds back is written before the second lane is made, see server.h */
	PLAN_RUN_FLUSH = 16,
	/* stop before the second lane is made and serve runs from there (struct region_server) */
	PLAN_RUN_SERVER = 32,
	/* write down which choices there were, also where the default was taken (RECORD_OFFER) */
	PLAN_RUN_EXPLORE = 64,
	/*
	 * An interpreter with a global lock: switch at any access to shared data, as if it had
	 * none; else only where it could switch as it is.
	 */
	PLAN_RUN_ANY_ACCESS = 128,
	/* An interpreter: what is read and written is of interest (EVENT_VALUE_TEXT) */
	PLAN_RUN_VALUES = 256,
	/* An interpreter: no agent, only what is seen from outside */
	PLAN_RUN_NO_AGENT = 512,
	/* An interpreter that ends with one thread left: leave at once, without its clean-up */
	PLAN_RUN_LEAVE = 1024,
	/* An interpreter: the locks that its standard library takes for itself are points, too */
	PLAN_RUN_LIBRARY_LOCKS = 2048,
	/* Native code: data races are looked for */
	PLAN_RUN_RACES = 1 << 16,
	/* each answer of the outside is a RECORD_ANSWER */
	PLAN_RUN_KEEP_ANSWERS = 4096,
	PLAN_RUN_GIVE_ANSWERS =
		8192, /* the outside is not asked: its answers come from region.tape */
};

/* What a standard stream is to look like to the target. */
enum plan_stream {
	PLAN_STREAM_AS_IS, /* whatever it is */
	PLAN_STREAM_TERMINAL,
	PLAN_STREAM_PIPE,
	PLAN_STREAM_SOCKET,
	PLAN_STREAM_FILE,
	PLAN_STREAM_DEVICE, /* any other: /dev/null */
	PLAN_STREAM_CLOSED,
	PLAN_STREAM_COUNT
};

#define PLAN_STREAMS 3 /* descriptors 0, 1, 2 */

struct plan_run {
	uint32_t flags;       /* enum plan_run_flag */
	uint32_t cpus;        /* CPUs that the target is told it has */
	uint64_t random_seed; /* stream of the target's own randomness (getrandom) */
	int64_t realtime_ns;  /* CLOCK_REALTIME at virtual time 0 */
	int64_t monotonic_ns; /* CLOCK_MONOTONIC at virtual time 0 */
	int64_t idle_wait_ns; /* real time to wait for the outside before the clock jumps */
	uint64_t step_budget; /* operations; 0 unlimited */
	/* in a search: operations after which the rest of a prefix does not come; 0 unlimited */
	uint64_t prefix_budget;
	uint32_t pid, ppid; /* logical ids; 0: real ones */
	/* enum plan_stream: so that the run does not depend on where its output goes */
	uint8_t streams[PLAN_STREAMS];
	uint8_t reserved[5];
};

/* One forced decision; see struct record_decision. */
struct plan_decision {
	uint32_t kind; /* enum decision_kind */
	uint32_t lane;
	uint64_t k;
	int64_t choice;
};

struct plan_prefix {
	uint32_t count;
	/* non-zero: when used up, ask by MAILBOX_PLAN_REQUEST; the CLI rewrites this section */
	uint32_t more;
	struct plan_decision decisions[];
};

enum strategy_id {
#define STRATEGY(symbol, name) STRATEGY_##symbol,
#include "formats/strategy.def"
	STRATEGY_COUNT
};

struct plan_strategy {
	uint32_t id;    /* enum strategy_id */
	uint32_t slice; /* natural: operations a lane may go on while others could run */
	uint64_t seed;
	uint64_t parameters[6];
};

/*
 * How many operations each lane of an earlier run did on one object: events in phase DONE of a
 * kind with EVENT_FLAG_POINT. A lane that did none itself has a row too when a descendant did
 * some. Rows are in order of creation: a parent comes before its children. All are estimates; what
 * is wrong in them makes a strategy less effective, nothing else.
 */
struct plan_profile {
	uint64_t object; /* hash of its id */
	uint32_t count;  /* of rows */
	uint32_t reserved;
	struct plan_profile_row {
		uint64_t lane;   /* hash of its id */
		uint64_t parent; /* hash of the creator's id, 0 none */
		uint64_t events; /* of this lane, without its descendants' */
	} rows[];
};

/*
 * What the CLI changed in order to start the target, so that the runtime can undo it for the
 * target's children. The section's length cuts `preload` off: its size is length -
 * offsetof(preload), NUL included.
 */
struct plan_environment {
	/* of the CLI: to be restored (the target is started with ADDR_NO_RANDOMIZE) */
	uint32_t personality;
	/* non-zero: the kernel refused ADDR_NO_RANDOMIZE, addresses are random */
	uint32_t personality_kept;
	uint32_t affinity_bytes; /* bytes used of `affinity`; 0: the target was not pinned */
	uint32_t cpu;            /* the CPU that the target was pinned to */
	/* mask of the CLI before the target was pinned (sched_getaffinity) */
	uint8_t affinity[1024];
	uint32_t has_preload; /* LD_PRELOAD was set; its value is `preload` */
	/* bytes that the CLI put in front of `preload`: library, sanitizer, separators */
	uint32_t preload_added;
	/* bytes that the CLI put in front of LD_LIBRARY_PATH, and one for a colon; 0: none */
	uint32_t library_path_added;
	uint32_t reserved;
	/* absolute path of libfrontrun.so as in LD_PRELOAD, NUL-terminated */
	char library[4096];
	/* LD_PRELOAD as it was in the CLI's environment, NUL-terminated */
	char preload[];
};

struct plan_stop {
	uint32_t lane; /* pause before the event (lane, k) */
	uint32_t reserved;
	uint64_t k;
};

_Static_assert(sizeof(struct plan_section) == 16, "layout");
_Static_assert(sizeof(struct plan_decision) == 24, "layout");
_Static_assert(sizeof(struct plan_profile) == 16, "layout");
_Static_assert(sizeof(struct plan_environment) == 32 + 1024 + 4096, "layout");

#endif
