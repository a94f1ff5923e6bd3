/*
 * What the instructions of a code object do: what each touches, how deep the value stack is before
 * it, in which line it is. All is read from the code as it was compiled (PyCode_GetCode), so that
 * specialised and instrumented instructions do not matter.
 *
 * The depth of the stack is not stored while a frame runs (3.12 and later), but it is a function of
 * the instruction: a walk over the code with PyCompile_OpcodeStackEffectWithJump(), and for
 * handlers the exception table (Objects/exception_handling_notes.txt) say it.
 */
#include "preload/python/agent.h"

#include <opcode.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN 0xffff
#define CACHE_OPCODE 0

#if IS_312
#define NAME_SHIFT 1
#else
#define NAME_SHIFT 0
#endif

static bool is_generator(int opcode)
{
	return opcode == RETURN_GENERATOR;
}

/* Where a jump goes, by code unit; -1: it is none. `next` is the unit after the instruction. */
static int jump_target(int opcode, int argument, int next)
{
	switch (opcode) {
	case JUMP_FORWARD:
	case FOR_ITER:
	case SEND:
#if IS_312
	case POP_JUMP_IF_FALSE:
	case POP_JUMP_IF_TRUE:
	case POP_JUMP_IF_NONE:
	case POP_JUMP_IF_NOT_NONE:
#else
	case POP_JUMP_FORWARD_IF_FALSE:
	case POP_JUMP_FORWARD_IF_TRUE:
	case POP_JUMP_FORWARD_IF_NONE:
	case POP_JUMP_FORWARD_IF_NOT_NONE:
	case JUMP_IF_FALSE_OR_POP:
	case JUMP_IF_TRUE_OR_POP:
#endif
		return next + argument;
	case JUMP_BACKWARD:
	case JUMP_BACKWARD_NO_INTERRUPT:
#if !IS_312
	case POP_JUMP_BACKWARD_IF_FALSE:
	case POP_JUMP_BACKWARD_IF_TRUE:
	case POP_JUMP_BACKWARD_IF_NONE:
	case POP_JUMP_BACKWARD_IF_NOT_NONE:
#endif
		return next - argument;
	default:
		return -1;
	}
}

static bool goes_on(int opcode)
{
	switch (opcode) {
	case JUMP_FORWARD:
	case JUMP_BACKWARD:
	case JUMP_BACKWARD_NO_INTERRUPT:
	case RETURN_VALUE:
	case RAISE_VARARGS:
	case RERAISE:
#if IS_312
	case RETURN_CONST:
#endif
		return false;
	default:
		return true;
	}
}

/* An instruction with its prefixes and caches. */
struct instruction {
	int opcode, argument;
	uint32_t unit; /* of the opcode, behind its prefixes */
	uint32_t next; /* of the next instruction */
};

static struct instruction decode(const uint8_t *bytes, uint32_t size, uint32_t unit)
{
	struct instruction in = { .argument = 0 };

	while (unit + 1 < size && bytes[2 * unit] == EXTENDED_ARG)
		in.argument = (in.argument | bytes[2 * unit++ + 1]) << 8;
	in.unit = unit;
	in.opcode = bytes[2 * unit];
	in.argument |= bytes[2 * unit + 1];
	for (unit++; unit < size && bytes[2 * unit] == CACHE_OPCODE; unit++)
		;
	in.next = unit;
	return in;
}

static int effect(const struct instruction *in, int jump)
{
	if (is_generator(in->opcode))
		return 1;
#if !IS_312
	/* The compiler's figures: PRECALL takes the arguments away. It does not. */
	if (in->opcode == PRECALL)
		return 0;
	if (in->opcode == CALL)
		return -1 - in->argument;
#endif
	return PyCompile_OpcodeStackEffectWithJump(
		in->opcode, in->opcode >= HAVE_ARGUMENT ? in->argument : 0, jump);
}

struct walk {
	const uint8_t *bytes;
	uint32_t size;
	struct op *ops;
	uint32_t *todo;
	uint32_t todo_count;
};

static void reach(struct walk *walk, int64_t unit, int depth)
{
	if (unit < 0 || unit >= walk->size || depth < 0 || walk->ops[unit].depth != UNKNOWN)
		return;
	walk->ops[unit].depth = (uint16_t)depth;
	walk->todo[walk->todo_count++] = (uint32_t)unit;
}

static void follow(struct walk *walk)
{
	while (walk->todo_count) {
		uint32_t unit = walk->todo[--walk->todo_count], i;
		struct instruction in = decode(walk->bytes, walk->size, unit);
		int depth = walk->ops[unit].depth;
		int target = jump_target(in.opcode, in.argument, (int)in.next);

		for (i = unit; i <= in.unit; i++) /* prefixes are never met alone */
			walk->ops[i].depth = (uint16_t)depth;
		if (target >= 0)
			reach(walk, target, depth + effect(&in, 1));
		if (goes_on(in.opcode))
			reach(walk, in.next, depth + effect(&in, target >= 0 ? 0 : -1));
	}
}

/* A number of the exception table: 6 bits a byte, bit 6 says that more follow. */
static const uint8_t *number(const uint8_t *at, const uint8_t *end, uint32_t *value)
{
	*value = 0;
	while (at < end) {
		*value = *value << 6 | (*at & 63);
		if (!(*at++ & 64))
			break;
	}
	return at;
}

static void find_depths(struct code *code, const uint8_t *bytes)
{
	struct walk walk = { .bytes = bytes, .size = code->size, .ops = code->ops };
	PyObject *exceptions = code->object->co_exceptiontable;
	const uint8_t *at = (const uint8_t *)PyBytes_AS_STRING(exceptions);
	const uint8_t *end = at + PyBytes_GET_SIZE(exceptions);
	uint32_t i;

	walk.todo = malloc((code->size + 1) * sizeof *walk.todo);
	if (!walk.todo)
		return;
	for (i = 0; i < code->size; i++)
		code->ops[i].depth = UNKNOWN;
	reach(&walk, 0, 0);
	follow(&walk);
	while (at < end) {
		uint32_t start, length, target, depth;

		at = number(at, end, &start);
		at = number(at, end, &length);
		at = number(at, end, &target);
		at = number(at, end, &depth);
		reach(&walk, target, (int)(depth >> 1) + (int)(depth & 1) + 1);
		follow(&walk);
	}
	free(walk.todo);
}

static uint32_t varint(const uint8_t **at, const uint8_t *end)
{
	uint32_t value = 0;
	unsigned shift = 0;

	while (*at < end) {
		uint8_t byte = *(*at)++;

		value |= (uint32_t)(byte & 63) << shift;
		shift += 6;
		if (!(byte & 64))
			break;
	}
	return value;
}

static int32_t signed_varint(const uint8_t **at, const uint8_t *end)
{
	uint32_t value = varint(at, end);

	return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

/* The table of places, Objects/locations.md: all lines in one pass. */
static void find_lines(struct code *code)
{
	enum { ONE_LINE = 10, NO_COLUMNS = 13, LONG = 14, NONE = 15 };
	const uint8_t *at = (const uint8_t *)PyBytes_AS_STRING(code->object->co_linetable);
	const uint8_t *end = at + PyBytes_GET_SIZE(code->object->co_linetable);
	int32_t line = code->object->co_firstlineno;
	uint32_t unit = 0, i;

	while (at < end) {
		uint8_t first = *at++;
		unsigned form = first >> 3 & 15, length = (first & 7) + 1u;

		if (form == LONG) {
			line += signed_varint(&at, end);
			varint(&at, end);
			varint(&at, end);
			varint(&at, end);
		} else if (form == NO_COLUMNS) {
			line += signed_varint(&at, end);
		} else if (form >= ONE_LINE && form < NO_COLUMNS) {
			line += (int32_t)form - ONE_LINE;
			at += 2;
		} else if (form < ONE_LINE) {
			at += 1;
		}
		for (i = 0; i < length && unit < code->size; i++)
			code->lines[unit++] = form == NONE || line < 0 ? 0 : (uint32_t)line;
	}
}

static void set(struct op *op, enum op_kind kind, uint32_t operand, uint32_t argument)
{
	op->kind = (uint8_t)kind;
	op->operand = (uint8_t)operand;
	op->argument = argument;
}

/* Variables of a module's top level are globals, of a class body they are nobody else's. */
static bool names_are_globals(const PyCodeObject *code)
{
	return strcmp(PyUnicode_AsUTF8(code->co_name), "<module>") == 0;
}

static void classify(const struct code *code, const struct instruction *in, struct op *op)
{
	uint32_t argument = (uint32_t)in->argument;

	switch (in->opcode) {
	case LOAD_ATTR:
		set(op, OP_LOAD_ATTRIBUTE, 0, argument >> NAME_SHIFT);
		break;
#if !IS_312
	case LOAD_METHOD:
		set(op, OP_LOAD_ATTRIBUTE, 0, argument);
		break;
#endif
	case STORE_ATTR:
		set(op, OP_STORE_ATTRIBUTE, 0, argument);
		break;
	case DELETE_ATTR:
		set(op, OP_DELETE_ATTRIBUTE, 0, argument);
		break;
	case LOAD_GLOBAL:
		set(op, OP_LOAD_GLOBAL, 0, argument >> 1);
		break;
	case STORE_GLOBAL:
		set(op, OP_STORE_GLOBAL, 0, argument);
		break;
	case DELETE_GLOBAL:
		set(op, OP_DELETE_GLOBAL, 0, argument);
		break;
	case LOAD_NAME:
	case STORE_NAME:
	case DELETE_NAME:
		if (names_are_globals(code->object))
			set(op,
			    in->opcode == LOAD_NAME    ? OP_LOAD_GLOBAL
			    : in->opcode == STORE_NAME ? OP_STORE_GLOBAL
						       : OP_DELETE_GLOBAL,
			    0, argument);
		break;
	case LOAD_DEREF:
#if IS_312
	case LOAD_FROM_DICT_OR_DEREF:
#else
	case LOAD_CLASSDEREF:
#endif
		set(op, OP_LOAD_CELL, 0, argument);
		break;
	case STORE_DEREF:
		set(op, OP_STORE_CELL, 0, argument);
		break;
	case DELETE_DEREF:
		set(op, OP_DELETE_CELL, 0, argument);
		break;
	case BINARY_SUBSCR:
		set(op, OP_LOAD_ITEM, 1, 0);
		break;
	case STORE_SUBSCR:
		set(op, OP_STORE_ITEM, 1, 0);
		break;
	case DELETE_SUBSCR:
		set(op, OP_DELETE_ITEM, 1, 0);
		break;
#if IS_312
	case BINARY_SLICE:
		set(op, OP_READ, 2, 0);
		break;
	case STORE_SLICE:
		set(op, OP_OPERATE, 2, 0);
		op->in_place = true;
		break;
#endif
	case CONTAINS_OP:
	case GET_ITER:
	case UNPACK_SEQUENCE:
	case UNPACK_EX:
	case LIST_EXTEND:
	case SET_UPDATE:
	case DICT_UPDATE:
	case DICT_MERGE:
	case UNARY_NOT:
#if IS_313
	case TO_BOOL:
#elif IS_312
	case POP_JUMP_IF_FALSE:
	case POP_JUMP_IF_TRUE:
#else
	case POP_JUMP_FORWARD_IF_FALSE:
	case POP_JUMP_FORWARD_IF_TRUE:
	case JUMP_IF_FALSE_OR_POP:
	case JUMP_IF_TRUE_OR_POP:
#endif
		set(op, OP_READ, 0, 0);
		break;
#if !IS_312
	case POP_JUMP_BACKWARD_IF_FALSE:
	case POP_JUMP_BACKWARD_IF_TRUE:
		set(op, OP_READ, 0, 0);
		op->jumps_back = true;
		break;
	case POP_JUMP_BACKWARD_IF_NONE:
	case POP_JUMP_BACKWARD_IF_NOT_NONE:
		set(op, OP_JUMP, 0, 0);
		op->jumps_back = true;
		break;
#endif
	case FOR_ITER:
		set(op, OP_ITERATE, 0, 0);
		break;
	case SEND:
		set(op, OP_ITERATE, 1, 0);
		break;
	case COMPARE_OP:
		set(op, OP_OPERATE, 1, 0);
		break;
	case BINARY_OP:
		set(op, OP_OPERATE, 1, 0);
		op->in_place = argument >= NB_INPLACE_ADD;
		break;
	case CALL:
		set(op, OP_CALL, 0, argument);
		break;
#if IS_313
	case CALL_KW: /* the names of the keywords lie on top */
		set(op, OP_CALL, 1, argument);
		break;
#endif
	case CALL_FUNCTION_EX:
		set(op, OP_CALL_EX, 0, argument);
		break;
	case BEFORE_WITH:
		set(op, OP_WITH, 0, 0);
		break;
	case YIELD_VALUE:
		if (code->object->co_flags & CO_GENERATOR)
			set(op, OP_YIELD, 0, 0);
		break;
	case RESUME:
	case JUMP_BACKWARD:
		set(op, OP_BREAKER, 0, 0);
		break;
	default:
		break;
	}
}

/* Of the library's code only what takes locks is of interest. */
static bool takes_locks(const struct op *op)
{
	return op->kind == OP_CALL || op->kind == OP_CALL_EX || op->kind == OP_WITH ||
	       op->kind == OP_BREAKER;
}

bool instructions_read(struct code *code)
{
	PyObject *text = PyCode_GetCode(code->object);
	const uint8_t *bytes;
	uint32_t unit;

	if (!text) {
		PyErr_Clear();
		return false;
	}
	bytes = (const uint8_t *)PyBytes_AS_STRING(text);
	code->size = (uint32_t)(PyBytes_GET_SIZE(text) / 2);
	code->ops = calloc(code->size, sizeof *code->ops);
	code->lines = calloc(code->size, sizeof *code->lines);
	if (code->ops && code->lines) {
		find_depths(code, bytes);
		find_lines(code);
		for (unit = 0; unit < code->size;) {
			struct instruction in = decode(bytes, code->size, unit);
			struct op *op = &code->ops[unit];
			uint32_t i;

			for (i = unit; i <= in.unit; i++)
				code->ops[i].opcode = true;
			if (op->depth != UNKNOWN || in.opcode == RESUME)
				classify(code, &in, op);
			if (code->locks && !takes_locks(op))
				op->kind = op->jumps_back ? OP_JUMP : OP_NONE;
			unit = in.next;
		}
	}
	Py_DECREF(text);
	return code->ops && code->lines;
}

/* How many values it takes from the stack; `*leaves`: it puts some there. */
static int taken_by(const struct instruction *in, bool *leaves)
{
	int change = effect(in, -1);

	*leaves = true;
	switch (in->opcode) {
	case STORE_FAST:
	case STORE_ATTR:
	case STORE_GLOBAL:
	case STORE_NAME:
	case STORE_DEREF:
	case STORE_SUBSCR:
	case POP_TOP:
	case DELETE_SUBSCR:
	case DELETE_ATTR:
	case RESUME:
	case NOP:
	case JUMP_FORWARD:
	case JUMP_BACKWARD:
	case RETURN_VALUE:
#if IS_312
	case POP_JUMP_IF_FALSE:
	case POP_JUMP_IF_TRUE:
	case POP_JUMP_IF_NONE:
	case POP_JUMP_IF_NOT_NONE:
#else
	case PRECALL:
	case KW_NAMES:
	case POP_JUMP_FORWARD_IF_FALSE:
	case POP_JUMP_FORWARD_IF_TRUE:
	case POP_JUMP_FORWARD_IF_NONE:
	case POP_JUMP_FORWARD_IF_NOT_NONE:
#endif
		*leaves = false;
		return -change;
	default:
		/* All others leave one value, or more than they take. */
		return change > 0 ? 0 : 1 - change;
	}
}

/* In the order of the code: right within a statement, which is what names are looked for in. */
int instructions_producer(const struct code *code, uint32_t unit, uint32_t height)
{
	PyObject *text = PyCode_GetCode(code->object);
	const uint8_t *bytes;
	uint32_t at = 0;
	int found = -1;

	if (!text)
		return -1;
	bytes = (const uint8_t *)PyBytes_AS_STRING(text);
	while (at < unit && at < code->size) {
		struct instruction in = decode(bytes, code->size, at);
		bool leaves;
		int taken = taken_by(&in, &leaves);

		if (code->ops[at].depth != UNKNOWN) {
			int low = code->ops[at].depth - taken;

			if (leaves && low <= (int)height &&
			    code->ops[at].depth + effect(&in, -1) > (int)height)
				found = (int)at;
			else if (!leaves && low <= (int)height)
				found = -1;
		}
		at = in.next;
	}
	Py_DECREF(text);
	return found;
}

int instructions_opcode(const struct code *code, uint32_t unit, int *argument)
{
	PyObject *text = PyCode_GetCode(code->object);
	struct instruction in = { .opcode = 0 };

	if (text && unit < code->size) {
		const uint8_t *bytes = (const uint8_t *)PyBytes_AS_STRING(text);

		/* Back to the first of its prefixes. */
		while (unit > 0 && bytes[2 * (unit - 1)] == EXTENDED_ARG)
			unit--;
		in = decode(bytes, code->size, unit);
	}
	Py_XDECREF(text);
	*argument = in.argument;
	return in.opcode;
}
