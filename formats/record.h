/*
 * Records in the ring: what the target tells the CLI, in the order in which it happened. Each
 * record starts with a struct record_head, is 8-byte aligned and never wraps: a RECORD_PAD fills
 * the end. Interned things (modules, contexts, objects, lanes) are announced once, before the first
 * event that names their number. Numbers are 1-based, 0 means none. Freestanding.
 */
#ifndef FORMATS_RECORD_H
#define FORMATS_RECORD_H

#include <stdint.h>

#include "formats/region.h"

enum record_type {
	RECORD_PAD = 1,
	RECORD_EVENT,
	RECORD_DECISION,
	RECORD_LANE,
	RECORD_OBJECT,
	RECORD_CONTEXT,
	RECORD_MODULE,
	RECORD_NOTE,
	RECORD_OFFER,
	RECORD_CODE,
	RECORD_TEXT,
	RECORD_ANSWER,
	RECORD_RACE,
	RECORD_TYPES
};

enum decision_kind {
#define DECISION(symbol, name) DECISION_##symbol,
#include "formats/decision.def"
#undef DECISION
	DECISION_COUNT
};

/*
 * The choice of a DELIVERY: the number of the signal + DECISION_STAGE for each wait before it, or
 * what names the place if that is between two operations.
 */
#define DECISION_STAGE 256

struct record_head {
	uint16_t type; /* enum record_type */
	uint16_t reserved;
	/* bytes of the whole record with this head, a multiple of 8, at most RECORD_MAX */
	uint32_t size;
};

#define RECORD_MAX 8192u

struct record_event {
	struct record_head head;
	uint8_t kind;     /* enum event_kind */
	uint8_t phase;    /* enum event_phase */
	uint16_t process; /* index into region.process */
	uint32_t lane;
	uint64_t k;
	uint32_t object;
	uint32_t object2;
	uint32_t context;
	uint32_t has_value; /* enum event_value */
	int64_t result;
	int64_t value; /* what has_value says */
};

enum event_value {
	EVENT_VALUE_NONE,
	EVENT_VALUE_INT,  /* the value itself */
	EVENT_VALUE_TEXT, /* number of a RECORD_TEXT */
	/* two numbers of 32 bits: what is there now, and above it what was there before */
	EVENT_VALUE_CHANGE,
};

/*
 * The result of LOAD, STORE, DELETE, ITERATE, QUERY and CALL: whether the interpreter as it is
 * could have gone on with another thread right before the operation.
 */
enum event_switchable {
	EVENT_UNSWITCHABLE,
	EVENT_SWITCHABLE,
};

/* Followed by `option_count` lane numbers (uint32_t), ascending, for PICK; none for other kinds. */
struct record_decision {
	struct record_head head;
	uint8_t kind;   /* enum decision_kind */
	uint8_t forced; /* no other choice existed, or the plan demanded it */
	uint16_t process;
	uint32_t lane; /* the point: (lane, k) */
	uint64_t k;
	uint32_t context; /* the anchor: location of the pending operation of `lane` ... */
	uint32_t visit;   /* ... and how often the lane has been there */
	/* lane number for PICK, CLOCK, READY, ARRIVAL, SIGNAL; else see decision.def */
	int64_t choice;
	uint32_t option_count;
	uint32_t reserved;
	uint32_t options[];
};

enum lane_origin {
	LANE_MAIN,    /* first thread of an image */
	LANE_CREATED, /* pthread_create or thrd_create by a lane */
	LANE_ADOPTED, /* came from outside */
};

/*
 * A new lane, or a new name of a known one. Id = path of creation: the parent's id + "." + index.
 */
struct record_lane {
	struct record_head head;
	uint32_t number;
	uint16_t process;
	uint16_t origin;       /* enum lane_origin */
	uint32_t parent;       /* lane number, 0 for the first thread of an image */
	uint32_t index;        /* it is the parent's index-th child, 1-based */
	uint64_t start;        /* address of the start routine, 0 unknown */
	uint32_t start_module; /* module number, 0 unknown */
	uint32_t slot;         /* of its state in region.lane, and its bit in offers */
	uint64_t start_offset; /* link-time address in that module */
	uint64_t id_hash;      /* of its id: the same in all runs */
	char name[16];         /* pthread_setname_np, "" when none */
};

enum object_class {
	OBJECT_STATIC, /* module + offset */
	OBJECT_INIT,   /* the lane's n-th explicit initialisation of this kind */
	OBJECT_FIRST,  /* the lane's n-th first use of an object not known before: provisional */
	OBJECT_LANE,   /* a lane as an object (join, cancel) */
	OBJECT_NAMED,  /* a named resource: "file:/path", "pipe:3", "socket:..." */
};

enum object_kind {
	OBJECT_KIND_NONE,
	OBJECT_MUTEX,
	OBJECT_COND,
	OBJECT_RWLOCK,
	OBJECT_SPIN,
	OBJECT_BARRIER,
	OBJECT_ONCE,
	OBJECT_SEM,
	OBJECT_FUTEX,
	OBJECT_GUARD,
	OBJECT_THREAD,
	OBJECT_DESCRIPTOR,
	OBJECT_PROCESS,
	OBJECT_OTHER,
	/* of an interpreter: anybody may release it; its events are those of mutexes */
	OBJECT_LOCK,
	OBJECT_VARIABLE,  /* attribute, global variable, cell of a closure */
	OBJECT_CONTAINER, /* the contents of a list, a dictionary, ... */
	OBJECT_KIND_COUNT
};

struct record_object {
	struct record_head head;
	uint32_t number;
	uint16_t process;
	uint8_t class;    /* enum object_class */
	uint8_t kind;     /* enum object_kind */
	uint32_t module;  /* STATIC */
	uint32_t lane;    /* INIT, FIRST: the lane that did it; LANE: the lane itself */
	uint64_t offset;  /* STATIC: link-time address in the module */
	uint64_t address; /* for debuggers, never compared */
	uint32_t n;       /* INIT, FIRST */
	uint32_t context; /* where it was initialised or first used */
	uint64_t id_hash; /* of its id */
	/*
	 * NAMED, and what people call it; NUL-terminated, padded to 8. A VARIABLE of class INIT
	 * with a module is on a stack: `offset` is a return address in its function, and the name
	 * a number, so many bytes below the frame's canonical address.
	 */
	char name[];
};

/*
 * Flags of a frame. The line of a FRAME_CODE stands above them.
 */
/* the pc itself (signal frame, start), else a return address: look up offset - 1 */
#define FRAME_EXACT 1u
#define FRAME_CODE 2u /* of an interpreter */
#define FRAME_LINE_SHIFT 8
#define FRAME_LINE_MAX ((1u << 24) - 1)

struct record_frame {
	/* 0: address is absolute and in no module; FRAME_CODE: number of its RECORD_CODE */
	uint32_t module;
	uint32_t flags;
	/* link-time address in the module; FRAME_CODE: a hash of code and instruction, the same in
	 * all runs */
	uint64_t offset;
};

/* Followed by `count` frames, innermost first. */
struct record_context {
	struct record_head head;
	uint32_t number;
	uint32_t count;
	struct record_frame frames[];
};

struct record_module {
	struct record_head head;
	uint32_t number;
	uint16_t process;
	uint8_t build_id_length;
	uint8_t is_main;     /* the executable itself */
	uint64_t base;       /* load bias */
	uint64_t start, end; /* mapped addresses, end exclusive */
	uint8_t build_id[32];
	char path[]; /* NUL-terminated, padded to 8 */
};

enum note_kind {
	NOTE_INFO,
	NOTE_UNCONTROLLED, /* something ran or blocked outside the scheduler */
	NOTE_INEXACT,      /* from here on replay may differ, text says why */
	NOTE_LIVE,         /* a replay needs what is outside of the program, text says why */
	NOTE_RACE, /* a data race; never in the ring: the trace has it instead of RECORD_RACE */
	NOTE_KIND_COUNT
};

struct record_note {
	struct record_head head;
	uint32_t kind; /* enum note_kind */
	uint32_t lane;
	char text[]; /* NUL-terminated, padded to 8 */
};

/*
 * With PLAN_RUN_EXPLORE: at the point (lane, k) there was a choice of this kind, and the default
 * was taken. Followed by `words` words of a set of lanes, bit = slot: PICK those that could run,
 * SIGNAL those that waited; none for other kinds.
 */
struct record_offer {
	struct record_head head;
	uint8_t kind; /* enum decision_kind */
	uint8_t reserved;
	uint16_t words;
	uint32_t lane;
	uint64_t k;
	uint64_t set[];
};

/* A code object of an interpreter: a function, a module's top level. */
struct record_code {
	struct record_head head;
	uint32_t number;
	uint16_t process;
	uint8_t user; /* the program's own code, not a library's */
	uint8_t reserved;
	uint32_t first_line;
	uint32_t reserved2;
	uint64_t hash; /* of its instructions */
	/* file, NUL, qualified name ("Bank.deposit"), NUL, padded to 8; UTF-8 */
	char names[];
};

/* A text that events name by its number: a value as people read it. */
struct record_text {
	struct record_head head;
	uint32_t number;
	uint32_t reserved;
	char text[]; /* NUL-terminated, padded to 8; UTF-8 */
};

enum answer_flag {
	ANSWER_MORE = 1, /* the next record of this lane goes on with the bytes that came in */
	ANSWER_NEXT = 2, /* it goes on with those of the record before */
	/* what came in is a struct answer_reference, or the path where a file is opened for it */
	ANSWER_REFERENCE = 4,
	ANSWER_ASKED = 8,     /* a question of the runtime, not of the program */
	ANSWER_REDACTED = 16, /* bytes were overwritten: what is sent cannot be compared */
	/*
	 * Of child process args[1], numbered from 1. `call` is write: what it wrote to stream
	 * args[0] of the program came in; fork: it was made by child args[2], 0: by the program;
	 * execve: it has become a program (the same if it was not known), whose words came in, each
	 * with its NUL; args[0] is 1 when the runtime cannot be in it. `result` of these two: its
	 * pid, 0: not known.
	 */
	ANSWER_CHILD = 32,
	ANSWER_FLAGS = 63,
};

/*
 * Bytes of a file that is not kept in the trace: they are still there, or the replay ends. Of a
 * call that opens such a file what came in is its absolute path instead.
 */
struct answer_reference {
	uint64_t offset; /* in the file `name` of this record, or of the one that opened it */
	uint64_t length;
	uint64_t hash; /* hash_content() of them */
};

/*
 * A system call as the outside answered it: with PLAN_RUN_KEEP_ANSWERS in the ring, and given back
 * to the target through region.tape when it has PLAN_RUN_GIVE_ANSWERS. In order of the calls of all
 * lanes. `bytes` is the name (a path, an address), then what the program sent, then what came in.
 */
struct record_answer {
	struct record_head head;
	uint16_t process;
	uint16_t call;  /* number of the system call, x86_64 */
	uint16_t flags; /* enum answer_flag */
	uint16_t name_length;
	uint32_t lane;
	uint32_t sent_length; /* the beginning of what was sent, all of it when `sent_hash` is 0 */
	uint32_t got_length;
	uint32_t arg_count;
	int64_t result;
	uint64_t sent_hash; /* hash_content() of all that was sent */
	int64_t args[6];    /* those that are no addresses, 0 for those that are */
	uint8_t bytes[];
};

_Static_assert(sizeof(struct record_answer) == 96, "layout");

#define RACE_FRAMES 8u
#define RACE_LOCKS 8u

/* One of the two accesses of a data race. */
struct record_race_side {
	uint32_t lane;
	uint8_t writes;
	uint8_t atomic;
	uint8_t mask; /* of the bytes of an aligned word of 8 */
	uint8_t frame_count;
	uint32_t lock_count; /* locks that the lane held; RACE_LOCKS of them are there */
	uint32_t reserved;
	uint32_t locks[RACE_LOCKS]; /* numbers of objects, in the order in which they were taken */
	/* The place of the access, and of the calls of instrumented code that led to it, innermost
	 * first: return addresses. */
	struct record_frame frames[RACE_FRAMES];
};

/*
 * Two accesses to the same memory that nothing orders: in static storage (`module`, `offset`),
 * or `offset` bytes into a block allocated at `context`; module 0 and context 0: elsewhere.
 */
struct record_race {
	struct record_head head;
	uint32_t module;
	uint32_t context;
	uint64_t offset;
	struct record_race_side earlier, later;
};

_Static_assert(sizeof(struct record_race) == 376, "layout");
_Static_assert(sizeof(struct record_code) == 32, "layout");
_Static_assert(sizeof(struct record_offer) == 24, "layout");
_Static_assert(sizeof(struct record_event) == 56, "layout");
_Static_assert(sizeof(struct record_decision) == 48, "layout");

#endif
