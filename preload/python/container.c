/*
 * Containers of the language and its library, and what leads to one: iterators and views. What they
 * hold is one variable, their contents.
 */
#include "preload/python/agent.h"

#include <string.h>

/* Something whose contents can change. */
bool container_is(PyObject *object)
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

/* What an iterator goes over (listobject.c, dictobject.c, setobject.c); itself for others. */
PyObject *container_iterated(PyObject *iterator)
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
PyObject *container_viewed(PyObject *object)
{
	PyTypeObject *type = Py_TYPE(object);

	if (type == &PyDictKeys_Type || type == &PyDictValues_Type || type == &PyDictItems_Type)
		return ((PyObject **)(object + 1))[0];
	return object;
}
