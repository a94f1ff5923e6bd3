/*
 * The agent's start and its answers to the runtime, see interface.h.
 */
#include "preload/python/agent.h"

#include <errno.h>
#include <stddef.h>

struct python_runtime *runtime;

static void place(uint64_t of, uint64_t *hash, uint32_t *line)
{
	const struct code *code = code_by_number(python_place_code(of));
	uint32_t unit = python_place_instruction(of);

	*hash = *line = 0;
	if (code)
		code_where(code, unit, hash, line);
}

static void describe_code(uint32_t number, const char **file, const char **name, uint32_t *line,
			  uint64_t *hash, bool *user)
{
	const struct code *code = code_by_number(number);

	*file = code ? code->file : "?";
	*name = code ? code->name : "?";
	*line = code ? (uint32_t)code->object->co_firstlineno : 0;
	*hash = code ? code->hash : 0;
	*user = code && code->user;
}

static void *leave(void)
{
	return PyEval_SaveThread();
}

static void enter(void *state)
{
	PyEval_RestoreThread(state);
}

/* As a thread does that has waited for a switch interval (Python/ceval_gil.c). */
static void hurry(void)
{
#if IS_313
	_Py_set_eval_breaker_bit(PyThreadState_Get(), _PY_GIL_DROP_REQUEST_BIT);
#else
	struct _ceval_state *state = &PyInterpreterState_Get()->ceval;

	__atomic_store_n(&state->gil_drop_request._value, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&state->eval_breaker._value, 1, __ATOMIC_RELAXED);
#endif
}

static void run(void)
{
	code_new_run();
}

static const void *dropped(void)
{
#if IS_312
	return &PyInterpreterState_Get()->ceval.gil->cond;
#else
	return &_PyRuntime.ceval.gil.cond;
#endif
}

/*
 * When the collector runs is a function of what was allocated before: from here on, not of how the
 * program came here (byte code compiled or read).
 */
static void reset_collector(void)
{
	PyInterpreterState *interpreter = PyInterpreterState_Get();
	int i;

	for (i = 0; i < NUM_GENERATIONS; i++)
		interpreter->gc.generations[i].count = 0;
}

static int begin(struct python_runtime *given, struct python_agent *agent)
{
	PyThreadState *thread = PyThreadState_Get();
	int result;

	runtime = given;
	scope_patterns(given->patterns, given->patterns_length);
	*agent = (struct python_agent){
		.dropped = dropped(),
		.leave = leave,
		.enter = enter,
		.hurry = hurry,
		.stack = stack_places,
		.context = stack_context,
		.place = place,
		.code = describe_code,
		.name = describe_name,
		.value = describe_value,
		.thread = describe_thread,
		.run = run,
	};
	run();
	/* It imports: a profiler would see that, and the real clock. */
	PyThreadState_EnterTracing(thread);
	finish_start();
	PyThreadState_LeaveTracing(thread);
	result = points_start();
	if (result == 0)
		prefetch();
	reset_collector();
	return result;
}

__attribute__((visibility("default"))) python_start frontrun_agent_start;

int frontrun_agent_start(struct python_runtime *given, struct python_agent *agent)
{
	PyGILState_STATE state;
	int result;

	if (given->version != PYTHON_INTERFACE)
		return -ENOSYS;
	if (!Py_IsInitialized())
		return -EAGAIN;
	if (PyGILState_Check())
		return PyGILState_GetThisThreadState() ? begin(given, agent) : -EAGAIN;
	/* Native code has given it up to make a thread; nobody else is there who could have it. */
	state = PyGILState_Ensure();
	result = begin(given, agent);
	PyGILState_Release(state);
	return result ? result : PYTHON_FREE;
}
