/*
 * From an instruction that is about to be executed, and the values on its stack, to the accesses
 * that it makes. The program's own code is never run to find out: what a class says of a name is
 * looked up without descriptors (_PyType_Lookup), values are read only where the interpreter reads
 * them from memory itself.
 *
 * A switch is possible where the interpreter looks at its eval breaker: at the entry of a function,
 * at a backward jump, after a call. Between that place and the next access nothing is shared, so
 * the switch is as good right before the access: `breaker` says that there was such a place since
 * the thread's last one.
 */
#include "preload/python/agent.h"

#include <string.h>

#include "formats/hash.h"
#include "formats/plan.h"

#define SLICE 1000 /* backward jumps: a loop that does so many may wait for another thread */

static __thread bool breaker __attribute__((tls_model("initial-exec")));
static __thread uint32_t jumps __attribute__((tls_model("initial-exec")));

void access_breaker(void)
{
	breaker = true;
}

static uint64_t hash_name(PyObject *name)
{
	/* By its text, not by hash(): that one is another in each process. Interned names are met
	 * again and again. */
	static struct {
		PyObject *name;
		uint64_t hash;
	} cache[1024];
	unsigned slot = (unsigned)((uintptr_t)name >> 4) % 1024;
	Py_ssize_t length;
	const char *text;

	if (cache[slot].name == name)
		return cache[slot].hash;
	text = PyUnicode_AsUTF8AndSize(name, &length);
	if (!text) {
		PyErr_Clear();
		return 1;
	}
	if (!cache[slot].name && PyUnicode_CHECK_INTERNED(name)) {
		Py_INCREF(name);
		cache[slot].name = name;
		cache[slot].hash = hash_bytes(text, (uint64_t)length) | 1;
	}
	return hash_bytes(text, (uint64_t)length) | 1;
}

/* Something whose contents can change. */
static bool is_container(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);
	unsigned long flags = type->tp_flags;

	if (flags & (Py_TPFLAGS_LIST_SUBCLASS | Py_TPFLAGS_DICT_SUBCLASS))
		return true;
	if (flags &
	    (Py_TPFLAGS_LONG_SUBCLASS | Py_TPFLAGS_UNICODE_SUBCLASS | Py_TPFLAGS_BYTES_SUBCLASS |
	     Py_TPFLAGS_TUPLE_SUBCLASS | Py_TPFLAGS_TYPE_SUBCLASS | Py_TPFLAGS_BASE_EXC_SUBCLASS))
		return false;
	return PySet_Check(object) || PyByteArray_Check(object) ||
	       (!(flags & Py_TPFLAGS_HEAPTYPE) &&
		(strcmp(type->tp_name, "collections.deque") == 0 ||
		 strcmp(type->tp_name, "array.array") == 0)) ||
	       strcmp(type->tp_name, "array.array") == 0;
}

static void tell(struct access_detail *detail, unsigned kind)
{
	struct python_access access = {
		.address = (uint64_t)(uintptr_t)detail->object,
		.name = detail->name ? hash_name(detail->name) : 0,
		.site = detail->op->site,
		.kind = (uint8_t)kind,
		.switchable = breaker,
		.quiet = code_is_quiet(detail->code, detail->op),
		.detail = detail,
	};

	if (detail->code->locks)
		return;
	/* While C code is at work on it only its contents can be of interest. */
	if (detail->callback && (detail->name || !is_container(detail->object)))
		return;
	if (detail->callback)
		access.kind = EVENT_QUERY;
	breaker = false;
	identity_watch(detail->object);
	runtime->access(&access);
}

/* Code, not data: what is looked up to be called is not worth an event. */
static bool is_code(PyObject *value)
{
	PyTypeObject *type = Py_TYPE(value);

	return PyFunction_Check(value) || PyType_Check(value) || PyModule_Check(value) ||
	       PyCFunction_Check(value) || type == &PyMethodDescr_Type ||
	       type == &PyClassMethodDescr_Type || type == &PyClassMethod_Type ||
	       type == &PyStaticMethod_Type || type == &PyWrapperDescr_Type ||
	       type == &PyProperty_Type || type == &PyGetSetDescr_Type;
}

bool dict_is_plain(PyObject *dict)
{
	return PyDict_CheckExact(dict) && DK_IS_UNICODE(((PyDictObject *)dict)->ma_keys);
}

bool attributes_are_plain(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);
	PyObject *dict = NULL;

	if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) {
#if IS_313
		dict = (PyObject *)_PyObject_GetManagedDict(object);
#elif IS_312
		PyDictOrValues either = *_PyObject_DictOrValuesPointer(object);

		dict = _PyDictOrValues_IsValues(either) ? NULL : _PyDictOrValues_GetDict(either);
#else
		dict = *_PyObject_ManagedDictPointer(object);
#endif
	} else if (type->tp_dictoffset > 0) {
		dict = *(PyObject **)((char *)object + type->tp_dictoffset);
	} else if (type->tp_dictoffset < 0) {
		return false; /* behind a part of variable size */
	}
	return !dict || dict_is_plain(dict);
}

/* None where it cannot be told. */
static PyObject *in_dict(PyObject *dict, PyObject *name)
{
	PyObject *value;

	if (!dict || !PyDict_Check(dict))
		return NULL;
	if (!dict_is_plain(dict))
		return Py_None;
	value = PyDict_GetItemWithError(dict, name);
	if (PyErr_Occurred())
		PyErr_Clear();
	return value;
}

/* The class of the type's order that has the name. */
static PyObject *owner_of(PyTypeObject *type, PyObject *name)
{
	Py_ssize_t i;

	for (i = 0; type->tp_mro && i < PyTuple_GET_SIZE(type->tp_mro); i++) {
		PyObject *base = PyTuple_GET_ITEM(type->tp_mro, i);

		if (PyType_Check(base) && in_dict(((PyTypeObject *)base)->tp_dict, name))
			return base;
	}
	return (PyObject *)type;
}

/* An attribute that the object does not have itself is its class's. */
static bool is_own(PyObject *object, PyObject *name, PyObject *of_class)
{
	PyObject *value;
	bool own;

	if (Py_TYPE(object)->tp_getattro != PyObject_GenericGetAttr ||
	    !attributes_are_plain(object))
		return true;
	value = PyObject_GenericGetAttr(object, name);
	if (!value)
		PyErr_Clear();
	own = value != of_class;
	Py_XDECREF(value);
	return own;
}

/*
 * Reads of an attribute of an instance: false where the class answers with code of its own (a
 * method, a property), which makes accesses itself if it is the user's.
 */
static bool reads_attribute(struct access_detail *detail)
{
	PyObject *object = detail->object, *found;

	if (PyModule_Check(object)) {
		found = in_dict(((PyObject **)(object + 1))[0], detail->name);
		detail->object = ((PyObject **)(object + 1))[0];
		return found && !is_code(found);
	}
	if (PyType_Check(object)) {
		found = _PyType_Lookup((PyTypeObject *)object, detail->name);
		if (!found || is_code(found))
			return false;
		detail->object = owner_of((PyTypeObject *)object, detail->name);
		return true;
	}
	found = _PyType_Lookup(Py_TYPE(object), detail->name);
	if (!found || Py_TYPE(found) == &PyMemberDescr_Type)
		return Py_TYPE(object)->tp_dictoffset != 0 || found;
	if (is_code(found))
		return false;
	if (Py_TYPE(found)->tp_descr_get) /* functools.cached_property: the instance's, or code */
		return !Py_TYPE(found)->tp_descr_set;
	if (!is_own(object, detail->name, found))
		detail->object = owner_of(Py_TYPE(object), detail->name);
	return true;
}

static bool writes_attribute(struct access_detail *detail)
{
	PyObject *object = detail->object, *found;

	if (PyModule_Check(object)) {
		detail->object = ((PyObject **)(object + 1))[0];
		return true;
	}
	if (PyType_Check(object))
		return true;
	found = _PyType_Lookup(Py_TYPE(object), detail->name);
	/* A property, a descriptor: code that makes accesses itself. */
	return !found || Py_TYPE(found) == &PyMemberDescr_Type || !Py_TYPE(found)->tp_descr_set;
}

/* What an iterator goes over (listobject.c, dictobject.c, setobject.c); itself for others. */
static PyObject *iterated(PyObject *iterator)
{
	PyTypeObject *type = Py_TYPE(iterator);
	PyObject *of = NULL;

	if (type == &PyListIter_Type)
		of = ((PyObject **)((char *)(iterator + 1) + sizeof(Py_ssize_t)))[0];
	else if (type == &PyDictIterKey_Type || type == &PyDictIterValue_Type ||
		 type == &PyDictIterItem_Type || type == &PySetIter_Type)
		of = ((PyObject **)(iterator + 1))[0];
	else
		return iterator;
	return of;
}

/* keys(), values() and items() are views of the dictionary. */
static PyObject *viewed(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);

	if (type == &PyDictKeys_Type || type == &PyDictValues_Type || type == &PyDictItems_Type)
		return ((PyObject **)(object + 1))[0];
	return object;
}

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

static bool is_lock(PyObject *object)
{
	const char *name = Py_TYPE(object)->tp_name;

	return strcmp(name, "_thread.lock") == 0 || strcmp(name, "_thread.RLock") == 0;
}

/* The lock's semaphore is its first field in all versions (Modules/_threadmodule.c). */
static void point_at_lock(struct access_detail *detail, PyObject *lock, unsigned kind)
{
	if (detail->code->locks && !(runtime->flags & PLAN_RUN_LIBRARY_LOCKS))
		return;
	detail->object = lock;
	runtime->before_lock(((void **)(lock + 1))[0], kind, breaker, detail, describe_lock);
	breaker = false;
}

static void read_contents(struct access_detail *detail, PyObject *object, int height)
{
	object = viewed(object);
	detail->object = iterated(object) ? iterated(object) : object;
	detail->height = height;
	if (is_container(detail->object))
		tell(detail, EVENT_QUERY);
}

/* A call of a method in C: `self` is what it acts on. */
static void call_method(struct access_detail *detail, PyObject *self, const char *name)
{
	if (is_lock(self)) {
		if (detail->callback)
			return;
		if (strcmp(name, "acquire") == 0 || strcmp(name, "__enter__") == 0 ||
		    strcmp(name, "acquire_lock") == 0)
			point_at_lock(detail, self, EVENT_MUTEX_TRYLOCK);
		else if (strcmp(name, "release") == 0 || strcmp(name, "__exit__") == 0)
			point_at_lock(detail, self, EVENT_MUTEX_UNLOCK);
		return;
	}
	detail->object = viewed(self);
	if (PyType_Check(self) || PyModule_Check(self) || PyUnicode_Check(self) ||
	    PyBytes_Check(self) || PyLong_Check(self) || PyFloat_Check(self) ||
	    PyTuple_Check(self) || self == Py_None)
		return;
	tell(detail, method_reads(name) ? EVENT_QUERY : EVENT_CALL);
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
	if (kind == EVENT_LOAD ? reads_attribute(detail) : writes_attribute(detail))
		tell(detail, kind);
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
		tell(detail, EVENT_LOAD);
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
		detail->object = iterated(first) ? iterated(first) : first;
		detail->height = -1;
		tell(detail, detail->object == first ? EVENT_CALL : EVENT_ITERATE);
	} else {
		/* len(), sorted(), sum(): what they are given is read. heapq changes it. */
		bool changes = strncmp(name, "heap", 4) == 0;

		for (i = 0; i < detail->argument_count && i < 4; i++) {
			PyObject *object = viewed(detail->arguments[i]);

			detail->object = iterated(object) ? iterated(object) : object;
			detail->height = -1;
			if (is_container(detail->object))
				tell(detail, changes && i == 0 ? EVENT_CALL : EVENT_QUERY);
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
	tell(detail, method_reads(code_find(object)->name) ? EVENT_QUERY : EVENT_CALL);
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
		tell(detail, EVENT_CALL);
	}
}

static void take_call(struct access_detail *detail, PyObject **top)
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

static void take_call_ex(struct access_detail *detail, PyObject **top)
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

static void take_item(struct access_detail *detail, PyObject **top, unsigned kind)
{
	detail->object = top[-1 - detail->op->operand];
	detail->height = detail->op->depth - 1 - detail->op->operand;
	detail->key = top[-1];
	if (kind == EVENT_STORE)
		detail->value = top[-3];
	if (is_container(detail->object))
		tell(detail, kind);
}

static void take_iteration(struct access_detail *detail, PyObject **top)
{
	PyObject *iterator = top[-1 - detail->op->operand];

	detail->height = detail->op->depth - 1 - detail->op->operand;
	detail->object = iterated(iterator);
	if (!detail->object) /* exhausted */
		return;
	if (detail->object != iterator)
		tell(detail, EVENT_ITERATE);
	else if (Py_TYPE(iterator) != &PyTupleIter_Type && Py_TYPE(iterator) != &PyRangeIter_Type)
		tell(detail, EVENT_CALL);
}

static void take_operator(struct access_detail *detail, PyObject **top)
{
	PyObject *left = top[-1 - detail->op->operand];
	uint32_t i;

	detail->height = detail->op->depth - 1 - detail->op->operand;
	if (detail->op->in_place && is_container(left)) {
		detail->object = left;
		tell(detail, EVENT_CALL);
		return;
	}
	for (i = detail->op->operand + 1; i > 0; i--)
		read_contents(detail, top[-(int)i], detail->op->depth - (int)i);
}

static PyObject *name_of(const struct access_detail *detail)
{
	return PyTuple_GET_ITEM(detail->code->object->co_names, detail->op->argument);
}

static void take_attribute(struct access_detail *detail, PyObject **top, unsigned kind)
{
	detail->object = top[-1];
	detail->height = detail->op->depth - 1;
	detail->name = name_of(detail);
	if (kind == EVENT_STORE)
		detail->value = top[-2];
	if (kind == EVENT_LOAD ? reads_attribute(detail) : writes_attribute(detail))
		tell(detail, kind);
}

static void take_global(struct access_detail *detail, unsigned kind)
{
	PyObject *value;

	detail->name = name_of(detail);
	detail->object = detail->frame->f_globals;
	if (kind == EVENT_STORE && detail->op->depth) {
		PyObject **base = detail->frame->localsplus + detail->code->object->co_nlocalsplus;

		detail->value = base[detail->op->depth - 1];
	}
	value = kind == EVENT_LOAD ? in_dict(detail->object, detail->name) : detail->object;
	/* Definitions at the top level of a module are no writes that others could miss. */
	if (!value || is_code(value) || (detail->value && is_code(detail->value)))
		return;
	tell(detail, kind);
}

static void take_cell(struct access_detail *detail, PyObject **top, unsigned kind)
{
	PyObject *cell = detail->frame->localsplus[detail->op->argument];
	PyObject *value;

	if (!cell || !PyCell_Check(cell))
		return;
	detail->object = cell;
	detail->name =
		PyTuple_GET_ITEM(detail->code->object->co_localsplusnames, detail->op->argument);
	if (kind == EVENT_STORE)
		detail->value = top[-1];
	value = PyCell_GET(cell);
	if (kind == EVENT_LOAD && value && is_code(value))
		return;
	tell(detail, kind);
}

/* A generator that gives the turn back can be entered again. */
static void take_yield(struct access_detail *detail)
{
	if (detail->frame->owner != FRAME_OWNED_BY_GENERATOR)
		return;
	detail->object = (PyObject *)_PyFrame_GetGenerator(detail->frame);
	tell(detail, EVENT_CALL);
}

void access_callback(frame_t *caller)
{
	struct code *code = code_find(frame_code(caller));
	uint32_t unit = (uint32_t)_PyInterpreterFrame_LASTI(caller);
	struct access_detail detail = {
		.frame = caller,
		.code = code,
		.unit = unit,
		.callback = true,
		.height = -1,
	};

	if (!code->ops || unit >= code->size || code->ops[unit].kind != OP_CALL)
		return;
	detail.op = &code->ops[unit];
	take_call(&detail, caller->localsplus + code->object->co_nlocalsplus + detail.op->depth);
}

static void take_with(struct access_detail *detail, PyObject **top)
{
	detail->height = detail->op->depth - 1;
	if (is_lock(top[-1]))
		point_at_lock(detail, top[-1], EVENT_MUTEX_TRYLOCK);
}

void access_instruction(struct code *code, uint32_t unit, frame_t *frame)
{
	const struct op *op = &code->ops[unit];
	PyObject **top = frame->localsplus + code->object->co_nlocalsplus + op->depth;
	struct access_detail detail = {
		.frame = frame,
		.code = code,
		.unit = unit,
		.op = op,
		.height = -1,
	};

	switch (op->kind) {
	case OP_BREAKER:
		breaker = true;
		if (++jumps % SLICE == 0)
			runtime->breathe();
		break;
	case OP_LOAD_ATTRIBUTE:
		take_attribute(&detail, top, EVENT_LOAD);
		break;
	case OP_STORE_ATTRIBUTE:
		take_attribute(&detail, top, EVENT_STORE);
		break;
	case OP_DELETE_ATTRIBUTE:
		take_attribute(&detail, top, EVENT_DELETE);
		break;
	case OP_LOAD_GLOBAL:
		take_global(&detail, EVENT_LOAD);
		break;
	case OP_STORE_GLOBAL:
		take_global(&detail, EVENT_STORE);
		break;
	case OP_DELETE_GLOBAL:
		take_global(&detail, EVENT_DELETE);
		break;
	case OP_LOAD_CELL:
		take_cell(&detail, top, EVENT_LOAD);
		break;
	case OP_STORE_CELL:
		take_cell(&detail, top, EVENT_STORE);
		break;
	case OP_DELETE_CELL:
		take_cell(&detail, top, EVENT_DELETE);
		break;
	case OP_LOAD_ITEM:
		take_item(&detail, top, EVENT_LOAD);
		break;
	case OP_STORE_ITEM:
		take_item(&detail, top, EVENT_STORE);
		break;
	case OP_DELETE_ITEM:
		take_item(&detail, top, EVENT_DELETE);
		break;
	case OP_READ:
		read_contents(&detail, top[-1 - op->operand], op->depth - 1 - op->operand);
		break;
	case OP_ITERATE:
		take_iteration(&detail, top);
		break;
	case OP_OPERATE:
		take_operator(&detail, top);
		break;
	case OP_CALL:
		take_call(&detail, top);
		breaker = true;
		break;
	case OP_CALL_EX:
		take_call_ex(&detail, top);
		breaker = true;
		break;
	case OP_WITH:
		take_with(&detail, top);
		break;
	case OP_YIELD:
		take_yield(&detail);
		break;
	default:
		break;
	}
}
