/*
 * How the interpreter is made to say which instruction comes next.
 *
 * 3.11: a frame evaluation function (PEP 523) in front of the interpreter's own, and a C trace
 * function with opcode events. Tracing is a flag of the C frame: it is set for the user's code
 * only, so that all other code runs at nearly full speed. 3.12 and later: sys.monitoring (PEP 669)
 * with events for each instruction of the user's code only; an instruction that touches nothing is
 * never seen again.
 */
#include "preload/python/agent.h"

#include <opcode.h>
#include <string.h>

#include "formats/plan.h"

#if !IS_312

static int trace(PyObject *self, PyFrameObject *frame, int what, PyObject *argument)
{
	frame_t *inner = frame->f_frame;
	struct code *code;

	(void)self;
	(void)argument;
	if (what == PyTrace_OPCODE) {
		code = code_watched(inner->f_code);
		if (code->ops) {
			int unit = _PyInterpreterFrame_LASTI(inner);

			if (unit >= 0 && (uint32_t)unit < code->size &&
			    code->ops[unit].kind != OP_NONE)
				access_instruction(code, (uint32_t)unit, inner);
		}
	} else if (what == PyTrace_CALL) {
		code = code_watched(inner->f_code);
		frame->f_trace_lines = 0;
		frame->f_trace_opcodes = code->ops != NULL;
		access_breaker();
		if (code->user && inner->is_entry && inner->previous)
			access_callback(inner->previous);
	}
	return 0;
}

/* A debugger or a coverage tool has a trace function of its own: this thread is theirs. */
static bool take_thread(PyThreadState *thread)
{
	if (thread->c_tracefunc == trace)
		return true;
	if (thread->c_tracefunc) {
		runtime->note("the program uses sys.settrace itself: accesses to variables are no "
			      "points in that thread");
		return false;
	}
	if (thread->tracing)
		return false;
	_PyEval_SetTrace(thread, trace, NULL);
	return true;
}

/* The library's code is worth the events only in runs in which its locks are points. */
static bool is_seen(const struct code *code)
{
	return code->ops && (code->user || (runtime->flags & PLAN_RUN_LIBRARY_LOCKS));
}

static PyObject *evaluate(PyThreadState *thread, frame_t *frame, int throw)
{
	const struct code *code = code_watched(frame->f_code);
	bool user = is_seen(code), unseen = code->locks && !user;
	/* The evaluation begins with this frame's flag, and gives it back. */
	int before = thread->cframe->use_tracing;
	PyObject *result;

	if (take_thread(thread))
		thread->cframe->use_tracing = user ? 255 : 0;
	else
		user = true; /* as it is */
	if (unseen)
		access_breaker();
	result = _PyEval_EvalFrameDefault(thread, frame, throw);
	/* It has called something, and has looked whether to switch behind that. */
	if (unseen)
		access_breaker();
	if (thread->c_tracefunc == trace)
		thread->cframe->use_tracing = (uint8_t)before;
	return result;
}

void points_watch(struct code *code)
{
	(void)code;
}

int points_start(void)
{
	PyThreadState *thread = PyThreadState_Get();
	PyFrameObject *frame, *back;

	_PyInterpreterState_SetEvalFrameFunc(thread->interp, evaluate);
	if (!take_thread(thread))
		return 0;
	for (frame = PyThreadState_GetFrame(thread); frame; frame = back) {
		struct code *code = code_watched(frame->f_frame->f_code);

		frame->f_trace_opcodes = code->ops != NULL;
		frame->f_trace_lines = 0;
		back = PyFrame_GetBack(frame);
		Py_DECREF(frame);
	}
	return 0;
}

#else

/* Bits of sys.monitoring.events, the same in all versions (pycore_instruments.h). */
enum {
	EVENT_PY_START = 1 << 0,
	EVENT_PY_RESUME = 1 << 1,
	EVENT_INSTRUCTION = 1 << 6,
	EVENT_PY_THROW = 1 << 13,
};

static PyObject *monitoring, *disable;
static long tool;

static PyObject *on_instruction(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
	struct code *code = code_watched((PyCodeObject *)arguments[0]);
	/* An offset has one digit: no code is 1 GB long. */
	uint32_t unit = (uint32_t)_PyLong_CompactValue((PyLongObject *)arguments[1]) / 2;
	frame_t *frame;

	(void)self;
	(void)count;
	if (!code->ops || unit >= code->size || code->ops[unit].kind == OP_NONE)
		return Py_NewRef(disable);
	frame = frame_here();
	if (frame && frame_code(frame) == code->object)
		access_instruction(code, unit, frame);
	Py_RETURN_NONE;
}

/*
 * What touches nothing is not to be seen. The interpreter takes an instruction off when the
 * callback has asked for it, in each run of a search again; so it is done at once, as it does it
 * (de_instrument_per_instruction() in Python/instrumentation.c).
 */
static void take_off(const struct code *code)
{
	_PyCoMonitoringData *data = code->object->_co_monitoring;
	_Py_CODEUNIT *at = _PyCode_CODE(code->object);
	uint32_t unit;

	/* Other tools want to see them, too. */
	if (!data || !data->per_instruction_opcodes || data->per_instruction_tools)
		return;
	for (unit = 0; unit < code->size; unit++) {
		uint8_t *original = &data->per_instruction_opcodes[unit];

		if (!code->ops[unit].opcode || code->ops[unit].kind != OP_NONE || !*original ||
		    at[unit].op.code != INSTRUMENTED_INSTRUCTION)
			continue;
		at[unit].op.code = *original;
		*original = 0;
	}
}

void points_watch(struct code *code)
{
	PyObject *result;

	if (!code->ops || code->watched)
		return;
	code->watched = true;
	result = PyObject_CallMethod(monitoring, "set_local_events", "lOi", tool, code->object,
				     EVENT_PY_START | EVENT_PY_RESUME | EVENT_INSTRUCTION);
	if (!result)
		PyErr_Clear();
	else
		take_off(code);
	Py_XDECREF(result);
}

/* Below a frame that C code has begun lies one that stands for it. */
static void callback(const struct code *code)
{
	frame_t *frame = frame_of_thread(), *below = frame ? frame->previous : NULL;

	if (!code->user || !frame || frame_code(frame) != code->object || !below ||
	    below->owner != FRAME_OWNED_BY_CSTACK)
		return;
	below = frame_next(frame);
	if (below)
		access_callback(below);
}

static PyObject *on_start(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
	struct code *code = code_watched((PyCodeObject *)arguments[0]);

	(void)self;
	(void)count;
	if (!code->ops)
		return Py_NewRef(disable);
	points_watch(code);
	frame_thread_changed();
	access_breaker();
	callback(code);
	Py_RETURN_NONE;
}

/* A generator that an exception is thrown into does not resume. */
static PyObject *on_throw(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
	(void)self;
	(void)arguments;
	(void)count;
	frame_thread_changed();
	Py_RETURN_NONE;
}

static PyMethodDef callbacks[] = {
	{ "frontrun_instruction", (PyCFunction)(void *)on_instruction, METH_FASTCALL, NULL },
	{ "frontrun_start", (PyCFunction)(void *)on_start, METH_FASTCALL, NULL },
	{ "frontrun_start", (PyCFunction)(void *)on_start, METH_FASTCALL, NULL },
	{ "frontrun_throw", (PyCFunction)(void *)on_throw, METH_FASTCALL, NULL },
};

static const int callback_events[] = { EVENT_INSTRUCTION, EVENT_PY_START, EVENT_PY_RESUME,
				       EVENT_PY_THROW };
#define CALLBACKS (sizeof callbacks / sizeof *callbacks)

static bool call(const char *method, const char *format, ...)
{
	va_list list;
	PyObject *arguments, *function, *result = NULL;

	va_start(list, format);
	arguments = Py_VaBuildValue(format, list);
	va_end(list);
	function = PyObject_GetAttrString(monitoring, method);
	if (arguments && function)
		result = PyObject_CallObject(function, arguments);
	Py_XDECREF(arguments);
	Py_XDECREF(function);
	if (!result)
		PyErr_Clear();
	Py_XDECREF(result);
	return result != NULL;
}

static bool take_tool(void)
{
	static const long wanted[] = { 4, 3, 5, 2 };
	unsigned i;

	for (i = 0; i < 4; i++) {
		tool = wanted[i];
		if (call("use_tool_id", "(ls)", tool, "frontrun"))
			return true;
	}
	return false;
}

int points_start(void)
{
	unsigned i;
	frame_t *frame;

	monitoring = PySys_GetObject("monitoring");
	if (!monitoring)
		return -ENOSYS;
	Py_INCREF(monitoring);
	disable = PyObject_GetAttrString(monitoring, "DISABLE");
	if (!disable || !take_tool())
		return -ENOSYS;
	for (i = 0; i < CALLBACKS; i++) {
		PyObject *function = PyCFunction_New(&callbacks[i], NULL);

		if (!function ||
		    !call("register_callback", "(liN)", tool, callback_events[i], function))
			return -ENOSYS;
	}
	if (!call("set_events", "(li)", tool, EVENT_PY_START | EVENT_PY_THROW))
		return -ENOSYS;
	for (frame = frame_of_thread(); frame; frame = frame_next(frame))
		points_watch(code_watched(frame_code(frame)));
	return 0;
}

#endif
