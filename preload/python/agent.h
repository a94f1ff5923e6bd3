/*
 * What the files of an agent share. One agent is built for each minor version of CPython whose
 * headers are there; `interface.h` is its boundary. All functions require the global lock.
 */
#ifndef PRELOAD_PYTHON_AGENT_H
#define PRELOAD_PYTHON_AGENT_H

#define Py_BUILD_CORE 1
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <frameobject.h>
#undef _PyGC_FINALIZED
#include <internal/pycore_ceval.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_object.h>
#include <internal/pycore_runtime.h>

#include "formats/event.h"
#include "formats/record.h"
#include "preload/python_interface.h"

#define IS_312 (PY_VERSION_HEX >= 0x030C0000)
#define IS_313 (PY_VERSION_HEX >= 0x030D0000)

/* All of it is the agent's own: no way round by way of tables of the loader. */
#pragma GCC visibility push(hidden)

typedef _PyInterpreterFrame frame_t;

extern struct python_runtime *runtime;

/* --- stack.c --- */

static inline PyCodeObject *frame_code(const frame_t *frame)
{
#if IS_313
	return (PyCodeObject *)frame->f_executable;
#else
	return frame->f_code;
#endif
}

/* The calling thread's innermost frame that executes code, and the next one. NULL: none. */
frame_t *frame_of_thread(void);
/* The same of the thread that holds the global lock, which is quicker. */
frame_t *frame_here(void);
/* A function has begun or goes on: code in C may have made another thread state before. */
void frame_thread_changed(void);
frame_t *frame_next(frame_t *frame);

/* Answers to the runtime (preload/python_interface.h). */
uint32_t stack_places(uint64_t *places, uint32_t room);
uint32_t stack_context(void);

/* --- code.c: what instructions of a code object do --- */

enum op_kind {
	OP_NONE,    /* touches nothing that threads share */
	OP_JUMP,    /* ... but where it goes next is of interest: `jumps_back` */
	OP_BREAKER, /* the interpreter looks whether it has to switch, after it */
	OP_LOAD_ATTRIBUTE,
	OP_STORE_ATTRIBUTE,
	OP_DELETE_ATTRIBUTE,
	OP_LOAD_GLOBAL,
	OP_STORE_GLOBAL,
	OP_DELETE_GLOBAL,
	OP_LOAD_CELL,
	OP_STORE_CELL,
	OP_DELETE_CELL,
	OP_LOAD_ITEM,
	OP_STORE_ITEM,
	OP_DELETE_ITEM,
	OP_READ,    /* the contents of the object `operand` below the top */
	OP_ITERATE, /* an iterator's next step */
	OP_OPERATE, /* a binary operator; `in_place` */
	OP_CALL,
	OP_CALL_EX,
	OP_WITH,
	OP_YIELD,
};

struct op {
	uint8_t kind; /* enum op_kind */
	uint8_t operand;
	bool in_place;
	bool jumps_back; /* 3.11: only if it jumps the interpreter looks whether it has to switch */
	bool opcode;     /* an opcode or a prefix is here: no cache of one */
	uint16_t depth;  /* of the value stack before the instruction */
	uint32_t argument;
	uint32_t index; /* among all watched instructions */
	uint64_t place; /* code_where() */
	uint64_t site;  /* hash_site() of it */
	uint64_t name;  /* code_hash_name() of what `argument` names; 0: nothing */
};

struct code {
	PyCodeObject *object;
	uint32_t number;
	bool user;       /* the program's own, or included */
	bool locks;      /* of the library; only what takes locks is watched */
	bool watched;    /* its instructions are seen (3.12 and later) */
	uint32_t size;   /* code units */
	struct op *ops;  /* by code unit; NULL: it is not the user's */
	uint32_t *lines; /* by code unit, with `ops`; 0: none */
	uint64_t hash;   /* of its name, the same in all runs and versions */
	const char *file, *name;
};

#define CODE_RECENT 64 /* a power of two */
extern struct code *code_recent[CODE_RECENT];
struct code *code_look_up(PyCodeObject *object);
void code_analyse(struct code *code);

/* Also without the global lock: by a lane that has the turn. `ops` may not be known yet. */
static inline struct code *code_find(PyCodeObject *object)
{
	struct code *code =
		code_recent[((uintptr_t)object >> 4 ^ (uintptr_t)object >> 10) % CODE_RECENT];

	return __builtin_expect(code && code->object == object, 1) ? code : code_look_up(object);
}

/* The same with `ops`, if it is the user's code. */
static inline struct code *code_watched(PyCodeObject *object)
{
	struct code *code = code_find(object);

	if (__builtin_expect(!code->ops, 0) && (code->user || code->locks))
		code_analyse(code);
	return code;
}

struct code *code_by_number(uint32_t number);
void code_new_run(void);

/* Of a name's text, the same in all runs; never 0. */
uint64_t code_hash_name(PyObject *name);

/*
 * Does the plan of this run call the place private? What one run knows is kept together, apart from
 * what all runs share: its process copies few pages.
 */
#define CODE_STAMPS (1u << 15)
extern uint32_t code_run;
extern uint32_t code_stamps[CODE_STAMPS]; /* by number: the run of which `code_quiet` is known */
extern uint8_t *code_quiet;               /* by index of the instruction */
void code_refresh(const struct code *code);

static inline bool code_is_quiet(const struct code *code, const struct op *op)
{
	if (code->number >= CODE_STAMPS)
		return false;
	if (__builtin_expect(code_stamps[code->number] != code_run, 0))
		code_refresh(code);
	return code_quiet[op->index];
}

/*
 * Of a place: its line, 0 none, and a stable hash of code, line and which of the line's
 * instructions that matter it is.
 */
void code_where(const struct code *code, uint32_t unit, uint64_t *site, uint32_t *line);

/* --- instructions.c --- */

/* Fills in `size`, `ops` and `lines`. */
bool instructions_read(struct code *code);
/* The instruction that put the value at this height of the stack there; -1 unknown. */
int instructions_producer(const struct code *code, uint32_t unit, uint32_t height);
int instructions_opcode(const struct code *code, uint32_t unit, int *argument);

/* --- scope.c --- */

/* Which files are the user's: PLAN_CODE_PATTERNS. */
void scope_patterns(const char *patterns, uint32_t length);
bool scope_is_user(const char *file);
/* What the standard library builds of locks: their taking is a point there, too. */
bool scope_takes_locks(const char *file);
/* Is a file with this name watched, also if only for its locks? */
bool scope_has(const char *file);

/* --- access.c --- */

struct access_detail {
	frame_t *frame;
	const struct code *code;
	uint32_t unit;
	const struct op *op;
	PyObject *object; /* the instance, dictionary, cell, container */
	PyObject *name;   /* of the attribute or variable; NULL */
	PyObject *key;    /* of an item; NULL */
	PyObject *value;  /* that is stored; NULL */
	PyObject *call;   /* the callable; NULL */
	PyObject *const *arguments;
	uint32_t argument_count;
	int height;    /* of the object in the value stack; -1: it is not there */
	bool callback; /* the call has begun, and C code calls back */
};

/* The instruction `unit` of the frame is about to be executed. */
void access_instruction(struct code *code, uint32_t unit, frame_t *frame);
/* The interpreter looks whether it has to switch. */
void access_breaker(void);
/* A function of the user has been called by C code, for which this frame waits. */
void access_callback(frame_t *caller);

/* An access of this kind to the object, or to its variable `name`. */
void access_tell(struct access_detail *detail, unsigned kind);
bool access_is_lock(PyObject *object);
/* A point before a lock is taken or given back; the event is the lock's own. */
void access_lock(struct access_detail *detail, PyObject *lock, unsigned kind);

/* --- call.c: `top` of the value stack --- */

void call_take(struct access_detail *detail, PyObject **top);
void call_take_ex(struct access_detail *detail, PyObject **top);

/* --- container.c --- */

/* Something whose contents can change. */
bool container_is(PyObject *object);
/* What an iterator goes over; itself for others, NULL: it is exhausted. */
PyObject *container_iterated(PyObject *iterator);
/* The dictionary that the object is a view of; itself for others. */
PyObject *container_viewed(PyObject *object);

/* --- attribute.c --- */

/*
 * Does the instruction read (write) a variable? False where the class answers with code of its own
 * (a method, a property), which makes accesses itself if it is the user's. The object becomes what
 * has the variable: the class, for one that the instance does not have itself.
 */
bool attribute_reads(struct access_detail *detail);
bool attribute_writes(struct access_detail *detail);
/* The same where the instruction alone says the name: what was found out is remembered. */
bool attribute_reads_again(struct access_detail *detail);
bool attribute_writes_again(struct access_detail *detail);
/*
 * The attribute's value, borrowed, where it lies in the instance and attribute_reads_again() was
 * asked; NULL: it is not there, or not known so quickly.
 */
PyObject *attribute_value(const struct access_detail *detail);

/* Code, not data: what is looked up to be called is not worth an event. */
bool value_is_code(PyObject *value);
/* A borrowed reference; NULL: it is not there, None where it cannot be told. */
PyObject *dict_value(PyObject *dict, PyObject *name);
/*
 * A look-up in a dictionary compares keys, which is code of the program where one of them is no
 * plain string. Does this one have only such?
 */
bool dict_is_plain(PyObject *dict);
/* The same of the dictionary that the object has its attributes in, if there is one. */
bool attributes_are_plain(PyObject *object);

/* --- identity.c --- */

extern PyTypeObject *identity_last;
void identity_watch_type(PyTypeObject *type);

/* From now on the end of this object is told to the runtime. */
static inline void identity_watch(PyObject *object)
{
	if (__builtin_expect(Py_TYPE(object) != identity_last, 0))
		identity_watch_type(Py_TYPE(object));
}

/* --- describe.c --- */

void describe_name(const struct python_access *access, char text[PYTHON_TEXT]);
void describe_value(const struct python_access *access, struct python_value *value);
void describe_lock(void *detail, char text[PYTHON_TEXT]);
bool describe_thread(char text[PYTHON_TEXT]);

/* --- points.c --- */

int points_start(void);

/* The instructions of this code are of interest, as early as possible. */
void points_watch(struct code *code);

/* --- prefetch.c --- */

/* Finds the user's code that is there already, so that no run has to do it. */
void prefetch(void);

/* --- finish.c --- */

int finish_start(void);

#pragma GCC visibility pop

#endif
