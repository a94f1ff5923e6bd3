/*
 * The end of objects. An address that is freed and used again, often at once (free lists), is
 * another object; so the types of watched objects tell when one ends: classes of the program by
 * tp_free, which their deallocator calls last, other types by tp_dealloc. Each type is changed
 * once, when an object of it is watched first.
 */
#include "preload/python/agent.h"

#include <string.h>

#define TYPES 256 /* of C code, with watched objects */
/* Deallocators of nested containers call each other: the interpreter breaks long chains only
 * where it finds its own function in the type (Py_TRASHCAN_BEGIN). */
#define NESTED_MOST 200

static struct {
	PyTypeObject *type;
	destructor dealloc;
} hooked[TYPES];
static unsigned hooked_count;

static destructor class_dealloc; /* of all classes made in Python: subtype_dealloc */

static void free_collected(void *object)
{
	runtime->forget((uint64_t)(uintptr_t)object);
	PyObject_GC_Del(object);
}

static void free_plain(void *object)
{
	runtime->forget((uint64_t)(uintptr_t)object);
	PyObject_Free(object);
}

static int find_hooked(const PyTypeObject *type)
{
	unsigned i;

	for (i = 0; i < hooked_count; i++)
		if (hooked[i].type == type)
			return (int)i;
	return -1;
}

/*
 * Stands in the types of C code. Which one's: of the object's own or one of its bases; when the
 * deallocator of a derived type has called this for the same object, of a base of that.
 */
static void dealloc(PyObject *object)
{
	static PyObject *ending;
	static PyTypeObject *ending_as;
	static unsigned nested;
	PyObject *outer = ending;
	PyTypeObject *outer_as = ending_as, *type;
	int found = -1;

	runtime->forget((uint64_t)(uintptr_t)object);
	type = ending == object ? ending_as->tp_base : Py_TYPE(object);
	for (; type && found < 0; type = type->tp_base)
		found = find_hooked(type);
	if (found < 0)
		return; /* cannot be: somebody called us */
	ending = object;
	ending_as = hooked[found].type;
	if (++nested > NESTED_MOST) {
		PyTypeObject *as = ending_as;

		as->tp_dealloc = hooked[found].dealloc;
		hooked[found].dealloc(object);
		as->tp_dealloc = dealloc;
	} else {
		hooked[found].dealloc(object);
	}
	nested--;
	ending = outer;
	ending_as = outer_as;
}

static void learn_class_dealloc(void)
{
	PyObject *made = PyObject_CallFunction((PyObject *)&PyType_Type, "s(){}", "frontrun_probe");

	if (made)
		class_dealloc = ((PyTypeObject *)made)->tp_dealloc;
	else
		PyErr_Clear();
	Py_XDECREF(made);
}

PyTypeObject *identity_last;

void identity_watch_type(PyTypeObject *type)
{
	if (!class_dealloc)
		learn_class_dealloc();
	identity_last = type;
	if (type->tp_dealloc == dealloc || type->tp_free == free_collected ||
	    type->tp_free == free_plain)
		return;
	if (type->tp_dealloc == class_dealloc) {
		if (type->tp_free == PyObject_GC_Del)
			type->tp_free = free_collected;
		else if (type->tp_free == PyObject_Free)
			type->tp_free = free_plain;
		return;
	}
	if (hooked_count == TYPES)
		return;
	hooked[hooked_count].type = type;
	hooked[hooked_count].dealloc = type->tp_dealloc;
	hooked_count++;
	type->tp_dealloc = dealloc;
}
