/*
 * The code objects that were met: their numbers, their names, and of those that are watched what
 * each instruction does (instructions.c). All is found out once.
 */
#include "preload/python/agent.h"

#include <stdlib.h>
#include <string.h>

#include "formats/hash.h"

#define FIRST_TABLE 2048 /* powers of two */
#define CODES_MOST (1u << 15)

struct code *code_recent[CODE_RECENT];
uint32_t code_run;
uint32_t code_stamps[CODE_STAMPS];
uint8_t *code_quiet;

static struct code **table; /* by address, at most half full */
static uint32_t table_mask;
static struct code **by_number;
static uint32_t count, room;
static uint32_t quiet_count, quiet_room;

static uint32_t line_of(const struct code *code, uint32_t unit)
{
	int line;

	if (code->lines)
		return unit < code->size ? code->lines[unit] : 0;
	line = PyCode_Addr2Line(code->object, (int)unit * 2);
	return line > 0 ? (uint32_t)line : 0;
}

/* `nth` of the instructions of its line that matter: the same where others are compiled anew. */
static uint64_t site_at(const struct code *code, uint32_t line, uint32_t nth)
{
	return hash_id(code->hash, line - (uint32_t)code->object->co_firstlineno, nth);
}

static void find_places(struct code *code)
{
	uint32_t last = 0, unit;
	uint32_t *nth;

	for (unit = 0; unit < code->size; unit++)
		last = code->lines[unit] > last ? code->lines[unit] : last;
	nth = calloc(last + 1, sizeof *nth);
	if (!nth)
		abort();
	for (unit = 0; unit < code->size; unit++) {
		uint32_t line = code->lines[unit];

		code->ops[unit].place = site_at(code, line, nth[line]);
		nth[line] += code->ops[unit].kind > OP_BREAKER;
	}
	free(nth);
}

static uint32_t next_index(void)
{
	if (quiet_count == quiet_room) {
		quiet_room = quiet_room ? 2 * quiet_room : 16384;
		code_quiet = realloc(code_quiet, quiet_room);
		if (!code_quiet)
			abort();
	}
	return quiet_count++;
}

uint64_t code_hash_name(PyObject *name)
{
	/* By its text, not by hash(): that one is another in each process. */
	Py_ssize_t length;
	const char *text = PyUnicode_AsUTF8AndSize(name, &length);

	if (text)
		return hash_bytes(text, (uint64_t)length) | 1;
	PyErr_Clear();
	return 1;
}

static PyObject *name_of(const struct code *code, const struct op *op)
{
	switch (op->kind) {
	case OP_LOAD_ATTRIBUTE:
	case OP_STORE_ATTRIBUTE:
	case OP_DELETE_ATTRIBUTE:
	case OP_LOAD_GLOBAL:
	case OP_STORE_GLOBAL:
	case OP_DELETE_GLOBAL:
		return PyTuple_GET_ITEM(code->object->co_names, op->argument);
	case OP_LOAD_CELL:
	case OP_STORE_CELL:
	case OP_DELETE_CELL:
		return PyTuple_GET_ITEM(code->object->co_localsplusnames, op->argument);
	default:
		return NULL;
	}
}

void code_analyse(struct code *code)
{
	uint32_t unit;

	if (!instructions_read(code))
		return;
	find_places(code);
	for (unit = 0; unit < code->size; unit++) {
		struct op *op = &code->ops[unit];
		PyObject *name = name_of(code, op);

		if (op->kind <= OP_BREAKER)
			continue;
		op->index = next_index();
		/* As hash_site() has it of one frame. */
		op->site = hash_finish(hash_mix(hash_mix(HASH_START, 0), op->place));
		op->name = name ? code_hash_name(name) : 0;
	}
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

static struct code *add(PyCodeObject *object)
{
	struct code *code = calloc(1, sizeof *code);

	if (count == room) {
		room = room ? 2 * room : 1024;
		by_number = realloc(by_number, room * sizeof *by_number);
	}
	if (!code || !by_number || count == CODES_MOST)
		abort();   /* a program with 32,768 different functions, or no memory */
	Py_INCREF(object); /* its address is its name here */
	code->object = object;
	code->number = ++count;
	by_number[count - 1] = code;
	code->file = utf8(object->co_filename);
	code->name = utf8(object->co_qualname);
	code->hash = hash_of(code);
	code->user = scope_is_user(code->file);
	code->locks = !code->user && scope_takes_locks(code->file);
	return code;
}

/* Where the table has it, or the free place for it. */
static struct code **slot_of(const PyCodeObject *object)
{
	uint32_t slot = (uint32_t)(((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15ull >> 32);

	for (slot &= table_mask; table[slot] && table[slot]->object != object;)
		slot = (slot + 1) & table_mask;
	return &table[slot];
}

static void grow(void)
{
	uint32_t size = table ? 2 * (table_mask + 1) : FIRST_TABLE, i;

	free(table);
	table = calloc(size, sizeof *table);
	if (!table)
		abort();
	table_mask = size - 1;
	for (i = 0; i < count; i++)
		*slot_of(by_number[i]->object) = by_number[i];
}

static struct code *find(PyCodeObject *object)
{
	struct code **slot;

	if (!table || 2 * (count + 1) > table_mask)
		grow();
	slot = slot_of(object);
	if (!*slot)
		*slot = add(object);
	return *slot;
}

struct code *code_look_up(PyCodeObject *object)
{
	struct code *code = find(object);

	code_recent[((uintptr_t)object >> 4 ^ (uintptr_t)object >> 10) % CODE_RECENT] = code;
	return code;
}

struct code *code_by_number(uint32_t n)
{
	return n && n <= count ? by_number[n - 1] : NULL;
}

void code_new_run(void)
{
	code_run++;
}

void code_refresh(const struct code *code)
{
	uint32_t i;

	code_stamps[code->number] = code_run;
	for (i = 0; i < code->size; i++)
		if (code->ops[i].kind > OP_BREAKER)
			code_quiet[code->ops[i].index] = runtime->is_private(code->ops[i].site);
}

/*
 * Of code that is not watched, which is asked for again with each new stack: kept, as the
 * interpreter reads through its table of places from the beginning each time.
 */
static const struct known {
	const struct code *code;
	uint32_t unit, line;
	uint64_t site;
} * know(const struct code *code, uint32_t unit)
{
	static struct known known[256];
	struct known *here = &known[(code->number * 31 + unit) % 256];

	if (here->code != code || here->unit != unit) {
		here->code = code;
		here->unit = unit;
		here->line = line_of(code, unit);
		here->site = site_at(code, here->line, 0);
	}
	return here;
}

void code_where(const struct code *code, uint32_t unit, uint64_t *site, uint32_t *line)
{
	if (code->ops && code->lines && unit < code->size) {
		*site = code->ops[unit].place;
		*line = code->lines[unit];
	} else {
		*site = know(code, unit)->site;
		*line = know(code, unit)->line;
	}
}
