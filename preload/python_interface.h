/*
 * The boundary between the runtime and the agent inside an interpreter: two tables of functions.
 * The agent is a library of its own for each minor version of CPython, because it reads the
 * interpreter's structures; the runtime knows nothing of them. No Python.h here.
 *
 * The agent calls the runtime in a thread that holds the interpreter's global lock; the runtime
 * calls the agent back in the same thread, inside the runtime (interposers pass everything on).
 */
#ifndef PRELOAD_PYTHON_INTERFACE_H
#define PRELOAD_PYTHON_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYTHON_INTERFACE 3
#define PYTHON_START "frontrun_agent_start"
#define PYTHON_TEXT 200        /* bytes of a name or a value, NUL included */
#define PYTHON_ACCESS_FRAMES 5 /* of the stack of an access */

/*
 * A place in the interpreted program: a code object and an instruction in it. Bit 63 tells it from
 * an address of machine code.
 */
#define PYTHON_PLACE (1ull << 63)
static inline uint64_t python_place(uint32_t code, uint32_t instruction)
{
	return PYTHON_PLACE | (uint64_t)code << 32 | instruction;
}
static inline uint32_t python_place_code(uint64_t place)
{
	return (uint32_t)(place >> 32) & 0x7fffffff;
}
static inline uint32_t python_place_instruction(uint64_t place)
{
	return (uint32_t)place;
}

/* What an agent says of an access to something that threads may share. */
struct python_access {
	uint64_t address; /* of the instance, dictionary, cell or container */
	uint64_t name;   /* hash of the attribute's or variable's name, 0: a container's contents */
	uint64_t site;   /* hash_site() of its place */
	uint8_t kind;    /* enum event_kind: LOAD to CALL */
	bool switchable; /* the interpreter could switch right before it */
	bool quiet;      /* the plan calls the place private */
	void *detail;    /* the agent's own */
};

struct python_value {
	uint8_t type; /* enum event_value */
	int64_t number;
	char text[PYTHON_TEXT];
};

/* Given by the agent. */
struct python_agent {
	const void *dropped; /* condition variable that says that the global lock is free */
	/* Gives the global lock up, and takes it back. */
	void *(*leave)(void);
	void (*enter)(void *state);
	/* Has the interpreter give the lock up soon. Async-signal-safe. */
	void (*hurry)(void);
	/* Places of the calling thread's stack, innermost first; at most `room`. */
	uint32_t (*stack)(uint64_t *places, uint32_t room);
	/* The calling thread's innermost PYTHON_ACCESS_FRAMES, as the runtime numbers them. */
	uint32_t (*context)(void);
	/* Of a place: its stable hash and its line. */
	void (*place)(uint64_t place, uint64_t *hash, uint32_t *line);
	/* Of a code object, by number. */
	void (*code)(uint32_t code, const char **file, const char **name, uint32_t *line,
		     uint64_t *hash, bool *user);
	/* How people call the variable of an access: "Cart.items". */
	void (*name)(const struct python_access *access, char text[PYTHON_TEXT]);
	/* What is read or written; right before the operation takes place. */
	void (*value)(const struct python_access *access, struct python_value *value);
	/* The calling thread as people call it: the name of its target. False: not known yet. */
	bool (*thread)(char text[PYTHON_TEXT]);
	/* A new run begins in this process: the plan may be another one. */
	void (*run)(void);
};

/* Given by the runtime. */
struct python_runtime {
	uint32_t version; /* PYTHON_INTERFACE */
	uint32_t flags;   /* enum plan_run_flag, of the present run */
	/* Which code is watched: PLAN_CODE_PATTERNS, NULL when there are none. */
	const char *patterns;
	uint32_t patterns_length;
	/* A scheduling point and an event, unless nobody could see them. */
	void (*access)(const struct python_access *access);
	/*
	 * Before a call that takes a lock or gives it back, which is an event by itself (`kind`):
	 * only the point. `lock` is the semaphore behind it; `name` writes what people call it, at
	 * most once for each lock.
	 */
	void (*before_lock)(const void *lock, unsigned kind, bool switchable, void *detail,
			    void (*name)(void *detail, char text[PYTHON_TEXT]));
	/* The number of a call stack; the same one each time. */
	uint32_t (*context)(const uint64_t *places, uint32_t count);
	/*
	 * The thread has computed for a while: its time slice may be over. Returns how many
	 * backward jumps the next one has.
	 */
	uint32_t (*breathe)(void);
	/* The object at this address has ended. */
	void (*forget)(uint64_t address);
	bool (*is_private)(uint64_t site);
	/* Number of the calling thread's lane, 0: it is not under control. */
	uint32_t (*lane)(void);
	/* Lanes that have not ended. */
	uint32_t (*living)(void);
	/* A remark in the trace, once. */
	void (*note)(const char *text);
	/* Ends the process with this status, by exit(3). */
	void (*leave)(int status); /* does not return */
};

#define PYTHON_FREE 1

/*
 * The one symbol of an agent, called by the only thread. 0; PYTHON_FREE: the global lock is free;
 * or a negative errno: -EAGAIN, there is no interpreter yet, or it is another one's thread.
 */
typedef int python_start(struct python_runtime *runtime, struct python_agent *agent);

#endif
