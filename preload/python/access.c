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

#define FIRST_SLICE 1000 /* backward jumps until the thread breathes for the first time */

static __thread bool breaker __attribute__((tls_model("initial-exec")));
static __thread uint32_t jumps __attribute__((tls_model("initial-exec")));
static __thread uint32_t slice __attribute__((tls_model("initial-exec"))) = FIRST_SLICE;
/* The last instruction was this one, which may have jumped back; NULL: another. */
static __thread const struct code *jumping __attribute__((tls_model("initial-exec")));
static __thread uint32_t jump_unit __attribute__((tls_model("initial-exec")));

void access_breaker(void)
{
	breaker = true;
}

/* Of a name that the instruction does not say. Interned ones are met again and again. */
static uint64_t hash_name(PyObject *name)
{
	static struct {
		PyObject *name;
		uint64_t hash;
	} cache[64];
	unsigned slot = (unsigned)((uintptr_t)name >> 4) % 64;
	uint64_t hash;

	if (cache[slot].name == name)
		return cache[slot].hash;
	hash = code_hash_name(name);
	if (!cache[slot].name && PyUnicode_CHECK_INTERNED(name)) {
		cache[slot].name = Py_NewRef(name);
		cache[slot].hash = hash;
	}
	return hash;
}

void access_tell(struct access_detail *detail, unsigned kind)
{
	const struct op *op = detail->op;
	struct python_access access;

	if (detail->code->locks)
		return;
	/* While C code is at work on it only its contents can be of interest. */
	if (detail->callback) {
		if (detail->name || !container_is(detail->object))
			return;
		kind = EVENT_QUERY;
	}
	access.address = (uint64_t)(uintptr_t)detail->object;
	access.name = op->name ? op->name : detail->name ? hash_name(detail->name) : 0;
	access.site = op->site;
	access.kind = (uint8_t)kind;
	access.switchable = breaker;
	access.quiet = code_is_quiet(detail->code, op);
	access.detail = detail;
	breaker = false;
	identity_watch(detail->object);
	runtime->access(&access);
}

bool access_is_lock(PyObject *object)
{
	const char *name = Py_TYPE(object)->tp_name;

	return strcmp(name, "_thread.lock") == 0 || strcmp(name, "_thread.RLock") == 0;
}

/* The lock's semaphore is its first field in all versions (Modules/_threadmodule.c). */
void access_lock(struct access_detail *detail, PyObject *lock, unsigned kind)
{
	if (detail->code->locks && !(runtime->flags & PLAN_RUN_LIBRARY_LOCKS))
		return;
	detail->object = lock;
	runtime->before_lock(((void **)(lock + 1))[0], kind, breaker, detail, describe_lock);
	breaker = false;
}

static void read_contents(struct access_detail *detail, PyObject *object, int height)
{
	object = container_viewed(object);
	detail->object = container_iterated(object) ? container_iterated(object) : object;
	detail->height = height;
	if (container_is(detail->object))
		access_tell(detail, EVENT_QUERY);
}

static void take_item(struct access_detail *detail, PyObject **top, unsigned kind)
{
	detail->object = top[-1 - detail->op->operand];
	detail->height = detail->op->depth - 1 - detail->op->operand;
	detail->key = top[-1];
	if (kind == EVENT_STORE)
		detail->value = top[-3];
	if (container_is(detail->object))
		access_tell(detail, kind);
}

static void take_iteration(struct access_detail *detail, PyObject **top)
{
	PyObject *iterator = top[-1 - detail->op->operand];

	detail->height = detail->op->depth - 1 - detail->op->operand;
	detail->object = container_iterated(iterator);
	if (!detail->object) /* exhausted */
		return;
	if (detail->object != iterator)
		access_tell(detail, EVENT_ITERATE);
	else if (Py_TYPE(iterator) != &PyTupleIter_Type && Py_TYPE(iterator) != &PyRangeIter_Type)
		access_tell(detail, EVENT_CALL);
}

static void take_operator(struct access_detail *detail, PyObject **top)
{
	PyObject *left = top[-1 - detail->op->operand];
	uint32_t i;

	detail->height = detail->op->depth - 1 - detail->op->operand;
	if (detail->op->in_place && container_is(left)) {
		detail->object = left;
		access_tell(detail, EVENT_CALL);
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
	if (kind == EVENT_LOAD ? attribute_reads_again(detail) : attribute_writes_again(detail))
		access_tell(detail, kind);
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
	value = kind == EVENT_LOAD ? dict_value(detail->object, detail->name) : detail->object;
	/* Definitions at the top level of a module are no writes that others could miss. */
	if (!value || value_is_code(value) || (detail->value && value_is_code(detail->value)))
		return;
	access_tell(detail, kind);
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
	if (kind == EVENT_LOAD && value && value_is_code(value))
		return;
	access_tell(detail, kind);
}

/* A generator that gives the turn back can be entered again. */
static void take_yield(struct access_detail *detail)
{
	if (detail->frame->owner != FRAME_OWNED_BY_GENERATOR)
		return;
	detail->object = (PyObject *)_PyFrame_GetGenerator(detail->frame);
	access_tell(detail, EVENT_CALL);
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
	call_take(&detail, caller->localsplus + code->object->co_nlocalsplus + detail.op->depth);
}

static void take_with(struct access_detail *detail, PyObject **top)
{
	detail->height = detail->op->depth - 1;
	if (access_is_lock(top[-1]))
		access_lock(detail, top[-1], EVENT_MUTEX_TRYLOCK);
}

static void take_breaker(const struct code *code)
{
	breaker = true;
	/* A library's run is not counted: it is not always seen. */
	if (!code->locks && ++jumps >= slice) {
		jumps = 0;
		slice = runtime->breathe();
	}
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

	if (__builtin_expect(jumping != NULL, 0)) {
		if (jumping == code && unit <= jump_unit)
			take_breaker(code);
		jumping = NULL;
	}
	if (__builtin_expect(op->jumps_back, 0)) {
		jumping = code;
		jump_unit = unit;
	}
	switch (op->kind) {
	case OP_BREAKER:
		take_breaker(code);
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
		call_take(&detail, top);
		breaker = true;
		break;
	case OP_CALL_EX:
		call_take_ex(&detail, top);
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
