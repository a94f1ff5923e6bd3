/*
 * What a call acts on: the receiver of a method in C, what a built-in function is given, a lock
 * that is taken or given back. Functions that are watched make their accesses themselves.
 */
#include "preload/python/agent.h"

#include <string.h>

#include "formats/plan.h"

static bool one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* Methods of built-in containers that change nothing. */
static bool method_reads(const char *name)
{
	static const char *const readers[] = { "get",          "keys",
					       "values",       "items",
					       "copy",         "index",
					       "count",        "__len__",
					       "__getitem__",  "__contains__",
					       "__iter__",     "issubset",
					       "issuperset",   "isdisjoint",
					       "union",        "intersection",
					       "difference",   "symmetric_difference",
					       "__reversed__", "qsize",
					       "empty",        "full",
					       "is_set",       "locked",
					       "done",         "running",
					       "cancelled",    "is_alive",
					       "__str__",      "__repr__",
					       "__eq__",       "most_common",
					       "elements",     "total",
					       "startswith",   "endswith",
					       "decode",       "hex",
					       "find",         NULL };

	return one_of(name, readers);
}

/* A call of a method in C: `self` is what it acts on. */
static void call_method(struct access_detail *detail, PyObject *self, const char *name)
{
	if (access_is_lock(self)) {
		if (detail->callback)
			return;
		if (strcmp(name, "acquire") == 0 || strcmp(name, "__enter__") == 0 ||
		    strcmp(name, "acquire_lock") == 0)
			access_lock(detail, self, EVENT_MUTEX_TRYLOCK);
		else if (strcmp(name, "release") == 0 || strcmp(name, "__exit__") == 0)
			access_lock(detail, self, EVENT_MUTEX_UNLOCK);
		return;
	}
	detail->object = container_viewed(self);
	if (PyType_Check(self) || PyModule_Check(self) || PyUnicode_Check(self) ||
	    PyBytes_Check(self) || PyLong_Check(self) || PyFloat_Check(self) ||
	    PyTuple_Check(self) || self == Py_None)
		return;
	access_tell(detail, method_reads(name) ? EVENT_QUERY : EVENT_CALL);
}

/* getattr(), setattr() and so on: `write` of enum event_kind. */
static void call_attribute(struct access_detail *detail, unsigned kind)
{
	PyObject *name = detail->argument_count > 1 ? detail->arguments[1] : NULL;

	if (!name || !PyUnicode_Check(name))
		return;
	detail->object = detail->arguments[0];
	detail->name = name;
	detail->value = kind == EVENT_STORE && detail->argument_count > 2 ? detail->arguments[2]
									  : NULL;
	if (kind == EVENT_LOAD ? attribute_reads(detail) : attribute_writes(detail))
		access_tell(detail, kind);
}

/* print() writes to what sys.stdout is at that time. */
static void print(struct access_detail *detail)
{
	static PyObject *name;

	if (!name)
		name = PyUnicode_InternFromString("stdout");
	detail->object = PyThreadState_Get()->interp->sysdict;
	detail->name = name;
	if (name && detail->object && !detail->callback)
		access_tell(detail, EVENT_LOAD);
}

/* A built-in function. */
static void call_function(struct access_detail *detail, const char *name)
{
	static const char *const quiet[] = { "isinstance", "id",         "type",  "callable",
					     "hash",       "issubclass", "range", NULL };
	PyObject *first = detail->argument_count ? detail->arguments[0] : NULL;
	uint32_t i;

	if (strcmp(name, "print") == 0) {
		print(detail);
		return;
	}
	if (!first || one_of(name, quiet))
		return;
	if (strcmp(name, "getattr") == 0 || strcmp(name, "hasattr") == 0) {
		call_attribute(detail, EVENT_LOAD);
	} else if (strcmp(name, "setattr") == 0) {
		call_attribute(detail, EVENT_STORE);
	} else if (strcmp(name, "delattr") == 0) {
		call_attribute(detail, EVENT_DELETE);
	} else if (strcmp(name, "next") == 0) {
		detail->object = container_iterated(first) ? container_iterated(first) : first;
		detail->height = -1;
		access_tell(detail, detail->object == first ? EVENT_CALL : EVENT_ITERATE);
	} else {
		/* len(), sorted(), sum(): what they are given is read. heapq changes it. */
		bool changes = strncmp(name, "heap", 4) == 0;

		for (i = 0; i < detail->argument_count && i < 4; i++) {
			PyObject *object = container_viewed(detail->arguments[i]);

			detail->object = container_iterated(object) ? container_iterated(object)
								    : object;
			detail->height = -1;
			if (container_is(detail->object))
				access_tell(detail, changes && i == 0 ? EVENT_CALL : EVENT_QUERY);
		}
	}
}

/* A function in Python that is not watched: one event on its receiver. */
static void call_unwatched(struct access_detail *detail, PyObject *function, PyObject *self)
{
	PyCodeObject *object = (PyCodeObject *)PyFunction_GET_CODE(function);

	if (!self || code_find(object)->user || PyType_Check(self) || PyModule_Check(self))
		return;
	detail->object = self;
	access_tell(detail, method_reads(code_find(object)->name) ? EVENT_QUERY : EVENT_CALL);
}

static void call(struct access_detail *detail, PyObject *callable, PyObject *self)
{
	detail->call = callable;
	if (PyMethod_Check(callable)) {
		self = PyMethod_GET_SELF(callable);
		callable = PyMethod_GET_FUNCTION(callable);
	}
	if (PyFunction_Check(callable)) {
		call_unwatched(detail, callable, self);
	} else if (PyCFunction_Check(callable)) {
		PyObject *of = PyCFunction_GET_SELF(callable);
		const char *name = ((PyCFunctionObject *)callable)->m_ml->ml_name;

		if (of && !PyModule_Check(of))
			call_method(detail, of, name);
		else
			call_function(detail, name);
	} else if (Py_TYPE(callable) == &PyMethodDescr_Type) {
		if (!self && detail->argument_count)
			self = detail->arguments[0];
		if (self)
			call_method(detail, self,
				    ((PyMethodDescrObject *)callable)->d_method->ml_name);
	} else if (PyType_Check(callable)) {
		/* list(x), dict(x): reads. Classes of the user run their own code. */
		if (!(((PyTypeObject *)callable)->tp_flags & Py_TPFLAGS_HEAPTYPE))
			call_function(detail, ((PyTypeObject *)callable)->tp_name);
	} else if (strcmp(Py_TYPE(callable)->tp_name, "functools._lru_cache_wrapper") == 0) {
		detail->object = callable;
		access_tell(detail, EVENT_CALL);
	}
}

void call_take(struct access_detail *detail, PyObject **top)
{
	uint32_t count = detail->op->argument;
	PyObject **base = top - detail->op->operand - count - 2;
	PyObject *callable, *self;

#if IS_313
	callable = base[0];
	self = base[1];
#else
	callable = base[0] ? base[0] : base[1];
	self = base[0] ? base[1] : NULL;
#endif
	detail->arguments = base + 2;
	detail->argument_count = count;
	detail->height =
		(int)(detail->op->depth - detail->op->operand - count - 2) + (self ? 1 : 0);
	if (callable)
		call(detail, callable, self);
}

void call_take_ex(struct access_detail *detail, PyObject **top)
{
	bool keywords = detail->op->argument & 1;
	PyObject *arguments = top[keywords ? -2 : -1], *callable;

#if IS_313
	callable = top[keywords ? -4 : -3];
#else
	callable = top[keywords ? -3 : -2];
#endif
	detail->height = -1;
	if (arguments && PyTuple_Check(arguments)) {
		detail->arguments = &PyTuple_GET_ITEM(arguments, 0);
		detail->argument_count = (uint32_t)PyTuple_GET_SIZE(arguments);
	}
	if (callable)
		call(detail, callable, NULL);
}
