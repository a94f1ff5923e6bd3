/*
 * Names and values as people read them. Only what needs no code of the program: types by their
 * name, values of exact built-in types.
 */
#include "preload/python/agent.h"

#include <opcode.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MOST 40 /* characters of a string value */
#define DEEP 4       /* steps back that a name is followed */

static const char *utf8(PyObject *text)
{
	const char *result = text && PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : NULL;

	if (!result)
		PyErr_Clear();
	return result ? result : "?";
}

/* "Cart" of "shop.Cart". */
static const char *type_name(const PyTypeObject *type)
{
	const char *dot = strrchr(type->tp_name, '.');

	return dot ? dot + 1 : type->tp_name;
}

static void name_value(const struct access_detail *detail, uint32_t unit, uint32_t height, int deep,
		       char text[PYTHON_TEXT]);

static const char *local_name(const struct access_detail *detail, int argument)
{
	PyObject *names = detail->code->object->co_localsplusnames;

	return argument < PyTuple_GET_SIZE(names) ? utf8(PyTuple_GET_ITEM(names, argument)) : "?";
}

static const char *nth_name(const struct access_detail *detail, int argument)
{
	PyObject *names = detail->code->object->co_names;

	return argument < PyTuple_GET_SIZE(names) ? utf8(PyTuple_GET_ITEM(names, argument)) : "?";
}

/* The owner of an attribute that instruction `unit` loads: by its type where it is still known. */
static void name_owner(const struct access_detail *detail, uint32_t unit, int deep,
		       char text[PYTHON_TEXT])
{
	int height = detail->code->ops[unit].depth - 1, argument, opcode;
	int producer = height < 0 ? -1
				  : instructions_producer(detail->code, unit, (uint32_t)height);
	PyObject *owner = NULL;

	text[0] = '\0';
	if (producer < 0)
		return;
	opcode = instructions_opcode(detail->code, (uint32_t)producer, &argument);
	if (opcode == LOAD_FAST
#ifdef LOAD_FAST_CHECK
	    || opcode == LOAD_FAST_CHECK
#endif
	)
		owner = detail->frame->localsplus[argument];
	if (owner && !PyModule_Check(owner) && !PyType_Check(owner))
		snprintf(text, PYTHON_TEXT, "%s", type_name(Py_TYPE(owner)));
	else
		name_value(detail, unit, (uint32_t)height, deep - 1, text);
}

/* Does it load a method to be called, and its receiver with it? */
static bool is_method(int opcode, int argument)
{
#if IS_312
	return opcode == LOAD_ATTR && (argument & 1);
#else
	(void)argument;
	return opcode == LOAD_METHOD;
#endif
}

static void name_by(const struct access_detail *detail, uint32_t unit, int deep,
		    char text[PYTHON_TEXT])
{
	char owner[PYTHON_TEXT];
	int argument, opcode = instructions_opcode(detail->code, unit, &argument), raw = argument;
	const char *name = NULL;

	switch (opcode) {
	case LOAD_FAST:
#ifdef LOAD_FAST_CHECK
	case LOAD_FAST_CHECK:
#endif
	case LOAD_DEREF:
	case LOAD_CLOSURE:
		snprintf(text, PYTHON_TEXT, "%s", local_name(detail, argument));
		return;
#ifdef LOAD_FAST_LOAD_FAST
	case LOAD_FAST_LOAD_FAST:
		snprintf(text, PYTHON_TEXT, "%s", local_name(detail, argument & 15));
		return;
#endif
	case LOAD_GLOBAL:
		name = nth_name(detail, argument >> 1);
		break;
	case LOAD_NAME:
		name = nth_name(detail, argument);
		break;
#if !IS_312
	case LOAD_METHOD:
#endif
	case LOAD_ATTR:
#if IS_312
		argument >>= 1;
#endif
		if (is_method(opcode, raw)) { /* its owner lies where the receiver will */
			name_value(detail, unit, detail->code->ops[unit].depth - 1u, deep, text);
			return;
		}
		name_owner(detail, unit, deep, owner);
		snprintf(text, PYTHON_TEXT, "%.80s%s%.80s", owner, *owner ? "." : "",
			 nth_name(detail, argument));
		return;
	case BINARY_SUBSCR:
		name_value(detail, unit, detail->code->ops[unit].depth - 2u, deep - 1, owner);
		snprintf(text, PYTHON_TEXT, "%.80s%s", owner, *owner ? "[...]" : "");
		return;
	case GET_ITER:
		name_value(detail, unit, detail->code->ops[unit].depth - 1u, deep - 1, text);
		return;
	default:
		break;
	}
	snprintf(text, PYTHON_TEXT, "%s", name ? name : "");
}

/* What the program calls the value at this height before instruction `unit`; "" unknown. */
static void name_value(const struct access_detail *detail, uint32_t unit, uint32_t height, int deep,
		       char text[PYTHON_TEXT])
{
	int producer = deep > 0 ? instructions_producer(detail->code, unit, height) : -1;

	text[0] = '\0';
	if (producer >= 0)
		name_by(detail, (uint32_t)producer, deep, text);
}

/* The module's name before a global variable's, unless it is the program itself. */
static void name_global(PyObject *dict, const char *name, char text[PYTHON_TEXT])
{
	PyObject *module = dict_is_plain(dict) ? PyDict_GetItemString(dict, "__name__") : NULL;
	const char *of = module ? utf8(module) : "__main__";

	if (strcmp(of, "__main__") == 0)
		snprintf(text, PYTHON_TEXT, "%.150s", name);
	else
		snprintf(text, PYTHON_TEXT, "%.90s.%.90s", of, name);
}

static void name_object(const struct access_detail *detail, char text[PYTHON_TEXT])
{
	text[0] = '\0';
	if (detail->height >= 0)
		name_value(detail, detail->unit, (uint32_t)detail->height, DEEP, text);
	if (!text[0])
		snprintf(text, PYTHON_TEXT, "%s", type_name(Py_TYPE(detail->object)));
}

void describe_name(const struct python_access *access, char text[PYTHON_TEXT])
{
	const struct access_detail *detail = access->detail;
	PyObject *object = detail->object;
	const char *name = detail->name ? utf8(detail->name) : NULL;

	if (!name)
		name_object(detail, text);
	else if (PyCell_Check(object))
		snprintf(text, PYTHON_TEXT, "%.150s", name);
	else if (PyDict_CheckExact(object))
		name_global(object, name, text);
	else
		snprintf(text, PYTHON_TEXT, "%.90s.%.90s",
			 PyType_Check(object) ? type_name((PyTypeObject *)object)
					      : type_name(Py_TYPE(object)),
			 name);
}

void describe_lock(void *of, char text[PYTHON_TEXT])
{
	name_object(of, text);
}

/* A value in a few words; returns the length. */
static int words(PyObject *value, char *text, size_t size)
{
	int overflow;

	if (!value)
		return snprintf(text, size, "nothing");
	if (value == Py_None || value == Py_True || value == Py_False)
		return snprintf(text, size, "%s",
				value == Py_None   ? "None"
				: value == Py_True ? "True"
						   : "False");
	if (PyLong_CheckExact(value)) {
		long number = PyLong_AsLongAndOverflow(value, &overflow);

		if (!overflow)
			return snprintf(text, size, "%ld", number);
		return snprintf(text, size, "a large int");
	}
	if (PyFloat_CheckExact(value))
		return snprintf(text, size, "%.12g", PyFloat_AS_DOUBLE(value));
	if (PyUnicode_CheckExact(value)) {
		const char *whole = utf8(value);
		int length = (int)strlen(whole), most = length < TEXT_MOST ? length : TEXT_MOST;

		while (most > 0 && ((unsigned char)whole[most] & 0xc0) == 0x80)
			most--; /* not inside a character */
		return snprintf(text, size, "'%.*s%s'", most, whole, length > most ? "..." : "");
	}
	if (PyBytes_CheckExact(value))
		return snprintf(text, size, "%zd bytes", PyBytes_GET_SIZE(value));
	if (PyList_CheckExact(value))
		return snprintf(text, size, "a list of %zd", PyList_GET_SIZE(value));
	if (PyTuple_CheckExact(value))
		return snprintf(text, size, "a tuple of %zd", PyTuple_GET_SIZE(value));
	if (PyDict_CheckExact(value))
		return snprintf(text, size, "a dict of %zd", PyDict_GET_SIZE(value));
	if (PyAnySet_CheckExact(value))
		return snprintf(text, size, "a set of %zd", PySet_GET_SIZE(value));
	return snprintf(text, size, "<%s>", type_name(Py_TYPE(value)));
}

/* An int of one digit. */
static inline bool is_small(PyObject *value, int64_t *number)
{
	if (!PyLong_CheckExact(value))
		return false;
#if IS_312
	if (!_PyLong_IsCompact((PyLongObject *)value))
		return false;
	*number = _PyLong_CompactValue((PyLongObject *)value);
#else
	if (Py_SIZE(value) < -1 || Py_SIZE(value) > 1)
		return false;
	*number = Py_SIZE(value) * (int64_t)((PyLongObject *)value)->ob_digit[0];
#endif
	return true;
}

static void put_value(PyObject *value, struct python_value *out)
{
	int overflow;

	if (value && is_small(value, &out->number)) {
		out->type = EVENT_VALUE_INT;
		return;
	}
	if (value && PyLong_CheckExact(value)) {
		out->number = PyLong_AsLongAndOverflow(value, &overflow);
		if (!overflow) {
			out->type = EVENT_VALUE_INT;
			return;
		}
	}
	out->type = EVENT_VALUE_TEXT;
	words(value, out->text, sizeof out->text);
}

/* Would a read run code of the class: a descriptor that is no slot? */
static bool is_described(PyObject *object, PyObject *name)
{
	PyObject *found = PyType_Check(object) || PyDict_Check(object) || PyCell_Check(object)
				  ? NULL
				  : _PyType_Lookup(Py_TYPE(object), name);

	return found && Py_TYPE(found)->tp_descr_get && Py_TYPE(found) != &PyMemberDescr_Type;
}

/* What a read would give, without the program's code; a new reference, NULL unknown or absent. */
static PyObject *attribute_of(PyObject *object, PyObject *name)
{
	PyObject *value = NULL;

	if (dict_is_plain(object))
		value = Py_XNewRef(PyDict_GetItemWithError(object, name));
	else if (PyCell_Check(object))
		value = Py_XNewRef(PyCell_GET(object));
	else if (PyType_Check(object))
		value = Py_XNewRef(_PyType_Lookup((PyTypeObject *)object, name));
	else if (!is_described(object, name) &&
		 Py_TYPE(object)->tp_getattro == PyObject_GenericGetAttr &&
		 attributes_are_plain(object))
		value = PyObject_GenericGetAttr(object, name);
	PyErr_Clear();
	return value;
}

static PyObject *item_of(PyObject *object, PyObject *key)
{
	PyObject *value = NULL;

	if (dict_is_plain(object) && PyUnicode_CheckExact(key)) {
		value = PyDict_GetItemWithError(object, key);
	} else if (PyList_CheckExact(object) && PyLong_CheckExact(key)) {
		Py_ssize_t at = PyLong_AsSsize_t(key), size = PyList_GET_SIZE(object);

		if (at < 0)
			at += size;
		if (at >= 0 && at < size)
			value = PyList_GET_ITEM(object, at);
	}
	PyErr_Clear();
	return value;
}

static void put_item(const struct access_detail *detail, unsigned kind, struct python_value *out)
{
	char key[80], value[90];
	PyObject *found = detail->value ? detail->value : item_of(detail->object, detail->key);

	words(detail->key, key, sizeof key);
	words(found, value, sizeof value);
	out->type = EVENT_VALUE_TEXT;
	if (kind == EVENT_DELETE)
		snprintf(out->text, sizeof out->text, "[%s]", key);
	else
		snprintf(out->text, sizeof out->text, "[%s] = %s", key, value);
}

static const char *called(const struct access_detail *detail)
{
	PyObject *call = detail->call;

	if (PyMethod_Check(call))
		call = PyMethod_GET_FUNCTION(call);
	if (PyFunction_Check(call))
		return utf8(((PyFunctionObject *)call)->func_name);
	if (PyCFunction_Check(call))
		return ((PyCFunctionObject *)call)->m_ml->ml_name;
	if (Py_TYPE(call) == &PyMethodDescr_Type)
		return ((PyMethodDescrObject *)call)->d_method->ml_name;
	if (PyType_Check(call))
		return type_name((PyTypeObject *)call);
	return "";
}

/* ".append(5)" of a method, "len" of a function. */
static void put_call(const struct access_detail *detail, struct python_value *out)
{
	const char *name = called(detail);
	bool function = detail->height < 0 || PyType_Check(detail->call) || !*name;
	char argument[90] = "";
	uint32_t first = Py_TYPE(detail->call) == &PyMethodDescr_Type && detail->argument_count &&
					 detail->arguments[0] == detail->object
				 ? 1
				 : 0;

	out->type = EVENT_VALUE_TEXT;
	if (function) {
		snprintf(out->text, sizeof out->text, "in %s()", *name ? name : "a call");
		return;
	}
	if (detail->argument_count > first)
		words(detail->arguments[first], argument, sizeof argument);
	snprintf(out->text, sizeof out->text, ".%.80s(%s%s)", name, argument,
		 detail->argument_count > first + 1 ? ", ..." : "");
}

void describe_value(const struct python_access *access, struct python_value *value)
{
	const struct access_detail *detail = access->detail;
	char number[80];
	PyObject *read;

	if (detail->op->kind == OP_LOAD_ATTRIBUTE && (read = attribute_value(detail)) != NULL) {
		put_value(read, value);
	} else if (detail->op->kind == OP_YIELD) {
		value->type = EVENT_VALUE_TEXT;
		snprintf(value->text, sizeof value->text, " (yields)");
	} else if (detail->call && !detail->name) {
		put_call(detail, value);
	} else if (detail->key) {
		put_item(detail, access->kind, value);
	} else if (access->kind == EVENT_STORE) {
		put_value(detail->value, value);
	} else if (access->kind == EVENT_LOAD && detail->name &&
		   !is_described(detail->object, detail->name)) {
		read = attribute_of(detail->object, detail->name);
		put_value(read, value);
		Py_XDECREF(read);
	} else if (access->kind == EVENT_QUERY) {
		value->type = EVENT_VALUE_TEXT;
		words(detail->object, number, sizeof number);
		snprintf(value->text, sizeof value->text, " (%s)", number);
	}
}

/* threading.Thread(target=worker): "worker"; the argument of its first frame. */
bool describe_thread(char text[PYTHON_TEXT])
{
	frame_t *frame = frame_of_thread(), *last = NULL;
	PyObject *self, *target;
	static PyObject *attribute;

	for (; frame; frame = frame_next(frame))
		last = frame;
	if (!last)
		return false;
	self = frame_code(last)->co_argcount ? last->localsplus[0] : NULL;
	if (!attribute)
		attribute = PyUnicode_InternFromString("_target");
	target = self && attribute && strcmp(utf8(frame_code(last)->co_name), "_bootstrap") == 0
			 ? attribute_of(self, attribute)
			 : NULL;
	if (target && PyMethod_Check(target))
		Py_SETREF(target, Py_NewRef(PyMethod_GET_FUNCTION(target)));
	if (target && PyFunction_Check(target))
		snprintf(text, PYTHON_TEXT, "%s", utf8(((PyFunctionObject *)target)->func_name));
	else
		snprintf(text, PYTHON_TEXT, "%s", utf8(frame_code(last)->co_name));
	Py_XDECREF(target);
	return text[0] != '_';
}
