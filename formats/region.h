/*
 * The shared memory region: the one boundary between the CLI and the runtime in the target.
 *
 * One memfd for each worker, created and owned by the CLI, mapped by the runtime when it starts (no
 * descriptor stays open in the target). Freestanding: fixed-width types, offsets instead of
 * pointers, little endian x86_64. The CLI treats everything that the target writes as hostile. Each
 * field's comment names its single writer: [cli], [target] (the lane that holds the turn, unless
 * said otherwise). tests/unit/test_region.c holds the layout fast: a change of layout needs a new
 * REGION_ABI.
 */
#ifndef FORMATS_REGION_H
#define FORMATS_REGION_H

#include <stdint.h>

#define REGION_MAGIC 0x4e5552544e4f5246ull /* "FRONTRUN" */
#define REGION_ABI 7u

#define REGION_PLAN_BYTES (2u << 20)
#define REGION_RING_BYTES (8u << 20) /* a power of two */
#define REGION_RUN_SLOTS 1u
#define REGION_PROCESSES 64u
#define REGION_LANES 4096u
#define REGION_EDGES 64u
#define REGION_FRAMES 16u
#define REGION_STDERR_BYTES 16384u
#define REGION_SITES 16384u /* a power of two */

/*
 * Name of the environment variable that leads the runtime to its region: "/proc/PID/fd/N:NONCE".
 * With REGION_OPEN in front of N it is open already, as in a confined program, which may open
 * nothing of other processes.
 */
#define REGION_ENV "FRONTRUN_REGION"
#define REGION_OPEN "/proc/self/fd/"

enum boot_code {
#define BOOT(symbol, sentence, remedy) BOOT_##symbol,
#include "formats/boot.def"
#undef BOOT
	BOOT_COUNT
};

enum verdict_kind {
#define VERDICT(symbol, name, failure) VERDICT_##symbol,
#include "formats/verdict.def"
#undef VERDICT
	VERDICT_COUNT
};

struct region_header {
	uint64_t magic;        /* [cli] */
	uint32_t abi;          /* [cli] */
	uint32_t cli_pid;      /* [cli] */
	uint64_t size;         /* [cli] bytes of the whole region */
	uint64_t nonce;        /* [cli] must equal the one in REGION_ENV */
	uint32_t boot;         /* [target] enum boot_code of the newest image */
	uint32_t boot_count;   /* [target] images attached so far: 1, and one more for each exec */
	char boot_detail[256]; /* [target] NUL-terminated: symbol, path */
	uint32_t doorbell;     /* [both] futex: +1 by whoever has news for the CLI */
	uint32_t cli_asleep;   /* [cli] non-zero while the CLI waits on the doorbell */
	uint8_t reserved[3792];
};

/*
 * Requests from the target to the CLI. The lane that holds the turn asks and waits for the answer.
 */
enum mailbox_type {
	MAILBOX_NONE,
	MAILBOX_HELLO,     /* an image has attached; no answer needed, not waited for */
	MAILBOX_RUN_BEGIN, /* a schedule starts (fork server) */
	/* the prefix is used up and `more` was set: CLI writes the next part */
	MAILBOX_PLAN_REQUEST,
	/* verdict is in `failure`; the target waits to be killed or told to go on */
	MAILBOX_RUN_END,
	MAILBOX_CAMPAIGN_BEGIN, /* name and budget in `payload` (pytest, explore()) */
	MAILBOX_CAMPAIGN_END,
	/* stop condition met at (lane, k); answered when the run may go on */
	MAILBOX_PAUSED,
	MAILBOX_INTERN, /* string in `payload` */
};

struct region_mailbox {
	uint32_t state;  /* [both] futex: 0 free, 1 asked [target], 2 answered [cli] */
	uint32_t type;   /* [target] enum mailbox_type */
	uint32_t lane;   /* [target] */
	int32_t answer;  /* [cli] 0 go on, negative errno */
	uint64_t k;      /* [target] */
	uint32_t length; /* [target] bytes used of payload */
	uint32_t reserved;
	uint8_t payload[992]; /* [target], and the answer's payload [cli] */
};

/*
 * The plan: sections one after another in `bytes`, each a struct plan_section and its payload
 * (plan.h).
 */
struct region_plan {
	/*
	 * [cli] +1 each time the plan is replaced (only while the target is paused or not started)
	 */
	uint32_t version;
	uint32_t length; /* [cli] bytes used */
	uint8_t bytes[REGION_PLAN_BYTES];
};

enum region_process_state {
	PROCESS_FREE,
	PROCESS_ATTACHED,
	PROCESS_ENDED,
	PROCESS_REPLACED, /* by exec, whose thread then has the id of the process (execve(2)) */
};

/* One for each image of each controlled process (an exec starts a new one). */
struct region_process {
	uint32_t pid;          /* [target] kernel id, for the CLI's eyes only */
	uint32_t state;        /* [target] enum region_process_state */
	uint32_t lanes;        /* [target] lanes created so far */
	uint32_t uncontrolled; /* [target, atomic] threads seen that are not lanes */
	uint64_t events;       /* [target] */
	uint64_t decisions;    /* [target] */
	uint64_t switches;     /* [target] */
	uint64_t order_hash;   /* [target] */
	uint64_t hb_hash;      /* [target] */
	int64_t virtual_ns;    /* [target] virtual time since the start */
	uint64_t trapped;      /* [target] system calls that came through the trap layer */
	/* [target] signal by which the watchdog interrupts a lane; 0: cannot be */
	uint32_t preempt_signal;
	/* [target] number of the lane that has the turn; 0: unknown, or nobody can run */
	uint32_t turn;
};

/* Mirror of a lane for the watchdog, a paused debugger and `stuck` reports. One cache line. */
enum region_lane_state {
	LANE_FREE,
	LANE_RUNNABLE,
	LANE_BLOCKED,
	LANE_OUTSIDE, /* in a real blocking call, without the turn */
	LANE_DONE,
};

struct region_lane {
	uint32_t number;  /* [target] lane number, 0: slot unused */
	uint32_t state;   /* [target] enum region_lane_state */
	uint32_t tid;     /* [lane] kernel thread id */
	uint32_t kind;    /* [target] pending operation: enum event_kind */
	uint32_t object;  /* [target] its object number */
	uint32_t context; /* [target] its context number */
	uint64_t k;       /* [target] next index in the lane */
	int64_t deadline; /* [target] virtual ns, -1 none */
	uint8_t reserved[24];
};

/* One edge of a deadlock: `lane` waits for `object`, which `owner` holds. */
struct region_edge {
	uint32_t lane;
	uint32_t kind; /* operation the lane is blocked in */
	uint32_t object;
	uint32_t context;       /* where it waits */
	uint32_t owner;         /* lane number, 0: nobody */
	uint32_t owner_context; /* where the owner acquired it, 0: unknown */
	uint64_t owner_k;       /* its event (owner, k), valid when owner_context is not 0 */
};

/* A forked child waits for a lock that nobody in it has, see preload/child_locks.h. */
struct region_child_lock {
	uint32_t claimed; /* [child] non-zero: one writes, or has written */
	uint32_t pid;     /* [child] written last */
	uint32_t object;  /* [child] number of the lock */
	uint32_t holder;  /* [child] number of the lane that had it at the fork */
};

/* How the run ended, written by the target before it asks for MAILBOX_RUN_END or dies. */
struct region_failure {
	uint32_t kind;        /* [target] enum verdict_kind, written last */
	uint32_t lane;        /* [target] the lane at fault, 0: none */
	int32_t status;       /* [target] exit status or signal number */
	uint32_t edge_count;  /* [target] */
	uint64_t k;           /* [target] */
	uint64_t address;     /* [target] fault address */
	uint32_t frame_count; /* [target] */
	/* [target] the first so many edges are the cycle; the others wait as well */
	uint32_t cycle_length;
	uint64_t frames[REGION_FRAMES]; /* [target] absolute pcs of the crash, innermost first */
	char text[512];                 /* [target] NUL-terminated */
	struct region_edge edges[REGION_EDGES]; /* [target] */
};

/* Log of one run: records (record.h) in the order in which they happened. */
struct region_ring {
	uint64_t head; /* [target] bytes written since the start */
	uint8_t pad1[56];
	uint64_t tail;    /* [cli] bytes read since the start */
	uint32_t space;   /* [cli] futex: +1 whenever tail has moved and `waiting` was set */
	uint32_t waiting; /* [target] non-zero while a writer waits for space */
	uint8_t pad2[48];
	uint8_t bytes[REGION_RING_BYTES];
};

/*
 * What a replay gives to the target: records of type RECORD_ANSWER, as region_ring has them, the
 * other way round. No record wraps: a RECORD_PAD fills the end.
 */
#define REGION_TAPE_BYTES (1u << 20) /* a power of two */
struct region_tape {
	uint64_t head;  /* [cli] bytes written since the start */
	uint32_t news;  /* [cli] futex: +1 whenever head has moved, or `ended` was set */
	uint32_t ended; /* [cli] no more will come: 1 the recording ends here, 2 damaged */
	uint8_t pad1[48];
	uint64_t tail;    /* [target] bytes taken since the start */
	uint32_t waiting; /* [target] non-zero while it waits for news */
	uint32_t pad2;
	uint64_t taken; /* [target] records taken since the start */
	uint8_t pad3[40];
	uint8_t bytes[REGION_TAPE_BYTES];
};

/*
 * What children of the target are, and write to its standard output and error while its input is
 * recorded: records of type RECORD_ANSWER with ANSWER_CHILD, one after another from 0 to `head`.
 * The target takes them over into its own ring, or the CLI does when there is no room any more and
 * at the end.
 */
#define REGION_OUTLET_BYTES (512u << 10)
#define REGION_CHILDREN 256u /* that are told from one another after an exec */
struct region_outlet {
	uint32_t lock;     /* [all] process id of who uses it, 0: nobody */
	uint32_t full;     /* [children] somebody waits for room, rings the doorbell */
	uint32_t head;     /* [all, locked] bytes used */
	uint32_t children; /* [children, atomic] so many so far, numbered from 1 */
	struct {
		uint32_t pid, number;
	} child[REGION_CHILDREN]; /* [children, locked] at number % REGION_CHILDREN */
	uint8_t bytes[REGION_OUTLET_BYTES];
};

/* What the descriptors of the target are in a replay from the tape; goes on over an exec. */
#define REGION_DESCRIPTORS 4096u
#define REGION_CALLS 512u /* numbers of system calls */

/* The last bytes that went to descriptor 2. */
struct region_stderr {
	/* [target] bytes since the start; the tail ends at written % REGION_STDERR_BYTES */
	uint64_t written;
	uint8_t bytes[REGION_STDERR_BYTES];
};

/* Numbers that go on over an exec, so that they are unique in a trace. */
struct region_numbers {
	uint32_t lane, object, context, module, process; /* [target] last number given out */
	uint32_t prefix; /* [target] entries of PLAN_PREFIX used: the next image goes on there */
	/* [target] hash of what each standard stream was at first, to know it after an exec */
	uint32_t stream[3];
	uint32_t code, text; /* [target] last number given out */
	uint32_t reserved[5];
};

/*
 * The fork server: with PLAN_RUN_SERVER the target stops before it makes its second lane, and each
 * run is a fork of it from there. The server asks; the CLI resets what belongs to one run, writes
 * the plan and grants. Between two runs nothing of the target writes to the region.
 */
enum server_order {
	SERVER_RUN,  /* fork a process for a run */
	SERVER_ONCE, /* go on as the run itself: there will be no other */
	SERVER_QUIT, /* end, with status 0 */
};

/* Why forks of the target would share something that belongs to one run. */
enum server_unfit {
#define UNFIT(symbol, sentence) UNFIT_##symbol,
#include "formats/unfit.def"
#undef UNFIT
	UNFIT_COUNT
};

struct region_server {
	uint32_t asked;      /* [target] +1 when it stands, ready for a run (the last has ended) */
	uint32_t granted;    /* [cli] futex: the value of `asked` that is answered */
	uint32_t order;      /* [cli] enum server_order */
	uint32_t pid;        /* [target] kernel id of the run's process; 0: none runs */
	int32_t wait_status; /* [target] of the last run, as of waitpid(2) */
	uint32_t killed;     /* [target] processes that outlived the last run and were killed */
	uint32_t unfit;      /* [target] enum server_unfit, before the first run */
	int32_t error;       /* [target] errno of a fork that failed: the run did not begin */
	char detail[96];     /* [target] NUL-terminated: what makes it unfit */
};

/*
 * Places of native code that access memory, by the address behind the call into the runtime: an
 * open-addressed table that outlives the runs of a fork server, so that each knows what those
 * before it have learned.
 */
struct region_site {
	uint64_t pc;     /* [target] 0: free */
	uint64_t hash;   /* [target] of module and offset: the same in all runs */
	uint32_t shared; /* [target] it has touched memory that several lanes use */
	uint32_t reserved[3];
};

struct region_sites {
	uint32_t count;  /* [target] places in use */
	uint32_t shared; /* [target] of them shared */
	uint8_t reserved[56];
	struct region_site site[REGION_SITES];
};

struct region {
	struct region_header header;   /* offset 0 */
	struct region_mailbox mailbox; /* 4096 */
	struct region_numbers numbers;
	struct region_server server;
	struct region_process process[REGION_PROCESSES];
	struct region_failure failure;
	struct region_child_lock child_lock;
	struct region_stderr errors;
	struct region_plan plan;
	struct region_lane lane[REGION_LANES] __attribute__((aligned(4096)));
	struct region_ring ring[REGION_RUN_SLOTS] __attribute__((aligned(4096)));
	struct region_tape tape __attribute__((aligned(4096)));
	struct region_outlet outlet __attribute__((aligned(4096)));
	uint8_t descriptor[REGION_DESCRIPTORS]; /* [target] preload/descriptors.h */
	/* [any thread of the target] calls for input by threads that are no lanes */
	uint32_t foreign_calls;
	uint32_t trapped[REGION_CALLS]; /* [target] by number of the system call */
	struct region_sites sites __attribute__((aligned(4096)));
};

_Static_assert(sizeof(struct region_header) == 4096, "layout");
_Static_assert(sizeof(struct region_mailbox) == 1024, "layout");
_Static_assert(sizeof(struct region_lane) == 64, "layout");
_Static_assert(sizeof(struct region_edge) == 32, "layout");
_Static_assert(sizeof(struct region_site) == 32, "layout");

#endif
