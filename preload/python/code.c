/*
 * Code objects: what each instruction touches, how deep the value stack is before it, where it is
 * in the source. All is found out once, from the code as it was compiled (PyCode_GetCode), so that
 * specialised and instrumented instructions do not matter.
 *
 * The depth of the stack is not stored while a frame runs (3.12 and later), but it is a function of
 * the instruction: a walk over the code with PyCompile_OpcodeStackEffectWithJump(), and for
 * handlers the exception table (Objects/exception_handling_notes.txt) say it.
 */
#include "preload/python/agent.h"

#include <fnmatch.h>
#include <opcode.h>
#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"

#define TABLE (1u << 16) /* code objects by address; a power of two */
#define UNKNOWN 0xffff
#define CACHE_OPCODE 0

static struct code *table[TABLE];
static struct code **by_number;
static uint32_t count, room;
static uint32_t current_run;
#define STAMPS (1u << 15)
static uint32_t stamps[STAMPS]; /* by number of the code: the run of which `quiet` is known */
static uint8_t *quiet;          /* by index of the instruction */
static uint32_t quiet_count, quiet_room;
static char *patterns;
static uint32_t patterns_length;

#if IS_312
#define NAME_SHIFT 1
#else
#define NAME_SHIFT 0
#endif

static const char *standard; /* directory of the standard library */

static bool is_library(const char *file);

void code_patterns(const char *given, uint32_t length)
{
	is_library(""); /* which asks the interpreter for its directory */
	patterns = given && length ? malloc(length) : NULL;
	patterns_length = patterns ? length : 0;
	if (patterns)
		memcpy(patterns, given, length);
}

/* "cachetools" is a package or module on the path, "/src/" a part of it, "*.py" a whole path. */
static bool fits(const char *pattern, const char *file)
{
	size_t length = strlen(pattern);
	const char *at;

	if (fnmatch(pattern, file, 0) == 0)
		return true;
	for (at = file; (at = strstr(at, pattern)) != NULL; at++)
		if ((at == file || at[-1] == '/') &&
		    (at[length] == '/' || at[length] == '\0' || strcmp(at + length, ".py") == 0))
			return true;
	return false;
}

/*
 * "<attrs generated init shop.Cart>", "<frozen importlib>": made by a library. "<string>" is also
 * what exec() makes for the program, and `python -c`.
 */
static bool is_made(const char *file)
{
	return *file == '<' && strcmp(file, "<stdin>") != 0 && strcmp(file, "<string>") != 0;
}

static bool is_library(const char *file)
{
	if (!standard) {
		PyObject *directory = PySys_GetObject("_stdlib_dir");

		standard = directory && PyUnicode_Check(directory) ? PyUnicode_AsUTF8(directory)
								   : NULL;
		if (!standard)
			standard = "/usr/lib/python3";
	}
	return is_made(file) ||
	       (strncmp(file, standard, strlen(standard)) == 0 && !strstr(file, "/test/")) ||
	       strstr(file, "/site-packages/") || strstr(file, "/dist-packages/") ||
	       strstr(file, "/frontrun_pytest") || strstr(file, "/frontrun_unittest");
}

/* What the standard library builds of locks: their taking is a point there, too. */
static bool takes_locks(const char *file)
{
	static const char *const modules[] = { "/threading.py",        "/queue.py",
					       "/concurrent/futures/", "/logging/__init__.py",
					       "/functools.py",        "/_threading_local.py",
					       "/socketserver.py" };
	size_t i;

	for (i = 0; i < sizeof modules / sizeof *modules; i++) {
		const char *at = strstr(file, modules[i]);

		if (at && strncmp(file, standard, strlen(standard)) == 0 &&
		    (size_t)(at - file) == strlen(standard))
			return true;
	}
	return false;
}

static bool is_user(const char *file)
{
	bool user = !is_library(file);
	const char *p = patterns, *end = p + patterns_length;

	/* Dotted names are paths. */
	for (; p && p < end; p += strlen(p) + 1) {
		char path[1024];
		size_t i;

		snprintf(path, sizeof path, "%s", p + 1);
		if (!strchr(path, '/') && !strchr(path, '*'))
			for (i = 0; path[i]; i++)
				if (path[i] == '.' && strcmp(path + i, ".py") != 0)
					path[i] = '/';
		if (fits(path, file))
			user = *p == '+';
	}
	return user;
}

bool code_is_of_interest(const char *file)
{
	return is_user(file) || takes_locks(file);
}

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
	case POP_JUMP_BACKWARD_IF_FALSE:
	case POP_JUMP_BACKWARD_IF_TRUE:
	case JUMP_IF_FALSE_OR_POP:
	case JUMP_IF_TRUE_OR_POP:
#endif
		set(op, OP_READ, 0, 0);
		break;
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

uint32_t code_line(const struct code *code, uint32_t unit)
{
	int line;

	if (code->lines)
		return unit < code->size ? code->lines[unit] : 0;
	line = PyCode_Addr2Line(code->object, (int)unit * 2);
	return line > 0 ? (uint32_t)line : 0;
}

/* Which of the instructions of its line that matter: the same where others are compiled anew. */
static uint64_t count_site(const struct code *code, uint32_t unit)
{
	uint32_t line = code_line(code, unit), nth = 0, i;

	for (i = 0; code->lines && i < unit; i++)
		nth += code->lines[i] == line && code->ops[i].kind > OP_BREAKER;
	return hash_id(code->hash, line - (uint32_t)code->object->co_firstlineno, nth);
}

static uint32_t next_index(void)
{
	if (quiet_count == quiet_room) {
		quiet_room = quiet_room ? 2 * quiet_room : 16384;
		quiet = realloc(quiet, quiet_room);
		if (!quiet)
			abort();
	}
	return quiet_count++;
}

static void analyse(struct code *code)
{
	PyObject *text = PyCode_GetCode(code->object);
	const uint8_t *bytes;
	uint32_t unit;

	if (!text) {
		PyErr_Clear();
		return;
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

			if (op->depth != UNKNOWN || in.opcode == RESUME)
				classify(code, &in, op);
			if (code->locks && op->kind != OP_CALL && op->kind != OP_CALL_EX &&
			    op->kind != OP_WITH && op->kind != OP_BREAKER)
				op->kind = OP_NONE;
			if (op->kind > OP_BREAKER) {
				uint64_t state = hash_mix(HASH_START, 0);

				op->index = next_index();
				op->place = count_site(code, unit);
				/* As hash_site() has it of one frame. */
				op->site = hash_finish(hash_mix(state, op->place));
			}
			unit = in.next;
		}
	}
	Py_DECREF(text);
}

/* File name without its directory, and qualified name: the same in all runs, wherever it lies. */
static uint64_t hash_of(const struct code *code)
{
	const char *slash = strrchr(code->file, '/');
	const char *base = slash ? slash + 1 : code->file;

	return hash_id(hash_bytes(base, strlen(base)), hash_bytes(code->name, strlen(code->name)),
		       (uint64_t)code->object->co_firstlineno);
}

static const char *utf8(PyObject *text)
{
	const char *result = text && PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : NULL;

	if (!result)
		PyErr_Clear();
	return result ? result : "?";
}

static struct code *add(PyCodeObject *object, struct code **slot)
{
	struct code *code = calloc(1, sizeof *code);

	if (count == room) {
		room = room ? 2 * room : 1024;
		by_number = realloc(by_number, room * sizeof *by_number);
	}
	if (!code || !by_number || count > TABLE / 2)
		abort();   /* a program with 32,768 different functions, or no memory */
	Py_INCREF(object); /* its address is its name here */
	code->object = object;
	code->number = ++count;
	by_number[count - 1] = code;
	code->file = utf8(object->co_filename);
	code->name = utf8(object->co_qualname);
	code->hash = hash_of(code);
	code->user = is_user(code->file);
	code->locks = !code->user && takes_locks(code->file);
	*slot = code;
	return code;
}

struct code *code_find(PyCodeObject *object)
{
	static struct code *last; /* one instruction after the other is of the same */
	uint32_t slot = (uint32_t)(((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15ull >> 48);

	if (last && last->object == object)
		return last;
	for (; table[slot]; slot = (slot + 1) & (TABLE - 1))
		if (table[slot]->object == object)
			return last = table[slot];
	return last = add(object, &table[slot]);
}

struct code *code_watched(PyCodeObject *object)
{
	struct code *code = code_find(object);

	if ((code->user || code->locks) && !code->ops)
		analyse(code);
	return code;
}

struct code *code_by_number(uint32_t n)
{
	return n && n <= count ? by_number[n - 1] : NULL;
}

void code_new_run(void)
{
	current_run++;
}

static void refresh(const struct code *code)
{
	uint32_t i;

	stamps[code->number] = current_run;
	for (i = 0; i < code->size; i++)
		if (code->ops[i].kind > OP_BREAKER)
			quiet[code->ops[i].index] = runtime->is_private(code->ops[i].site);
}

bool code_is_quiet(const struct code *code, const struct op *op)
{
	if (code->number >= STAMPS)
		return false;
	if (stamps[code->number] != current_run)
		refresh(code);
	return quiet[op->index];
}

uint64_t code_site(const struct code *code, uint32_t unit)
{
	if (code->ops && unit < code->size && code->ops[unit].place)
		return code->ops[unit].place;
	return count_site(code, unit);
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
int code_producer(const struct code *code, uint32_t unit, uint32_t height)
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

int code_opcode(const struct code *code, uint32_t unit, int *argument)
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
