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
