/*
 * The end of the program, where the plan says that it is to be left at once (PLAN_RUN_LEAVE): the
 * interpreter's own clean-up takes longer than most runs, and nothing of it is of interest when no
 * other thread lives. What the program has registered with atexit is done, and its output written.
 *
 * Our function stands first in the list of atexit, so that it is called last. The status is not
 * known there: it is 0, or 1 after an exception that was printed, or that of the SystemExit that
 * was made last, when the interpreter is on its way out through Py_Exit(). Where that is not sure
 * the program ends as usual.
 */
#include "preload/python/agent.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <string.h>

#include "formats/plan.h"

static PyObject *last_exit; /* the SystemExit that was made last */
static initproc init_exit;

static int make_exit(PyObject *self, PyObject *arguments, PyObject *keywords)
{
	Py_XSETREF(last_exit, Py_NewRef(self));
	return init_exit(self, arguments, keywords);
}

static uintptr_t exit_function, exit_function_size; /* Py_Exit() */

static void find_exit_function(void)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (dladdr1((void *)(uintptr_t)Py_Exit, &info, (void **)&symbol, RTLD_DL_SYMENT) &&
	    symbol) {
		exit_function = (uintptr_t)info.dli_saddr;
		exit_function_size = symbol->st_size;
	}
}

static bool is_in_exit(void)
{
	void *frames[64];
	int count = backtrace(frames, 64), i;

	for (i = 0; i < count; i++)
		if ((uintptr_t)frames[i] - 1 - exit_function < exit_function_size)
			return true;
	return false;
}

/* As handle_system_exit() has it (Python/pythonrun.c). False: it is not known. */
static bool exit_status(int *status)
{
	PyObject *code;

	if (!last_exit)
		return false;
	code = ((PySystemExitObject *)last_exit)->code;
	if (!code || code == Py_None)
		*status = 0;
	else if (PyLong_CheckExact(code))
		*status = (int)PyLong_AsLong(code) & 0xff;
	else
		*status = 1;
	return true;
}

static bool find_status(int *status)
{
#if IS_312
	PyObject *printed = PySys_GetObject("last_exc");
#else
	PyObject *printed = PySys_GetObject("last_value");
#endif

	if (!exit_function)
		return false;
	if (is_in_exit())
		return exit_status(status);
	*status = printed && printed != Py_None;
	return !(printed && PyErr_GivenExceptionMatches(printed, PyExc_KeyboardInterrupt));
}

static bool flush(const char *name)
{
	PyObject *file = PySys_GetObject(name), *result;

	if (!file || file == Py_None)
		return true;
	result = PyObject_CallMethod(file, "flush", NULL);
	if (!result)
		PyErr_Clear();
	Py_XDECREF(result);
	return result != NULL;
}

static PyObject *at_exit(PyObject *self, PyObject *unused)
{
	int status;

	(void)self;
	(void)unused;
	if ((runtime->flags & PLAN_RUN_LEAVE) && runtime->lane() && runtime->living() == 1 &&
	    find_status(&status) && flush("stdout") && flush("stderr"))
		runtime->leave(status);
	Py_RETURN_NONE;
}

static PyMethodDef definition = { "frontrun_exit", at_exit, METH_NOARGS, NULL };

/* The functions are called from the last to the first. */
static void put_first(void)
{
	struct atexit_state *state = &PyInterpreterState_Get()->atexit;
	void **functions = (void **)state->callbacks, *ours;
	int last = state->ncallbacks - 1;

	ours = functions[last];
	memmove(functions + 1, functions, (size_t)last * sizeof *functions);
	functions[0] = ours;
}

int finish_start(void)
{
	PyObject *module = PyImport_ImportModule("atexit");
	PyObject *function = module ? PyCFunction_New(&definition, NULL) : NULL;
	PyObject *result = function ? PyObject_CallMethod(module, "register", "O", function) : NULL;
	PyTypeObject *type = (PyTypeObject *)PyExc_SystemExit;
	void *frame;

	backtrace(&frame, 1); /* loads the unwinder */
	find_exit_function();
	if (result) {
		put_first();
		init_exit = type->tp_init;
		type->tp_init = make_exit;
	} else {
		PyErr_Clear();
	}
	Py_XDECREF(result);
	Py_XDECREF(function);
	Py_XDECREF(module);
	return 0;
}
