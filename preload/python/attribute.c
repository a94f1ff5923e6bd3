/*
 * Whether an attribute's instruction reads or writes a variable, and whose: what a class says of
 * the name is looked up without descriptors (_PyType_Lookup), so none of the program's code runs.
 */
#include "preload/python/agent.h"

/* Code, not data: what is looked up to be called is not worth an event. */
bool value_is_code(PyObject *value)
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
PyObject *dict_value(PyObject *dict, PyObject *name)
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

		if (PyType_Check(base) && dict_value(((PyTypeObject *)base)->tp_dict, name))
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
bool attribute_reads(struct access_detail *detail)
{
	PyObject *object = detail->object, *found;

	if (PyModule_Check(object)) {
		found = dict_value(((PyObject **)(object + 1))[0], detail->name);
		detail->object = ((PyObject **)(object + 1))[0];
		return found && !value_is_code(found);
	}
	if (PyType_Check(object)) {
		found = _PyType_Lookup((PyTypeObject *)object, detail->name);
		if (!found || value_is_code(found))
			return false;
		detail->object = owner_of((PyTypeObject *)object, detail->name);
		return true;
	}
	found = _PyType_Lookup(Py_TYPE(object), detail->name);
	if (!found || Py_TYPE(found) == &PyMemberDescr_Type)
		return Py_TYPE(object)->tp_dictoffset != 0 || found;
	if (value_is_code(found))
		return false;
	if (Py_TYPE(found)->tp_descr_get) /* functools.cached_property: the instance's, or code */
		return !Py_TYPE(found)->tp_descr_set;
	if (!is_own(object, detail->name, found))
		detail->object = owner_of(Py_TYPE(object), detail->name);
	return true;
}

bool attribute_writes(struct access_detail *detail)
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

/*
 * What a class says of an attribute's name stays as long as its version tag does, which no other
 * class ever has (Include/cpython/object.h). By instruction; kept together, so that a run copies
 * few pages.
 */
#define REMEMBERED 64

static struct remembered {
	const struct op *op;
	uint32_t version; /* 0: nothing is remembered */
	bool yes;
	bool inside;   /* the class says nothing of it: it lies in the instance */
	uint16_t slot; /* among the instance's values, where it was last */
} remembered[REMEMBERED];

static struct remembered *memory_of(const struct access_detail *detail)
{
	return &remembered[detail->op->index % REMEMBERED];
}

static inline bool is_known(const struct remembered *memory, const struct access_detail *detail)
{
	return memory->op == detail->op && memory->version &&
	       memory->version == Py_TYPE(detail->object)->tp_version_tag;
}

/* After a look-up, which gives the class its tag. Is the answer the class's alone? */
static void remember(struct remembered *memory, PyObject *object,
		     const struct access_detail *detail, bool reads, bool yes)
{
	PyTypeObject *type = Py_TYPE(object);
	PyObject *found;

	memory->version = 0;
	if (PyModule_Check(object) || PyType_Check(object))
		return;
	found = _PyType_Lookup(type, detail->name);
	if (found && Py_TYPE(found) != &PyMemberDescr_Type && !value_is_code(found) &&
	    (reads || (Py_TYPE(found)->tp_flags & Py_TPFLAGS_HEAPTYPE)))
		return;
	memory->op = detail->op;
	memory->yes = yes;
	memory->inside = !found && type->tp_getattro == PyObject_GenericGetAttr;
	memory->slot = 0;
	memory->version = type->tp_version_tag;
}

bool attribute_reads_again(struct access_detail *detail)
{
	struct remembered *memory = memory_of(detail);
	PyObject *object = detail->object;
	bool yes;

	if (__builtin_expect(is_known(memory, detail), 1))
		return memory->yes;
	yes = attribute_reads(detail);
	remember(memory, object, detail, true, yes);
	return yes;
}

bool attribute_writes_again(struct access_detail *detail)
{
	struct remembered *memory = memory_of(detail);
	PyObject *object = detail->object;
	bool yes;

	if (__builtin_expect(is_known(memory, detail), 1))
		return memory->yes;
	yes = attribute_writes(detail);
	remember(memory, object, detail, false, yes);
	return yes;
}

/* Values that lie in the instance, without a dictionary; NULL: they do not. */
static PyDictValues *values_of(PyObject *object)
{
#if IS_313
	PyDictValues *values;

	if (!(Py_TYPE(object)->tp_flags & Py_TPFLAGS_INLINE_VALUES))
		return NULL;
	values = _PyObject_InlineValues(object);
	return values->valid ? values : NULL;
#else
	if (!(Py_TYPE(object)->tp_flags & Py_TPFLAGS_MANAGED_DICT))
		return NULL;
#if IS_312
	PyDictOrValues either = *_PyObject_DictOrValuesPointer(object);

	return _PyDictOrValues_IsValues(either) ? _PyDictOrValues_GetValues(either) : NULL;
#else
	return *_PyObject_ValuesPointer(object);
#endif
#endif
}

PyObject *attribute_value(const struct access_detail *detail)
{
	struct remembered *memory = memory_of(detail);
	PyDictKeysObject *keys;
	PyDictUnicodeEntry *entries;
	PyDictValues *values;
	uint16_t i;

	if (!is_known(memory, detail) || !memory->inside)
		return NULL;
	values = values_of(detail->object);
	if (!values)
		return NULL;
	keys = ((PyHeapTypeObject *)Py_TYPE(detail->object))->ht_cached_keys;
	entries = DK_UNICODE_ENTRIES(keys);
	if (memory->slot < keys->dk_nentries && entries[memory->slot].me_key == detail->name)
		return values->values[memory->slot];
	for (i = 0; i < keys->dk_nentries; i++)
		if (entries[i].me_key == detail->name) {
			memory->slot = i;
			return values->values[i];
		}
	return NULL;
}
