/*
 * The code that the program will run in its threads, found before the first one is made: what its
 * frames and modules define. A search forks each run from there, so what is found out here is found
 * out once.
 */
#include "preload/python/agent.h"

#include <string.h>

#define MOST 8192 /* code objects */
#define DEEP 16   /* functions within functions, classes within classes */

static uint32_t taken;

static bool is_of_interest(const struct code *code)
{
	return code->user || code->locks;
}

/* A function and those that it defines. */
static void take_code(PyCodeObject *object, int deep)
{
	struct code *code = code_watched(object);
	Py_ssize_t i;

	if (!is_of_interest(code) || deep == 0 || ++taken > MOST)
		return;
	points_watch(code);
	for (i = 0; i < PyTuple_GET_SIZE(object->co_consts); i++) {
		PyObject *constant = PyTuple_GET_ITEM(object->co_consts, i);

		if (PyCode_Check(constant))
			take_code((PyCodeObject *)constant, deep - 1);
	}
}

static void take_namespace(PyObject *dict, int deep);

static void take(PyObject *value, int deep)
{
	if (deep == 0)
		return;
	if (PyFunction_Check(value))
		take_code((PyCodeObject *)PyFunction_GET_CODE(value), DEEP);
	else if (PyType_Check(value) && (((PyTypeObject *)value)->tp_flags & Py_TPFLAGS_HEAPTYPE))
		take_namespace(((PyTypeObject *)value)->tp_dict, deep - 1);
}

static void take_namespace(PyObject *dict, int deep)
{
	PyObject *name, *value;
	Py_ssize_t at = 0;

	while (dict && PyDict_Next(dict, &at, &name, &value))
		take(value, deep);
}

static bool is_interesting_module(PyObject *dict)
{
	PyObject *file = PyDict_GetItemString(dict, "__file__");
	const char *path = file && PyUnicode_Check(file) ? PyUnicode_AsUTF8(file) : NULL;

	return path && scope_has(path);
}

void prefetch(void)
{
	PyObject *modules = PyImport_GetModuleDict(), *name, *module;
	Py_ssize_t at = 0;
	frame_t *frame;
	uint64_t site;
	uint32_t line;

	for (frame = frame_of_thread(); frame; frame = frame_next(frame)) {
		take_code(frame_code(frame), DEEP);
		code_where(code_find(frame_code(frame)), (uint32_t)_PyInterpreterFrame_LASTI(frame),
			   &site, &line);
	}
	while (modules && PyDict_Next(modules, &at, &name, &module))
		if (PyModule_Check(module) && is_interesting_module(PyModule_GetDict(module)))
			take_namespace(PyModule_GetDict(module), DEEP);
	PyErr_Clear();
}
